//! Walks a directory for a backup: every entry in the order that trees need, with its attributes, and the files opened one by one.
//!
//! Directories are held open and names looked up in them, so that a link put in the place of a directory meanwhile leads
//! nowhere. Failures are recorded here, since the format library only logs them. It must not know where entries go.

mod content;
mod findings;
mod names;
mod node;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::vec;

use rustic_core::repofile::{Node, NodeType};
use rustic_core::{ErrorKind, ReadSource, ReadSourceEntry, ReadSourceOpen, RusticError, RusticResult};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, openat, statat};

pub(super) use self::content::{Content, Origin};
pub(super) use self::findings::Findings;
use self::names::Names;
use super::backend;
use crate::error::Error;
use crate::restic::{OnChange, Remark, TreeSource};
use crate::watch::Watch;

/// A directory or file, as the format library reads it.
#[derive(Debug)]
pub(super) struct Walk {
    shared: Arc<Shared>,
    on_change: OnChange,
}

/// What entries and readers need besides their own.
#[derive(Debug)]
struct Shared {
    root: PathBuf,
    names: Names,
    findings: Arc<Findings>,
    watch: Watch,
    state: Arc<backend::State>,
}

impl Shared {
    /// Whether reading on is pointless.
    fn is_over(&self) -> bool {
        self.watch.is_cancelled() || self.state.is_broken()
    }
}

impl Walk {
    /// Looks at the root; one that is missing is a fault at once.
    pub(super) fn new(tree: &TreeSource, watch: &Watch, state: &Arc<backend::State>) -> Result<Self, Error> {
        let TreeSource {
            path,
            read_all: _,
            on_change,
        } = tree;
        let absolute = std::path::absolute(path).map_err(|source| Error::Source {
            path: path.clone(),
            source,
        })?;
        let root: PathBuf = absolute.components().collect();
        statat(CWD, &root, AtFlags::SYMLINK_NOFOLLOW).map_err(|cause| Error::Source {
            path: root.clone(),
            source: cause.into(),
        })?;
        let shared = Shared {
            root,
            names: Names::read(),
            findings: Arc::default(),
            watch: watch.clone(),
            state: Arc::clone(state),
        };
        Ok(Self {
            shared: Arc::new(shared),
            on_change: *on_change,
        })
    }

    /// The root's path, absolute and without dots.
    pub(super) fn root(&self) -> &Path {
        &self.shared.root
    }

    pub(super) fn findings(&self) -> Arc<Findings> {
        Arc::clone(&self.shared.findings)
    }
}

impl ReadSource for Walk {
    type Open = File;
    type Iter = Entries;

    fn size(&self) -> RusticResult<Option<u64>> {
        Ok(None)
    }

    fn entries(&self) -> Entries {
        Entries::new(Arc::clone(&self.shared), self.on_change)
    }
}

/// A file that is to be read: its directory, its name, and what was seen of it.
#[derive(Debug)]
pub(super) struct File {
    folder: Arc<OwnedFd>,
    name: OsString,
    seen: Stat,
    path: PathBuf,
    shared: Arc<Shared>,
    on_change: OnChange,
}

impl ReadSourceOpen for File {
    type Reader = Content;

    fn open(self) -> RusticResult<Content> {
        let Self {
            folder,
            name,
            seen,
            path,
            shared,
            on_change,
        } = self;
        match open_file(&folder, &name) {
            Ok(file) => {
                let origin = Origin {
                    path,
                    seen,
                    on_change,
                    findings: Arc::clone(&shared.findings),
                };
                Ok(Content::new(file, origin, shared.watch.clone()))
            }
            Err(cause) => {
                shared.findings.unreadable_file(&path, &cause);
                Err(RusticError::new(ErrorKind::InputOutput, cause.to_string()))
            }
        }
    }
}

/// Opens without following a link and without waiting for the other end of a pipe, and where the kernel allows it without
/// leaving a trace in the access time.
fn open_file(folder: &OwnedFd, name: &OsStr) -> io::Result<std::fs::File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = openat(folder, name, flags | OFlags::NOATIME, Mode::empty());
    let opened = match opened {
        Err(rustix::io::Errno::PERM) => openat(folder, name, flags, Mode::empty()),
        opened => opened,
    };
    Ok(std::fs::File::from(opened?))
}

/// The entries, depth first, names of a directory in the order of their bytes.
#[derive(Debug)]
pub(super) struct Entries {
    shared: Arc<Shared>,
    on_change: OnChange,
    /// Directories above the root, which are in the snapshot with their attributes and nothing else.
    above: vec::IntoIter<PathBuf>,
    /// Directories that are being read, outermost first.
    open: Vec<Level>,
    /// The device of the root; what lies on another one is not part of the backup.
    device: Option<u64>,
}

#[derive(Debug)]
struct Level {
    folder: Arc<OwnedFd>,
    path: PathBuf,
    names: vec::IntoIter<OsString>,
}

