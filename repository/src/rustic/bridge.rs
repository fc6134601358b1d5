//! The blocking side of a store: a small runtime of its own, and the names of a repository's files below a prefix.
//!
//! It must not know what the files hold.

use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::{Builder, Handle, Runtime};

use super::seal::id_of;
use crate::error::{Error, FileSnafu, UnreadableSnafu};
use crate::restic::Location;
use crate::store::{self, Shared};
use snafu::ResultExt as _;

/// Threads that talk to the store; encryption of the connection is their work.
const THREADS: usize = 2;

/// One kind of file of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folder {
    Keys,
    Snapshots,
    Index,
    Locks,
    Data,
}

impl Folder {
    /// The folder's name, without slashes.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Snapshots => "snapshots",
            Self::Index => "index",
            Self::Locks => "locks",
            Self::Data => "data",
        }
    }

    /// The word for one of its files in messages.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Keys => "key",
            Self::Snapshots => "snapshot",
            Self::Index => "index",
            Self::Locks => "lock",
            Self::Data => "pack",
        }
    }

    /// The name of one of its files, relative to the repository.
    pub(super) fn file(self, id: &str) -> String {
        match self {
            Self::Data => format!("data/{}/{id}", &id[..2]),
            Self::Keys | Self::Snapshots | Self::Index | Self::Locks => format!("{}/{id}", self.name()),
        }
    }
}

/// Name of the one file outside a folder.
pub(super) const CONFIG: &str = "config";

/// A store, a prefix, and threads to reach it from blocking code.
pub(super) struct Bridge {
    /// Taken out when the bridge goes, since a runtime must not be dropped where blocking is forbidden.
    runtime: Option<Runtime>,
    store: Shared,
    prefix: String,
}

impl fmt::Debug for Bridge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Bridge")
            .field("store", &self.store)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl Bridge {
    /// Opens the store on a runtime of its own.
    pub(super) fn connect(location: &Location) -> Result<Self, Error> {
        let built = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("store")
            .enable_all()
            .build();
        let runtime = built.context(FileSnafu {
            action: "start threads for",
            path: &location.prefix,
        })?;
        let store = runtime.block_on(store::open(&location.address))?;
        let prefix = if location.prefix.is_empty() {
            String::new()
        } else {
            format!("{}/", location.prefix)
        };
        Ok(Self {
            runtime: Some(runtime),
            store,
            prefix,
        })
    }

    /// Bucket and prefix, for messages.
    pub(super) fn location(&self) -> String {
        format!("{}/{}", self.store.location(), self.prefix.trim_end_matches('/'))
    }

    /// The store itself, for tasks on the runtime.
    pub(super) fn store(&self) -> &Shared {
        &self.store
    }

    /// The object's name of a file.
    pub(super) fn key(&self, file: &str) -> String {
        format!("{}{file}", self.prefix)
    }

    pub(super) fn handle(&self) -> &Handle {
        self.runtime
            .as_ref()
            .expect("the runtime is there until the bridge goes")
            .handle()
    }

    /// Waits for `work`. Must not be called from a task.
    pub(super) fn block<T>(&self, work: impl Future<Output = T>) -> T {
        self.handle().block_on(work)
    }

    /// Waits.
    pub(super) fn pause(&self, pause: Duration) {
        // Made inside the runtime: a timer belongs to one.
        self.block(async { tokio::time::sleep(pause).await });
    }

    pub(super) fn read(&self, file: &str) -> Result<Bytes, Error> {
        self.block(self.store.read(&self.key(file)))
    }

    /// A file that is named after its content; what is not is damaged.
    pub(super) fn read_named(&self, folder: Folder, id: &str) -> Result<Bytes, Error> {
        let content = self.read(&folder.file(id))?;
        if id_of(&content) != id {
            let cause = "its bytes are not what its name says";
            return UnreadableSnafu {
                kind: folder.word(),
                id: &id[..8],
                cause,
            }
            .fail();
        }
        Ok(content)
    }

    pub(super) fn get(&self, file: &str, range: Range<u64>) -> Result<Bytes, Error> {
        self.block(self.store.get(&self.key(file), range, None))
    }

    pub(super) fn put(&self, file: &str, content: impl Into<Bytes>) -> Result<(), Error> {
        self.block(self.store.put(&self.key(file), content.into()))
    }

    pub(super) fn delete(&self, file: &str) -> Result<(), Error> {
        self.block(self.store.delete(&self.key(file)))
    }

    /// Size of a file, `None` when it is proven absent.
    pub(super) fn size(&self, file: &str) -> Result<Option<u64>, Error> {
        Ok(self
            .block(self.store.head(&self.key(file)))?
            .map(|head| head.size))
    }

    /// Ids and sizes of a folder's files; what is not named by a hash is left out.
    pub(super) fn list(&self, folder: Folder) -> Result<Vec<(String, u64)>, Error> {
        let listed = self.block(self.store.list(&self.key(&format!("{}/", folder.name()))))?;
        let named = listed.into_iter().filter_map(|object| {
            let name = object.key.rsplit('/').next().unwrap_or_default();
            is_id(name).then(|| (name.to_owned(), object.size))
        });
        Ok(named.collect())
    }

    /// Whether anything lies below the prefix.
    pub(super) fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.block(self.store.list(&self.prefix))?.is_empty())
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Whether a name is a SHA-256 in lower-case hexadecimal.
fn is_id(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
