//! Looks at snapshot and target before a restore: what there is to do, and whether there is room. Changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustic_core::TreeId;
use rustic_core::repofile::{Node, NodeType};
use rustix::fs::{AtFlags, Mode, OFlags, fstat, fstatvfs, open, statat};

use super::{Restore, beneath};
use crate::error::{self, Error};
use crate::restic::SnapshotId;
use crate::restic::restore::{Plan, Target};
use crate::rustic::tree::{self, View};

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Survey {
    create: u64,
    change: u64,
    directories: u64,
    write: u64,
    fetch: u64,
    foreign: u64,
    devices: u64,
    /// What goes where, by the file system's device: a target may be put together from several volumes.
    file_systems: BTreeMap<u64, FileSystem>,
}

/// One file system of the target, and what it must hold.
#[derive(Debug, Default)]
struct FileSystem {
    /// Where it was met first.
    path: PathBuf,
    create: u64,
    change: u64,
    new_directories: u64,
    write: u64,
    /// Bytes on disk that files now there give back when they are replaced.
    replaced: u64,
    /// The longest file: it is there twice for a moment.
    longest: u64,
    room: Option<Room>,
}

/// What a file system says.
#[derive(Clone, Copy, Debug)]
struct Room {
    bytes: u64,
    inodes: u64,
    counts_inodes: bool,
}

struct Surveyor<'a> {
    view: &'a View,
    target: &'a Target,
    survey: Survey,
    links: BTreeSet<(u64, u64)>,
    user: u32,
}

/// Where the walk is.
#[derive(Clone, Copy)]
struct Position<'a> {
    /// The directory, if it is there.
    there: Option<&'a OwnedFd>,
    /// The device of its file system, or of that which it will be made on.
    device: u64,
    /// Its path below the target.
    path: &'a str,
}

/// Walks the snapshot and compares with what is in the target.
pub(super) fn survey(view: &View, spot: &tree::Spot, target: &Target) -> Result<Survey, Error> {
    let there = opened(&target.root);
    let user = rustix::process::geteuid().as_raw();
    let mut surveyor = Surveyor {
        view,
        target,
        survey: Survey::default(),
        links: BTreeSet::new(),
        user,
    };
    let device = match target.root.ancestors().find_map(opened) {
        Some(nearest) => surveyor.device(&nearest, ""),
        None => 0,
    };
    let root = Position {
        there: there.as_ref(),
        device,
        path: "",
    };
    match spot {
        tree::Spot::Tree(tree) => surveyor.folder(tree, root)?,
        tree::Spot::Node(node) => surveyor.node(node, root)?,
    }
    Ok(surveyor.survey)
}

fn opened(path: &Path) -> Option<OwnedFd> {
    open(
        path,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .ok()
}

impl Surveyor<'_> {
    /// The device of the file system that holds `folder`, which is looked at when it is met first.
    fn device(&mut self, folder: &OwnedFd, path: &str) -> u64 {
        let device = fstat(folder).map_or(0, |found| found.st_dev);
        self.survey
            .file_systems
            .entry(device)
            .or_insert_with(|| FileSystem {
                path: match path.trim_start_matches('/') {
                    "" => self.target.root.clone(),
                    path => self.target.root.join(path),
                },
                room: fstatvfs(folder).ok().map(|found| Room {
                    bytes: found.f_bavail.saturating_mul(found.f_frsize),
                    inodes: found.f_favail,
                    counts_inodes: found.f_files > 0,
                }),
                ..FileSystem::default()
            });
        device
    }

    fn folder(&mut self, tree: &TreeId, position: Position<'_>) -> Result<(), Error> {
        let nodes = match self.view.blobs.tree(tree, position.path) {
            Ok(tree) => tree.nodes,
            // The restore reports it and goes on with the rest.
            Err(Error::Damaged { .. } | Error::Unreadable { .. }) => return Ok(()),
            Err(fault) => return Err(fault),
        };
        nodes.iter().try_for_each(|node| self.node(node, position))
    }

    fn node(&mut self, node: &Node, position: Position<'_>) -> Result<(), Error> {
        if self.user != 0 && node.meta.uid.is_some_and(|owner| owner != self.user) {
            self.survey.foreign += 1;
        }
        let name = node.name();
        if let NodeType::Dir = &node.node_type {
            let flags = OFlags::PATH | OFlags::DIRECTORY;
            let inner = position
                .there
                .and_then(|there| beneath::open(there, &name, flags, Mode::empty()).ok());
            let path = format!("{}/{}", position.path, node.name);
            self.survey.directories += 1;
            let device = if let Some(inner) = &inner {
                self.device(inner, &path)
            } else {
                self.survey.file_system(position.device).new_directories += 1;
                position.device
            };
            let inner = Position {
                there: inner.as_ref(),
                device,
                path: &path,
            };
            return node
                .subtree
                .iter()
                .try_for_each(|subtree| self.folder(subtree, inner));
        }
        let survey = &mut self.survey;
        match &node.node_type {
            NodeType::Socket => return Ok(()),
            NodeType::File => {
                let again = node.meta.links > 1 && !self.links.insert((node.meta.device_id, node.meta.inode));
                if !again {
                    let lengths = node
                        .content
                        .iter()
                        .flatten()
                        .filter_map(|id| self.view.blobs.find(id));
                    survey.fetch += lengths.map(|location| location.length).sum::<u64>();
                    survey.write += node.meta.size;
                    let file_system = survey.file_system(position.device);
                    file_system.write += node.meta.size;
                    file_system.longest = file_system.longest.max(node.meta.size);
                }
            }
            NodeType::Dev { .. } | NodeType::Chardev { .. } => survey.devices += 1,
            NodeType::Dir | NodeType::Symlink { .. } | NodeType::Fifo => {}
        }
        match position
            .there
            .and_then(|there| statat(there, &*name, AtFlags::SYMLINK_NOFOLLOW).ok())
        {
            None => {
                survey.create += 1;
                survey.file_system(position.device).create += 1;
            }
            Some(found) => {
                survey.change += 1;
                let file_system = survey.file_system(position.device);
                file_system.change += 1;
                file_system.replaced += u64::try_from(found.st_blocks).unwrap_or_default() * 512;
            }
        }
        Ok(())
    }
}

