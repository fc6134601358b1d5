//! Looks at snapshot and target before a restore: what there is to do, and whether there is room. Changes nothing.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustic_core::TreeId;
use rustic_core::repofile::{Node, NodeType};
use rustix::fs::{AtFlags, Mode, OFlags, fstatvfs, open, statat};

use super::{Restore, beneath};
use crate::error::{self, Error};
use crate::restic::SnapshotId;
use crate::restic::restore::{Plan, Target};
use crate::rustic::tree::{Spot, View};

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Survey {
    create: u64,
    change: u64,
    directories: u64,
    new_directories: u64,
    write: u64,
    fetch: u64,
    /// Bytes on disk that files now there give back when they are replaced.
    replaced: u64,
    /// The longest file: it is there twice for a moment.
    longest: u64,
    foreign: u64,
    devices: u64,
    room: Option<Room>,
}

/// What the file system of the target says.
#[derive(Clone, Copy, Debug)]
struct Room {
    bytes: u64,
    inodes: u64,
    counts_inodes: bool,
}

struct Surveyor<'a> {
    view: &'a View,
    survey: Survey,
    links: BTreeSet<(u64, u64)>,
    user: u32,
}

/// Walks the snapshot and compares with what is in the target.
pub(super) fn survey(view: &View, spot: &Spot, target: &Target) -> Result<Survey, Error> {
    let there = opened(&target.root);
    let user = rustix::process::geteuid().as_raw();
    let mut surveyor = Surveyor {
        view,
        survey: Survey::default(),
        links: BTreeSet::new(),
        user,
    };
    match spot {
        Spot::Tree(tree) => surveyor.folder(tree, there.as_ref(), "")?,
        Spot::Node(node) => surveyor.node(node, there.as_ref(), "")?,
    }
    let nearest = target.root.ancestors().find_map(opened);
    surveyor.survey.room = nearest
        .and_then(|folder| fstatvfs(folder).ok())
        .map(|found| Room {
            bytes: found.f_bavail.saturating_mul(found.f_frsize),
            inodes: found.f_favail,
            counts_inodes: found.f_files > 0,
        });
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
    fn folder(&mut self, tree: &TreeId, there: Option<&OwnedFd>, path: &str) -> Result<(), Error> {
        let nodes = match self.view.blobs.tree(tree, path) {
            Ok(tree) => tree.nodes,
            // The restore reports it and goes on with the rest.
            Err(Error::Damaged { .. } | Error::Unreadable { .. }) => return Ok(()),
            Err(fault) => return Err(fault),
        };
        nodes.iter().try_for_each(|node| self.node(node, there, path))
    }

    fn node(&mut self, node: &Node, there: Option<&OwnedFd>, path: &str) -> Result<(), Error> {
        let survey = &mut self.survey;
        if self.user != 0 && node.meta.uid.is_some_and(|owner| owner != self.user) {
            survey.foreign += 1;
        }
        let name = node.name();
        match &node.node_type {
            NodeType::Dir => {
                let flags = OFlags::PATH | OFlags::DIRECTORY;
                let inner = there.and_then(|there| beneath::open(there, &name, flags, Mode::empty()).ok());
                survey.directories += 1;
                survey.new_directories += u64::from(inner.is_none());
                let path = format!("{path}/{}", node.name);
                return node
                    .subtree
                    .iter()
                    .try_for_each(|subtree| self.folder(subtree, inner.as_ref(), &path));
            }
            NodeType::Socket => return Ok(()),
            NodeType::File => {
                let again = node.meta.links > 1 && !self.links.insert((node.meta.device_id, node.meta.inode));
                if !again {
                    survey.write += node.meta.size;
                    survey.longest = survey.longest.max(node.meta.size);
                    let lengths = node
                        .content
                        .iter()
                        .flatten()
                        .filter_map(|id| self.view.blobs.find(id));
                    survey.fetch += lengths.map(|location| location.length).sum::<u64>();
                }
            }
            NodeType::Dev { .. } | NodeType::Chardev { .. } => survey.devices += 1,
            NodeType::Symlink { .. } | NodeType::Fifo => {}
        }
        match there.and_then(|there| statat(there, &*name, AtFlags::SYMLINK_NOFOLLOW).ok()) {
            None => survey.create += 1,
            Some(found) => {
                survey.change += 1;
                survey.replaced += u64::try_from(found.st_blocks).unwrap_or_default() * 512;
            }
        }
        Ok(())
    }
}

impl Survey {
    /// Refuses a target without room.
    pub(super) fn check_space(&self, root: &Path) -> Result<(), Error> {
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
            path: root,
            bytes,
            inodes,
            free_bytes,
            free_inodes,
        }
        .fail()
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

    fn message(survey: &Survey) -> String {
        survey
            .check_space(Path::new("/data"))
            .map_or_else(|fault| fault.to_string(), |()| "fits".to_owned())
    }

    #[test]
    fn room_is_held_against_what_is_needed() {
        let room = Some(Room {
            bytes: 10 << 20,
            inodes: 5,
            counts_inodes: true,
        });
        let fits = Survey {
            write: 10 << 20,
            create: 5,
            room,
            ..Survey::default()
        };
        assert_eq!(message(&fits), "fits");
        let long = Survey {
            write: (10 << 20) + 1,
            create: 1,
            room,
            ..Survey::default()
        };
        assert_eq!(
            message(&long),
            "not enough space on /data: need 10.000 MiB and 1 inodes, have 10.000 MiB and 5"
        );
        let replaced = Survey {
            write: 20 << 20,
            replaced: 15 << 20,
            change: 3,
            longest: 8 << 20,
            room,
            ..Survey::default()
        };
        assert_eq!(message(&replaced), "fits");
        let many = Survey {
            create: 5,
            new_directories: 1,
            room,
            ..Survey::default()
        };
        assert_eq!(
            message(&many),
            "not enough space on /data: need 0 B and 6 inodes, have 10.000 MiB and 5"
        );
        let uncounted = Room {
            bytes: 10 << 20,
            inodes: 0,
            counts_inodes: false,
        };
        assert_eq!(
            message(&Survey {
                create: 5,
                room: Some(uncounted),
                ..Survey::default()
            }),
            "fits"
        );
    }
}
