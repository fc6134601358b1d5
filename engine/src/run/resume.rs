//! Going on after an interruption: a run made from its last recorded status, and what becomes of the calls
//! that were under way.
//! Must not know why the run was interrupted.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use snafu::{Snafu, ensure};

use super::action::{Action, Stage};
use super::command::{Command, Origin, Timer};
use super::step::{State, Step};
use super::{Impossible, ImpossibleSnafu, Life, Run, Turn};
use crate::announcement::Announcement;
use crate::function::{Cause, Error, Recovery};
use crate::journal::{ActionRecord, Attempt, Record, StepRecord, VERSION};
use crate::plan::{self, Place, Plan, StepId};
use crate::status::{self, Status};

/// A status that does not belong to the plan, or that this program cannot read.
#[derive(Clone, Debug, PartialEq, Eq, Snafu)]
pub enum Mismatch {
    /// The record was written by a later program.
    #[snafu(display("failed to read a record of version {found}; this program knows {VERSION}"))]
    Version {
        /// Its version.
        found: u32,
    },
    /// The actions are not those of the plan.
    #[snafu(display("failed to match the recorded actions with the plan: {recorded}, not {planned}"))]
    Actions {
        /// Names of the recorded actions.
        recorded: String,
        /// Names of the planned actions.
        planned: String,
    },
    /// The phases are not those of the plan.
    #[snafu(display(
        "failed to match the recorded phases of {action} with the plan: {recorded}, not {planned}"
    ))]
    Phases {
        /// The action.
        action: String,
        /// Names of the recorded phases.
        recorded: String,
        /// Names of the planned phases.
        planned: String,
    },
}

impl Run {
    /// The run of `plan` as it was when `status` was recorded. Nothing happens until it is given `Resumed`.
    ///
    /// A status that Kanister wrote, which lacks our record, is read as far as it goes; `at` then stands for the
    /// times it does not tell.
    pub fn resume(plan: Arc<Plan>, status: &Status, at: Timestamp) -> Result<Self, Mismatch> {
        let record = &status.record;
        ensure!(
            record.version <= VERSION,
            VersionSnafu {
                found: record.version
            }
        );
        let recorded: Vec<_> = status.actions.iter().map(|action| action.name.as_str()).collect();
        let planned: Vec<_> = plan
            .actions()
            .iter()
            .map(|action| action.request.action.as_str())
            .collect();
        ensure!(
            recorded == planned,
            ActionsSnafu {
                recorded: recorded.join(", "),
                planned: planned.join(", ")
            }
        );
        let mut actions = Vec::with_capacity(status.actions.len());
        for (index, (planned, shown)) in plan.actions().iter().zip(&status.actions).enumerate() {
            check_phases(planned, shown)?;
            actions.push(match record.actions.get(index) {
                Some(record) => read_action(planned, shown, record),
                None => read_foreign(planned, shown, status.state, at),
            });
        }
        let foreign = *record == Record::default() || record.actions.len() < actions.len();
        let begun = foreign && status.state != status::State::Pending;
        let over = begun && status.state != status::State::Running;
        Ok(Self {
            plan,
            life: Life::Interrupted,
            started: record.started.or(begun.then_some(at)),
            ended: record.ended.or(over.then_some(at)),
            cancelled: record.cancelled.clone(),
            abandoned: false,
            failed: status.state == status::State::Failed,
            error: status.error.clone(),
            actions,
            progress: status.progress.clone(),
            revision: 0,
        })
    }

    /// Wakes a run that was interrupted: every action that was under way gets its scope again.
    pub(super) fn wake(&mut self, event: &'static str, turn: &mut Turn) -> Result<(), Impossible> {
        ensure!(
            self.life == Life::Interrupted,
            ImpossibleSnafu {
                event,
                subject: "a run that was not interrupted"
            }
        );
        if self.started.is_none() {
            self.begin(turn);
            return Ok(());
        }
        self.life = Life::Awake;
        for index in 0..self.actions.len() {
            if !self.actions[index].awaits_scope() {
                continue;
            }
            if self.needs_scope(index) {
                turn.then(Command::Prepare { action: index });
            } else {
                // Its target may be gone by now, and nothing is left to do to it.
                self.actions[index].prepared = true;
                turn.then(Command::Continue { action: index });
            }
        }
        self.launch(turn);
        self.finish(turn);
        Ok(())
    }

