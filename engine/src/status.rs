//! Stage 5: what a run looks like from outside. A projection; nothing is ever changed here.
//! Must not know how a status is written down on the wire.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use mainstay_dsl::name::{ActionName, ArtifactName, PhaseName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::journal::{ActionRecord, Record, StepRecord, VERSION};
use crate::plan::{self, Place};
use crate::request::ObjectReference;
use crate::run::step::{self, Step};
use crate::run::{self, Run};
use crate::scope::Artifact;

/// The status of a run: Kanister's fields, and our own in [`Status::record`].
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The state of the whole. `Failed` as soon as anything has failed, though other actions may go on: whether
    /// the run is over is [`Record::ended`].
    pub state: State,
    /// The actions in the order of the request; empty when the request was refused.
    pub actions: Vec<Action>,
    /// The last failure; empty when there was none.
    pub error: String,
    /// How far the whole has come.
    pub progress: Progress,
    /// Our own part.
    pub record: Record,
}

impl Status {
    /// Whether nothing more will happen.
    pub fn is_final(&self) -> bool {
        self.record.ended.is_some()
    }
}

/// Kanister's four states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not begun.
    Pending,
    /// Under way.
    Running,
    /// Ended, not well.
    Failed,
    /// Ended well.
    Complete,
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Failed => "failed",
            Self::Complete => "complete",
        })
    }
}

/// One action of a status.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// The action.
    pub name: ActionName,
    /// The object it is for.
    pub object: ObjectReference,
    /// The blueprint.
    pub blueprint: String,
    /// Its phases as written.
    pub phases: Vec<Phase>,
    /// The deferred phase, when there is one. `Pending` while it runs, as Kanister has it.
    pub defer: Option<Phase>,
    /// Output artifacts: the templates as written until the action has ended well, then what they rendered to.
    pub artifacts: BTreeMap<ArtifactName, Artifact>,
}

/// One phase of a status.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// Its name.
    pub name: PhaseName,
    /// Its state. A phase whose `if` was false is `Complete` and has no output.
    pub state: State,
    /// Its outputs, when its function made any.
    pub output: Option<Map<String, Json>>,
    /// How far it has come.
    pub progress: PhaseProgress,
}

/// How far a phase has come. Absent members are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhaseProgress {
    /// Whole percent; 100 only when it has ended well.
    pub percent: Option<u8>,
    /// The sizes.
    pub sizes: Sizes,
    /// When anything of this changed.
    pub changed: Option<Timestamp>,
}

/// Bytes moved and to be moved; 0 is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Read from the store so far.
    pub downloaded: u64,
    /// Written to the store so far.
    pub uploaded: u64,
    /// To be read in all.
    pub to_download: u64,
    /// To be written in all.
    pub to_upload: u64,
}

/// How far a run has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The phase begun last, in whichever action; cleared by a failure and at the end.
    pub running_phase: Option<PhaseName>,
    /// The mean of all phases, deferred ones left out, rounded down.
    pub percent: Option<u8>,
    /// The sums over all phases.
    pub sizes: Sizes,
    /// When percent or sizes changed.
    pub changed: Option<Timestamp>,
}

/// What `run` looks like.
pub fn status(run: &Run) -> Status {
    let actions = run.plan().actions().iter().zip(run.actions());
    Status {
        state: run.state(),
        actions: actions
            .clone()
            .map(|(planned, action)| show_action(planned, action))
            .collect(),
        error: run.error().to_owned(),
        progress: run.progress().clone(),
        record: Record {
            version: VERSION,
            started: run.started(),
            ended: run.ended(),
            cancelled: run.cancelled().map(str::to_owned),
            actions: actions
                .map(|(planned, action)| record_action(planned, action))
                .collect(),
        },
    }
}

fn show_action(planned: &plan::Action, action: &run::action::Action) -> Action {
    let mut phases = Vec::with_capacity(action.steps.len());
    let mut defer = None;
    for (place, step) in planned.places().zip(&action.steps) {
        let shown = Phase {
            name: planned.phase(place).name.clone(),
            state: show_state(place, step.state),
            output: step.output.clone(),
            progress: step.progress.clone(),
        };
        match place {
            Place::Phase(_) => phases.push(shown),
            // Kanister does not track the progress of deferred phases.
            Place::Defer => {
                defer = Some(Phase {
                    progress: PhaseProgress::default(),
                    ..shown
                });
            }
        }
    }
    Action {
        name: planned.request.action.clone(),
        object: planned.request.object.clone(),
        blueprint: planned.request.blueprint.clone(),
        phases,
        defer,
        artifacts: action.artifacts.clone().unwrap_or_else(|| raw_artifacts(planned)),
    }
}

fn show_state(place: Place, state: step::State) -> State {
    match (state, place) {
        (step::State::Pending | step::State::Deciding, _)
        | (
            step::State::Running | step::State::TimingOut | step::State::Cancelling | step::State::Waiting,
            Place::Defer,
        ) => State::Pending,
        (
            step::State::Running | step::State::TimingOut | step::State::Cancelling | step::State::Waiting,
            Place::Phase(_),
        ) => State::Running,
        (step::State::Complete | step::State::Skipped, _) => State::Complete,
        (step::State::Failed, _) => State::Failed,
    }
}

/// The artifacts as the blueprint has them.
fn raw_artifacts(planned: &plan::Action) -> BTreeMap<ArtifactName, Artifact> {
    let raw = planned.source().artifacts.iter().map(|(name, artifact)| {
        let key_value = artifact.key_value.iter();
        let artifact = Artifact {
            key_value: key_value
                .map(|(key, text)| (key.clone(), text.written.clone()))
                .collect(),
            kopia_snapshot: artifact
                .kopia_snapshot
                .as_ref()
                .map_or_else(String::new, |text| text.written.clone()),
        };
        (name.clone(), artifact)
    });
    raw.collect()
}

fn record_action(planned: &plan::Action, action: &run::action::Action) -> ActionRecord {
    let run::action::Action {
        stage,
        prepared: _,
        started,
        failure,
        snapshot,
        steps,
        artifacts,
    } = action;
    ActionRecord {
        stage: *stage,
        started: *started,
        failure: failure.clone(),
        rendered: artifacts.is_some(),
        snapshot: snapshot.clone(),
        steps: planned
            .places()
            .zip(steps)
            .map(|(place, step)| record_step(planned, place, step))
            .collect(),
    }
}

fn record_step(planned: &plan::Action, place: Place, step: &Step) -> StepRecord {
    let Step {
        state,
        attempts,
        interrupted,
        foreign: _,
        pod,
        retry_at,
        output: _,
        progress: _,
    } = step;
    StepRecord {
        name: planned.phase(place).name.clone(),
        state: *state,
        interrupted: *interrupted,
        pod: pod.clone(),
        retry_at: *retry_at,
        attempts: attempts.clone(),
    }
}