type Item = RusticResult<ReadSourceEntry<File>>;

impl Entries {
    fn new(shared: Arc<Shared>, on_change: OnChange) -> Self {
        let mut above: Vec<PathBuf> = shared.root.ancestors().skip(1).map(Path::to_owned).collect();
        // The file system's root has no name and so no entry.
        above.pop();
        above.reverse();
        let mut entries = Self {
            shared,
            on_change,
            above: above.into_iter(),
            open: Vec::new(),
            device: None,
        };
        entries.open_root();
        entries
    }

    /// The level that holds the root alone, or for the file system's root its content.
    fn open_root(&mut self) {
        let root = self.shared.root.clone();
        let (folder, names) = match (root.parent(), root.file_name()) {
            (Some(parent), Some(name)) => (parent, Some(vec![name.to_owned()])),
            _ => (root.as_path(), None),
        };
        let folder = folder.to_owned();
        let opened = openat(
            CWD,
            &folder,
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        );
        let opened = opened.map_err(io::Error::from).and_then(|opened| {
            let names = match names {
                Some(names) => names,
                None => sorted_names(&opened)?,
            };
            Ok(Level {
                folder: Arc::new(opened),
                path: folder.clone(),
                names: names.into_iter(),
            })
        });
        match opened {
            Ok(level) => self.open.push(level),
            Err(cause) => self.shared.findings.unreadable(&folder, &cause),
        }
    }

    /// The entry of a directory above the root. One that cannot be looked at is left to the library, which makes one up.
    fn ancestor(&self, path: PathBuf) -> Option<Item> {
        let seen = statat(CWD, &path, AtFlags::empty()).ok()?;
        let node = node::made(path.file_name()?, NodeType::Dir, &seen, &self.shared.names);
        Some(Ok(ReadSourceEntry {
            path,
            node,
            open: None,
        }))
    }

    fn entry(&mut self, folder: &Arc<OwnedFd>, path: PathBuf, name: OsString) -> Option<Item> {
        let seen = match statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(seen) => seen,
            Err(rustix::io::Errno::NOENT) => {
                self.shared.findings.remark(Remark::Vanished(path));
                return None;
            }
            Err(cause) => {
                self.shared.findings.unreadable(&path, &cause.into());
                return None;
            }
        };
        let kind = match node::kind(folder, &name, &seen) {
            Ok(kind) => kind,
            Err(cause) => {
                self.shared.findings.unreadable(&path, &cause);
                return None;
            }
        };
        let mut node = node::made(&name, kind, &seen, &self.shared.names);
        if let Err(cause) = node::add_attributes(&mut node, folder, &name) {
            self.shared.findings.failure(&path, &cause);
        }
        let open = match FileType::from_raw_mode(seen.st_mode) {
            FileType::Directory => {
                self.descend(folder, &path, &name, &seen);
                None
            }
            FileType::RegularFile => {
                self.shared.findings.regular();
                let (folder, shared) = (Arc::clone(folder), Arc::clone(&self.shared));
                Some(File {
                    folder,
                    name,
                    seen,
                    path: path.clone(),
                    shared,
                    on_change: self.on_change,
                })
            }
            _ => None,
        };
        self.shared.findings.found();
        self.shared.watch.add_file();
        Some(Ok(ReadSourceEntry { path, node, open }))
    }

    /// Opens a directory, so that its content comes next. Another file system is not entered.
    fn descend(&mut self, folder: &OwnedFd, path: &Path, name: &OsStr, seen: &Stat) {
        let device = *self.device.get_or_insert(seen.st_dev);
        if device != seen.st_dev {
            self.shared
                .findings
                .remark(Remark::OtherFileSystem(path.to_owned()));
            return;
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = openat(folder.as_fd(), name, flags, Mode::empty()).map_err(io::Error::from);
        let opened = opened.and_then(|opened| sorted_names(&opened).map(|names| (opened, names)));
        match opened {
            Ok((opened, names)) => {
                let level = Level {
                    folder: Arc::new(opened),
                    path: path.to_owned(),
                    names: names.into_iter(),
                };
                self.open.push(level);
            }
            Err(cause) => self.shared.findings.unreadable(path, &cause),
        }
    }
}

impl Iterator for Entries {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if self.shared.is_over() {
                return None;
            }
            if let Some(path) = self.above.next() {
                match self.ancestor(path) {
                    None => continue,
                    item => return item,
                }
            }
            let level = self.open.last_mut()?;
            let Some(name) = level.names.next() else {
                self.open.pop();
                continue;
            };
            let (folder, path) = (Arc::clone(&level.folder), level.path.join(&name));
            if let Some(item) = self.entry(&folder, path, name) {
                return Some(item);
            }
        }
    }
}

fn sorted_names(folder: &OwnedFd) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(OsStr::from_bytes(name).to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// A node of a file that is not on a disk, for streams.
pub(super) fn stream_node(name: &str, time: jiff::Timestamp) -> Node {
    node::of_stream(name, time)
}
