//! One operation on an open repository: its lock, its view of the store, and the library on top of both.
//!
//! It must not know which operation it is.

use std::sync::Arc;

use bytes::Bytes;
use rustic_core::{
    Credentials, IndexedFullStatus, IndexedIdsStatus, OpenStatus, Progress, ProgressBars, ProgressType,
    RepositoryBackends, RepositoryOptions, RusticProgress, RusticResult,
};
use serde_json::{Map, Value};

use super::Restic;
use super::backend::{Backend, State};
use super::convert;
use super::lock::{self, Held, Kind};
use super::seal::json_of;
use crate::error::Error;
use crate::watch::Watch;

/// Sizes of the packs that we write; fixed, so that memory does not grow with the repository.
const DATA_PACK: u32 = 16 << 20;
const TREE_PACK: u32 = 4 << 20;

/// The library's repository once it is open.
pub(super) type Open = rustic_core::Repository<OpenStatus>;
/// With the index of all blobs.
pub(super) type Full = rustic_core::Repository<IndexedFullStatus>;
/// With an index that tells which blobs exist.
pub(super) type Ids = rustic_core::Repository<IndexedIdsStatus>;

/// A lock, and what is done under it.
#[derive(Debug)]
pub(super) struct Session {
    state: Arc<State>,
    watch: Watch,
    lock: Held,
}

impl Session {
    /// Gets the lock and opens the library's repository.
    pub(super) fn begin(restic: &Restic, kind: Kind, watch: &Watch) -> Result<(Self, Open), Error> {
        watch.check()?;
        let lock = lock::acquire(&restic.bridge, &restic.key, kind, &restic.options, watch)?;
        let backend = Backend::new(
            Arc::clone(&restic.bridge),
            sized(restic),
            watch.clone(),
            Some(lock.state()),
        );
        let session = Self {
            state: backend.state(),
            watch: watch.clone(),
            lock,
        };
        let open = open(restic, backend, watch);
        let open = session.done("open the repository", open)?;
        Ok((session, open))
    }

    pub(super) fn state(&self) -> &Arc<State> {
        &self.state
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }

    pub(super) fn lock(&self) -> &Held {
        &self.lock
    }

    /// What the library returned; a fault of the store is told as what it was.
    pub(super) fn done<T>(&self, action: &'static str, result: RusticResult<T>) -> Result<T, Error> {
        result.map_err(|error| {
            self.state
                .take_fault()
                .unwrap_or_else(|| convert::fault(action, &error))
        })
    }

    /// Reads the index of all blobs.
    pub(super) fn full(&self, open: Open) -> Result<Full, Error> {
        self.done("read the index", open.to_indexed())
    }

    /// Reads an index that tells which blobs exist, and where trees are.
    pub(super) fn ids(&self, open: Open) -> Result<Ids, Error> {
        self.done("read the index", open.to_indexed_ids())
    }
}

/// The library's repository without a lock of ours, to make one or to look at what nobody changes.
pub(super) fn open(restic: &Restic, backend: Backend, watch: &Watch) -> RusticResult<Open> {
    let backends = RepositoryBackends::new(Arc::new(backend), None);
    let options = RepositoryOptions::default().no_cache(true);
    let bars = Bars(watch.clone());
    let repository = rustic_core::Repository::new_with_progress(&options, &backends, bars)?;
    repository.open(&Credentials::Masterkey(restic.key.to_library()))
}

/// The config with our pack sizes where it has none: the library's own grow with the repository, and its memory with them.
fn sized(restic: &Restic) -> Bytes {
    let mut config: Map<String, Value> = restic.config.clone();
    for (kind, size) in [("datapack", DATA_PACK), ("treepack", TREE_PACK)] {
        config
            .entry(format!("{kind}_size"))
            .or_insert_with(|| size.into());
        config
            .entry(format!("{kind}_growfactor"))
            .or_insert_with(|| 0.into());
    }
    restic.key.seal(&json_of(&config)).into()
}

/// Passes on the bytes that the library says are done.
#[derive(Debug)]
struct Bars(Watch);

impl ProgressBars for Bars {
    fn progress(&self, kind: ProgressType, _title: &str) -> Progress {
        match kind {
            ProgressType::Bytes => Progress::new(Bar(self.0.clone())),
            ProgressType::Spinner | ProgressType::Counter => Progress::hidden(),
        }
    }
}

#[derive(Debug)]
struct Bar(Watch);

impl RusticProgress for Bar {
    /// Hidden as far as the library is concerned: it would read the whole source once more to know its length.
    fn is_hidden(&self) -> bool {
        true
    }

    fn set_length(&self, length: u64) {
        self.0.expect_bytes(length);
    }

    fn set_title(&self, _title: &str) {}

    fn inc(&self, bytes: u64) {
        self.0.add_bytes(bytes);
    }

    fn finish(&self) {}
}
