//! A directory as a store: one file per object, written under a temporary name and renamed.
//!
//! For tests, benchmarks and copies on a disk. It must not know S3.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::{fs, io};

use async_trait::async_trait;
use bytes::Bytes;
use snafu::ResultExt as _;

use super::{Head, Listed, Store, Upload, Version};
use crate::error::{self, Error};

/// Folder for what is being written; its name cannot be an object's, as listings leave it out.
const UNFINISHED: &str = ".unfinished";

/// Objects as files below one directory. Work on the disk is done on tokio's threads for blocking calls.
#[derive(Clone, Debug)]
pub struct Directory {
    root: PathBuf,
}

impl Directory {
    /// Uses `root`, which is made when missing.
    pub fn new(root: impl Into<PathBuf>) -> Result<Self, Error> {
        let root = root.into();
        let unfinished = root.join(UNFINISHED);
        fs::create_dir_all(&unfinished).context(error::FileSnafu {
            action: "make folder",
            path: &unfinished,
        })?;
        Ok(Self { root })
    }

    fn path(&self, key: &str) -> Result<PathBuf, Error> {
        let relative = Path::new(key);
        let inside = relative
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if key.is_empty() || !inside || key.ends_with('/') {
            return error::PathSnafu { path: key }.fail();
        }
        Ok(self.root.join(relative))
    }

    /// A name that no other user of the directory takes at the same time.
    fn temporary(&self) -> PathBuf {
        self.root
            .join(UNFINISHED)
            .join(format!("{:016x}", rand::random::<u64>()))
    }

    /// Makes the file `unfinished` visible as `path`; it is removed when that fails.
    fn publish(&self, unfinished: &Path, path: &Path) -> Result<(), Error> {
        let make = || {
            fs::create_dir_all(path.parent().unwrap_or(&self.root))?;
            fs::rename(unfinished, path)
        };
        make().map_err(|cause| {
            // The reason to report is why publishing failed; a leftover is never listed.
            drop(fs::remove_file(unfinished));
            Error::target(path, 0, cause)
        })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let directory = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&directory)).await;
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }
}

#[async_trait]
impl Store for Directory {
    fn location(&self) -> String {
        self.root.display().to_string()
    }

    async fn get(&self, key: &str, range: Range<u64>, expected: Option<&Version>) -> Result<Bytes, Error> {
        let (key, expected) = (key.to_owned(), expected.cloned());
        self.blocking(move |directory| read_range(&directory.path(&key)?, &key, range, expected.as_ref()))
            .await
    }

    async fn read(&self, key: &str) -> Result<Bytes, Error> {
        let key = key.to_owned();
        self.blocking(move |directory| {
            let path = directory.path(&key)?;
            fs::read(&path)
                .map(Bytes::from)
                .map_err(|cause| missing_or(&key, &path, cause))
        })
        .await
    }

    async fn head(&self, key: &str) -> Result<Option<Head>, Error> {
        let key = key.to_owned();
        self.blocking(move |directory| {
            let path = directory.path(&key)?;
            match fs::metadata(&path) {
                Ok(found) if found.is_file() => Ok(Some(head(&found))),
                Ok(_) => Ok(None),
                Err(cause) if absent(&cause) => Ok(None),
                Err(cause) => Err(cause).context(error::FileSnafu {
                    action: "look at",
                    path,
                }),
            }
        })
        .await
    }

    async fn put(&self, key: &str, content: Bytes) -> Result<(), Error> {
        let key = key.to_owned();
        let write = move |directory: &Self| {
            let unfinished = directory.temporary();
            write_file(&unfinished, &content).map_err(|cause| Error::target(&unfinished, 0, cause))?;
            directory.publish(&unfinished, &directory.path(&key)?)
        };
        self.blocking(write).await
    }

    async fn upload(&self, key: &str) -> Result<Box<dyn Upload>, Error> {
        self.path(key)?;
        Ok(Box::new(Parts {
            directory: self.clone(),
            key: key.to_owned(),
            sent: Arc::new(RwLock::new(Some(Mutex::default()))),
        }))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Listed>, Error> {
        let prefix = prefix.to_owned();
        self.blocking(move |directory| {
            let mut listed = Vec::new();
            // A prefix need not end at a folder: the walk starts at its last whole folder.
            let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
            collect(&directory.root, folder, &prefix, &mut listed)?;
            Ok(listed)
        })
        .await
    }

    async fn delete(&self, key: &str) -> Result<(), Error> {
        let key = key.to_owned();
        self.blocking(move |directory| {
            let path = directory.path(&key)?;
            match fs::remove_file(&path) {
                Ok(()) => Ok(()),
                Err(cause) if absent(&cause) => Ok(()),
                Err(cause) if cause.kind() == ErrorKind::PermissionDenied => {
                    error::LockedSnafu { key }.fail()
                }
                Err(cause) => Err(cause).context(error::FileSnafu {
                    action: "delete",
                    path,
                }),
            }
        })
        .await
    }
}

/// An upload in parts: each waits in a file of its own, so that memory stays bounded here as well.
#[derive(Debug)]
struct Parts {
    directory: Directory,
    key: String,
    sent: Arc<Sent>,
}

/// Parts that have arrived; none any more once the upload is over. Who writes one has it open for reading, so that an abort
/// waits for writes that nobody waits for any longer.
type Sent = RwLock<Option<Mutex<BTreeMap<u32, PathBuf>>>>;

/// Ends an upload and returns its parts.
fn take(sent: &Sent) -> BTreeMap<u32, PathBuf> {
    let taken = sent.write().unwrap_or_else(PoisonError::into_inner).take();
    taken
        .map(|parts| parts.into_inner().unwrap_or_else(PoisonError::into_inner))
        .unwrap_or_default()
}

#[async_trait]
impl Upload for Parts {
    async fn part(&self, number: u32, content: Bytes) -> Result<(), Error> {
        let sent = Arc::clone(&self.sent);
        let write = move |directory: &Directory| {
            let sent = sent.read().unwrap_or_else(PoisonError::into_inner);
            let Some(parts) = sent.as_ref() else { return Ok(()) };
            let path = directory.temporary();
            write_file(&path, &content).map_err(|cause| Error::target(&path, 0, cause))?;
            let replaced = parts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(number, path);
            replaced.map_or(Ok(()), |path| remove_all([path]))
        };
        self.directory.blocking(write).await
    }

