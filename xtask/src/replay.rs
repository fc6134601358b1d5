//! `cargo xtask replay FOLDER`: plays recorded ActionSets with our controller on the test bed.
//! Must not know how they are compared.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use mainstay_testbed::images::Image;

use crate::bed::{Bed, succeed};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A folder of cases, or one case.
    folder: PathBuf,
    /// Use the cluster that KUBECONFIG names and the store that the variables `MAINSTAY_S3_…` name.
    #[arg(long)]
    here: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = arguments
        .folder
        .canonicalize()
        .with_context(|| format!("failed to find {}", arguments.folder.display()))?;
    let build = [
        "build",
        "--package",
        "mainstay-tests",
        "--bin",
        "replay",
        "--locked",
    ];
    succeed(Command::new(env!("CARGO")).args(build))?;
    let metadata = cargo_metadata::MetadataCommand::new().no_deps().exec()?;
    let mut replay = Command::new(metadata.target_directory.join("debug/replay"));
    replay.arg(folder);
    if arguments.here {
        return code(&mut replay);
    }
    tokio::runtime::Runtime::new()?.block_on(async {
        let bed = Bed::up("replay", &[Image::Tools, Image::Agent]).await?;
        let outcome = bed.environment(&mut replay).and_then(|()| code(&mut replay));
        bed.down().await?;
        outcome
    })
}

fn code(command: &mut Command) -> anyhow::Result<ExitCode> {
    let status = command.status().context("failed to start the player")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
