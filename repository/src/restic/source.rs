//! What a backup reads, what is written beside it, and what comes back. Values, save for the stream's reader.

use std::fmt;
use std::io::Read;
use std::path::PathBuf;

use jiff::Timestamp;

use super::SnapshotId;
use crate::producer::Producer;
use crate::{Error, Watch};

/// A directory or file to back up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeSource {
    /// Absolute path; it is the path in the snapshot as well.
    pub path: PathBuf,
    /// Read every file, also those that look unchanged.
    pub read_all: bool,
    /// What a file that changes while it is read means.
    pub on_change: OnChange,
}

impl TreeSource {
    /// `path` with the usual rules.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            read_all: false,
            on_change: OnChange::List,
        }
    }
}

/// What a file that changes while it is read means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnChange {
    /// It is listed among the remarks.
    List,
    /// It is a failure.
    Fail,
}

/// A stream to back up as one file.
pub struct StreamSource {
    /// Name of the file in the snapshot; it lies at the root.
    pub name: String,
    /// The content.
    pub reader: Box<dyn Read + Send>,
    /// Asked after the end of the content; a fault means that there is no snapshot.
    pub end: End,
}

/// Says whether the end of a stream was good, the exit status of its producer for instance.
pub(super) type End = Box<dyn FnOnce() -> Result<(), Error> + Send>;

impl fmt::Debug for StreamSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StreamSource")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl StreamSource {
    /// A stream whose end is good when it is reached.
    pub fn new(name: impl Into<String>, reader: impl Read + Send + 'static) -> Self {
        Self {
            name: name.into(),
            reader: Box::new(reader),
            end: Box::new(|| Ok(())),
        }
    }

    /// The standard output of a program, which is started here; its end is good when its status is 0. Ends when `watch` is
    /// cancelled, also while the program says nothing.
    pub fn of_program(name: impl Into<String>, producer: &Producer, watch: &Watch) -> Result<Self, Error> {
        let output = producer.start_blocking(watch)?;
        let program = output.program();
        Ok(Self::new(name, output).ending(move || program.finish()))
    }

    /// The same with a question to ask at its end.
    #[must_use]
    pub fn ending(mut self, end: impl FnOnce() -> Result<(), Error> + Send + 'static) -> Self {
        self.end = Box::new(end);
        self
    }
}

/// What is written beside a snapshot's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Host; the pod's name.
    pub host: String,
    /// Tags.
    pub tags: Vec<String>,
    /// When the backup began.
    pub time: Timestamp,
    /// Which snapshot tells what is unchanged.
    pub parent: Parent,
}

/// Which snapshot tells what is unchanged since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parent {
    /// The newest of the same host and path, as for restic.
    SameHost,
    /// The newest of the same path, whatever the pod was called.
    AnyHost,
    /// None: everything is read.
    Nothing,
}

/// What a backup did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// Whether it holds everything.
    pub outcome: Outcome,
    /// Regular files in it.
    pub files: u64,
    /// Bytes of their content.
    pub bytes: u64,
    /// Bytes that the repository did not have.
    pub added: u64,
    /// Bytes that this took in the store.
    pub stored: u64,
    /// What could not be read: the first thousand.
    pub failures: Vec<Failure>,
    /// How many there were.
    pub failure_count: u64,
    /// What is worth knowing but no failure: the first thousand.
    pub remarks: Vec<Remark>,
}

/// Whether a snapshot holds everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It does.
    Complete,
    /// Some files could not be read; it has the tag `mainstay-incomplete`.
    Incomplete,
}

/// One thing that could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where.
    pub path: PathBuf,
    /// Why; the system's reason.
    pub cause: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path.display(), self.cause)
    }
}

/// Something about a file that is no failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// It changed while it was read.
    Changed(PathBuf),
    /// It was gone before it was opened.
    Vanished(PathBuf),
    /// Another file system begins there, and it is not part of the backup.
    OtherFileSystem(PathBuf),
}
