//! Where concrete types meet: client, functions, watches, servers; and how the program starts and stops.
//! Must not know how anything is carried out.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client};
use mainstay_engine::clock::{Clock, System};
use mainstay_engine::driver::Settings;
use mainstay_functions::context::{Context as FunctionContext, Settings as FunctionSettings};
use snafu::{ResultExt, Snafu};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::actionset::{self, Context};
use crate::args::Arguments;
use crate::events::Recorder;
use crate::health::{self, Readiness, Server};
use crate::logging;
use crate::metrics::Metrics;
use crate::refusal::told;
use crate::{blueprint, definitions};

/// Why the controller cannot run.
#[derive(Debug, Snafu)]
pub enum Error {
    /// There is no log.
    #[snafu(display("failed to start the log"))]
    Log {
        /// Why.
        source: logging::Error,
    },
    /// There is no client.
    #[snafu(display("failed to make a client for the cluster"))]
    Connect {
        /// Why.
        source: Box<kube::Error>,
    },
    /// The kinds are not there.
    #[snafu(context(false), display("{source}"))]
    Definitions {
        /// Why.
        source: definitions::Error,
    },
    /// Probes cannot be answered.
    #[snafu(context(false), display("{source}"))]
    Health {
        /// Why.
        source: health::Error,
    },
    /// Nothing would tell the program to stop.
    #[snafu(display("failed to wait for signals"))]
    Signals {
        /// Why.
        source: std::io::Error,
    },
}

/// Runs the controller until SIGTERM or SIGINT.
pub async fn run(arguments: Arguments, configuration: kube::Config) -> Result<(), Error> {
    logging::start(&arguments.log_level, arguments.log_format).context(LogSnafu)?;
    let stop = stop_on_signals().context(SignalsSnafu)?;
    let namespace = arguments
        .pod_namespace
        .clone()
        .unwrap_or_else(|| configuration.default_namespace.clone());
    let client = Client::try_from(configuration)
        .map_err(Box::new)
        .context(ConnectSnafu)?;

    let readiness = Arc::new(Readiness::default());
    let metrics = Arc::new(Metrics::new());
    let server = Server::listen(
        arguments.health_check_port,
        &arguments.health_paths(),
        Arc::clone(&readiness),
        Arc::clone(&metrics),
    )
    .await?;
    let serving = tokio::spawn(server.serve(stop.clone()));

    if arguments.create_or_update_crds {
        definitions::install(&client).await?;
    }
    definitions::check_access(&client, &namespace).await?;

    let context = context(&arguments, client, namespace, metrics).await;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        namespace = context.namespace,
        controller = context.controller,
        "the controller has started"
    );
    operate(context, readiness, stop.clone()).await;
    stop.cancel();
    match serving.await {
        Ok(served) => served?,
        Err(error) => tracing::error!(%error, "the server of probes ended in a fault of ours"),
    }
    tracing::info!("the controller has stopped");
    Ok(())
}

/// Does the controller's work until `stop`.
pub async fn operate(context: Context, readiness: Arc<Readiness>, stop: CancellationToken) {
    let context = Arc::new(context);
    let action_sets = actionset::watch(Arc::clone(&context), Arc::clone(&readiness), stop.clone());
    let blueprints = blueprint::watch(context, readiness, stop);
    tokio::join!(action_sets, blueprints);
}

/// What the controller works with, made from its arguments.
pub async fn context(
    arguments: &Arguments,
    client: Client,
    namespace: String,
    metrics: Arc<Metrics>,
) -> Context {
    let service_account = match &arguments.pod_service_account {
        Some(name) => Some(name.clone()),
        None => own_service_account(&client, &namespace, arguments.pod_name.as_deref()).await,
    };
    let clock: Arc<dyn Clock> = Arc::new(System);
    let functions = mainstay_functions::all(&FunctionContext {
        client: client.clone(),
        settings: FunctionSettings {
            service_account,
            pod_ready: arguments.pod_ready(),
            secure_defaults: arguments.secure_defaults_for_job_pods,
            siblings: arguments.siblings(),
            ..FunctionSettings::new(&namespace, &arguments.tools_image, &arguments.agent_image)
        },
        clock: Arc::clone(&clock),
    });
    Context {
        events: Recorder::new(client.clone(), Arc::clone(&clock)),
        controller: process_name(arguments.pod_name.as_deref()),
        client,
        namespace,
        functions,
        settings: Settings::default(),
        metrics,
        clock,
    }
}

/// The service account of our own pod, when we are in one and may read it.
async fn own_service_account(client: &Client, namespace: &str, pod: Option<&str>) -> Option<String> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    match pods.get(pod?).await {
        Ok(pod) => pod.spec?.service_account_name,
        Err(error) => {
            tracing::warn!(
                error = told(&error),
                "failed to find the controller's own service account; pods in its namespace use the default one"
            );
            None
        }
    }
}

/// A name that no other process has, this program's next life included.
fn process_name(pod: Option<&str>) -> String {
    format!("{}-{:08x}", pod.unwrap_or("controller"), rand::random::<u32>())
}

fn stop_on_signals() -> std::io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("asked to stop");
        told.cancel();
    });
    Ok(stop)
}
