//! Locks as restic has them, which the format library does not: written, looked at again, renewed, removed.
//!
//! Shared for backup, restore and check; exclusive for forget and prune. It must not know what is done under them.

pub(super) mod rule;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use tokio_util::sync::CancellationToken;

use self::rule::{LOST_SECONDS, Lock, obstacle};
use super::bridge::{Bridge, Folder};
use super::seal::{Key, id_of, json_of};
use crate::error::{self, Error};
use crate::restic::Options;
use crate::store::Shared;
use crate::watch::Watch;

/// How often a lock is renewed.
const RENEW: Duration = Duration::from_mins(5);

/// How long the removal of a lock may take before the program goes on without it.
const RELEASE: Duration = Duration::from_secs(10);

/// Pauses between two attempts to get a lock that somebody holds.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(30);

/// Whether others may work at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// With other shared ones.
    Shared,
    /// Alone.
    Exclusive,
}

/// A lock that is ours; it is renewed until it is dropped, and removed then.
pub(super) struct Held {
    state: Arc<State>,
    stop: CancellationToken,
    /// Hears when the lock is gone.
    gone: Mutex<mpsc::Receiver<()>>,
}

impl fmt::Debug for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Held")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// What is known about our lock.
#[derive(Debug)]
pub(super) struct State {
    /// Name of its file at present.
    file: Mutex<String>,
    /// Seconds since boot, suspended time included, at which it was last renewed.
    renewed: AtomicU64,
    /// Whether there was a gap in which others may have taken it for stale. Never becomes false again.
    lost: AtomicBool,
}

impl State {
    /// Seconds since the last renewal when others may have taken the lock for stale.
    pub(super) fn gap(&self) -> Option<u64> {
        let age = since_boot().saturating_sub(self.renewed.load(Ordering::Acquire));
        if age > LOST_SECONDS {
            self.lost.store(true, Ordering::Release);
        }
        self.lost.load(Ordering::Acquire).then_some(age.max(LOST_SECONDS))
    }

    /// As if it could not be renewed for too long.
    #[cfg(test)]
    pub(super) fn expire(&self) {
        self.lost.store(true, Ordering::Release);
    }

    fn renew(&self) {
        // Looks for the gap before closing it.
        self.gap();
        self.renewed.store(since_boot(), Ordering::Release);
    }

    fn replace(&self, file: String) -> String {
        std::mem::replace(
            &mut *self.file.lock().unwrap_or_else(PoisonError::into_inner),
            file,
        )
    }
}

impl Held {
    pub(super) fn state(&self) -> Arc<State> {
        Arc::clone(&self.state)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.stop.cancel();
        let gone = self.gone.get_mut().unwrap_or_else(PoisonError::into_inner);
        if gone.recv_timeout(RELEASE).is_err() {
            tracing::warn!("the lock is still being removed");
        }
    }
}

