//! A backup from source to snapshot: the library archives, and our commit gate decides whether there is a snapshot.
//!
//! Everything that can make a snapshot wrong is looked at before it is written: cancel, failed uploads, failed reads, the
//! producer's end, the lock. It must not know formats.

use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustic_core::jiff::tz::TimeZone;
use rustic_core::repofile::SnapshotFile;
use rustic_core::{BackupOptions, ReadSource, ReadSourceEntry, RusticResult, SnapshotOptions};

use super::Restic;
use super::bridge::Folder;
use super::lock::Kind;
use super::session::{Ids, Session};
use super::tree::normal;
use super::walk::{Findings, Walk, stream_node};
use super::{backend, convert, pack, snapshot};
use crate::error::{self, Error};
use crate::restic::{Backup, Note, Outcome, Parent, Selection, SnapshotId, StreamSource, TreeSource};
use crate::watch::Watch;

/// Tag of a snapshot that does not hold everything.
const INCOMPLETE: &str = "mainstay-incomplete";

/// See [`crate::restic::Repository::backup_tree`].
pub(super) fn tree(restic: &Restic, tree: &TreeSource, note: &Note, watch: &Watch) -> Result<Backup, Error> {
    let (session, open) = Session::begin(restic, Kind::Shared, watch)?;
    let walk = Walk::new(tree, watch, session.state())?;
    let findings = walk.findings();
    let root = walk.root().to_owned();
    let repository = session.ids(open)?;
    let parent = if tree.read_all {
        None
    } else {
        parent(restic, note, &root.to_string_lossy())?
    };
    if let Some((_, parent)) = &parent {
        let expected = parent
            .summary
            .as_ref()
            .map_or(0, |summary| summary.total_bytes_processed);
        watch.expect_bytes(expected);
    }
    let commit = Commit {
        restic,
        session: &session,
        repository: &repository,
        note,
    };
    let archived = commit.archive(&walk, parent.as_ref().map(|(id, _)| id.as_str()), root.clone())?;
    let (failures, failure_count) = findings.failures();
    if findings.entries() == 0 || only_root(&findings, &root) && findings.lost() > 0 {
        let cause = failures
            .first()
            .map_or("nothing is there", |failure| &failure.cause);
        return Err(Error::Source {
            path: root,
            source: std::io::Error::other(cause),
        });
    }
    if only_root(&findings, &root) && root.is_dir() && commit.was_full(parent.as_ref(), &root)? {
        let source = std::io::Error::other("it is empty, and was not at the last backup");
        return Err(Error::Source { path: root, source });
    }
    let outcome = if failure_count == 0 {
        Outcome::Complete
    } else {
        Outcome::Incomplete
    };
    let saved = commit.save(archived, outcome)?;
    Ok(Backup {
        files: findings.files(),
        failures,
        failure_count,
        remarks: findings.remarks(),
        ..saved
    })
}

/// Whether nothing below the root is in the snapshot.
fn only_root(findings: &Findings, root: &std::path::Path) -> bool {
    findings.entries() == u64::from(root.parent().is_some())
}

/// See [`crate::restic::Repository::backup_stream`].
pub(super) fn stream(
    restic: &Restic,
    stream: StreamSource,
    note: &Note,
    watch: &Watch,
) -> Result<Backup, Error> {
    let StreamSource { name, reader, end } = stream;
    if normal(&name).count() != 1 || name.contains('/') {
        return error::PathSnafu { path: name }.fail();
    }
    let (session, open) = Session::begin(restic, Kind::Shared, watch)?;
    let repository = session.ids(open)?;
    let path = PathBuf::from(format!("/{name}"));
    let pipe = Pipe(Arc::new(Flow {
        reader: Mutex::new(Some(reader)),
        entry: Mutex::new(Some(stream_node(&name, note.time))),
        path: path.clone(),
        read: AtomicU64::new(0),
        fault: Mutex::default(),
        watch: watch.clone(),
        state: Arc::clone(session.state()),
    }));
    let flow = Arc::clone(&pipe.0);
    let commit = Commit {
        restic,
        session: &session,
        repository: &repository,
        note,
    };
    let archived = commit.archive(&pipe, None, path)?;
    if let Some(source) = flow.fault.lock().unwrap_or_else(PoisonError::into_inner).take() {
        watch.check()?;
        return Err(Error::Stream {
            action: "read",
            source,
        });
    }
    end()?;
    let read = flow.read.load(Ordering::Relaxed);
    let archived = commit.with_size(archived, read)?;
    let saved = commit.save(archived, Outcome::Complete)?;
    Ok(Backup {
        files: 1,
        bytes: read,
        ..saved
    })
}

