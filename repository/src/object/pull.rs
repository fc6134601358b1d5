//! One object to a writer or a file, in ranges that all belong to the same version.
//!
//! It must not know what becomes of the bytes. A file is written beside its destination and renamed when it is complete.

use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::fs;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use crate::error::{self, Error};
use crate::location::Key;
use crate::store::{Head, Shared};
use crate::watch::Watch;

/// Bytes asked for at once, and how many such requests run ahead of the writer.
const RANGE: u64 = 8 << 20;
const AHEAD: usize = 4;

/// Kanister's `kando` makes files with this mode.
const MODE: u32 = 0o755;

/// Writes the object to `to` and returns the number of bytes. An object that is replaced meanwhile is a fault.
pub async fn pull(
    store: &Shared,
    key: &Key,
    mut to: impl AsyncWrite + Send + Unpin,
    watch: &Watch,
) -> Result<u64, Error> {
    let head = head(store, key).await?;
    copy(store, key, &head, &mut to, watch)
        .await
        .map_err(|fault| match fault {
            Fault::Store(fault) => fault,
            Fault::Target { cause, .. } => Error::Stream {
                action: "write",
                source: cause,
            },
        })?;
    Ok(head.size)
}

/// Writes the object to the file `path` and returns the number of bytes. The file appears when it is complete; what was there
/// is replaced. A pipe or device that is there is written to as it is.
pub async fn pull_file(store: &Shared, key: &Key, path: &Path, watch: &Watch) -> Result<u64, Error> {
    let head = head(store, key).await?;
    let target = |cause| Error::target(path, 0, cause);
    let path = &destination(path).await.map_err(target)?;
    if fs::metadata(path).await.is_ok_and(|found| !found.is_file()) {
        let file = fs::OpenOptions::new()
            .write(true)
            .open(path)
            .await
            .map_err(|cause| Error::target(path, 0, cause))?;
        return pull(store, key, file, watch).await;
    }
    let unfinished = beside(path);
    let written = write(store, key, &head, &unfinished, watch).await;
    let renamed = match written {
        Ok(()) => fs::rename(&unfinished, path)
            .await
            .map_err(|cause| Error::target(path, head.size, cause)),
        Err(Fault::Store(fault)) => Err(fault),
        Err(Fault::Target { written, cause }) => Err(Error::target(path, written, cause)),
    };
    if renamed.is_err()
        && let Err(cause) = fs::remove_file(&unfinished).await
        && cause.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %unfinished.display(), %cause, "an unfinished file could not be removed");
    }
    renamed.map(|()| head.size)
}

/// Which side failed.
enum Fault {
    Store(Error),
    Target { written: u64, cause: io::Error },
}

async fn head(store: &Shared, key: &Key) -> Result<Head, Error> {
    match store.head(key.as_str()).await? {
        Some(head) => Ok(head),
        None => error::MissingSnafu { key: key.as_str() }.fail(),
    }
}

async fn write(store: &Shared, key: &Key, head: &Head, path: &Path, watch: &Watch) -> Result<(), Fault> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(MODE);
    let at = |written: u64| move |cause| Fault::Target { written, cause };
    let mut file = fs::OpenOptions::from(options).open(path).await.map_err(at(0))?;
    copy(store, key, head, &mut file, watch).await?;
    file.sync_all().await.map_err(at(head.size))
}

async fn copy(
    store: &Shared,
    key: &Key,
    head: &Head,
    to: &mut (impl AsyncWrite + Send + Unpin),
    watch: &Watch,
) -> Result<(), Fault> {
    watch.expect_bytes(head.size);
    let starts = (0..head.size).step_by(usize::try_from(RANGE).unwrap_or(usize::MAX));
    let mut ranges = futures::stream::iter(starts)
        .map(|start| {
            store.get(
                key.as_str(),
                start..head.size.min(start + RANGE),
                Some(&head.version),
            )
        })
        .buffered(AHEAD);
    let mut written = 0;
    loop {
        let next: Option<Bytes> = tokio::select! {
            biased;
            () = watch.cancelled() => return Err(Fault::Store(Error::Cancelled)),
            next = ranges.try_next() => next.map_err(Fault::Store)?,
        };
        let Some(content) = next else { break };
        to.write_all(&content)
            .await
            .map_err(|cause| Fault::Target { written, cause })?;
        written += content.len() as u64;
        watch.add_bytes(content.len() as u64);
    }
    to.flush().await.map_err(|cause| Fault::Target { written, cause })
}

/// Where the file really goes, so that a link is kept and the rename stays on one file system.
async fn destination(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path).await {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(path.to_owned()),
        found => found,
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{:016x}", rand::random::<u64>()));
    path.with_file_name(name)
}
