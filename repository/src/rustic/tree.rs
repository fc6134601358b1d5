//! Looks into snapshots: paths, entries, a file's content.

use std::ffi::OsStr;
use std::io::Write;
use std::ops::Range;
use std::path::{Component, Path};
use std::sync::Arc;
use std::time::Duration;

use rustic_core::repofile::{Node, NodeType, SnapshotFile};
use rustic_core::{Id, TreeId};

use super::Restic;
use super::blob::Blobs;
use super::lock::Kind;
use super::session::Session;
use super::{convert, snapshot};
use crate::error::{self, Error};
use crate::restic::{Entry, EntryKind, Place};
use crate::watch::Watch;

/// How long an index that a snapshot needs may take to appear in a listing, and how often it is looked for.
const BEHIND: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_secs(1);

/// Something in a snapshot: its root, or an entry.
#[derive(Clone, Debug)]
pub(crate) enum Spot {
    /// A directory's content.
    Tree(TreeId),
    /// Anything else.
    Node(Box<Node>),
}

/// A snapshot that is being looked into, under a shared lock.
pub(super) struct View {
    /// Only held: as long as it is, nothing that the view shows is pruned.
    _session: Session,
    pub(super) blobs: Blobs,
    pub(super) id: Id,
    pub(super) snapshot: SnapshotFile,
}

impl View {
    /// Locks, selects the snapshot and loads the index. A snapshot whose index has not appeared yet is waited for.
    pub(super) fn of(restic: &Arc<Restic>, place: &Place, watch: &Watch) -> Result<Self, Error> {
        let (session, mut open) = Session::begin(restic, Kind::Shared, watch)?;
        let (id, snapshot) = snapshot::at(restic, place)?;
        let mut waited = Duration::ZERO;
        loop {
            let blobs = Blobs::new(Arc::clone(restic), session.full(open)?);
            if blobs.find(&snapshot.tree).is_some() || waited >= BEHIND {
                return Ok(Self {
                    _session: session,
                    blobs,
                    id,
                    snapshot,
                });
            }
            if waited + LOOK >= BEHIND {
                return error::BehindSnafu {
                    snapshot: id.to_string(),
                }
                .fail();
            }
            restic.bridge.pause(LOOK);
            waited += LOOK;
            open = blobs.into_open();
        }
    }

    /// What lies at a path.
    pub(super) fn spot(&self, path: &str) -> Result<Spot, Error> {
        let mut tree = self.snapshot.tree;
        let mut seen = String::new();
        let mut names = normal(path).peekable();
        while let Some(name) = names.next() {
            let missing = || Error::NoPath {
                snapshot: self.id.to_string(),
                path: path.to_owned(),
            };
            let nodes = self.blobs.tree(&tree, &seen)?.nodes;
            let node = nodes
                .into_iter()
                .find(|node| node.name() == name)
                .ok_or_else(missing)?;
            seen = format!("{seen}/{}", node.name);
            match (node.subtree, names.peek()) {
                (Some(subtree), _) if node.is_dir() => tree = subtree,
                (_, None) => return Ok(Spot::Node(Box::new(node))),
                (_, Some(_)) => return Err(missing()),
            }
        }
        Ok(Spot::Tree(tree))
    }
}

/// See [`crate::restic::Repository::entries`].
pub(super) fn entries(restic: &Arc<Restic>, at: &Place) -> Result<Vec<Entry>, Error> {
    let view = View::of(restic, at, &Watch::new())?;
    match view.spot(&at.path)? {
        Spot::Tree(tree) => Ok(view
            .blobs
            .tree(&tree, &at.path)?
            .nodes
            .iter()
            .map(entry)
            .collect()),
        Spot::Node(node) => Ok(vec![entry(&node)]),
    }
}

/// See [`crate::restic::Repository::read`].
pub(super) fn read(
    restic: &Arc<Restic>,
    at: &Place,
    range: Range<u64>,
    to: &mut dyn Write,
) -> Result<u64, Error> {
    let view = View::of(restic, at, &Watch::new())?;
    let node = match view.spot(&at.path)? {
        Spot::Node(node) if node.is_file() => node,
        _ => {
            return error::NoPathSnafu {
                snapshot: view.id.to_string(),
                path: &at.path,
            }
            .fail();
        }
    };
    let (mut start, mut written) = (0, 0);
    for id in node.content.iter().flatten() {
        let length = match view.blobs.find(id) {
            Some(location) => location.content_length(),
            None => view.blobs.data(id, &at.path)?.len() as u64,
        };
        let here = range.start.max(start)..range.end.min(start + length);
        if !here.is_empty() {
            let content = view.blobs.data(id, &at.path)?;
            let inside = usize_of(here.start - start)..usize_of(here.end - start);
            to.write_all(&content[inside]).map_err(|source| Error::Stream {
                action: "write",
                source,
            })?;
            written += here.end - here.start;
        }
        start += length;
    }
    Ok(written)
}

fn usize_of(offset: u64) -> usize {
    usize::try_from(offset).expect("an offset inside a blob that is in memory")
}

fn entry(node: &Node) -> Entry {
    Entry {
        name: node.name.clone(),
        kind: match &node.node_type {
            NodeType::File => EntryKind::File,
            NodeType::Dir => EntryKind::Directory,
            NodeType::Symlink { linktarget, .. } => EntryKind::Symlink(linktarget.clone()),
            NodeType::Dev { .. } | NodeType::Chardev { .. } | NodeType::Fifo | NodeType::Socket => {
                EntryKind::Special
            }
        },
        size: node.meta.size,
        mode: convert::from_go_mode(node.meta.mode.unwrap_or_default()),
        modified: node.meta.mtime.map(convert::from_library),
        user: node.meta.uid.unwrap_or_default(),
        group: node.meta.gid.unwrap_or_default(),
    }
}

/// The names along a path; dots and slashes mean nothing here.
pub(super) fn normal(path: &str) -> impl Iterator<Item = &OsStr> {
    Path::new(path).components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => None,
    })
}