    /// Whether anything is still to be rendered or called for an action.
    fn needs_scope(&self, index: usize) -> bool {
        let action = &self.actions[index];
        let source = self.plan.actions()[index].source();
        let halted = self.is_halted(index);
        let phases = &action.steps[..source.phases.len()];
        let artifacts = !halted && !source.artifacts.is_empty();
        match action.stage {
            Stage::Running => {
                let pending = phases
                    .iter()
                    .any(|step| !step.state.is_done() && step.state != State::Failed);
                action.is_under_way() || (pending && !halted) || source.defer.is_some() || artifacts
            }
            Stage::Deferring => action.is_under_way() || artifacts,
            Stage::Preparing | Stage::Rendering => true,
            Stage::Queued | Stage::Ended => false,
        }
    }

    /// Decides about everything that was under way in an action whose scope is at hand again.
    pub(super) fn recover(&mut self, index: usize, turn: &mut Turn) {
        if self.actions[index].stage == Stage::Rendering {
            turn.then(Command::Render { action: index });
            return;
        }
        let planned: Vec<_> = self.plan.actions()[index].places().collect();
        let under_way: Vec<_> = planned
            .into_iter()
            .zip(&self.actions[index].steps)
            .filter(|(_, step)| step.state.is_under_way())
            .map(|(place, _)| StepId { action: index, place })
            .collect();
        for id in under_way {
            let step = self.step_mut(id);
            match step.state {
                State::Deciding => turn.then(Command::Decide { step: id }),
                State::Running | State::TimingOut | State::Cancelling => {
                    step.interrupted += 1;
                    self.recover_call(id, turn);
                }
                State::Waiting => self.wait_on(id, turn),
                // A step before it may have failed meanwhile and taken it along.
                State::Pending | State::Complete | State::Skipped | State::Failed => {}
            }
        }
    }

    fn recover_call(&mut self, id: StepId, turn: &mut Turn) {
        let stopping = match id.place {
            Place::Phase(_) => self.cancelled.is_some(),
            Place::Defer => self.abandoned,
        };
        let foreign = std::mem::take(&mut self.step_mut(id).foreign);
        match self.plan.step(id).recovery {
            Recovery::Reattach if !foreign => {
                self.call_again(id, turn);
                if stopping {
                    // Called again so that the function can tidy up what it finds, and then end.
                    self.step_mut(id).state = State::Cancelling;
                    self.abort(id, turn);
                }
            }
            Recovery::Rerun if !stopping => self.call_again(id, turn),
            Recovery::Reattach | Recovery::Rerun | Recovery::Fail => {
                let message = "interrupted: the controller stopped while this phase was running, and nobody can \
                               know how far it came";
                // An author who lets attempts be repeated lets this one be repeated too.
                let cause = if stopping { Cause::Cancelled } else { Cause::Failed };
                self.attempt_failed(id, Error::new(cause, message), turn);
            }
        }
    }

    fn call_again(&mut self, id: StepId, turn: &mut Turn) {
        let step = self.step_mut(id);
        step.state = State::Running;
        let attempt = step.attempt();
        let began = step.attempts.last().map_or(turn.at, |attempt| attempt.started);
        let phase = self.plan.phase(id);
        turn.announce(Announcement::normal(
            "Resumed Phase",
            format!("Resumed phase {} after an interruption", phase.name),
        ));
        turn.then(Command::Call {
            step: id,
            attempt,
            origin: Origin::Interrupted,
        });
        if let Some(timeout) = phase.timeout {
            let at = SignedDuration::try_from(timeout)
                .ok()
                .and_then(|timeout| began.checked_add(timeout).ok());
            turn.then(Command::Start {
                timer: Timer::Timeout { step: id, attempt },
                at: at.unwrap_or(Timestamp::MAX),
            });
        }
        self.progress.running_phase = Some(phase.name.clone());
    }