/// Gets a lock, waiting for others as long as the options say.
pub(super) fn acquire(
    bridge: &Arc<Bridge>,
    key: &Key,
    kind: Kind,
    options: &Options,
    watch: &Watch,
) -> Result<Held, Error> {
    let mut waited = Duration::ZERO;
    let mut pause = FIRST_PAUSE;
    loop {
        let refusal = match attempt(bridge, key, kind, options) {
            Err(held @ Error::Held { .. }) => held,
            done => return done,
        };
        if waited >= options.retry_lock {
            return Err(refusal);
        }
        tracing::info!(%refusal, "waiting");
        let pausing = pause.min(options.retry_lock.saturating_sub(waited));
        bridge.block(async {
            tokio::select! {
                () = watch.cancelled() => error::CancelledSnafu.fail(),
                () = tokio::time::sleep(pausing) => Ok(()),
            }
        })?;
        waited += pausing;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

fn attempt(bridge: &Arc<Bridge>, key: &Key, kind: Kind, options: &Options) -> Result<Held, Error> {
    let exclusive = kind == Kind::Exclusive;
    look(bridge, key, exclusive, None)?;
    let lock = Lock {
        time: Timestamp::now(),
        exclusive,
        hostname: format!("{}.{:08x}", options.host, rand::random::<u32>()),
        username: "mainstay".to_owned(),
        pid: std::process::id(),
        uid: rustix::process::getuid().as_raw(),
        gid: rustix::process::getgid().as_raw(),
    };
    let (file, content) = sealed(key, &lock);
    bridge.put(&file, content)?;
    let state = State {
        file: Mutex::new(file.clone()),
        renewed: AtomicU64::new(since_boot()),
        lost: AtomicBool::new(false),
    };
    let state = Arc::new(state);
    let (stop, (done, gone)) = (CancellationToken::new(), mpsc::channel());
    let keeper = Keeper {
        store: Arc::clone(bridge.store()),
        prefix: bridge.key(""),
        key: key.clone(),
        state: Arc::clone(&state),
    };
    bridge.handle().spawn(keeper.keep(lock, stop.clone(), done));
    // From here on a failure removes the lock again.
    let held = Held {
        state,
        stop,
        gone: Mutex::new(gone),
    };
    bridge.pause(options.settle);
    look(bridge, key, exclusive, Some(&file))?;
    Ok(held)
}

/// Fails with [`Error::Held`] when a lock other than `own` keeps us out.
fn look(bridge: &Bridge, key: &Key, exclusive: bool, own: Option<&str>) -> Result<(), Error> {
    let others = others(bridge, key, exclusive, own)?;
    match obstacle(&others, exclusive, Timestamp::now()) {
        None => Ok(()),
        Some(lock) => error::HeldSnafu {
            host: &lock.hostname,
            since: lock.time,
            exclusive: lock.exclusive,
        }
        .fail(),
    }
}

/// All locks but our own. One that cannot be read keeps an exclusive lock out, as it may be anybody's.
pub(super) fn others(
    bridge: &Bridge,
    key: &Key,
    strict: bool,
    own: Option<&str>,
) -> Result<Vec<Lock>, Error> {
    let mut locks = Vec::new();
    for (id, _) in bridge.list(Folder::Locks)? {
        let file = Folder::Locks.file(&id);
        if own == Some(file.as_str()) {
            continue;
        }
        let sealed = match bridge.read(&file) {
            // Removed or renewed since it was listed.
            Err(Error::Missing { .. }) => continue,
            read => read?,
        };
        let json = key.open_file(&sealed);
        let lock = json.and_then(|json| serde_json::from_slice(&json).map_err(|_bad| "it is not a lock"));
        match lock {
            Ok(lock) => locks.push(lock),
            Err(cause) if strict => {
                return error::UnreadableSnafu {
                    kind: "lock",
                    id: &id[..8],
                    cause,
                }
                .fail();
            }
            Err(cause) => tracing::warn!(id, cause, "a lock cannot be read"),
        }
    }
    Ok(locks)
}

impl Held {
    /// The file that is our own at present.
    pub(super) fn file(&self) -> String {
        self.state
            .file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Renews a lock and removes it in the end.
struct Keeper {
    store: Shared,
    prefix: String,
    key: Key,
    state: Arc<State>,
}

impl Keeper {
    /// Renews until told to stop. A renewal that fails is tried again sooner.
    async fn keep(self, mut lock: Lock, stop: CancellationToken, done: mpsc::Sender<()>) {
        let mut pause = RENEW;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
            lock.time = Timestamp::now();
            pause = match self.renew(&lock).await {
                Ok(()) => RENEW,
                Err(fault) => {
                    tracing::warn!(%fault, "the lock could not be renewed");
                    RENEW / 10
                }
            };
        }
        self.remove(&self.state.replace(String::new())).await;
        // Whoever waited may have given up.
        done.send(()).ok();
    }

    /// Writes the lock anew and removes the file before.
    async fn renew(&self, lock: &Lock) -> Result<(), Error> {
        let (file, content) = sealed(&self.key, lock);
        self.store
            .put(&format!("{}{file}", self.prefix), content.into())
            .await?;
        self.state.renew();
        self.remove(&self.state.replace(file)).await;
        Ok(())
    }

    async fn remove(&self, file: &str) {
        if let Err(fault) = self.store.delete(&format!("{}{file}", self.prefix)).await {
            tracing::warn!(%fault, "a lock stays behind; it is stale in 30 minutes");
        }
    }
}

fn sealed(key: &Key, lock: &Lock) -> (String, Vec<u8>) {
    let json = json_of(lock);
    let content = key.seal(&json);
    (Folder::Locks.file(&id_of(&content)), content)
}

/// Seconds since boot, those in which the machine was suspended included.
fn since_boot() -> u64 {
    u64::try_from(clock_gettime(ClockId::Boottime).tv_sec).unwrap_or_default()
}
