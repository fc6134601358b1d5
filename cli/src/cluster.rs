//! The connection to a cluster, with the flags that kubectl has.
//! Must not know what any command does with it.

use std::path::PathBuf;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::error::{Error, Kind};

/// Which cluster and namespace a command works on.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct Connection {
    /// The kubeconfig file; default: KUBECONFIG, then ~/.kube/config, then the pod's own account.
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; default: its current one.
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// The namespace; default: the context's.
    #[arg(short, long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
}

/// An open connection.
pub(crate) struct Cluster {
    /// The client.
    pub(crate) client: Client,
    /// The namespace that commands work in.
    pub(crate) namespace: String,
}

impl Connection {
    /// Reads the kubeconfig and makes a client. Nothing is asked of the cluster yet.
    pub(crate) async fn open(&self) -> Result<Cluster, Error> {
        let config = self.config().await?;
        let namespace = self
            .namespace
            .clone()
            .unwrap_or_else(|| config.default_namespace.clone());
        let client = Client::try_from(config).map_err(|error| {
            Error::new(
                Kind::Cluster,
                format!("failed to make a client of the kubeconfig: {error}"),
            )
        })?;
        Ok(Cluster { client, namespace })
    }

    pub(crate) async fn config(&self) -> Result<Config, Error> {
        let options = KubeConfigOptions {
            context: self.context.clone(),
            ..KubeConfigOptions::default()
        };
        let unusable = |error: String| {
            Error::new(Kind::Cluster, format!("no cluster to work on: {error}"))
                .hint("name one with --kubeconfig and --context, or set KUBECONFIG")
        };
        if let Some(path) = &self.kubeconfig {
            let file = Kubeconfig::read_from(path).map_err(|error| unusable(error.to_string()))?;
            return Config::from_custom_kubeconfig(file, &options)
                .await
                .map_err(|error| unusable(error.to_string()));
        }
        if self.context.is_some() {
            return Config::from_kubeconfig(&options)
                .await
                .map_err(|error| unusable(error.to_string()));
        }
        Config::infer().await.map_err(|error| unusable(error.to_string()))
    }
}

/// Turns a failed request into a message for a person.
pub(crate) fn refused(what: &str) -> impl FnOnce(kube::Error) -> Error {
    move |error| match error {
        kube::Error::Api(status) => {
            let error = Error::new(Kind::Cluster, format!("failed to {what}: {}", status.message));
            if status.code == 404
                && status
                    .details
                    .as_ref()
                    .is_none_or(|details| details.name.is_empty())
            {
                error.hint("is mainstay installed on this cluster? `helm install mainstay deploy/chart`")
            } else {
                error
            }
        }
        other => Error::new(Kind::Cluster, format!("failed to {what}: {other}")),
    }
}
