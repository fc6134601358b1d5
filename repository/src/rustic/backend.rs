//! The store as the format library sees it, for the length of one operation.
//!
//! Packs are uploaded several at a time; any other write waits until all of them have arrived, so that nothing ever names a pack
//! that is not there. Snapshots are kept back for the commit gate. It must not know what an operation is.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use rustic_core::{BytesList, ErrorKind, FileType, Id, ReadBackend, RusticError, RusticResult, WriteBackend};
use tokio::sync::Semaphore;

use super::bridge::{Bridge, CONFIG, Folder};
use super::convert::full;
use super::lock;
use crate::error::{self, Error};
use crate::watch::Watch;

/// Packs that are uploaded side by side.
const UPLOADS: u32 = 3;

/// One operation's view of the store.
pub(super) struct Backend {
    bridge: Arc<Bridge>,
    /// The repository's `config`, with our pack sizes filled in, sealed; none as long as it is being made.
    config: Option<Bytes>,
    watch: Watch,
    lock: Option<Arc<lock::State>>,
    uploads: Arc<Semaphore>,
    state: Arc<State>,
}

impl fmt::Debug for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Backend")
            .field("bridge", &self.bridge)
            .finish_non_exhaustive()
    }
}

/// What happened so far. The library's errors carry texts; ours are kept here with their types.
#[derive(Debug, Default)]
pub(super) struct State {
    fault: Mutex<Option<Error>>,
    /// A write failed or the operation was cancelled: nothing is worth continuing.
    broken: AtomicBool,
    /// Snapshots are let through to the store.
    committing: AtomicBool,
    snapshot: Mutex<Option<String>>,
    config: Mutex<Option<Bytes>>,
    /// Names of the index files that were written.
    indexes: Mutex<Vec<String>>,
}

impl State {
    /// Whether going on is pointless.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// The first fault of the store, once.
    pub(super) fn take_fault(&self) -> Option<Error> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Lets snapshots through from now on.
    pub(super) fn commit(&self) {
        self.committing.store(true, Ordering::Release);
    }

