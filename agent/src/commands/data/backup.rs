//! `data backup`: a folder or file as a new snapshot, which a tag of its own makes repeatable.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mainstay_repository::restic::{
    Entry, EntryKind, Note, Outcome, Parent, Place, Repository, Selection, Snapshot, TreeSource,
};
use mainstay_repository::{Error, Exit, Watch, size};

use super::{Door, incomplete};
use crate::access::Access;
use crate::arguments::OneRepository;
use crate::commands::output;
use crate::exit::Failure;

/// Tag of a snapshot that does not hold everything.
const INCOMPLETE: &str = "mainstay-incomplete";

/// What is to be backed up, and what the snapshot says about it.
#[derive(Debug)]
pub(super) struct Wanted {
    /// No other backup has it.
    pub(super) tag: String,
    /// The pod.
    pub(super) host: String,
    /// The folder or file.
    pub(super) path: PathBuf,
}

/// What is said about the snapshot.
struct Made {
    id: String,
    files: u64,
    bytes: u64,
    stored: Option<u64>,
}

/// Backs up, or finds the snapshot that an interrupted command with the same tag had made already.
pub(super) fn run(repository: &OneRepository, wanted: &Wanted, watch: &Watch) -> Result<(), Failure> {
    let path = std::path::absolute(&wanted.path).map_err(|cause| {
        Failure::new(
            Exit::Other,
            format!("failed to read {}: {cause}", wanted.path.display()),
        )
    })?;
    let access = Access::read(&repository.access, watch)?;
    let repository = Door::new(access, &repository.repository, &wanted.host)?.open_or_make()?;
    let made = match earlier(&*repository, &wanted.tag)? {
        Some(snapshot) => counted(&*repository, &snapshot)?,
        None => back_up(&*repository, &path, wanted, watch)?,
    };
    let Made {
        id,
        files,
        bytes,
        stored,
    } = made;
    output::print("backupID", &id)?;
    output::print("fileCount", &files.to_string())?;
    output::print("size", &size::text(bytes))?;
    output::print("phySize", &stored.map(size::text).unwrap_or_default())
}

fn back_up(
    repository: &dyn Repository,
    path: &Path,
    wanted: &Wanted,
    watch: &Watch,
) -> Result<Made, Failure> {
    let note = Note {
        host: wanted.host.clone(),
        tags: vec![wanted.tag.clone()],
        time: Timestamp::now(),
        // The pod of a Deployment has another name every time.
        parent: Parent::AnyHost,
    };
    let backup = repository.backup_tree(&TreeSource::new(path), &note, watch)?;
    match backup.outcome {
        Outcome::Incomplete => Err(incomplete("read", backup.failure_count, &backup.failures)),
        Outcome::Complete => Ok(Made {
            id: backup.snapshot.short().to_owned(),
            files: backup.files,
            bytes: backup.bytes,
            stored: Some(backup.stored),
        }),
    }
}

/// The complete snapshot with that tag, if there is one.
fn earlier(repository: &dyn Repository, tag: &str) -> Result<Option<Snapshot>, Error> {
    let mut snapshots = match repository.list(&Selection::tag(tag)) {
        Err(Error::NoSnapshot { .. }) => Vec::new(),
        listed => listed?,
    };
    snapshots.retain(|snapshot| !snapshot.tags.iter().any(|tag| tag == INCOMPLETE));
    Ok(snapshots.pop())
}

/// Counts what a snapshot holds. What the store did not hold before is not known any more.
fn counted(repository: &dyn Repository, snapshot: &Snapshot) -> Result<Made, Error> {
    let place = Place::id(snapshot.id.as_str());
    let mut made = Made {
        id: snapshot.id.short().to_owned(),
        files: 0,
        bytes: 0,
        stored: None,
    };
    let mut folders = vec![String::from("/")];
    while let Some(folder) = folders.pop() {
        for Entry { name, kind, size, .. } in repository.entries(&place.clone().at(&folder))? {
            match kind {
                EntryKind::Directory => folders.push(format!("{folder}{name}/")),
                EntryKind::File => {
                    made.files += 1;
                    made.bytes += size;
                }
                EntryKind::Symlink(_) | EntryKind::Special => {}
            }
        }
    }
    Ok(made)
}
