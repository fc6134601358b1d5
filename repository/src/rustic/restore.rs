//! Restores a snapshot or a part of it: our own, because root in a volume that an application writes must follow none of its
//! links, and because a fault must be told, not be a panic or a line in a log.
//!
//! Entries are taken in the order of the tree. What they need is gathered, fetched in the order of the packs, and written to
//! files under temporary names; then the files get their attributes and their names, and last of all the directories theirs.

mod attributes;
mod beneath;
mod entry;
mod fetch;
mod pending;
mod survey;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustic_core::TreeId;
use rustic_core::repofile::{Node, NodeType};
use rustix::fs::{Mode as Bits, OFlags, open, syncfs};

use self::entry::Entry;
use self::fetch::Wants;
pub(super) use self::fetch::side_by_side;
use self::pending::Pending;
use super::tree::{Spot, View};
use super::{Restic, convert};
use crate::error::Error;
use crate::restic::restore::{Plan, Report, Target};
use crate::restic::{Failure, Place, SnapshotId};
use crate::watch::Watch;

/// Entries that wait for their content at most: each regular file among them is open.
const WAITING: usize = 256;

/// Failures that a report keeps.
const KEPT: usize = 1_000;

/// What a plan keeps until it is carried out or dropped.
pub(crate) struct Restore {
    view: View,
    spot: Spot,
    /// The path of `spot` in the snapshot.
    path: String,
    target: Target,
}

impl fmt::Debug for Restore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Restore")
            .field("path", &self.path)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// See [`crate::restic::Repository::plan_restore`].
pub(super) fn plan(restic: &Arc<Restic>, at: &Place, target: &Target) -> Result<Plan, Error> {
    let view = View::of(restic, at, &Watch::new())?;
    let spot = view.spot(&at.path)?;
    let survey = survey::survey(&view, &spot, target)?;
    if !target.force {
        survey.check_space()?;
    }
    let snapshot = SnapshotId::new(&convert::full(&view.id)).expect("the library's ids are SHA-256");
    let inner = Restore {
        view,
        spot,
        path: at.path.clone(),
        target: target.clone(),
    };
    Ok(survey.into_plan(snapshot, inner))
}

/// See [`crate::restic::Repository::restore`].
pub(super) fn carry_out(plan: Plan, watch: &Watch) -> Result<Report, Error> {
    let Plan {
        write,
        inner: Restore {
            view,
            spot,
            path,
            target,
        },
        ..
    } = plan;
    watch.expect_bytes(write);
    fs::create_dir_all(&target.root).map_err(|cause| Error::target(&target.root, 0, cause))?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = open(&target.root, flags, Bits::empty())
        .map_err(|cause| Error::target(&target.root, 0, cause.into()))?;
    let root = Arc::new(root);
    let mut restorer = Restorer {
        shared: Shared {
            view: &view,
            target: &target,
            root: Arc::clone(&root),
            watch,
            report: Mutex::default(),
        },
        waiting: Vec::new(),
        wants: Wants::default(),
        links: BTreeMap::new(),
        devices: BTreeMap::new(),
        path,
    };
    match &spot {
        Spot::Tree(tree) => restorer.folder(tree, &root, Path::new(""))?,
        Spot::Node(node) => restorer.node(node, &root, Path::new(""))?,
    }
    restorer.finish()?;
    for device in restorer.devices.values() {
        syncfs(device).map_err(|cause| Error::target(&target.root, write, cause.into()))?;
    }
    Ok(restorer
        .shared
        .report
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner))
}

/// What all threads of a restore see.
struct Shared<'a> {
    view: &'a View,
    target: &'a Target,
    root: Arc<OwnedFd>,
    watch: &'a Watch,
    report: Mutex<Report>,
}

impl Shared<'_> {
    fn report(&self, change: impl FnOnce(&mut Report)) {
        change(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn failure(&self, relative: &Path, cause: impl fmt::Display) {
        let failure = Failure {
            path: self.target.root.join(relative),
            cause: cause.to_string(),
        };
        self.report(|report| {
            report.failure_count += 1;
            if report.failures.len() < KEPT {
                report.failures.push(failure);
            }
        });
    }
}

/// A restore under way.
struct Restorer<'a> {
    shared: Shared<'a>,
    /// Entries in the order of the tree whose content is not complete, or that must come after such.
    waiting: Vec<Waiting>,
    wants: Wants,
    /// The first path of each file that has several.
    links: BTreeMap<(u64, u64), PathBuf>,
    /// A directory on each device that was written to.
    devices: BTreeMap<u64, Arc<OwnedFd>>,
    /// The path in the snapshot that the target's root stands for.
    path: String,
}

enum Waiting {
    /// A regular file.
    File(Arc<Pending>),
    /// Something without content, or another name of a file.
    Entry(Box<Entry>),
    /// The attributes of a directory, once everything in it is done.
    Folder {
        folder: Arc<OwnedFd>,
        node: Box<Node>,
        relative: PathBuf,
    },
}

