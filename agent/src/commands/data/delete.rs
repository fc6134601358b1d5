//! `data delete`: snapshots, forgotten, and their space given back when that is wanted.

use std::collections::BTreeSet;

use mainstay_repository::restic::prune::Limits;
use mainstay_repository::restic::{Repository, Selection};
use mainstay_repository::{Error, Watch};

use super::{Door, host_name};
use crate::access::Access;
use crate::arguments::{self, Doomed};
use crate::commands::output;
use crate::exit::Failure;

/// Forgets each snapshot in the repository at its position.
pub(super) fn run(access: &arguments::Access, doomed: Doomed, watch: &Watch) -> Result<(), Failure> {
    let Doomed {
        repository: repositories,
        snapshot,
        tag,
        reclaim_space,
        allow_missing,
    } = doomed;
    let by_tag = !tag.is_empty();
    let names = if by_tag { tag } else { snapshot };
    if names.len() != repositories.len() {
        return Err(Failure::unusable(format!(
            "{} snapshots are to be deleted from {} repositories: one repository is needed for each",
            names.len(),
            repositories.len()
        )));
    }
    let access = Access::read(access, watch)?;
    let host = host_name()?;
    for (path, name) in repositories.iter().zip(&names) {
        watch.check()?;
        let repository = Door::new(access.clone(), path, &host)?.open()?;
        if by_tag {
            forget_tag(&*repository, name, allow_missing)?;
        } else {
            forget_id(&*repository, name)?;
        }
    }
    let mut freed = 0;
    if reclaim_space {
        for path in BTreeSet::from_iter(&repositories) {
            freed += reclaim(&*Door::new(access.clone(), path, &host)?.open()?, watch)?;
        }
    }
    output::print("spaceFreed", &format!("{freed} B"))
}

/// A snapshot that is gone already is what was wanted; `restic forget` thinks the same.
fn forget_id(repository: &dyn Repository, id: &str) -> Result<(), Error> {
    match repository.plan_forget(&Selection::id(id)) {
        Err(Error::NoSnapshot { wanted }) => {
            tracing::warn!("no snapshot matches {wanted}; nothing was deleted");
            Ok(())
        }
        plan => repository.forget(plan?),
    }
}

/// The oldest snapshot with the tag goes; each tag of BackupData is on one only.
fn forget_tag(repository: &dyn Repository, tag: &str, allow_missing: bool) -> Result<(), Error> {
    let listed = match repository.list(&Selection::tag(tag)) {
        Err(Error::NoSnapshot { .. }) => Vec::new(),
        listed => listed?,
    };
    match listed.first() {
        Some(snapshot) => repository.forget(repository.plan_forget(&Selection::id(snapshot.id.as_str()))?),
        None if allow_missing => Ok(()),
        None => Err(Error::NoSnapshot {
            wanted: Selection::tag(tag).to_string(),
        }),
    }
}

/// Gives back at once what nothing needs. While somebody else holds a lock, or has left one behind, it is only marked,
/// and given back by a later prune.
fn reclaim(repository: &dyn Repository, watch: &Watch) -> Result<u64, Error> {
    let plan = match repository.plan_prune(&Limits {
        now: true,
        ..Limits::default()
    }) {
        Err(Error::Held { host, .. }) => {
            tracing::warn!(
                "{host} has a lock on the repository; unused space is marked and given back later"
            );
            repository.plan_prune(&Limits::default())?
        }
        plan => plan?,
    };
    Ok(repository.prune(plan, watch)?.freed)
}
