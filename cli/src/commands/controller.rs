//! `mainstay controller`: the long-running program that carries ActionSets out.
//! Must not know how; the controller's crate does.

use std::process::ExitCode;

use crate::cluster::Connection;
use crate::error::{Error, Kind};

/// Arguments of `controller`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    controller: mainstay_controller::Arguments,
    #[command(flatten)]
    connection: Connection,
}

/// Runs the controller until it is asked to stop.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    let Arguments {
        mut controller,
        connection,
    } = arguments;
    let configuration = connection.config().await?;
    controller.pod_namespace = connection.namespace.or(controller.pod_namespace);
    mainstay_controller::run(controller, configuration)
        .await
        .map_err(|error| Error::new(Kind::Cluster, mainstay_controller::chain(&error)))?;
    Ok(ExitCode::SUCCESS)
}
