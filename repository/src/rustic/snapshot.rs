//! Snapshot files: reading, selecting, removing. It must not know what is in a snapshot.

use rustic_core::Id;
use rustic_core::repofile::SnapshotFile;

use super::Restic;
use super::bridge::{Bridge, Folder};
use super::convert;
use super::lock::{self, Kind};
use super::seal::Key;
use crate::error::{self, Error};
use crate::restic::{Place, Selection, Which, forget};
use crate::watch::Watch;

/// The snapshots selected, oldest first. A list that nobody locks: snapshots are written once and whole.
pub(super) fn list(restic: &Restic, which: &Selection) -> Result<Vec<(Id, SnapshotFile)>, Error> {
    let ids = restic
        .bridge
        .list(Folder::Snapshots)?
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    let mut found = Vec::new();
    for id in named(ids, which)? {
        if let Some(file) = read(&restic.bridge, &restic.key, &id)?
            && matches(&file, which)
        {
            found.push((convert::id(&id), file));
        }
    }
    found.sort_by(|(left, one), (right, other)| one.time.cmp(&other.time).then_with(|| left.cmp(right)));
    Ok(found)
}

/// The one snapshot that a place means.
pub(super) fn at(restic: &Restic, place: &Place) -> Result<(Id, SnapshotFile), Error> {
    let which = match &place.snapshot {
        Which::Id(id) => Selection::id(id),
        Which::Latest(which) => which.clone(),
    };
    let newest = list(restic, &which)?.pop();
    newest.ok_or_else(|| Error::NoSnapshot {
        wanted: which.to_string(),
    })
}

/// Removes the snapshots of a plan that are still there.
pub(super) fn forget(restic: &Restic, plan: &forget::Plan) -> Result<(), Error> {
    let held = lock::acquire(
        &restic.bridge,
        &restic.key,
        Kind::Exclusive,
        &restic.options,
        &Watch::new(),
    )?;
    for snapshot in &plan.snapshots {
        if let Some(seconds) = held.state().gap() {
            return error::LockLostSnafu { seconds }.fail();
        }
        restic
            .bridge
            .delete(&Folder::Snapshots.file(snapshot.id.as_str()))?;
    }
    Ok(())
}

/// Ids that the selection names; each of its beginnings must fit one id.
fn named(mut ids: Vec<String>, which: &Selection) -> Result<Vec<String>, Error> {
    if which.ids.is_empty() {
        return Ok(ids);
    }
    for wanted in &which.ids {
        let mut fitting = ids.iter().filter(|id| id.starts_with(wanted.as_str()));
        if wanted.is_empty() || fitting.next().is_none() || fitting.next().is_some() {
            return error::NoSnapshotSnafu { wanted }.fail();
        }
    }
    ids.retain(|id| which.ids.iter().any(|wanted| id.starts_with(wanted.as_str())));
    Ok(ids)
}

/// One snapshot, `None` when it was removed since it was listed.
pub(super) fn read(bridge: &Bridge, key: &Key, id: &str) -> Result<Option<SnapshotFile>, Error> {
    let sealed = match bridge.read_named(Folder::Snapshots, id) {
        Err(Error::Missing { .. }) => return Ok(None),
        read => read?,
    };
    let json = key.open_file(&sealed).map_err(|cause| damaged(id, cause))?;
    let file = serde_json::from_slice(&json).map_err(|cause| damaged(id, &cause.to_string()))?;
    Ok(Some(file))
}

fn damaged(id: &str, cause: &str) -> Error {
    Error::Unreadable {
        kind: Folder::Snapshots.word(),
        id: id[..8].to_owned(),
        cause: cause.to_owned(),
    }
}

fn matches(file: &SnapshotFile, which: &Selection) -> bool {
    let Selection {
        ids: _,
        tag,
        host,
        path,
    } = which;
    tag.as_ref().is_none_or(|tag| file.tags.contains(tag))
        && host.as_ref().is_none_or(|host| file.hostname == *host)
        && path.as_ref().is_none_or(|path| file.paths.contains(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_must_fit_one_id() {
        let ids = || vec!["aa11".to_owned(), "aa22".to_owned(), "bb33".to_owned()];
        let chosen = |wanted: &[&str]| {
            let which = Selection {
                ids: wanted.iter().map(|id| (*id).to_owned()).collect(),
                ..Selection::all()
            };
            named(ids(), &which).map_err(|fault| fault.to_string())
        };
        assert_eq!(chosen(&[]), Ok(ids()));
        assert_eq!(
            chosen(&["b", "aa2"]),
            Ok(vec!["aa22".to_owned(), "bb33".to_owned()])
        );
        assert_eq!(chosen(&["aa"]), Err("no snapshot matches aa".to_owned()));
        assert_eq!(chosen(&["cc"]), Err("no snapshot matches cc".to_owned()));
        assert_eq!(chosen(&[""]), Err("no snapshot matches ".to_owned()));
    }
}