impl FileSystem {
    /// Refuses a file system without room.
    fn check_space(&self) -> Result<(), Error> {
        let Some(room) = self.room else { return Ok(()) };
        let bytes =
            self.write
                .saturating_sub(self.replaced)
                .max(if self.change > 0 { self.longest } else { 0 });
        // One more for the moment in which an old and a new file are there.
        let inodes = self.create + self.new_directories + u64::from(self.change > 0);
        if bytes <= room.bytes && (inodes <= room.inodes || !room.counts_inodes) {
            return Ok(());
        }
        let (free_bytes, free_inodes) = (room.bytes, room.inodes);
        error::TooSmallSnafu {
            path: &self.path,
            bytes,
            inodes,
            free_bytes,
            free_inodes,
        }
        .fail()
    }
}

impl Survey {
    fn file_system(&mut self, device: u64) -> &mut FileSystem {
        self.file_systems.entry(device).or_default()
    }

    /// Refuses a target without room on one of its file systems.
    pub(super) fn check_space(&self) -> Result<(), Error> {
        self.file_systems.values().try_for_each(FileSystem::check_space)
    }

    pub(super) fn into_plan(self, snapshot: SnapshotId, inner: Restore) -> Plan {
        let mut beyond_rights = Vec::new();
        if self.foreign > 0 {
            beyond_rights.push(format!("owner of {} entries", self.foreign));
        }
        if self.devices > 0 && rustix::process::geteuid().as_raw() != 0 {
            beyond_rights.push(format!("{} devices", self.devices));
        }
        Plan {
            snapshot,
            create: self.create,
            change: self.change,
            directories: self.directories,
            write: self.write,
            fetch: self.fetch,
            beyond_rights,
            inner,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(mut file_system: FileSystem) -> String {
        file_system.path = "/data".into();
        let survey = Survey {
            file_systems: BTreeMap::from([(1, FileSystem::default()), (2, file_system)]),
            ..Survey::default()
        };
        survey
            .check_space()
            .map_or_else(|fault| fault.to_string(), |()| "fits".to_owned())
    }

    #[test]
    fn room_is_held_against_what_is_needed() {
        let room = Some(Room {
            bytes: 10 << 20,
            inodes: 5,
            counts_inodes: true,
        });
        let fits = FileSystem {
            write: 10 << 20,
            create: 5,
            room,
            ..FileSystem::default()
        };
        assert_eq!(message(fits), "fits");
        let long = FileSystem {
            write: (10 << 20) + 1,
            create: 1,
            room,
            ..FileSystem::default()
        };
        assert_eq!(
            message(long),
            "not enough space on /data: need 10.000 MiB and 1 inodes, have 10.000 MiB and 5"
        );
        let replaced = FileSystem {
            write: 20 << 20,
            replaced: 15 << 20,
            change: 3,
            longest: 8 << 20,
            room,
            ..FileSystem::default()
        };
        assert_eq!(message(replaced), "fits");
        let many = FileSystem {
            create: 5,
            new_directories: 1,
            room,
            ..FileSystem::default()
        };
        assert_eq!(
            message(many),
            "not enough space on /data: need 0 B and 6 inodes, have 10.000 MiB and 5"
        );
        let uncounted = Room {
            bytes: 10 << 20,
            inodes: 0,
            counts_inodes: false,
        };
        assert_eq!(
            message(FileSystem {
                create: 5,
                room: Some(uncounted),
                ..FileSystem::default()
            }),
            "fits"
        );
    }
}
