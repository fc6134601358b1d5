//! Counts a snapshot's content by the rules of `restic stats`.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustic_core::repofile::{Node, NodeType};
use rustic_core::{BlobId, TreeId};

use super::Restic;
use super::blob::Blobs;
use super::tree::{Spot, View};
use crate::error::Error;
use crate::restic::Place;
use crate::restic::stats::{Mode, Stats};
use crate::watch::Watch;

/// See [`crate::restic::Repository::stats`].
pub(super) fn count(restic: &Arc<Restic>, at: &Place, mode: Mode) -> Result<Stats, Error> {
    let view = View::of(restic, at, &Watch::new())?;
    let mut counter = Counter {
        blobs: &view.blobs,
        mode,
        stats: Stats::default(),
        seen: Seen::default(),
    };
    match view.spot(&at.path)? {
        Spot::Tree(tree) => counter.tree(&tree, &at.path)?,
        Spot::Node(node) => counter.node(&node, &at.path)?,
    }
    Ok(counter.stats)
}

/// What was counted already, where it counts once.
#[derive(Default)]
struct Seen {
    trees: BTreeSet<TreeId>,
    blobs: BTreeSet<BlobId>,
    contents: BTreeSet<Vec<BlobId>>,
    links: BTreeSet<(u64, u64)>,
}

struct Counter<'a> {
    blobs: &'a Blobs,
    mode: Mode,
    stats: Stats,
    seen: Seen,
}

impl Counter<'_> {
    fn tree(&mut self, id: &TreeId, path: &str) -> Result<(), Error> {
        // A tree that was seen holds nothing new, except for what is counted file by file.
        let once = matches!(self.mode, Mode::RawData | Mode::FilesByContents);
        if !self.seen.trees.insert(*id) && once {
            return Ok(());
        }
        if self.mode == Mode::RawData {
            self.raw(
                BlobId::from(*id),
                self.blobs.find(id).map(|location| location.length),
            );
        }
        for node in self.blobs.tree(id, path)?.nodes {
            self.node(&node, &format!("{path}/{}", node.name))?;
        }
        Ok(())
    }

    fn node(&mut self, node: &Node, path: &str) -> Result<(), Error> {
        let content = || node.content.iter().flatten();
        match self.mode {
            Mode::RawData => {
                for id in content() {
                    self.raw(
                        BlobId::from(*id),
                        self.blobs.find(id).map(|location| location.length),
                    );
                }
            }
            Mode::RestoreSize => {
                let first = node.meta.links < 2
                    || node.is_dir()
                    || self.seen.links.insert((node.meta.device_id, node.meta.inode));
                self.stats.count += 1;
                if first {
                    self.stats.bytes += node.meta.size;
                }
            }
            Mode::FilesByContents if node.node_type == NodeType::File => {
                if self
                    .seen
                    .contents
                    .insert(content().map(|id| BlobId::from(*id)).collect())
                {
                    self.stats.count += 1;
                    self.stats.bytes += node.meta.size;
                }
            }
            Mode::BlobsPerFile if node.node_type == NodeType::File => {
                let new = self
                    .seen
                    .contents
                    .insert(content().map(|id| BlobId::from(*id)).collect());
                let mut blobs = BTreeSet::new();
                for id in content().filter(|_| new) {
                    if blobs.insert(*id) {
                        self.stats.bytes += self
                            .blobs
                            .find(id)
                            .map_or(0, |location| location.content_length());
                    }
                }
                self.stats.count += u64::from(!blobs.is_empty());
            }
            Mode::FilesByContents | Mode::BlobsPerFile => {}
        }
        match node.subtree {
            Some(subtree) if node.is_dir() => self.tree(&subtree, path),
            _ => Ok(()),
        }
    }

    fn raw(&mut self, id: BlobId, length: Option<u64>) {
        if self.seen.blobs.insert(id) {
            self.stats.count += 1;
            self.stats.bytes += length.unwrap_or_default();
        }
    }
}