/// The snapshot that tells what is unchanged.
fn parent(restic: &Restic, note: &Note, path: &str) -> Result<Option<(String, SnapshotFile)>, Error> {
    let host = match note.parent {
        Parent::Nothing => return Ok(None),
        Parent::SameHost => Some(note.host.clone()),
        Parent::AnyHost => None,
    };
    let which = Selection {
        host,
        path: Some(path.to_owned()),
        ..Selection::all()
    };
    Ok(snapshot::list(restic, &which)?
        .pop()
        .map(|(id, file)| (convert::full(&id), file)))
}

/// What is needed to archive and to commit.
struct Commit<'a> {
    restic: &'a Restic,
    session: &'a Session,
    repository: &'a Ids,
    note: &'a Note,
}

impl Commit<'_> {
    /// Stores content and trees; the snapshot that the library writes in the end is kept back by the backend.
    fn archive<S>(&self, source: &S, parent: Option<&str>, path: PathBuf) -> Result<SnapshotFile, Error>
    where
        S: ReadSource + 'static,
        S::Open: Send,
        S::Iter: Send,
    {
        let Note {
            host,
            tags,
            time,
            parent: _,
        } = self.note;
        let mut options = BackupOptions::default();
        options.no_scan = true;
        match parent {
            Some(id) => options.parent_opts.parents = vec![id.to_owned()],
            None => options.parent_opts.force = true,
        }
        let started = convert::to_library(*time).to_zoned(TimeZone::UTC);
        let described = SnapshotOptions::default()
            .host(host.clone())
            .command(String::new())
            .time(started);
        let mut file = self
            .session
            .done("describe the snapshot", described.to_snapshot())?;
        for tag in tags {
            file.tags.add(tag.clone());
        }
        concat!("mainstay ", env!("CARGO_PKG_VERSION")).clone_into(&mut file.program_version);
        let archived = self.repository.archive(&options, source, file, &[path]);
        // A cancel ends the source early, and then the library believes that it has seen everything.
        self.session.watch().check()?;
        let archived = self.session.done("store the content", archived)?;
        if self.session.state().is_broken() {
            Err(self.session.state().take_fault().unwrap_or(Error::Cancelled))
        } else {
            Ok(archived)
        }
    }

    /// The same snapshot of one file with the file's size, which nobody knew when its tree was begun. Without it restic would
    /// restore an empty file.
    fn with_size(&self, mut file: SnapshotFile, size: u64) -> Result<SnapshotFile, Error> {
        let mut tree = match self.repository.get_tree(&file.tree) {
            Ok(tree) => tree,
            Err(_) => pack::written_tree(self.restic, &self.session.state().indexes(), &file.tree)?,
        };
        for node in &mut tree.nodes {
            node.meta.size = size;
        }
        file.tree = pack::store_tree(self.restic, &tree)?;
        Ok(file)
    }

    /// Whether the parent held anything below `root`.
    fn was_full(
        &self,
        parent: Option<&(String, SnapshotFile)>,
        root: &std::path::Path,
    ) -> Result<bool, Error> {
        let Some((_, parent)) = parent else {
            return Ok(false);
        };
        let node = self
            .repository
            .node_from_snapshot_and_path(parent, &root.to_string_lossy());
        let Ok(Some(tree)) = node.map(|node| node.subtree) else {
            return Ok(false);
        };
        let tree = self
            .session
            .done("read the last backup", self.repository.get_tree(&tree))?;
        Ok(!tree.nodes.is_empty())
    }

    /// The gate: writes the snapshot when nothing speaks against it.
    fn save(&self, mut file: SnapshotFile, outcome: Outcome) -> Result<Backup, Error> {
        self.session.watch().check()?;
        self.fence()?;
        if outcome == Outcome::Incomplete {
            file.tags.add(INCOMPLETE.to_owned());
        }
        let summary = file.summary.clone();
        self.session.state().commit();
        self.session
            .done("write the snapshot", self.repository.save_snapshots(vec![file]))?;
        let id = self
            .session
            .state()
            .take_snapshot()
            .and_then(|id| SnapshotId::new(&id));
        let snapshot = id.ok_or(Error::Format {
            action: "write the snapshot",
            cause: "it has no name".to_owned(),
        })?;
        let counted =
            |count: fn(&rustic_core::repofile::SnapshotSummary) -> u64| summary.as_ref().map_or(0, count);
        Ok(Backup {
            snapshot,
            outcome,
            files: counted(|summary| summary.total_files_processed),
            bytes: counted(|summary| summary.total_bytes_processed),
            added: counted(|summary| summary.data_added),
            stored: counted(|summary| summary.data_added_packed),
            failures: Vec::new(),
            failure_count: 0,
            remarks: Vec::new(),
        })
    }

    /// When the lock had a gap, a prune may have run: every pack that the index names must still be there.
    fn fence(&self) -> Result<(), Error> {
        let Some(seconds) = self.session.lock().state().gap() else {
            return Ok(());
        };
        let bridge = &self.restic.bridge;
        let listed: std::collections::BTreeSet<String> =
            bridge.list(Folder::Data)?.into_iter().map(|(id, _)| id).collect();
        let files = self.repository.stream_files::<rustic_core::repofile::IndexFile>();
        for index in self.session.done("read the index", files)? {
            let (_, index) = self.session.done("read the index", index)?;
            if index
                .packs
                .iter()
                .any(|pack| !listed.contains(&convert::full(&pack.id)))
            {
                return error::LockLostSnafu { seconds }.fail();
            }
        }
        Ok(())
    }
}

