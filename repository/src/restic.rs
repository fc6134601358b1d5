//! A deduplicated, encrypted repository in restic's format, as its users see it: what can be asked of it and what comes back.
//!
//! What restic (0.14 and newer) or Kanister wrote is read, and the reverse. It must not know how the format is read and
//! written: that is `crate::rustic`, and no type of the library it uses appears here.

pub mod check;
pub mod forget;
pub mod prune;
pub mod restore;
mod snapshot;
mod source;
pub mod stats;

use std::fmt::Debug;
use std::io::Write;
use std::ops::Range;
use std::time::Duration;

pub use snapshot::{Entry, EntryKind, Place, Selection, Snapshot, SnapshotId, Which};
pub use source::{Backup, Failure, Note, OnChange, Outcome, Parent, Remark, StreamSource, TreeSource};

use crate::location::{self, Profile, RepositoryPath};
use crate::store::{Address, Settings};
use crate::{Error, Secret, Watch};

/// Where a repository lies.
#[derive(Clone, Debug)]
pub struct Location {
    /// The bucket.
    pub address: Address,
    /// Path in it, without slashes at its ends; empty for the bucket's root.
    pub prefix: String,
}

impl Location {
    /// The place that a profile and an artifact prefix mean.
    pub fn of(
        profile: &Profile,
        path: &RepositoryPath,
        settings: &Settings,
    ) -> Result<Self, location::Error> {
        Ok(Self {
            address: Address::of_repository(profile, path, settings)?,
            prefix: path.prefix.clone(),
        })
    }
}

/// Who uses a repository, and how patiently.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name that locks and keys carry, the pod's; restic shows it to whoever is locked out.
    pub host: String,
    /// How long a lock of somebody else is waited for.
    pub retry_lock: Duration,
    /// How long after writing a lock others' locks are looked at again, as somebody may have written one at the same moment.
    pub settle: Duration,
}

impl Options {
    /// `host` with the default patience of ten minutes, and restic's time to settle.
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            retry_lock: Duration::from_mins(10),
            settle: Duration::from_millis(200),
        }
    }
}

/// Opens the repository. [`Error::Absent`] when there is none, which is said only when its `config` is proven absent.
pub fn open(location: &Location, password: &Secret, options: &Options) -> Result<Box<dyn Repository>, Error> {
    crate::rustic::open(location, password, options)
}

/// Makes a repository. [`Error::Present`] when there is one.
pub fn init(location: &Location, password: &Secret, options: &Options) -> Result<Box<dyn Repository>, Error> {
    crate::rustic::init(location, password, options)
}

/// Opens the repository, or makes it when there is none: what `BackupData` does. A wrong password makes nothing.
pub fn open_or_init(
    location: &Location,
    password: &Secret,
    options: &Options,
) -> Result<Box<dyn Repository>, Error> {
    match open(location, password, options) {
        Err(Error::Absent { .. }) => match init(location, password, options) {
            // Somebody else was faster.
            Err(Error::Present { .. }) => open(location, password, options),
            made => made,
        },
        opened => opened,
    }
}

/// An open repository. Blocking, on threads of its own: never called from an async task.
pub trait Repository: Debug + Send + Sync {
    /// Stores a directory or file as one snapshot.
    ///
    /// Files that cannot be read are listed and make the outcome incomplete; when nothing can be read there is no snapshot.
    fn backup_tree(&self, tree: &TreeSource, note: &Note, watch: &Watch) -> Result<Backup, Error>;

    /// Stores a stream as a snapshot of one file. There is no snapshot unless the stream's end was good.
    fn backup_stream(&self, stream: StreamSource, note: &Note, watch: &Watch) -> Result<Backup, Error>;

    /// The snapshots selected, oldest first.
    fn list(&self, which: &Selection) -> Result<Vec<Snapshot>, Error>;

    /// What lies directly below a place; the place itself when it is no directory.
    fn entries(&self, at: &Place) -> Result<Vec<Entry>, Error>;

    /// Writes a range of a file's content and returns the number of bytes.
    fn read(&self, at: &Place, range: Range<u64>, to: &mut dyn Write) -> Result<u64, Error>;

    /// What a restore would do. Refuses a target without room, unless forced.
    fn plan_restore(&self, at: &Place, target: &restore::Target) -> Result<restore::Plan, Error>;

    /// Does it. Whatever failed for one file is in the report, and the rest goes on.
    fn restore(&self, plan: restore::Plan, watch: &Watch) -> Result<restore::Report, Error>;

    /// Looks for damage.
    fn check(&self, depth: check::Depth, watch: &Watch) -> Result<check::Report, Error>;

    /// Which snapshots a forget would remove.
    fn plan_forget(&self, which: &Selection) -> Result<forget::Plan, Error>;

    /// Removes them. Their content stays until a prune.
    fn forget(&self, plan: forget::Plan) -> Result<(), Error>;

    /// What a prune would remove. The plan holds the exclusive lock, so that it stays true until it is carried out or dropped.
    fn plan_prune(&self, limits: &prune::Limits) -> Result<prune::Plan, Error>;

    /// Removes it.
    fn prune(&self, plan: prune::Plan, watch: &Watch) -> Result<prune::Report, Error>;

    /// Counts files and bytes of a snapshot as `restic stats` does.
    fn stats(&self, at: &Place, mode: stats::Mode) -> Result<stats::Stats, Error>;
}
