//! The repository on the format library, `rustic_core`; no type of it leaves this module.
//!
//! Taken from the library: format, archiver, index, prune. Our own: store, locks, key files, walker, commit gate, restore,
//! check. The reasons are section 2 of the data path's design.

mod backend;
mod backup;
mod blob;
mod bridge;
mod check;
mod convert;
mod key;
mod lock;
mod pack;
mod prune;
mod restore;
mod seal;
mod session;
mod snapshot;
mod stats;
mod tree;
mod walk;

use std::fmt;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use rustic_core::{ConfigOptions, Credentials, KeyOptions, RepositoryBackends, RepositoryOptions};
use serde_json::{Map, Value};

pub(crate) use self::prune::Prune;
pub(crate) use self::restore::Restore;

use self::backend::Backend;
use self::bridge::{Bridge, CONFIG, Folder};
use self::key::{KeyFile, Refusal};
use self::seal::{Key, id_of};
use crate::error::{self, Error};
use crate::restic::{
    Backup, Entry, Location, Note, Options, Place, Repository, Selection, Snapshot, StreamSource, TreeSource,
    check as checked, forget, prune as pruned, restore as restored, stats as counted,
};
use crate::{Secret, Watch};

/// An open repository, shared with the plans it made.
#[derive(Debug)]
struct Opened(Arc<Restic>);

/// A store, its key, its config.
struct Restic {
    bridge: Arc<Bridge>,
    key: Key,
    config: Map<String, Value>,
    options: Options,
}

impl fmt::Debug for Restic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Restic")
            .field("bridge", &self.bridge)
            .finish_non_exhaustive()
    }
}

/// See [`crate::restic::open`].
pub(crate) fn open(
    location: &Location,
    password: &Secret,
    options: &Options,
) -> Result<Box<dyn Repository>, Error> {
    let bridge = Arc::new(Bridge::connect(location)?);
    Ok(Box::new(Opened(Arc::new(unlock(&bridge, password, options)?))))
}

/// See [`crate::restic::init`].
pub(crate) fn init(
    location: &Location,
    password: &Secret,
    options: &Options,
) -> Result<Box<dyn Repository>, Error> {
    let bridge = Arc::new(Bridge::connect(location)?);
    if bridge.size(CONFIG)?.is_some() {
        return error::PresentSnafu {
            location: bridge.location(),
        }
        .fail();
    }
    let (key, made) = first_key(&bridge, password, &options.host)?;
    let wrote = write_config(&bridge, &key)?;
    // What is there counts: somebody else may have been writing at the same moment.
    if bridge.read(CONFIG)? != wrote {
        if let Some(made) = made {
            bridge.delete(&made)?;
        }
        return error::PresentSnafu {
            location: bridge.location(),
        }
        .fail();
    }
    Ok(Box::new(Opened(Arc::new(unlock(&bridge, password, options)?))))
}

/// Opens key files one after the other until one gives a key that fits the config.
fn unlock(bridge: &Arc<Bridge>, password: &Secret, options: &Options) -> Result<Restic, Error> {
    let sealed = match bridge.read(CONFIG) {
        Err(Error::Missing { .. }) => {
            return error::AbsentSnafu {
                location: bridge.location(),
            }
            .fail();
        }
        read => read?,
    };
    let mut broken = None;
    for (id, _) in bridge.list(Folder::Keys)? {
        match open_key(bridge, &id, password)? {
            Ok(key) => match key.open_file(&sealed) {
                Ok(json) => {
                    let config = serde_json::from_slice(&json);
                    let config = config.map_err(|cause| damaged_config(&cause.to_string()))?;
                    return Ok(Restic {
                        bridge: Arc::clone(bridge),
                        key,
                        config,
                        options: options.clone(),
                    });
                }
                // A key that a lost race left behind, or a config that was changed.
                Err(cause) => broken = Some(damaged_config(cause)),
            },
            Err(Refusal::Password) => {}
            Err(Refusal::Unusable(cause)) => {
                broken = Some(Error::Unreadable {
                    kind: "key",
                    id: id[..8].to_owned(),
                    cause: cause.to_owned(),
                });
            }
        }
    }
    Err(broken.unwrap_or(Error::Password))
}

fn damaged_config(cause: &str) -> Error {
    Error::Unreadable {
        kind: CONFIG,
        id: String::new(),
        cause: cause.to_owned(),
    }
}

