//! `mainstay watch`: follows an ActionSet that is there.
//! Must not change it.

use std::process::ExitCode;

use crate::cluster::Connection;
use crate::error::{Error, Kind};
use crate::follow::follow;
use crate::follow::show::{Format, Show};

/// Arguments of `watch`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The ActionSet.
    #[arg(value_name = "ACTIONSET")]
    name: String,
    /// How to show it.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,
    #[command(flatten)]
    connection: Connection,
}

/// Follows the ActionSet to its end.
pub(crate) async fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let cluster = arguments.connection.open().await?;
    let status = follow(&cluster, &arguments.name, &mut Show::new(arguments.output)).await?;
    Ok(match status.state.as_str() {
        "complete" => ExitCode::SUCCESS,
        _ => ExitCode::from(Kind::Failed as u8),
    })
}
