//! Our controller inside this process, with the client that it is given.
//! Must not know what is played.

use std::sync::Arc;

use clap::Parser;
use kube::Client;
use mainstay_controller::health::Readiness;
use mainstay_controller::metrics::Metrics;
use mainstay_controller::runtime;
use tokio_util::sync::CancellationToken;

/// The controller's own arguments, with what a recording takes for granted in place of its defaults.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    controller: mainstay_controller::Arguments,
}

/// Works on one namespace until `stop`.
///
/// # Errors
/// The arguments below do not fit the controller's.
pub async fn operate(client: Client, namespace: String, stop: CancellationToken) -> Result<(), clap::Error> {
    let given = [
        "replay",
        "--pod-service-account=kanister",
        "--tools-image=localhost/tools:1",
        "--pod-ready-timeout=2",
    ];
    let Arguments { controller } = Arguments::try_parse_from(given)?;
    let context = runtime::context(&controller, client, namespace, Arc::new(Metrics::new())).await;
    runtime::operate(context, Arc::new(Readiness::default()), stop).await;
    Ok(())
}