fn open_key(bridge: &Bridge, id: &str, password: &Secret) -> Result<Result<Key, Refusal>, Error> {
    let bytes = bridge.read(&Folder::Keys.file(id))?;
    Ok(match KeyFile::from_bytes(&bytes) {
        None => Err(Refusal::Unusable("it is not a key file")),
        Some(file) => file.open(password),
    })
}

/// The key of a new repository, and the file that was written for it. A key file without config is what a run leaves that was
/// killed between the two; it is used when the password opens it, so that it never opens another repository's key later.
fn first_key(bridge: &Bridge, password: &Secret, host: &str) -> Result<(Key, Option<String>), Error> {
    for (id, _) in bridge.list(Folder::Keys)? {
        if let Ok(key) = open_key(bridge, &id, password)? {
            return Ok((key, None));
        }
    }
    if !bridge.is_empty()? {
        return Err(damaged_config("it is missing, but other files are there"));
    }
    let key = Key::random();
    let content = KeyFile::new(&key, password, host, Timestamp::now()).to_bytes();
    let file = Folder::Keys.file(&id_of(&content));
    bridge.put(&file, content)?;
    Ok((key, Some(file)))
}

/// Lets the library make the config, as the polynomial is its business, and returns the bytes written.
fn write_config(bridge: &Arc<Bridge>, key: &Key) -> Result<bytes::Bytes, Error> {
    let backend = Backend::making(Arc::clone(bridge));
    let state = backend.state();
    let backends = RepositoryBackends::new(Arc::new(backend), None);
    let made = rustic_core::Repository::new(&RepositoryOptions::default().no_cache(true), &backends)
        .and_then(|made| {
            let credentials = Credentials::Masterkey(key.to_library());
            made.init(&credentials, &KeyOptions::default(), &ConfigOptions::default())
        });
    made.map_err(|fault| {
        state
            .take_fault()
            .unwrap_or_else(|| convert::fault("make the repository", &fault))
    })?;
    state
        .take_config()
        .ok_or_else(|| damaged_config("it was not written"))
}

impl Repository for Opened {
    fn backup_tree(&self, tree: &TreeSource, note: &Note, watch: &Watch) -> Result<Backup, Error> {
        backup::tree(&self.0, tree, note, watch)
    }

    fn backup_stream(&self, stream: StreamSource, note: &Note, watch: &Watch) -> Result<Backup, Error> {
        backup::stream(&self.0, stream, note, watch)
    }

    fn list(&self, which: &Selection) -> Result<Vec<Snapshot>, Error> {
        Ok(snapshot::list(&self.0, which)?
            .into_iter()
            .map(|(id, file)| convert::snapshot(&id, &file))
            .collect())
    }

    fn entries(&self, at: &Place) -> Result<Vec<Entry>, Error> {
        tree::entries(&self.0, at)
    }

    fn read(&self, at: &Place, range: Range<u64>, to: &mut dyn Write) -> Result<u64, Error> {
        tree::read(&self.0, at, range, to)
    }

    fn plan_restore(&self, at: &Place, target: &restored::Target) -> Result<restored::Plan, Error> {
        restore::plan(&self.0, at, target)
    }

    fn restore(&self, plan: restored::Plan, watch: &Watch) -> Result<restored::Report, Error> {
        restore::carry_out(plan, watch)
    }

    fn check(&self, depth: checked::Depth, watch: &Watch) -> Result<checked::Report, Error> {
        check::check(&self.0, depth, watch)
    }

    fn plan_forget(&self, which: &Selection) -> Result<forget::Plan, Error> {
        Ok(forget::Plan {
            snapshots: self.list(which)?,
        })
    }

    fn forget(&self, plan: forget::Plan) -> Result<(), Error> {
        snapshot::forget(&self.0, &plan)
    }

    fn plan_prune(&self, limits: &pruned::Limits) -> Result<pruned::Plan, Error> {
        prune::plan(&self.0, *limits)
    }

    fn prune(&self, plan: pruned::Plan, watch: &Watch) -> Result<pruned::Report, Error> {
        prune::carry_out(&self.0, plan, watch)
    }

    fn stats(&self, at: &Place, mode: counted::Mode) -> Result<counted::Stats, Error> {
        stats::count(&self.0, at, mode)
    }
}

impl Restic {
    /// Version of the format.
    fn version(&self) -> u32 {
        self.config
            .get("version")
            .and_then(Value::as_u64)
            .and_then(|version| u32::try_from(version).ok())
            .unwrap_or(1)
    }
}

#[cfg(test)]
mod tests;
