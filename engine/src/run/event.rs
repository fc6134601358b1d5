//! What can happen to a run. Events in one order, each with its time, are all that a run's state depends on.
//! Must not know what a run makes of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_dsl::name::ArtifactName;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::command::Timer;
use crate::function::{Error, Outputs, Progress};
use crate::plan::StepId;
use crate::scope::Artifact;

/// Something that happened, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it was noticed.
    pub at: Timestamp,
    /// What it was.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "what")]
pub enum What {
    /// A new run is to begin.
    Started,
    /// A run that was interrupted is to go on.
    Resumed,
    /// The scope of an action is at hand.
    Prepared {
        /// The position of the action.
        action: usize,
        /// What the host wants kept.
        snapshot: Option<Json>,
    },
    /// The scope of an action could not be had, or the action cannot start with it.
    Unprepared {
        /// The position of the action.
        action: usize,
        /// Why.
        message: String,
    },
    /// What had happened to an action is recorded.
    Continued {
        /// The position of the action.
        action: usize,
    },
    /// The `if` of a phase was evaluated.
    Decided {
        /// The step.
        step: StepId,
        /// Whether it is to be called.
        verdict: Verdict,
    },
    /// The `if` of a phase could not be evaluated.
    Undecided {
        /// The step.
        step: StepId,
        /// Why.
        message: String,
    },
    /// A call reports how far it has come.
    Progressed {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
        /// The report.
        progress: Progress,
    },
    /// A call has ended well.
    Succeeded {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
        /// Its outputs.
        outputs: Outputs,
    },
    /// A call has ended badly, or its arguments could not be made.
    Failed {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
        /// Why.
        error: Error,
    },
    /// A timer that the run asked for has run down.
    Fired {
        /// Which.
        timer: Timer,
    },
    /// The artifacts of an action were rendered.
    Rendered {
        /// The position of the action.
        action: usize,
        /// The artifacts.
        artifacts: BTreeMap<ArtifactName, Artifact>,
    },
    /// The artifacts of an action could not be rendered.
    Unrendered {
        /// The position of the action.
        action: usize,
        /// Why.
        message: String,
    },
    /// Somebody wants the run to end. Deferred phases still run.
    Cancelled {
        /// Who or why.
        reason: String,
    },
    /// A cancelled run has had its time: deferred phases end as well.
    Abandoned,
}

/// What an `if` came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// The phase is to run.
    Run,
    /// It is to be left out.
    Skip,
}

impl What {
    /// The event's name, for errors and tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Resumed => "resumed",
            Self::Prepared { .. } => "prepared",
            Self::Unprepared { .. } => "unprepared",
            Self::Continued { .. } => "continued",
            Self::Decided { .. } => "decided",
            Self::Undecided { .. } => "undecided",
            Self::Progressed { .. } => "progressed",
            Self::Succeeded { .. } => "succeeded",
            Self::Failed { .. } => "failed",
            Self::Fired { .. } => "fired",
            Self::Rendered { .. } => "rendered",
            Self::Unrendered { .. } => "unrendered",
            Self::Cancelled { .. } => "cancelled",
            Self::Abandoned => "abandoned",
        }
    }
}