/// A stream as the library reads it: one entry.
struct Pipe(Arc<Flow>);

struct Flow {
    reader: Mutex<Option<Box<dyn Read + Send>>>,
    entry: Mutex<Option<rustic_core::repofile::Node>>,
    path: PathBuf,
    read: AtomicU64,
    fault: Mutex<Option<std::io::Error>>,
    watch: Watch,
    state: Arc<backend::State>,
}

impl ReadSource for Pipe {
    type Open = Counted;
    type Iter = std::option::IntoIter<RusticResult<ReadSourceEntry<Counted>>>;

    fn size(&self) -> RusticResult<Option<u64>> {
        Ok(None)
    }

    fn entries(&self) -> Self::Iter {
        let flow = &self.0;
        let taken = |slot: &Mutex<Option<_>>| slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        let node = taken(&flow.entry);
        let reader = flow.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        let entry = node.zip(reader).map(|(node, reader)| {
            let open = Some(Counted {
                reader,
                flow: Arc::clone(flow),
            });
            Ok(ReadSourceEntry {
                path: flow.path.clone(),
                node,
                open,
            })
        });
        entry.into_iter()
    }
}

/// Counts what it reads, and ends with an error once going on is pointless.
struct Counted {
    reader: Box<dyn Read + Send>,
    flow: Arc<Flow>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let flow = &self.flow;
        let over = flow.watch.is_cancelled() || flow.state.is_broken();
        let read = if over {
            Err(std::io::Error::other("cancelled"))
        } else {
            self.reader.read(buffer)
        };
        match read {
            Ok(read) => {
                flow.read.fetch_add(read as u64, Ordering::Relaxed);
                Ok(read)
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::Interrupted => Err(cause),
            Err(cause) => {
                let told = std::io::Error::other(cause.to_string());
                flow.fault
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get_or_insert(cause);
                Err(told)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::restic::Parent;
    use crate::rustic::tests::{Scratch, names_in};

    fn note() -> Note {
        Note {
            host: "pod-0".to_owned(),
            tags: Vec::new(),
            time: jiff::Timestamp::now(),
            parent: Parent::Nothing,
        }
    }

    /// A lock that had a gap commits only when every pack is still there.
    #[test]
    fn a_gap_in_the_lock_is_a_reason_to_look() {
        for lose in [false, true] {
            let scratch = Scratch::new();
            let (restic, source) = (&scratch.restic, scratch.path("source"));
            fs::create_dir(&source).unwrap();
            fs::write(source.join("file"), b"content").unwrap();
            let watch = Watch::new();
            let (session, open) = Session::begin(restic, Kind::Shared, &watch).unwrap();
            let repository = session.ids(open).unwrap();
            let walk = Walk::new(&TreeSource::new(&source), &watch, session.state()).unwrap();
            let note = note();
            let commit = Commit {
                restic,
                session: &session,
                repository: &repository,
                note: &note,
            };
            let archived = commit.archive(&walk, None, source).unwrap();
            session.lock().state().expire();
            if lose {
                fs::remove_dir_all(scratch.path("store/r/data")).unwrap();
            }
            let saved = commit.save(archived, Outcome::Complete);
            assert_eq!(saved.is_ok(), !lose, "{saved:?}");
            let snapshots = scratch.path("store/r/snapshots");
            assert_eq!(snapshots.exists() && !names_in(&snapshots).is_empty(), !lose);
        }
    }
}