impl Restorer<'_> {
    /// Restores what a tree holds into an open directory. A damaged tree is a failure of its directory.
    fn folder(&mut self, tree: &TreeId, folder: &Arc<OwnedFd>, relative: &Path) -> Result<(), Error> {
        let device = attributes::device(folder).map_err(|cause| Error::target(relative, 0, cause))?;
        self.devices.entry(device).or_insert_with(|| Arc::clone(folder));
        let shown = format!("{}/{}", self.path.trim_end_matches('/'), relative.display());
        let nodes = match self.shared.view.blobs.tree(tree, &shown) {
            Ok(tree) => tree.nodes,
            Err(fault @ (Error::Damaged { .. } | Error::Unreadable { .. })) => {
                self.shared.failure(relative, fault);
                return Ok(());
            }
            Err(fault) => return Err(fault),
        };
        for node in &nodes {
            self.node(node, folder, relative)?;
        }
        Ok(())
    }

    fn node(&mut self, node: &Node, folder: &Arc<OwnedFd>, above: &Path) -> Result<(), Error> {
        self.shared.watch.check()?;
        let name = node.name();
        let relative = above.join(&*name);
        if !beneath::is_name(&name) {
            self.shared
                .failure(&relative, "its name is not one that a file can have");
            return Ok(());
        }
        match &node.node_type {
            NodeType::Dir => self.subfolder(node, folder, &relative)?,
            NodeType::File => self.file(node, folder, relative)?,
            NodeType::Socket => {}
            NodeType::Symlink { .. } | NodeType::Dev { .. } | NodeType::Chardev { .. } | NodeType::Fifo => {
                let entry = Entry::special(node, folder, relative);
                self.waiting.push(Waiting::Entry(Box::new(entry)));
            }
        }
        if self.waiting.len() >= WAITING {
            self.finish()?;
        }
        Ok(())
    }

    fn subfolder(&mut self, node: &Node, folder: &Arc<OwnedFd>, relative: &Path) -> Result<(), Error> {
        let (opened, made) = match beneath::folder(folder, &node.name()) {
            Ok(opened) => opened,
            Err(cause) => {
                self.shared.failure(relative, cause);
                return Ok(());
            }
        };
        let opened = Arc::new(opened);
        match &node.subtree {
            Some(subtree) => self.folder(subtree, &opened, relative)?,
            None => self
                .shared
                .failure(relative, "its content is not in the repository"),
        }
        self.shared.report(|report| report.directories += 1);
        // A directory that only leads to what was backed up keeps the attributes it has.
        if made || !self.leads_to_root(relative) {
            let (node, relative) = (Box::new(node.clone()), relative.to_owned());
            self.waiting.push(Waiting::Folder {
                folder: opened,
                node,
                relative,
            });
        }
        Ok(())
    }

    /// Whether a directory lies above what was backed up.
    fn leads_to_root(&self, relative: &Path) -> bool {
        let here = Path::new("/")
            .join(self.path.trim_start_matches('/'))
            .join(relative);
        self.shared.view.snapshot.paths.iter().any(|path| {
            let path = Path::new(path);
            path != here && path.starts_with(&here)
        })
    }

    fn file(&mut self, node: &Node, folder: &Arc<OwnedFd>, relative: PathBuf) -> Result<(), Error> {
        if node.meta.links > 1 {
            let identity = (node.meta.device_id, node.meta.inode);
            if let Some(first) = self.links.get(&identity) {
                let entry = Entry::link(first.clone(), node, folder, relative);
                self.waiting.push(Waiting::Entry(Box::new(entry)));
                return Ok(());
            }
            self.links.insert(identity, relative.clone());
        }
        let pending = match Pending::begin(&self.shared, node, folder, relative.clone()) {
            Ok(pending) => Arc::new(pending),
            Err(cause) => {
                // A full disk is the end of everything, other causes are the file's own.
                return match Error::target(&self.shared.target.root, self.written(), cause) {
                    space @ Error::Space { .. } => Err(space),
                    Error::Target { source, .. } => {
                        self.shared.failure(&relative, source);
                        Ok(())
                    }
                    other => Err(other),
                };
            }
        };
        for (id, at) in pending.missing() {
            self.wants.add(&self.shared, &pending, id, at);
            if self.wants.is_full() {
                self.wants.fetch(&self.shared)?;
            }
        }
        self.waiting.push(Waiting::File(pending));
        Ok(())
    }

    fn written(&self) -> u64 {
        self.shared.watch.progress().bytes
    }

    /// Gets what is missing and gives everything that waits its attributes and its name.
    fn finish(&mut self) -> Result<(), Error> {
        self.wants.fetch(&self.shared)?;
        let waiting = std::mem::take(&mut self.waiting);
        let files: Vec<&Arc<Pending>> = waiting
            .iter()
            .filter_map(|waiting| match waiting {
                Waiting::File(pending) => Some(pending),
                Waiting::Entry(_) | Waiting::Folder { .. } => None,
            })
            .collect();
        fetch::side_by_side(&files, |pending| {
            pending.finish(&self.shared);
            self.shared.watch.check()
        })?;
        for waiting in &waiting {
            self.shared.watch.check()?;
            match waiting {
                Waiting::File(_) => {}
                Waiting::Entry(entry) => entry.make(&self.shared),
                Waiting::Folder {
                    folder,
                    node,
                    relative,
                } => {
                    for cause in attributes::of_folder(folder, &node.meta) {
                        self.shared.failure(relative, cause);
                    }
                }
            }
        }
        Ok(())
    }
}
