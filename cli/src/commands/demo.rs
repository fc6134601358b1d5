//! `mainstay demo`: plays backup and restore on the cluster the kubeconfig names, in a namespace of its own.
//!
//! ```text
//! stage      namespace, profile, secrets, blueprints: made before, taken away after
//! workload   makes a workload and waits for it; runs commands in it
//! database   MySQL: rows, a dump, a dropped database, the rows again
//! files      a volume: files, a backup, destroyed files, the files again
//! ```
//!
//! Must not know anything that a user could not do: it makes ActionSets and reads their status.

mod database;
mod files;
mod stage;
mod workload;

use std::io::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use crate::cluster::Connection;
use crate::error::{Error, Kind, output};
use crate::follow::show::{Format, Show};

use stage::Stage;

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The S3 server, reachable from pods, such as `http://minio.minio:9000`.
    #[arg(long, env = "MAINSTAY_S3_ENDPOINT", value_name = "URL")]
    s3_endpoint: String,
    /// The bucket; made when it is not there.
    #[arg(
        long,
        env = "MAINSTAY_S3_BUCKET",
        default_value = "mainstay-demo",
        value_name = "NAME"
    )]
    s3_bucket: String,
    /// The region.
    #[arg(
        long,
        env = "MAINSTAY_S3_REGION",
        default_value = "us-east-1",
        value_name = "NAME"
    )]
    s3_region: String,
    /// The access key.
    #[arg(
        long,
        env = "MAINSTAY_S3_ACCESS_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    s3_access_key: String,
    /// The secret key; better given in the environment than on a command line.
    #[arg(
        long,
        env = "MAINSTAY_S3_SECRET_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    s3_secret_key: String,
    /// An image with a MySQL or MariaDB server and its client programs, `mainstay-agent` and `kando`.
    #[arg(long, default_value = "localhost/mariadb:1", value_name = "IMAGE")]
    database_image: String,
    /// An image with `bash`, coreutils and `mainstay-agent`.
    #[arg(long, default_value = "localhost/tools:1", value_name = "IMAGE")]
    tools_image: String,
    /// The storage class of the two volumes; default: the cluster's.
    #[arg(long, value_name = "NAME")]
    storage_class: Option<String>,
    /// Leave everything as it is at the end.
    #[arg(long)]
    keep: bool,
    /// How to show what happens.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,
    /// The namespace (-n) is the controller's: blueprints and ActionSets are made there.
    #[command(flatten)]
    connection: Connection,
}

/// What the demonstration measured.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// Rows of the database, and the checksum over all of them before and after.
    database: Compared,
    /// Files of the volume, and the digest over all of them before and after.
    files: Compared,
}

/// A count and a checksum, before the loss and after the restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Compared {
    count: u64,
    before: String,
    after: String,
}

/// Plays, and cleans up whatever happened: an error and Ctrl-C as well.
pub(crate) async fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let cluster = arguments.connection.open().await?;
    let mut show = Show::new(arguments.output);
    let stage = Stage::new(&cluster, arguments);
    show.say(&format!("demonstration in namespace {}", stage.namespace()))?;
    let outcome = tokio::select! {
        outcome = play(&stage, &mut show) => outcome,
        pressed = tokio::signal::ctrl_c() => Err(match pressed {
            Ok(()) => Error::new(Kind::Interrupted, "interrupted"),
            Err(error) => Error::new(Kind::Failed, format!("failed to listen for Ctrl-C: {error}")),
        }),
    };
    if arguments.keep {
        show.say(&format!("kept: namespace {}", stage.namespace()))?;
    } else {
        show.say("cleaning up")?;
        stage.clear().await?;
    }
    let report = outcome?;
    if arguments.output == Format::Json {
        let text = serde_json::to_string(&report).map_err(|error| output(&error.into()))?;
        writeln!(std::io::stdout(), "{text}").map_err(|error| output(&error))?;
    }
    show.say(NEXT)?;
    Ok(ExitCode::SUCCESS)
}

/// The story, in its order.
async fn play(stage: &Stage<'_>, show: &mut Show) -> Result<Report, Error> {
    stage.set().await?;

    show.say("1. a database: deployed, filled, backed up, lost, restored")?;
    let database = database::play(stage, show).await?;
    show.say(&format!(
        "   {} rows are back, checksum {}",
        database.count, database.after
    ))?;

    show.say("2. a volume of files: filled, backed up, destroyed, restored")?;
    let files = files::play(stage, show).await?;
    show.say(&format!(
        "   {} files are back, digest {}",
        files.count, files.after
    ))?;

    Ok(Report { database, files })
}

/// Fails unless what came back is what was lost.
fn compared(what: &str, before: (u64, String), after: (u64, String)) -> Result<Compared, Error> {
    if before != after {
        return Err(Error::new(
            Kind::Failed,
            format!(
                "the {what} differ: before {} ({}), after {} ({})",
                before.0, before.1, after.0, after.1
            ),
        ));
    }
    Ok(Compared {
        count: before.0,
        before: before.1,
        after: after.1,
    })
}

/// What to try after the demonstration.
const NEXT: &str = "\
done. To go on:
  mainstay check blueprint.yaml                  every mistake of a blueprint, with its place
  mainstay plan blueprint.yaml --action backup   what it would do, in which order
  mainstay run --help                            a backup of your own
  mainstay demo --keep                           leave the demonstration's workloads to look at";