    async fn complete(&self) -> Result<(), Error> {
        let (key, sent) = (self.key.clone(), Arc::clone(&self.sent));
        let join = move |directory: &Directory| {
            let parts = take(&sent);
            let whole = directory.temporary();
            let joined = join_files(&whole, parts.values());
            let moved = joined.and_then(|()| directory.publish(&whole, &directory.path(&key)?));
            remove_all(parts.into_values())?;
            moved
        };
        self.directory.blocking(join).await
    }

    async fn abort(&self) -> Result<(), Error> {
        let sent = Arc::clone(&self.sent);
        self.directory
            .blocking(move |_| remove_all(take(&sent).into_values()))
            .await
    }
}

fn join_files<'a>(whole: &Path, parts: impl Iterator<Item = &'a PathBuf>) -> Result<(), Error> {
    let join = || {
        let mut file = fs::File::create(whole)?;
        for part in parts {
            io::copy(&mut fs::File::open(part)?, &mut file)?;
        }
        Ok(())
    };
    join().map_err(|cause| Error::target(whole, 0, cause))
}

fn remove_all(paths: impl IntoIterator<Item = PathBuf>) -> Result<(), Error> {
    for path in paths {
        fs::remove_file(&path).context(error::FileSnafu {
            action: "delete",
            path,
        })?;
    }
    Ok(())
}

fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    fs::File::create(path)?.write_all(content)
}

fn read_range(path: &Path, key: &str, range: Range<u64>, expected: Option<&Version>) -> Result<Bytes, Error> {
    let mut file = fs::File::open(path).map_err(|cause| missing_or(key, path, cause))?;
    let found = file.metadata().context(error::FileSnafu {
        action: "look at",
        path,
    })?;
    if expected.is_some_and(|expected| *expected != head(&found).version) {
        return error::ReplacedSnafu { key }.fail();
    }
    let length = range.end - range.start;
    let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.seek(SeekFrom::Start(range.start))
        .context(error::FileSnafu { action: "read", path })?;
    file.take(length)
        .read_to_end(&mut content)
        .context(error::FileSnafu { action: "read", path })?;
    let received = content.len() as u64;
    if received != length {
        return error::BrokenSnafu {
            received,
            expected: length,
            key,
        }
        .fail();
    }
    Ok(content.into())
}

fn collect(root: &Path, folder: &str, prefix: &str, listed: &mut Vec<Listed>) -> Result<(), Error> {
    let path = root.join(folder);
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(cause) if absent(&cause) => return Ok(()),
        Err(cause) => return Err(cause).context(error::FileSnafu { action: "list", path }),
    };
    for entry in entries {
        let entry = entry.context(error::FileSnafu {
            action: "list",
            path: &path,
        })?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let key = if folder.is_empty() {
            name
        } else {
            format!("{folder}/{name}")
        };
        if key == UNFINISHED {
            continue;
        }
        match entry.metadata() {
            Ok(found) if found.is_dir() => {
                if key.starts_with(prefix) || prefix.starts_with(&format!("{key}/")) {
                    collect(root, &key, prefix, listed)?;
                }
            }
            Ok(found) if key.starts_with(prefix) => listed.push(Listed {
                key,
                size: found.len(),
            }),
            Ok(_) => {}
            // Deleted since the folder was opened.
            Err(cause) if absent(&cause) => {}
            Err(cause) => {
                return Err(cause).context(error::FileSnafu {
                    action: "look at",
                    path: entry.path(),
                });
            }
        }
    }
    Ok(())
}

fn head(found: &fs::Metadata) -> Head {
    let version = Version(format!(
        "{}-{}-{}",
        found.ino(),
        found.mtime(),
        found.mtime_nsec()
    ));
    Head {
        size: found.len(),
        version,
    }
}

fn absent(cause: &io::Error) -> bool {
    matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn missing_or(key: &str, path: &Path, cause: io::Error) -> Error {
    if absent(&cause) || cause.kind() == ErrorKind::IsADirectory {
        return Error::Missing { key: key.to_owned() };
    }
    Error::File {
        action: "read",
        path: path.to_owned(),
        source: cause,
    }
}
