//! Links, devices and pipes, and further names of files that have several. It must not know content.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustic_core::repofile::{Metadata, Node, NodeType};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, linkat, mknodat, symlinkat};

use super::{Shared, attributes, beneath};

/// Something without content.
pub(super) struct Entry {
    folder: Arc<OwnedFd>,
    name: OsString,
    relative: PathBuf,
    kind: Kind,
}

enum Kind {
    /// Another name of the file at a path below the target.
    Link { first: PathBuf },
    /// A symbolic link, device or pipe.
    Special { kind: NodeType, metadata: Box<Metadata> },
}

impl Entry {
    pub(super) fn link(first: PathBuf, node: &Node, folder: &Arc<OwnedFd>, relative: PathBuf) -> Self {
        Self {
            folder: Arc::clone(folder),
            name: node.name().into_owned(),
            relative,
            kind: Kind::Link { first },
        }
    }

    pub(super) fn special(node: &Node, folder: &Arc<OwnedFd>, relative: PathBuf) -> Self {
        let kind = Kind::Special {
            kind: node.node_type.clone(),
            metadata: Box::new(node.meta.clone()),
        };
        Self {
            folder: Arc::clone(folder),
            name: node.name().into_owned(),
            relative,
            kind,
        }
    }

    /// Makes it under a temporary name and gives it its own.
    pub(super) fn make(&self, shared: &Shared<'_>) {
        let temporary = beneath::temporary();
        let made = match &self.kind {
            Kind::Link { first } => self.make_link(shared, &temporary, first).map(|()| Vec::new()),
            Kind::Special { kind, metadata } => self.make_special(&temporary, kind, metadata),
        };
        let named = made.and_then(|failed| {
            beneath::rename(&self.folder, &temporary, &self.name).inspect_err(|_| {
                beneath::remove(&self.folder, &temporary);
            })?;
            // Renaming one name of a file over another name of the same file leaves both.
            if matches!(self.kind, Kind::Link { .. }) {
                beneath::remove(&self.folder, &temporary);
            }
            Ok(failed)
        });
        match named {
            Ok(failed) => {
                for cause in failed {
                    shared.failure(&self.relative, cause);
                }
                shared.watch.add_file();
                shared.report(|report| report.files += 1);
            }
            Err(cause) => shared.failure(&self.relative, cause),
        }
    }

    fn make_link(&self, shared: &Shared<'_>, temporary: &OsString, first: &Path) -> io::Result<()> {
        let from = beneath::folder_of(&shared.root, first)?;
        let name = first.file_name().unwrap_or_default();
        Ok(linkat(&from, name, &self.folder, temporary, AtFlags::empty())?)
    }

    fn make_special(
        &self,
        temporary: &OsString,
        kind: &NodeType,
        metadata: &Metadata,
    ) -> io::Result<Vec<String>> {
        let node = |kind, device| mknodat(&self.folder, temporary, kind, Mode::RUSR | Mode::WUSR, device);
        match kind {
            NodeType::Symlink { .. } => symlinkat(kind.to_link(), &self.folder, temporary)?,
            NodeType::Dev { device } => node(FileType::BlockDevice, *device)?,
            NodeType::Chardev { device } => node(FileType::CharacterDevice, *device)?,
            NodeType::Fifo => node(FileType::Fifo, 0)?,
            NodeType::File | NodeType::Dir | NodeType::Socket => {
                return Err(io::ErrorKind::InvalidInput.into());
            }
        }
        let is_link = matches!(kind, NodeType::Symlink { .. });
        // Only its place is opened, which neither follows a link nor waits at a pipe; links need the older call for that.
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let place = rustix::fs::openat(&self.folder, temporary, flags, Mode::empty())?;
        Ok(attributes::of_special(&place, is_link, metadata))
    }
}
