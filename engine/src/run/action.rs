//! One action of a run: its stages and its steps.
//! Must not know any other action.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use mainstay_dsl::name::ArtifactName;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::step::Step;
use crate::plan;
use crate::scope::Artifact;

/// How far an action has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Waiting for its turn.
    Queued,
    /// Getting its scope.
    Preparing,
    /// Its phases run.
    Running,
    /// Its deferred phase runs.
    Deferring,
    /// Its artifacts are rendered.
    Rendering,
    /// Over.
    Ended,
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Queued => "queued",
            Self::Preparing => "preparing",
            Self::Running => "running",
            Self::Deferring => "deferring",
            Self::Rendering => "rendering",
            Self::Ended => "ended",
        })
    }
}

/// One action of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// How far it has come.
    pub stage: Stage,
    /// Whether its scope is at hand in this life. While it is not, nothing happens to its steps.
    pub prepared: bool,
    /// When it started.
    pub started: Option<Timestamp>,
    /// Why it failed: its last failure.
    pub failure: Option<String>,
    /// What the host wants kept.
    pub snapshot: Option<Json>,
    /// The steps, in the order of [`plan::Action::steps`].
    pub steps: Vec<Step>,
    /// The rendered artifacts.
    pub artifacts: Option<BTreeMap<ArtifactName, Artifact>>,
}

impl Action {
    pub(super) fn new(planned: &plan::Action) -> Self {
        Self {
            stage: Stage::Queued,
            prepared: false,
            started: None,
            failure: None,
            snapshot: None,
            steps: planned.steps.iter().map(|_| Step::new()).collect(),
            artifacts: None,
        }
    }

    /// Whether a step is under way.
    pub(super) fn is_under_way(&self) -> bool {
        self.steps.iter().any(|step| step.state.is_under_way())
    }

    /// Whether it was launched and waits for its scope.
    pub(super) fn awaits_scope(&self) -> bool {
        match self.stage {
            Stage::Preparing | Stage::Running | Stage::Deferring | Stage::Rendering => !self.prepared,
            Stage::Queued | Stage::Ended => false,
        }
    }

    /// Whether it ended without ever having had a scope, which keeps the actions after it from being launched.
    pub(super) fn failed_to_start(&self) -> bool {
        self.stage == Stage::Ended && !self.prepared && self.failure.is_some()
    }
}
