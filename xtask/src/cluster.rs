//! `cargo xtask cluster`: the test bed from a terminal.
//! Must not know how a cluster is made.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use mainstay_testbed::{Cluster, Folder, Minio, Name, Options, State, cluster, minio, programs};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build Kubernetes, helm and the object store, unless they are there.
    Build,
    /// Bring a cluster up and print how to use it.
    Up(Up),
    /// Stop a cluster and the object store of the same name.
    Down(Down),
    /// List clusters and object stores.
    Status,
}

#[derive(Debug, clap::Args)]
struct Up {
    #[arg(default_value = "dev")]
    name: String,
    /// Start an object store beside it.
    #[arg(long)]
    store: bool,
    /// Archive of an image to load; may be given several times.
    #[arg(long = "image")]
    images: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Down {
    #[arg(default_value = "dev")]
    name: String,
    /// Keep the files, so that `up` goes on where this ends.
    #[arg(long)]
    keep: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let folder = Folder::from_environment()?;
        match &arguments.command {
            Command::Build => build(&folder).await,
            Command::Up(up) => bring_up(&folder, up).await,
            Command::Down(down) => take_down(&folder, down).await,
            Command::Status => status(&folder),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn build(folder: &Folder) -> anyhow::Result<()> {
    println!(
        "kubernetes  {}",
        programs::kubernetes(folder).await?.program().display()
    );
    println!("minio       {}", programs::minio(folder).await?.display());
    println!("helm        {}", programs::helm(folder).await?.display());
    Ok(())
}

async fn bring_up(folder: &Folder, up: &Up) -> anyhow::Result<()> {
    let name = Name::new(&up.name)?;
    let cluster = Cluster::up(folder, &name, &Options::default()).await?;
    for archive in &up.images {
        cluster.load_file(archive).await?;
    }
    println!("export KUBECONFIG={}", cluster.kubeconfig().display());
    println!("# kubectl: {}", cluster.kubectl().display());
    println!("# logs: {}", cluster.logs().display());
    if up.store {
        let store = Minio::start(folder, &name, cluster.host_address()).await?;
        println!(
            "export AWS_ENDPOINT_URL={} AWS_REGION={}",
            store.endpoint(),
            minio::REGION
        );
        println!(
            "export AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={}",
            minio::ACCESS_KEY,
            minio::SECRET_KEY
        );
        println!("export MAINSTAY_S3_ADDRESS={}", store.address());
        println!(
            "export MAINSTAY_S3_ACCESS_KEY={} MAINSTAY_S3_SECRET_KEY={}",
            minio::ACCESS_KEY,
            minio::SECRET_KEY
        );
    }
    Ok(())
}

async fn take_down(folder: &Folder, down: &Down) -> anyhow::Result<()> {
    let name = Name::new(&down.name)?;
    let state = if down.keep { State::Keep } else { State::Remove };
    cluster::remove(folder, &name, state).await?;
    minio::remove(folder, &name, state).await?;
    Ok(())
}

fn status(folder: &Folder) -> anyhow::Result<()> {
    for cluster in cluster::list(folder)? {
        let running = match cluster.process {
            Some(process) => format!("runs as process {}", process.id),
            None => "is kept".to_owned(),
        };
        let node = cluster
            .addresses
            .map(|addresses| format!(" at {}", addresses.node()))
            .unwrap_or_default();
        println!(
            "cluster {} {running}{node}; KUBECONFIG={}",
            cluster.name,
            cluster.kubeconfig.display()
        );
    }
    for (name, store) in minio::list(folder)? {
        match store {
            Some(store) => println!("store {name} runs at {}", store.endpoint()),
            None => println!("store {name} is kept"),
        }
    }
    Ok(())
}
