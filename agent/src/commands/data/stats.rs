//! `data stats`: what a snapshot holds, counted as `restic stats` counts.

use mainstay_repository::restic::Place;
use mainstay_repository::restic::stats::Mode;
use mainstay_repository::{Watch, size};

use super::Door;
use crate::arguments::OneRepository;
use crate::commands::output;
use crate::exit::Failure;

/// Counts.
pub(super) fn run(
    repository: &OneRepository,
    snapshot: &str,
    mode: &str,
    watch: &Watch,
) -> Result<(), Failure> {
    let mode: Mode = mode
        .parse()
        .map_err(|unknown| Failure::unusable(format!("{unknown}")))?;
    let repository = Door::of(repository, watch)?.open()?;
    let stats = repository.stats(&Place::id(snapshot), mode)?;
    output::print("mode", &mode.to_string())?;
    output::print("fileCount", &stats.count.to_string())?;
    output::print("size", &size::text(stats.bytes))
}