    /// The name of the snapshot that was written.
    pub(super) fn take_snapshot(&self) -> Option<String> {
        self.snapshot
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Names of the index files that were written.
    pub(super) fn indexes(&self) -> Vec<String> {
        self.indexes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The config that was written.
    pub(super) fn take_config(&self) -> Option<Bytes> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn record(&self, fault: Error) {
        self.fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(fault);
    }

    fn break_off(&self, fault: Error) {
        self.record(fault);
        self.broken.store(true, Ordering::Release);
    }
}

impl Backend {
    pub(super) fn new(
        bridge: Arc<Bridge>,
        config: Bytes,
        watch: Watch,
        lock: Option<Arc<lock::State>>,
    ) -> Self {
        let uploads = Arc::new(Semaphore::new(UPLOADS as usize));
        Self {
            bridge,
            config: Some(config),
            watch,
            lock,
            uploads,
            state: Arc::default(),
        }
    }

    /// For a repository that is being made.
    pub(super) fn making(bridge: Arc<Bridge>) -> Self {
        let uploads = Arc::new(Semaphore::new(UPLOADS as usize));
        Self {
            bridge,
            config: None,
            watch: Watch::new(),
            lock: None,
            uploads,
            state: Arc::default(),
        }
    }

    pub(super) fn state(&self) -> Arc<State> {
        Arc::clone(&self.state)
    }

    /// Runs one request for the library, unless the operation is over.
    fn ask<T>(&self, request: impl FnOnce(&Bridge) -> Result<T, Error>) -> RusticResult<T> {
        let asked = self
            .watch
            .check()
            .inspect_err(|_| self.state.broken.store(true, Ordering::Release));
        asked.and_then(|()| request(&self.bridge)).map_err(|fault| {
            let told = told(&fault);
            self.state.record(fault);
            told
        })
    }

    /// As [`Backend::ask`], and the operation is over when it fails.
    fn change(&self, request: impl FnOnce(&Bridge) -> Result<(), Error>) -> RusticResult<()> {
        if self.state.is_broken() {
            return Err(RusticError::new(ErrorKind::Backend, "an earlier write failed"));
        }
        self.ask(request)
            .inspect_err(|_| self.state.broken.store(true, Ordering::Release))
    }

    /// Starts the upload of a pack; waits while as many as may be are under way.
    fn upload(&self, file: &str, content: Bytes) -> RusticResult<()> {
        self.change(|bridge| {
            let permit = bridge.block(Arc::clone(&self.uploads).acquire_owned());
            let permit = permit.expect("the semaphore is never closed");
            let (store, key) = (Arc::clone(bridge.store()), bridge.key(file));
            let (state, watch) = (Arc::clone(&self.state), self.watch.clone());
            bridge.handle().spawn(async move {
                let put = tokio::select! {
                    () = watch.cancelled() => error::CancelledSnafu.fail(),
                    put = store.put(&key, content) => put,
                };
                if let Err(fault) = put {
                    state.break_off(fault);
                }
                drop(permit);
            });
            Ok(())
        })
    }

    /// Waits until no upload is under way.
    fn wait(&self, bridge: &Bridge) {
        let all = bridge.block(self.uploads.acquire_many(UPLOADS));
        drop(all.expect("the semaphore is never closed"));
    }

    /// Waits until every pack has arrived.
    fn settle(&self, bridge: &Bridge) -> Result<(), Error> {
        self.wait(bridge);
        if !self.state.is_broken() {
            return Ok(());
        }
        // The first fault is what is to be reported; this one only ends the write.
        Err(self.state.take_fault().unwrap_or(Error::Cancelled))
    }

    /// A deletion needs a lock that nobody can have taken for stale.
    fn hold(&self) -> Result<(), Error> {
        match self.lock.as_ref().and_then(|lock| lock.gap()) {
            None => Ok(()),
            Some(seconds) => error::LockLostSnafu { seconds }.fail(),
        }
    }
}

impl ReadBackend for Backend {
    fn location(&self) -> String {
        self.bridge.location()
    }

    fn list_with_size(&self, kind: FileType) -> RusticResult<Vec<(Id, u32)>> {
        let Some(folder) = folder(kind) else {
            return Ok(self
                .config
                .iter()
                .map(|config| (Id::default(), length(config.len() as u64)))
                .collect());
        };
        let listed = self.ask(|bridge| bridge.list(folder))?;
        listed
            .into_iter()
            .map(|(id, size)| Ok((id.parse()?, length(size))))
            .collect()
    }

    fn read_full(&self, kind: FileType, id: &Id) -> RusticResult<Bytes> {
        match folder(kind) {
            None => self
                .config
                .clone()
                .ok_or_else(|| RusticError::new(ErrorKind::Backend, "there is no config yet")),
            Some(Folder::Data) => self.ask(|bridge| bridge.read(&Folder::Data.file(&full(id)))),
            Some(folder) => self.ask(|bridge| bridge.read_named(folder, &full(id))),
        }
    }

    fn read_partial(
        &self,
        kind: FileType,
        id: &Id,
        _cacheable: bool,
        offset: u32,
        length: u32,
    ) -> RusticResult<Bytes> {
        let Some(folder) = folder(kind) else {
            return Err(RusticError::new(ErrorKind::Backend, "the config is read whole"));
        };
        let range = u64::from(offset)..u64::from(offset) + u64::from(length);
        self.ask(|bridge| bridge.get(&folder.file(&full(id)), range))
    }

    fn warmup_path(&self, kind: FileType, id: &Id) -> String {
        folder(kind).map_or_else(|| CONFIG.to_owned(), |folder| folder.file(&full(id)))
    }
}

impl WriteBackend for Backend {
    fn write_bytes(&self, kind: FileType, id: &Id, _cacheable: bool, content: BytesList) -> RusticResult<()> {
        let content = joined(&content);
        match folder(kind) {
            None => self.change(|bridge| {
                bridge.put(CONFIG, content.clone())?;
                *self.state.config.lock().unwrap_or_else(PoisonError::into_inner) = Some(content);
                Ok(())
            }),
            Some(Folder::Data) => self.upload(&Folder::Data.file(&full(id)), content),
            Some(Folder::Snapshots) if !self.state.committing.load(Ordering::Acquire) => Ok(()),
            Some(folder) => self.change(|bridge| {
                self.settle(bridge)?;
                bridge.put(&folder.file(&full(id)), content)?;
                let state = &self.state;
                match folder {
                    Folder::Snapshots => {
                        *state.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = Some(full(id));
                    }
                    Folder::Index => {
                        state
                            .indexes
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(full(id));
                    }
                    Folder::Keys | Folder::Locks | Folder::Data => {}
                }
                Ok(())
            }),
        }
    }

    fn remove(&self, kind: FileType, id: &Id, _cacheable: bool) -> RusticResult<()> {
        let Some(folder) = folder(kind) else {
            return Err(RusticError::new(
                ErrorKind::Backend,
                "the config is never removed",
            ));
        };
        self.change(|bridge| {
            self.settle(bridge)?;
            self.hold()?;
            bridge.delete(&folder.file(&full(id)))
        })
    }
}

/// The folder of a kind of file; the config has none.
fn folder(kind: FileType) -> Option<Folder> {
    match kind {
        FileType::Config => None,
        FileType::Index => Some(Folder::Index),
        FileType::Key => Some(Folder::Keys),
        FileType::Snapshot => Some(Folder::Snapshots),
        FileType::Pack => Some(Folder::Data),
    }
}

fn joined(content: &BytesList) -> Bytes {
    match content.slice() {
        [one] => one.clone(),
        many => {
            let mut whole = BytesMut::with_capacity(content.size());
            for part in many {
                whole.extend_from_slice(part);
            }
            whole.freeze()
        }
    }
}

/// The format has 32 bits for sizes; what is larger cannot be a file of it and fails whatever it is compared with.
fn length(size: u64) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

fn told(fault: &Error) -> Box<RusticError> {
    RusticError::new(ErrorKind::Backend, fault.to_string())
}
