//! Where the test bed keeps what it builds and what runs. The one place that reads the environment.
//! Must not know what is in the folders.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use snafu::{OptionExt, ResultExt, Snafu};

/// Names the folder to use instead of `mainstay` in the user's cache folder.
pub const VARIABLE: &str = "MAINSTAY_TESTBED";

/// Parts of the machine's tree that a cluster covers by its own, so that nothing of ours can be seen below them.
const COVERED: [&str; 4] = ["/run", "/var/lib", "/var/log", "/opt"];

/// Why there is no place to work in.
#[derive(Debug, Snafu)]
pub enum Error {
    /// Neither of the variables that say where a user's cache is has a value.
    #[snafu(display("failed to find a cache folder: set {VARIABLE}, XDG_CACHE_HOME or HOME"))]
    Unknown,
    /// The folder lies where clusters cannot see it.
    #[snafu(display("failed to use {} for the test bed: clusters cover {covered} by their own", folder.display()))]
    Covered {
        /// The folder asked for.
        folder: PathBuf,
        /// The covered part of the tree.
        covered: &'static str,
    },
    /// A folder or a lock file in it cannot be made.
    #[snafu(display("failed to prepare {}", path.display()))]
    Prepare {
        /// What could not be made.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The folder of the test bed, with a part for each purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Opens the folder the environment names: `$MAINSTAY_TESTBED`, else `mainstay` in `$XDG_CACHE_HOME` or
    /// `~/.cache`.
    pub fn from_environment() -> Result<Self, Error> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the test bed's one look at the environment"
        )]
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let root = variable(VARIABLE)
            .map(PathBuf::from)
            .or_else(|| variable("XDG_CACHE_HOME").map(|cache| Path::new(&cache).join("mainstay")))
            .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".cache/mainstay")))
            .context(UnknownSnafu)?;
        Self::at(&root)
    }

    /// Opens a folder, making it when it is not there. Links in its path are followed once, here.
    pub fn at(root: &Path) -> Result<Self, Error> {
        fs::create_dir_all(root).context(PrepareSnafu { path: root })?;
        let root = root.canonicalize().context(PrepareSnafu { path: root })?;
        match COVERED.into_iter().find(|covered| root.starts_with(covered)) {
            Some(covered) => CoveredSnafu {
                folder: root,
                covered,
            }
            .fail(),
            None => Ok(Self { root }),
        }
    }

    /// Programs built by Go, a folder for each version.
    pub fn programs(&self) -> PathBuf {
        self.root.join("programs")
    }

    /// Image archives, and what they are made of.
    pub fn images(&self) -> PathBuf {
        self.root.join("images")
    }

    /// State of clusters, a folder for each.
    pub fn clusters(&self) -> PathBuf {
        self.root.join("clusters")
    }

    /// State of object stores, a folder for each.
    pub fn stores(&self) -> PathBuf {
        self.root.join("stores")
    }

    /// State of control planes without a node, a folder for each.
    pub(crate) fn control_planes(&self) -> PathBuf {
        self.root.join("control-planes")
    }

    /// Takes the lock of a name, waiting for whoever has it. It is given back when the value is dropped or the process
    /// dies.
    pub async fn lock(&self, name: &str) -> Result<Lock, Error> {
        let folder = self.root.join("locks");
        fs::create_dir_all(&folder).context(PrepareSnafu { path: &folder })?;
        let path = folder.join(name);
        let file = File::create(&path).context(PrepareSnafu { path: &path })?;
        let taken = tokio::task::spawn_blocking(move || {
            rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).map(|()| file)
        });
        let file = taken
            .await
            .map_err(io::Error::from)
            .and_then(|locked| locked.map_err(io::Error::from))
            .context(PrepareSnafu { path: &path })?;
        Ok(Lock { _file: file })
    }
}

/// A lock that is held.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_clusters_cover_is_refused() {
        let refused = Folder::at(Path::new("/run")).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "failed to use /run for the test bed: clusters cover /run by their own"
        );
    }

    #[tokio::test]
    async fn a_lock_is_free_again_when_it_is_dropped() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::at(temporary.path()).unwrap();
        let first = folder.lock("build").await.unwrap();
        let second = tokio::spawn({
            let folder = folder.clone();
            async move { folder.lock("build").await.unwrap() }
        });
        drop(first);
        second.await.unwrap();
    }
}
