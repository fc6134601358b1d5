//! Container images without a registry: from Debian's packages and from programs that are built here.
//!
//! ```text
//! recipe      which image is made of what
//! packages    Debian packages → a layer
//! binaries    our own programs, static
//! archive     layers and a start → what a container runtime can load
//! ```
//!
//! Must not know what runs in the containers of a test.

mod archive;
mod binaries;
mod layer;
mod packages;
mod recipe;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use snafu::{ResultExt, Snafu};

use crate::folder::{self, Folder};
use crate::process;
use crate::programs::Kubernetes;
pub use archive::Archive;
pub use binaries::Profile;
pub use recipe::Image;
use recipe::{Part, Recipe};

/// Why an image cannot be had.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum Error {
    /// A file that goes into it cannot be read.
    #[snafu(display("failed to read {}", path.display()))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It, or a part of it, cannot be written.
    #[snafu(display("failed to write {}", path.display()))]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Debian's packages cannot be had.
    #[snafu(display("failed to download the Debian packages {packages}"))]
    Download {
        /// Their names, those they depend on apart.
        packages: String,
        /// What apt-get said.
        source: process::Error,
    },
    /// A package cannot be unpacked.
    #[snafu(display("failed to unpack {}", package.display()))]
    Unpack {
        /// Its file.
        package: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// One of our programs cannot be built.
    #[snafu(display("failed to build the program {program}"))]
    Build {
        /// Its name.
        program: &'static str,
        /// What cargo said.
        source: process::Error,
    },
    /// Cargo built something else than the program.
    #[snafu(display("cargo said nothing of an executable when it built {program}"))]
    NoExecutable {
        /// The program's name.
        program: &'static str,
    },
    /// The folder of the test bed cannot be used.
    #[snafu(display("failed to use the folder of the test bed"))]
    UseFolder {
        /// Why.
        source: folder::Error,
    },
    /// The work was ended from outside.
    #[snafu(display("failed to finish a layer"))]
    Interrupted {
        /// Why.
        source: tokio::task::JoinError,
    },
}

/// Makes an image, or as much of it as was not made before. Our own programs are built as they are in this source tree.
pub async fn build(folder: &Folder, image: Image, profile: Profile) -> Result<Archive, Error> {
    assemble(folder, image.name(), image.recipe(profile).await?).await
}

/// Makes the image that every pod begins with.
pub(crate) async fn pause(folder: &Folder, kubernetes: &Kubernetes) -> Result<Archive, Error> {
    assemble(folder, recipe::PAUSE, recipe::pause(kubernetes.pause())).await
}

async fn assemble(folder: &Folder, name: &str, recipe: Recipe) -> Result<Archive, Error> {
    let layers_folder = folder.images().join("layers");
    fs::create_dir_all(&layers_folder).context(WriteSnafu { path: &layers_folder })?;
    let _lock = folder.lock("images").await.context(UseFolderSnafu)?;
    let mut layers = Vec::new();
    for part in recipe.parts {
        layers.push(match part {
            Part::Packages(selection) => packages::layer(folder, &layers_folder, selection).await?,
            Part::Files(files) => layer::of_files(&layers_folder, files).await?,
        });
    }
    Ok(Archive {
        name: name.to_owned(),
        start: recipe.start,
        layers,
    })
}

/// Runs blocking work beside the program.
async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .context(InterruptedSnafu)?
}

/// Reads a whole file.
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).context(ReadSnafu { path })
}
