//! A test bed for one command: a cluster with our images and an object store, taken down at the end.
//! Must not know what is run on it.

use std::process::Command;

use anyhow::Context as _;
use mainstay_testbed::images::{self, Image, Profile};
use mainstay_testbed::{Cluster, Folder, Minio, Name, Options, State, minio, programs};

/// What runs.
pub(crate) struct Bed {
    folder: Folder,
    cluster: Cluster,
    store: Minio,
}

impl Bed {
    /// Builds what is not built, and brings cluster and store up.
    pub(crate) async fn up(name: &str, images: &[Image]) -> anyhow::Result<Self> {
        let folder = Folder::from_environment()?;
        let name = Name::new(name)?;
        let mut archives = Vec::new();
        for image in images {
            archives.push(images::build(&folder, *image, Profile::Development).await?);
        }
        let cluster = Cluster::up(&folder, &name, &Options { images: archives }).await?;
        let store = match Minio::start(&folder, &name, cluster.host_address()).await {
            Ok(store) => store,
            Err(error) => {
                cluster.down(State::Remove).await?;
                return Err(error.into());
            }
        };
        Ok(Self {
            folder,
            cluster,
            store,
        })
    }

    /// Tells a command where the servers are.
    pub(crate) fn environment(&self, command: &mut Command) -> anyhow::Result<()> {
        let endpoint = self.store.endpoint();
        let address = endpoint
            .strip_prefix("http://")
            .context("the object store is not served over plain HTTP")?;
        command
            .env("KUBECONFIG", self.cluster.kubeconfig())
            .env("MAINSTAY_S3_ENDPOINT", &endpoint)
            .env("MAINSTAY_S3_ADDRESS", address)
            .env("MAINSTAY_S3_REGION", minio::REGION)
            .env("MAINSTAY_S3_ACCESS_KEY", minio::ACCESS_KEY)
            .env("MAINSTAY_S3_SECRET_KEY", minio::SECRET_KEY);
        Ok(())
    }

    /// A command of the helm that was built for the test bed.
    pub(crate) async fn helm(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(programs::helm(&self.folder).await?);
        self.environment(&mut command)?;
        Ok(command)
    }

    /// Stops everything and leaves nothing behind.
    pub(crate) async fn down(self) -> anyhow::Result<()> {
        let Self {
            folder: _,
            cluster,
            store,
        } = self;
        let stopped = store.stop(State::Remove).await;
        cluster.down(State::Remove).await?;
        Ok(stopped?)
    }
}

/// Runs a command to its end; its name and code are in the error when it fails.
pub(crate) fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .status()
        .with_context(|| format!("failed to start {}", command.get_program().display()))?;
    anyhow::ensure!(
        status.success(),
        "{} ended with {status}",
        command.get_program().display()
    );
    Ok(())
}
