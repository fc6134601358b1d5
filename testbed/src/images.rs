//! Container images without a registry: from Debian's packages and from programs that were built here.
//! Must not know what runs in the containers.

mod archive;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use snafu::{ResultExt, Snafu};

use crate::configuration::PAUSE_IMAGE;
use crate::folder::Folder;
use crate::programs::Kubernetes;
use archive::{Access, Builder, Entry, Start};

/// Why an image cannot be had.
#[derive(Debug, Snafu)]
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
}

/// Gives the archive of the image that every pod begins with.
pub(crate) fn pause(folder: &Folder, kubernetes: &Kubernetes) -> Result<PathBuf, Error> {
    let program = kubernetes.pause();
    let contents = fs::read(&program).context(ReadSnafu { path: &program })?;
    let key = data_encoding::HEXLOWER.encode(&Sha256::digest(&contents)[..8]);
    let path = folder.images().join(format!("pause-{key}.tar"));
    if path.exists() {
        return Ok(path);
    }
    fs::create_dir_all(folder.images()).context(WriteSnafu {
        path: folder.images(),
    })?;
    let start = Start {
        entrypoint: vec!["/pause".into()],
        ..Start::default()
    };
    let layer = folder.images().join(format!("pause-{key}.layer"));
    let written = (|| {
        let mut builder = Builder::create(&layer)?;
        builder.add(
            Path::new("pause"),
            Access::root(0o755),
            Entry::File(&mut &contents[..], contents.len() as u64),
        )?;
        let layer = builder.finish()?;
        archive::write(&path, PAUSE_IMAGE, &start, &[layer])
    })();
    written.context(WriteSnafu { path: &path })?;
    Ok(path)
}
