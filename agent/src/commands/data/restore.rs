//! `data restore`: a snapshot, into a folder.

use std::path::PathBuf;

use mainstay_repository::Watch;
use mainstay_repository::restic::Place;
use mainstay_repository::restic::restore::{Mode, Target};

use super::{Door, incomplete};
use crate::arguments::{OneRepository, OneSnapshot};
use crate::exit::Failure;

/// Restores a snapshot, or what lies below `subtree` in it. Files that are right already stay, so that a command that
/// was interrupted goes on where it was.
pub(super) fn run(
    repository: &OneRepository,
    snapshot: OneSnapshot,
    subtree: Option<String>,
    target: PathBuf,
    watch: &Watch,
) -> Result<(), Failure> {
    let OneSnapshot { snapshot, tag } = snapshot;
    let place = match (snapshot, tag) {
        (Some(id), _) => Place::id(id),
        (None, Some(tag)) => Place::latest_with_tag(tag),
        (None, None) => return Err(Failure::unusable("a snapshot is needed: --snapshot or --tag")),
    };
    let place = place.at(subtree.unwrap_or_default());
    let repository = Door::of(repository, watch)?.open()?;
    let plan = repository.plan_restore(
        &place,
        &Target {
            mode: Mode::Delta,
            ..Target::new(target)
        },
    )?;
    for beyond in &plan.beyond_rights {
        tracing::warn!("cannot be restored with the rights at hand: {beyond}");
    }
    let report = repository.restore(plan, watch)?;
    if report.is_complete() {
        tracing::info!(files = report.files, bytes = report.bytes, "restored");
        return Ok(());
    }
    Err(incomplete("restored", report.failure_count, &report.failures))
}
