//! What a run wants done. A run never does anything itself.
//! Must not know how commands are performed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::announcement::Announcement;
use crate::plan::StepId;

/// Something to be done, after the state that led to it has been recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Get the scope of an action and see that the action can start with it; answered by `Prepared` or
    /// `Unprepared`.
    Prepare {
        /// The position of the action.
        action: usize,
    },
    /// Go on with an action when what has happened to it is recorded; answered by `Continued`. It keeps the end of
    /// one phase and the start of the next apart, as Kanister's status does.
    Continue {
        /// The position of the action.
        action: usize,
    },
    /// Evaluate a phase's `if`; answered by `Decided` or `Undecided`.
    Decide {
        /// The step.
        step: StepId,
    },
    /// Fetch the phase's objects, render its arguments, check them and call the function; answered by
    /// `Succeeded` or `Failed`, with `Progressed` in between.
    Call {
        /// The step.
        step: StepId,
        /// The attempt, from 1.
        attempt: u32,
        /// Whether it may find what an interrupted call left.
        origin: Origin,
    },
    /// Ask a call to end; it still answers.
    Abort {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
    },
    /// Forget a call that does not end. Nothing that it answers is heard any more.
    Drop {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
    },
    /// Fire a timer.
    Start {
        /// Which.
        timer: Timer,
        /// When.
        at: Timestamp,
    },
    /// Render the artifacts of an action; answered by `Rendered` or `Unrendered`.
    Render {
        /// The position of the action.
        action: usize,
    },
    /// Tell whoever watches.
    Announce(Announcement),
}

impl Command {
    /// Whether anybody outside the engine notices when it is performed.
    pub fn is_noticed(&self) -> bool {
        match self {
            Self::Call { .. } | Self::Abort { .. } | Self::Drop { .. } | Self::Announce(_) => true,
            // Preparing only reads.
            Self::Prepare { .. }
            | Self::Continue { .. }
            | Self::Decide { .. }
            | Self::Start { .. }
            | Self::Render { .. } => false,
        }
    }
}

/// Where a call comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is the first with its key.
    Fresh,
    /// A call with the same key was interrupted and may have left something.
    Interrupted,
}

/// Something that a run waits for. One that fires when nobody waits for it any more changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Timer {
    /// The attempt has had its time.
    Timeout {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
    },
    /// The attempt was asked to end and has not.
    Grace {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
    },
    /// The pause after the attempt is over.
    Retry {
        /// The step.
        step: StepId,
        /// The attempt that failed.
        attempt: u32,
    },
}
