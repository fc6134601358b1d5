//! A restore as a value: target, plan, report. Nothing is touched here.

use std::path::PathBuf;

use super::{Failure, SnapshotId};

/// Where a restore goes and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The directory that stands for the snapshot's root, or for the subtree's when a path was given.
    pub root: PathBuf,
    /// What is done about files that are there.
    pub mode: Mode,
    /// Go on although the space seems too little.
    pub force: bool,
    /// Read back what was written and hash it.
    pub verify: bool,
}

impl Target {
    /// `root`, with the usual rules.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            mode: Mode::Full,
            force: false,
            verify: false,
        }
    }
}

/// What is done about files that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Every file is written anew and takes the place of what is there.
    Full,
    /// Files are compared blob by blob, and only what differs is fetched.
    Delta,
}

/// What a restore would do. Holds a shared lock, so that nothing it needs is pruned, until it is carried out or dropped.
#[derive(Debug)]
pub struct Plan {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// Files, links and special files that are not there yet.
    pub create: u64,
    /// Those that are there and will be replaced.
    pub change: u64,
    /// Directories.
    pub directories: u64,
    /// Bytes of content that will be written.
    pub write: u64,
    /// Bytes that will be fetched from the store, before decompression.
    pub fetch: u64,
    /// What the present rights cannot restore.
    pub beyond_rights: Vec<String>,
    pub(crate) inner: crate::rustic::Restore,
}

/// What a restore did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Files, links and special files restored.
    pub files: u64,
    /// Directories restored.
    pub directories: u64,
    /// Bytes of content written.
    pub bytes: u64,
    /// What failed: the first thousand. Files that failed are not in the target.
    pub failures: Vec<Failure>,
    /// How many failed.
    pub failure_count: u64,
}

impl Report {
    /// Whether everything was restored with all its attributes.
    pub fn is_complete(&self) -> bool {
        self.failure_count == 0
    }
}
