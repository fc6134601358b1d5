//! Prune: the library's plan and its execution, under our exclusive lock from the first to the last moment.
//!
//! Two phases: packs are marked in the index first and deleted by a later prune. It must not know which snapshots matter.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use rustic_core::jiff::Span;
use rustic_core::repofile::{IndexFile, IndexPack, PackId};
use rustic_core::{LimitOption, PruneOptions, PrunePlan};

use super::Restic;
use super::bridge::Folder;
use super::lock::{self, Kind, rule};
use super::seal::{id_of, json_of};
use super::session::{Open, Session};
use super::{convert, pack};
use crate::error::{self, Error};
use crate::restic::prune::{Limits, Plan, Report};
use crate::watch::Watch;

/// How long a pack stays marked before it is deleted: a node that was suspended meanwhile has woken up or never will.
const MARKED_HOURS: i64 = 24;

/// What a plan keeps until it is carried out or dropped: lock, library, and the library's own plan.
pub(crate) struct Prune {
    session: Session,
    open: Open,
    plan: PrunePlan,
    options: PruneOptions,
    watch: Watch,
}

impl fmt::Debug for Prune {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Prune")
            .field("stats", &self.plan.stats)
            .finish_non_exhaustive()
    }
}

/// See [`crate::restic::Repository::plan_prune`].
pub(super) fn plan(restic: &Restic, limits: Limits) -> Result<Plan, Error> {
    let watch = Watch::new();
    let (session, open) = Session::begin(restic, Kind::Exclusive, &watch)?;
    if limits.now {
        let others = lock::others(&restic.bridge, &restic.key, true, Some(&session.lock().file()))?;
        if let Some(sleeper) = rule::sleeper(&others, Timestamp::now()) {
            let rule::Lock {
                hostname: host,
                time: since,
                exclusive,
                ..
            } = sleeper;
            return error::HeldSnafu {
                host,
                since: *since,
                exclusive: *exclusive,
            }
            .fail();
        }
    }
    let mut options = PruneOptions::default()
        .instant_delete(limits.now)
        .keep_delete(Span::new().hours(MARKED_HOURS))
        .max_repack(LimitOption::Unlimited);
    options = options.max_unused(LimitOption::Percentage(limits.unused_percent.min(99).into()));
    let planned = session.done("plan the prune", open.prune_plan(&options));
    let plan = planned.map_err(|fault| incomplete_listing(restic).unwrap_or(fault))?;
    let report = report(&plan, limits);
    Ok(Plan {
        report,
        inner: Prune {
            session,
            open,
            plan,
            options,
            watch,
        },
    })
}

/// See [`crate::restic::Repository::prune`].
pub(super) fn carry_out(restic: &Restic, plan: Plan, watch: &Watch) -> Result<Report, Error> {
    let Plan {
        report,
        inner:
            Prune {
                session,
                open,
                plan,
                options,
                watch: inner,
            },
    } = plan;
    watch.check()?;
    // The library's view of the store was made with a watch of its own; cancelling one cancels the other.
    let link = {
        let (outer, inner) = (watch.clone(), inner);
        restic.bridge.handle().spawn(async move {
            outer.cancelled().await;
            inner.cancel();
        })
    };
    let orphans = plan.stats.packs_unref > 0 && plan.stats.index_files_rebuild == 0;
    let pruned = open.prune(&options, plan);
    link.abort();
    session.done("prune", pruned)?;
    if orphans && !options.instant_delete {
        mark_orphans(restic, &session)?;
    }
    Ok(report)
}

/// A plan may fail because the store's listing leaves out packs that exist; asked for one by one, they are there.
fn incomplete_listing(restic: &Restic) -> Option<Error> {
    let listed: BTreeSet<String> = restic
        .bridge
        .list(Folder::Data)
        .ok()?
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    let named = indexed_packs(restic).ok()?;
    let unlisted = named.difference(&listed);
    let missing = unlisted
        .filter(|id| matches!(restic.bridge.size(&Folder::Data.file(id)), Ok(Some(_))))
        .count();
    (missing > 0).then(|| {
        error::ListingSnafu {
            folder: Folder::Data.name(),
            missing,
        }
        .build()
    })
}

/// Every pack that an index names, those marked for deletion included.
fn indexed_packs(restic: &Restic) -> Result<BTreeSet<String>, Error> {
    let mut named = BTreeSet::new();
    for (id, _) in restic.bridge.list(Folder::Index)? {
        let index = pack::index(restic, &id)?;
        named.extend(
            index
                .packs
                .iter()
                .chain(&index.packs_to_delete)
                .map(|pack| convert::full(&pack.id)),
        );
    }
    Ok(named)
}

/// Marks packs that no index names. The library does so itself whenever it writes an index for another reason as well, and
/// forgets to when it does not.
fn mark_orphans(restic: &Restic, session: &Session) -> Result<(), Error> {
    let known = indexed_packs(restic)?;
    let listed = restic.bridge.list(Folder::Data)?;
    let orphans = listed
        .into_iter()
        .filter(|(id, _)| !known.contains(id))
        .filter_map(|(id, size)| {
            Some(IndexPack {
                id: PackId::from(id.parse::<rustic_core::Id>().ok()?),
                blobs: Vec::new(),
                time: Some(convert::to_library(Timestamp::now())),
                size: u32::try_from(size).ok(),
            })
        });
    let index = IndexFile {
        packs_to_delete: orphans.collect(),
        ..IndexFile::default()
    };
    if index.packs_to_delete.is_empty() {
        return Ok(());
    }
    if let Some(seconds) = session.lock().state().gap() {
        return error::LockLostSnafu { seconds }.fail();
    }
    let json = json_of(&index);
    let sealed = restic.key.seal_file(&json, restic.version());
    let sealed = sealed.map_err(|cause| Error::Format {
        action: "compress an index",
        cause: cause.to_string(),
    })?;
    restic.bridge.put(&Folder::Index.file(&id_of(&sealed)), sealed)
}

fn report(plan: &PrunePlan, limits: Limits) -> Report {
    let stats = &plan.stats;
    let size = stats.size_sum();
    let unneeded = stats.packs.unused + stats.packs.repack + stats.packs_unref;
    let unneeded_size = size.remove + size.repack + stats.size_unref;
    let marked_before = stats.packs_to_delete.remove;
    let marked_before_size = stats.size_to_delete.remove;
    if limits.now {
        // Marked packs that are still too young for a later prune go now as well.
        return Report {
            deleted_packs: unneeded + marked_before + stats.packs_to_delete.keep,
            marked_packs: 0,
            repacked_packs: stats.packs.repack,
            freed: size.remove
                + size.repackrm
                + stats.size_unref
                + marked_before_size
                + stats.size_to_delete.keep,
            marked: 0,
        };
    }
    Report {
        deleted_packs: marked_before,
        marked_packs: unneeded,
        repacked_packs: stats.packs.repack,
        freed: marked_before_size,
        marked: unneeded_size,
    }
}