    fn wait_on(&mut self, id: StepId, turn: &mut Turn) {
        let halted = id.place != Place::Defer && self.is_halted(id.action);
        let step = self.step_mut(id);
        if halted {
            step.state = State::Failed;
            step.retry_at = None;
        } else {
            let timer = Timer::Retry {
                step: id,
                attempt: step.attempt(),
            };
            turn.then(Command::Start {
                timer,
                at: step.retry_at.unwrap_or(turn.at),
            });
        }
    }
}

fn check_phases(planned: &plan::Action, shown: &status::Action) -> Result<(), Mismatch> {
    let source = planned.source();
    let recorded: Vec<_> = shown
        .phases
        .iter()
        .chain(&shown.defer)
        .map(|phase| phase.name.as_str())
        .collect();
    let expected: Vec<_> = source
        .phases
        .iter()
        .chain(&source.defer)
        .map(|phase| phase.name.as_str())
        .collect();
    let alike = recorded == expected && shown.defer.is_some() == source.defer.is_some();
    ensure!(
        alike,
        PhasesSnafu {
            action: shown.name.as_str(),
            recorded: recorded.join(", "),
            planned: expected.join(", ")
        }
    );
    Ok(())
}

fn read_action(planned: &plan::Action, shown: &status::Action, record: &ActionRecord) -> Action {
    let ended = record.stage == Stage::Ended;
    let steps = planned.places().map(|place| {
        let position = planned.index(place);
        read_step(phase_status(shown, place), record.steps.get(position))
    });
    Action {
        stage: record.stage,
        // What has ended needs no scope again.
        prepared: ended,
        started: record.started,
        failure: record.failure.clone(),
        snapshot: record.snapshot.clone(),
        steps: steps.collect(),
        artifacts: (ended && record.failure.is_none() && record.rendered).then(|| shown.artifacts.clone()),
    }
}

fn phase_status(shown: &status::Action, place: Place) -> Option<&status::Phase> {
    match place {
        Place::Phase(position) => shown.phases.get(position),
        Place::Defer => shown.defer.as_ref(),
    }
}

fn read_step(shown: Option<&status::Phase>, record: Option<&StepRecord>) -> Step {
    let mut step = Step::new();
    if let Some(shown) = shown {
        step.output.clone_from(&shown.output);
        step.progress.clone_from(&shown.progress);
    }
    if let Some(record) = record {
        step.state = record.state;
        step.attempts.clone_from(&record.attempts);
        step.interrupted = record.interrupted;
        step.pod.clone_from(&record.pod);
        step.retry_at = record.retry_at;
    }
    step
}

/// Reads an action from Kanister's fields alone.
fn read_foreign(
    planned: &plan::Action,
    shown: &status::Action,
    state: status::State,
    at: Timestamp,
) -> Action {
    let steps = planned.places().map(|place| {
        let shown = phase_status(shown, place);
        let mut step = read_step(shown, None);
        step.state = match shown.map(|shown| shown.state) {
            Some(status::State::Running) => State::Running,
            Some(status::State::Complete) => State::Complete,
            Some(status::State::Failed) => State::Failed,
            Some(status::State::Pending) | None => State::Pending,
        };
        step.foreign = step.state == State::Running;
        if step.state != State::Pending {
            step.attempts.push(Attempt {
                number: 1,
                started: at,
                ended: (step.state != State::Running).then_some(at),
                failure: None,
            });
        }
        step
    });
    let stage = match state {
        status::State::Pending => Stage::Queued,
        status::State::Running => Stage::Running,
        status::State::Failed | status::State::Complete => Stage::Ended,
    };
    Action {
        stage,
        prepared: stage == Stage::Ended,
        started: (stage != Stage::Queued).then_some(at),
        failure: None,
        snapshot: None,
        steps: steps.collect(),
        artifacts: (state == status::State::Complete).then(|| shown.artifacts.clone()),
    }
}
