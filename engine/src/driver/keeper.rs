//! Keeps the status of a run in its journal, patiently.
//! Must not know what is done between two records.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::later;
use crate::clock::Clock;
use crate::journal::{self, Journal};
use crate::run::Run;
use crate::status::status;

/// The pause after the first failed attempt to reach the journal; doubled after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// No pause is longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Keeper {
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    stopped: CancellationToken,
    /// The revision that was recorded last.
    recorded: Option<u64>,
}

/// Why nothing more can be recorded.
#[derive(Debug)]
pub(super) enum Lost {
    Superseded,
    Gone,
    Refused { source: journal::Error },
}

impl Keeper {
    pub(super) fn new(
        journal: Arc<dyn Journal>,
        clock: Arc<dyn Clock>,
        stopped: CancellationToken,
        run: &Run,
    ) -> Self {
        Self {
            journal,
            clock,
            stopped,
            recorded: (!run.is_new()).then(|| run.revision()),
        }
    }

    /// Whether the run has changed since it was recorded.
    pub(super) fn is_behind(&self, run: &Run) -> bool {
        self.recorded != Some(run.revision())
    }

    /// Records the run if it has changed, however long it takes to reach the journal. Fails with nothing when it
    /// is told to stop while it waits.
    pub(super) async fn keep(&mut self, run: &Run) -> Result<(), Option<Lost>> {
        if !self.is_behind(run) {
            return Ok(());
        }
        let status = status(run);
        let mut pause = FIRST_PAUSE;
        loop {
            // Not cut short by a stop: whether a record that was cut arrived would not be known.
            match self.journal.record(&status).await {
                Ok(()) => {
                    self.recorded = Some(run.revision());
                    return Ok(());
                }
                Err(journal::Error::Superseded) => return Err(Some(Lost::Superseded)),
                Err(journal::Error::Gone) => return Err(Some(Lost::Gone)),
                Err(source @ journal::Error::Refused { .. }) => return Err(Some(Lost::Refused { source })),
                Err(error @ journal::Error::Unavailable { .. }) => {
                    tracing::warn!(%error, ?pause, "the status is recorded again after a pause");
                }
            }
            let again = later(self.clock.now(), pause);
            tokio::select! {
                () = self.stopped.cancelled() => return Err(None),
                () = self.clock.until(again) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One attempt at recording the run before leaving it. What is not recorded is done again by who resumes it.
    pub(super) async fn keep_if_possible(&mut self, run: &Run) {
        if self.is_behind(run)
            && let Err(error) = self.journal.record(&status(run)).await
        {
            tracing::warn!(%error, "the last status before stopping was not recorded");
        }
    }
}
