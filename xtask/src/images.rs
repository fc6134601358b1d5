//! `cargo xtask images`: container images without a registry.
//! Must not know what they are made of.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::ValueEnum;
use mainstay_testbed::images::{self, Image, Profile};
use mainstay_testbed::{Cluster, Folder, Name};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Which; all when none is named.
    #[arg(value_enum)]
    images: Vec<Choice>,
    /// Load them into this cluster, which must run.
    #[arg(long, value_name = "CLUSTER")]
    load: Option<String>,
    /// Write them to this folder, one archive each, for `docker load` and the like.
    #[arg(long, value_name = "FOLDER")]
    save: Option<PathBuf>,
    /// Compile our programs for use rather than for tests.
    #[arg(long)]
    release: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Choice {
    Tools,
    Mariadb,
    Agent,
    Controller,
}

impl Choice {
    fn image(self) -> Image {
        match self {
            Self::Tools => Image::Tools,
            Self::Mariadb => Image::MariaDb,
            Self::Agent => Image::Agent,
            Self::Controller => Image::Controller,
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    tokio::runtime::Runtime::new()?.block_on(make(arguments))?;
    Ok(ExitCode::SUCCESS)
}

async fn make(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = Folder::from_environment()?;
    let profile = if arguments.release {
        Profile::Release
    } else {
        Profile::Development
    };
    let cluster = match &arguments.load {
        Some(name) => {
            let cluster = Cluster::find(&folder, &Name::new(name)?).await?;
            Some(cluster.with_context(|| format!("the cluster {name} does not run"))?)
        }
        None => None,
    };
    let mut wanted: Vec<Image> = arguments.images.iter().map(|choice| choice.image()).collect();
    if wanted.is_empty() {
        wanted = Image::ALL.to_vec();
    }
    for image in wanted {
        let archive = images::build(&folder, image, profile).await?;
        println!("{}", archive.name());
        if let Some(cluster) = &cluster {
            cluster.load(&archive).await?;
        }
        if let Some(target) = &arguments.save {
            std::fs::create_dir_all(target)?;
            let name = archive.name().trim_start_matches("localhost/").replace(':', "-");
            archive.save(&target.join(format!("{name}.tar")))?;
        }
    }
    Ok(())
}
