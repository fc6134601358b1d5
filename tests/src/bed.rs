//! Where the servers of a test are. The only file of the tests that reads the environment.
//! Must not start anything: `cargo xtask e2e` does.

use std::env::VarError;
use std::fmt;
use std::path::PathBuf;

use snafu::{ResultExt as _, Snafu};

/// The servers that end-to-end tests use.
#[derive(Clone)]
pub struct Bed {
    /// Client of the cluster that `KUBECONFIG` names.
    pub client: kube::Client,
    /// Its configuration, for clients with layers of their own.
    pub config: kube::Config,
    /// The file that `KUBECONFIG` names.
    pub kubeconfig: PathBuf,
    /// The object store, reachable from pods and from here.
    pub store: Store,
}

/// An S3 server and its keys.
#[derive(Clone, Debug)]
pub struct Store {
    /// Host and port, without a scheme.
    pub address: String,
    /// The access key.
    pub access_key: String,
    /// The secret key of a server that lives as long as the test.
    pub secret_key: String,
}

/// Why the servers were not found.
#[derive(Debug, Snafu)]
pub enum Error {
    /// A variable that names a server is not set.
    #[snafu(display("{name} is not set; run the end-to-end tests with `cargo xtask e2e`"))]
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        source: VarError,
    },
    /// The kubeconfig does not give a usable cluster.
    #[snafu(display("failed to read the kubeconfig that KUBECONFIG names"))]
    Kubeconfig {
        /// What kube says.
        #[snafu(source(from(kube::config::InferConfigError, Box::new)))]
        source: Box<kube::config::InferConfigError>,
    },
    /// No client can be made of the kubeconfig.
    #[snafu(display("failed to make a client of the kubeconfig"))]
    Client {
        /// What kube says.
        #[snafu(source(from(kube::Error, Box::new)))]
        source: Box<kube::Error>,
    },
}

impl fmt::Debug for Bed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Bed")
            .field("store", &self.store.address)
            .finish_non_exhaustive()
    }
}

impl Bed {
    /// Reads `KUBECONFIG` and `MAINSTAY_S3_ADDRESS`, `MAINSTAY_S3_ACCESS_KEY`, `MAINSTAY_S3_SECRET_KEY`.
    pub async fn from_environment() -> Result<Self, Error> {
        let kubeconfig = variable("KUBECONFIG")?.into();
        let config = kube::Config::infer().await.context(KubeconfigSnafu)?;
        let client = kube::Client::try_from(config.clone()).context(ClientSnafu)?;
        let store = Store::from_environment()?;
        Ok(Self {
            client,
            config,
            kubeconfig,
            store,
        })
    }
}

impl Store {
    /// Reads `MAINSTAY_S3_ADDRESS`, `MAINSTAY_S3_ACCESS_KEY`, `MAINSTAY_S3_SECRET_KEY`: for tests that need no cluster.
    pub fn from_environment() -> Result<Self, Error> {
        Ok(Self {
            address: variable("MAINSTAY_S3_ADDRESS")?,
            access_key: variable("MAINSTAY_S3_ACCESS_KEY")?,
            secret_key: variable("MAINSTAY_S3_SECRET_KEY")?,
        })
    }
}

/// The program `mainstay` under test, from `MAINSTAY_PROGRAM`.
pub fn program() -> Result<PathBuf, Error> {
    Ok(variable("MAINSTAY_PROGRAM")?.into())
}

/// The program `helm` that installs the chart, from `MAINSTAY_HELM`.
pub fn helm() -> Result<PathBuf, Error> {
    Ok(variable("MAINSTAY_HELM")?.into())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place of the tests that reads the environment"
)]
fn variable(name: &'static str) -> Result<String, Error> {
    std::env::var(name).context(VariableSnafu { name })
}
