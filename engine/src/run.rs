//! Stage 4: a plan being carried out. [`Run::apply`] is the only place where its state changes.
//! Must not know time, the journal or any function: events come in, commands go out.
//!
//! # Actions
//!
//! | stage | event | next stage |
//! |---|---|---|
//! | queued | its turn (one action is prepared at a time, in the order of the request) | preparing |
//! | queued | cancelled, or an action before it could not be prepared | ended |
//! | preparing | prepared | running |
//! | preparing | unprepared | ended, failed; no action after it is launched |
//! | running | every phase has ended, or one has failed, or the run is cancelled, and nothing is under way | deferring |
//! | deferring | the deferred phase has ended | rendering, if all went well |
//! | rendering | rendered, unrendered | ended |
//!
//! A stage without anything to do is passed through. The run has ended when all its actions have.
//!
//! # Steps
//!
//! | state | event | next state |
//! |---|---|---|
//! | pending | all it waits for is done | deciding if it has an `if`, else running |
//! | deciding | decided | running, or skipped |
//! | deciding | undecided | failed |
//! | running | succeeded | complete |
//! | running | failed | waiting if it is to be tried again, else failed |
//! | running | its timeout fires | timing out |
//! | running | cancelled | cancelling |
//! | timing out, cancelling | succeeded | complete |
//! | timing out | failed, or its grace is over | waiting or failed |
//! | cancelling | failed, or its grace is over | failed |
//! | waiting | its pause is over | running |
//! | waiting | cancelled, or another step of the action has failed | failed |
//!
//! The snapshot `tests/snapshots/matrix…` shows every state with every event.

pub mod action;
mod cancel;
pub mod command;
mod defer;
pub mod event;
mod resume;
mod retry;
pub mod step;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mainstay_dsl::name::ArtifactName;
use serde_json::Value as Json;
use snafu::{Snafu, ensure};

use self::action::{Action, Stage};
use self::command::{Command, Origin, Timer};
use self::event::{Event, Verdict, What};
pub use self::resume::Mismatch;
use self::step::{State, Step};
use crate::announcement::Announcement;
use crate::function::{Cause, Error, Outputs, Progress};
use crate::plan::{Place, Plan, StepId};
use crate::scope::Artifact;
use crate::status;

/// How long a call that was asked to end may take before it is forgotten.
const GRACE: Duration = Duration::from_mins(1);

/// A plan being carried out.
#[derive(Clone, Debug)]
pub struct Run {
    plan: Arc<Plan>,
    /// Whether it was started or resumed in this life.
    awake: bool,
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    cancelled: Option<String>,
    /// Whether deferred phases are to end as well.
    abandoned: bool,
    failed: bool,
    /// The last failure.
    error: String,
    actions: Vec<Action>,
    progress: status::Progress,
    /// Grows with every change of what a status shows.
    revision: u64,
}

/// An event that cannot happen in the state the run is in: a fault of the driver, never of a user.
#[derive(Clone, Debug, PartialEq, Eq, Snafu)]
#[snafu(display("{event} cannot happen to {subject}"))]
pub struct Impossible {
    /// The name of the event.
    pub event: &'static str,
    /// What it was said to happen to, and its state.
    pub subject: String,
}

/// What one event leads to.
#[derive(Debug)]
struct Turn {
    at: Timestamp,
    commands: Vec<Command>,
}

impl Turn {
    fn then(&mut self, command: Command) {
        self.commands.push(command);
    }

    fn announce(&mut self, announcement: Announcement) {
        self.then(Command::Announce(announcement));
    }

    fn after(&self, pause: Duration) -> Timestamp {
        SignedDuration::try_from(pause)
            .ok()
            .and_then(|pause| self.at.checked_add(pause).ok())
            .unwrap_or(Timestamp::MAX)
    }
}

impl Run {
    /// A run of which nothing has happened yet.
    pub fn new(plan: Arc<Plan>) -> Self {
        let actions = plan.actions().iter().map(Action::new).collect();
        Self {
            plan,
            awake: false,
            started: None,
            ended: None,
            cancelled: None,
            abandoned: false,
            failed: false,
            error: String::new(),
            actions,
            progress: status::Progress::default(),
            revision: 0,
        }
    }

    /// What is being carried out.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// When it started.
    pub fn started(&self) -> Option<Timestamp> {
        self.started
    }

    /// When it ended; while absent there is something left to do.
    pub fn ended(&self) -> Option<Timestamp> {
        self.ended
    }

    /// Why it is being cancelled.
    pub fn cancelled(&self) -> Option<&str> {
        self.cancelled.as_deref()
    }

    /// The last failure; empty when there was none.
    pub fn error(&self) -> &str {
        &self.error
    }

    /// Its actions in the order of the request.
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// How far the whole has come.
    pub fn progress(&self) -> &status::Progress {
        &self.progress
    }

    /// Grows with every change of what a status shows, so that an unchanged one need not be recorded again.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Kanister's state of the whole.
    pub fn state(&self) -> status::State {
        if self.failed {
            status::State::Failed
        } else if self.ended.is_some() {
            status::State::Complete
        } else if self.started.is_some() {
            status::State::Running
        } else {
            status::State::Pending
        }
    }

    /// Takes an event in and says what is to be done. An impossible event changes nothing.
    pub fn apply(&mut self, event: Event) -> Result<Vec<Command>, Impossible> {
        let Event { at, what } = event;
        let name = what.name();
        let mut turn = Turn {
            at,
            commands: Vec::new(),
        };
        match what {
            What::Started => self.start(name, &mut turn)?,
            What::Resumed => self.wake(name, &mut turn)?,
            What::Prepared { action, snapshot } => self.prepared(name, action, snapshot, &mut turn)?,
            What::Unprepared { action, message } => self.unprepared(name, action, &message, &mut turn)?,
            What::Decided { step, verdict } => self.decided(name, step, verdict, &mut turn)?,
            What::Undecided { step, message } => self.undecided(name, step, message, &mut turn)?,
            What::Progressed {
                step,
                attempt,
                progress,
            } => self.progressed(name, step, attempt, progress, &turn)?,
            What::Succeeded {
                step,
                attempt,
                outputs,
            } => self.succeeded(name, step, attempt, outputs, &mut turn)?,
            What::Failed { step, attempt, error } => {
                self.call_failed(name, step, attempt, error, &mut turn)?;
            }
            What::Fired { timer } => self.fired(name, timer, &mut turn)?,
            What::Rendered { action, artifacts } => self.rendered(name, action, artifacts, &mut turn)?,
            What::Unrendered { action, message } => self.unrendered(name, action, message, &mut turn)?,
            What::Cancelled { reason } => self.cancel(&reason, &mut turn),
            What::Abandoned => self.abandon(&mut turn),
        }
        self.measure(at);
        Ok(turn.commands)
    }

    fn start(&mut self, event: &'static str, turn: &mut Turn) -> Result<(), Impossible> {
        ensure!(
            !self.awake && self.started.is_none(),
            ImpossibleSnafu {
                event,
                subject: "a run that was started before"
            }
        );
        self.begin(turn);
        Ok(())
    }

    /// Begins a run of which nothing has happened.
    fn begin(&mut self, turn: &mut Turn) {
        self.awake = true;
        self.started = Some(turn.at);
        self.revision += 1;
        self.launch(turn);
        self.finish(turn);
    }

    /// Launches the next action, unless one is being prepared. After a failed start or a cancellation the
    /// remaining ones end without having been launched.
    fn launch(&mut self, turn: &mut Turn) {
        if self.cancelled.is_some() || self.actions.iter().any(Action::failed_to_start) {
            for action in &mut self.actions {
                if action.stage == Stage::Queued {
                    action.stage = Stage::Ended;
                    self.revision += 1;
                }
            }
            return;
        }
        if self.actions.iter().any(|action| action.stage == Stage::Preparing) {
            return;
        }
        let Some(next) = self
            .actions
            .iter()
            .position(|action| action.stage == Stage::Queued)
        else {
            return;
        };
        let action = &mut self.actions[next];
        action.stage = Stage::Preparing;
        action.started = Some(turn.at);
        self.revision += 1;
        let name = &self.plan.actions()[next].request.action;
        turn.announce(Announcement::normal(
            "Started Action",
            format!("Executing action {name}"),
        ));
        turn.then(Command::Prepare { action: next });
    }

    fn prepared(
        &mut self,
        event: &'static str,
        index: usize,
        snapshot: Option<Json>,
        turn: &mut Turn,
    ) -> Result<(), Impossible> {
        let action = self.unprepared_action(event, index)?;
        action.prepared = true;
        if action.stage == Stage::Preparing {
            action.stage = Stage::Running;
            action.snapshot = snapshot;
        } else {
            self.recover(index, turn);
        }
        self.revision += 1;
        self.advance(index, turn);
        self.launch(turn);
        self.finish(turn);
        Ok(())
    }

    fn unprepared(
        &mut self,
        event: &'static str,
        index: usize,
        message: &str,
        turn: &mut Turn,
    ) -> Result<(), Impossible> {
        let action = self.unprepared_action(event, index)?;
        if action.stage == Stage::Preparing
            && let Some(first) = action.steps.first_mut()
        {
            // Kanister shows a failed start at the first phase.
            first.state = State::Failed;
        }
        for step in &mut action.steps {
            if step.state.is_under_way() {
                let error = Error::new(Cause::Failed, format!("interrupted, and then: {message}"));
                step.close(turn.at, Some(error));
                step.state = State::Failed;
            }
        }
        let run = &self.plan.run().name;
        self.fail(
            index,
            &format!("Failed to launch Action {run}: {message}"),
            message.to_owned(),
            turn,
        );
        self.end(index);
        self.launch(turn);
        self.finish(turn);
        Ok(())
    }

    fn unprepared_action(&mut self, event: &'static str, index: usize) -> Result<&mut Action, Impossible> {
        let awake = self.awake;
        let subject = match self.actions.get_mut(index) {
            Some(action) if awake && action.awaits_scope() => return Ok(action),
            Some(action) => format!("an action that is {}", action.stage),
            None => "an action that there is not".to_owned(),
        };
        ImpossibleSnafu { event, subject }.fail()
    }

    /// Brings an action as far as it can go by itself.
    fn advance(&mut self, index: usize, turn: &mut Turn) {
        let action = &self.actions[index];
        if !action.prepared {
            return;
        }
        if action.stage == Stage::Running {
            if self.cancelled.is_none() && action.failure.is_none() {
                for place in self.startable(index) {
                    self.start_step(StepId { action: index, place }, turn);
                }
            }
            if !self.actions[index].is_under_way() {
                self.defer(index, turn);
            }
        }
        if self.actions[index].stage == Stage::Deferring && !self.actions[index].is_under_way() {
            self.after_defer(index, turn);
        }
    }

    /// The phases that wait for nothing any more, as written.
    fn startable(&self, index: usize) -> Vec<Place> {
        let planned = &self.plan.actions()[index];
        let steps = &self.actions[index].steps;
        (0..planned.source().phases.len())
            .filter(|position| {
                steps[*position].state == State::Pending
                    && planned
                        .graph
                        .awaited_by(*position)
                        .all(|awaited| steps[awaited].state.is_done())
            })
            .map(Place::Phase)
            .collect()
    }

    fn start_step(&mut self, id: StepId, turn: &mut Turn) {
        if self.plan.phase(id).condition.is_some() {
            self.step_mut(id).state = State::Deciding;
            self.revision += 1;
            turn.then(Command::Decide { step: id });
        } else {
            self.call(id, turn);
        }
    }

    /// Begins the next attempt of a step.
    fn call(&mut self, id: StepId, turn: &mut Turn) {
        let at = turn.at;
        let attempt = self.step_mut(id).begin(at);
        let phase = self.plan.phase(id);
        if attempt == 1 {
            turn.announce(match id.place {
                Place::Phase(_) => {
                    Announcement::normal("Started Phase", format!("Executing phase {}", phase.name))
                }
                Place::Defer => Announcement::normal(
                    "Started deferPhase",
                    format!("Executing deferPhase {}", phase.name),
                ),
            });
        }
        turn.then(Command::Call {
            step: id,
            attempt,
            origin: Origin::Fresh,
        });
        if let Some(timeout) = phase.timeout {
            turn.then(Command::Start {
                timer: Timer::Timeout { step: id, attempt },
                at: turn.after(timeout),
            });
        }
        self.progress.running_phase = Some(phase.name.clone());
        self.revision += 1;
    }

    fn decided(
        &mut self,
        event: &'static str,
        id: StepId,
        verdict: Verdict,
        turn: &mut Turn,
    ) -> Result<(), Impossible> {
        self.expect_state(event, id, |state| state == State::Deciding)?;
        let halted = match id.place {
            Place::Phase(_) => self.is_halted(id.action),
            Place::Defer => self.abandoned,
        };
        match verdict {
            Verdict::Run | Verdict::Skip if halted => self.step_mut(id).state = State::Pending,
            Verdict::Run => self.call(id, turn),
            Verdict::Skip => {
                self.step_mut(id).skip(turn.at);
                let name = &self.plan.phase(id).name;
                turn.announce(Announcement::normal(
                    "Skipped Phase",
                    format!("Skipped phase {name}: its condition is false"),
                ));
            }
        }
        self.revision += 1;
        self.advance(id.action, turn);
        self.finish(turn);
        Ok(())
    }

    fn undecided(
        &mut self,
        event: &'static str,
        id: StepId,
        message: String,
        turn: &mut Turn,
    ) -> Result<(), Impossible> {
        self.expect_state(event, id, |state| state == State::Deciding)?;
        self.fail_step(id, Error::new(Cause::Mistake, message), turn);
        Ok(())
    }

    fn progressed(
        &mut self,
        event: &'static str,
        id: StepId,
        attempt: u32,
        progress: Progress,
        turn: &Turn,
    ) -> Result<(), Impossible> {
        self.expect_state(event, id, |_| true)?;
        let step = self.step_mut(id);
        // A report may be on its way while the call ends.
        if step.state.is_calling() && step.attempt() == attempt {
            let before = (step.progress.clone(), step.pod.clone());
            step.report(turn.at, progress);
            if before != (step.progress.clone(), step.pod.clone()) {
                self.revision += 1;
            }
        }
        Ok(())
    }

    fn succeeded(
        &mut self,
        event: &'static str,
        id: StepId,
        attempt: u32,
        outputs: Outputs,
        turn: &mut Turn,
    ) -> Result<(), Impossible> {
        self.expect_call(event, id, attempt)?;
        self.step_mut(id).succeed(turn.at, outputs);
        let name = &self.plan.phase(id).name;
        turn.announce(match id.place {
            Place::Phase(_) => Announcement::normal("Ended Phase", format!("Completed phase {name}")),
            Place::Defer => Announcement::normal("Ended deferPhase", format!("Completed deferPhase {name}")),
        });
        self.revision += 1;
        self.advance(id.action, turn);
        self.finish(turn);
        Ok(())
    }

    fn call_failed(
        &mut self,
        event: &'static str,
        id: StepId,
        attempt: u32,
        error: Error,
        turn: &mut Turn,
    ) -> Result<(), Impossible> {
        self.expect_call(event, id, attempt)?;
        self.attempt_failed(id, error, turn);
        Ok(())
    }

    /// Ends an attempt badly: either another one follows, or the step has failed.
    fn attempt_failed(&mut self, id: StepId, error: Error, turn: &mut Turn) {
        let error = self.blame(id, error);
        let halted = id.place != Place::Defer && self.is_halted(id.action);
        let attempt = self.actions[id.action].steps[self.index(id)].attempt();
        let pause = retry::pause(self.plan.phase(id).retry, attempt, error.cause);
        let Some(pause) = pause.filter(|_| !halted && !self.abandoned) else {
            self.fail_step(id, error, turn);
            return;
        };
        let retry_at = turn.after(pause);
        let step = self.step_mut(id);
        step.close(turn.at, Some(error));
        step.state = State::Waiting;
        step.retry_at = Some(retry_at);
        self.revision += 1;
        turn.then(Command::Start {
            timer: Timer::Retry { step: id, attempt },
            at: retry_at,
        });
    }

    /// Ends a step badly, and with it its action.
    fn fail_step(&mut self, id: StepId, error: Error, turn: &mut Turn) {
        let (message, cause) = (error.message.clone(), error.cause);
        let step = self.step_mut(id);
        step.close(turn.at, Some(error));
        step.state = State::Failed;
        step.retry_at = None;
        let name = &self.plan.phase(id).name;
        let told = match id.place {
            Place::Phase(_) => format!("Failed to execute phase {name}: {message}"),
            Place::Defer => format!("Failed to execute defer phase {name}: {message}"),
        };
        let cancelled = cause == Cause::Cancelled && self.cancelled.is_some();
        let told_before = self.error.clone();
        self.fail(id.action, &told, message, turn);
        if cancelled {
            // What ended because it was asked to does not hide why it was asked.
            self.error = told_before;
        }
        if id.place != Place::Defer {
            self.give_up_waiting(id.action);
        }
        self.advance(id.action, turn);
        self.finish(turn);
    }

    /// Notes a failure of an action. The run has failed from then on, whatever other actions do.
    fn fail(&mut self, index: usize, told: &str, message: String, turn: &mut Turn) {
        let planned = &self.plan.actions()[index];
        turn.announce(Announcement::warning(
            index,
            format!("ActionSetFailed Action: {}", planned.request.action),
            told,
        ));
        self.failed = true;
        self.error.clone_from(&message);
        self.actions[index].failure = Some(message);
        self.progress.running_phase = None;
        self.revision += 1;
    }

    fn fired(&mut self, event: &'static str, timer: Timer, turn: &mut Turn) -> Result<(), Impossible> {
        let (Timer::Timeout { step: id, attempt }
        | Timer::Grace { step: id, attempt }
        | Timer::Retry { step: id, attempt }) = timer;
        self.expect_state(event, id, |_| true)?;
        let step = &self.actions[id.action].steps[self.index(id)];
        if step.attempt() != attempt {
            return Ok(());
        }
        match (timer, step.state) {
            (Timer::Timeout { .. }, State::Running) => {
                self.step_mut(id).state = State::TimingOut;
                self.abort(id, turn);
            }
            (Timer::Grace { .. }, State::TimingOut | State::Cancelling) => {
                turn.then(Command::Drop { step: id, attempt });
                let message = format!("the call did not end within {GRACE:?} of being asked to");
                self.attempt_failed(id, Error::new(Cause::Cancelled, message), turn);
            }
            (Timer::Retry { .. }, State::Waiting) => self.call(id, turn),
            (Timer::Timeout { .. } | Timer::Grace { .. } | Timer::Retry { .. }, _) => {}
        }
        Ok(())
    }

    fn rendered(
        &mut self,
        event: &'static str,
        index: usize,
        artifacts: BTreeMap<ArtifactName, Artifact>,
        turn: &mut Turn,
    ) -> Result<(), Impossible> {
        self.expect_rendering(event, index)?;
        self.actions[index].artifacts = Some(artifacts);
        self.end(index);
        self.finish(turn);
        Ok(())
    }

    fn unrendered(
        &mut self,
        event: &'static str,
        index: usize,
        message: String,
        turn: &mut Turn,
    ) -> Result<(), Impossible> {
        self.expect_rendering(event, index)?;
        // Kanister's sentence, without the colon that one expects.
        let told = format!("Failed to render output artifacts {message}");
        self.fail(index, &told, message, turn);
        self.end(index);
        self.finish(turn);
        Ok(())
    }

    fn end(&mut self, index: usize) {
        self.actions[index].stage = Stage::Ended;
        self.revision += 1;
    }

    /// Ends the run when its last action has ended.
    fn finish(&mut self, turn: &mut Turn) {
        if self.ended.is_some() || self.actions.iter().any(|action| action.stage != Stage::Ended) {
            return;
        }
        self.ended = Some(turn.at);
        self.progress.running_phase = None;
        self.revision += 1;
        if !self.failed {
            let run = &self.plan.run().name;
            turn.announce(Announcement::normal(
                "Update Complete",
                format!("Updated ActionSet '{run}' Status->complete"),
            ));
        }
    }

    /// Computes the progress of the whole anew. Its time moves only when percent or a size does.
    fn measure(&mut self, at: Timestamp) {
        let mut percent = None;
        let mut phases = 0u64;
        let mut sizes = status::Sizes::default();
        for (action, planned) in self.actions.iter().zip(self.plan.actions()) {
            for step in &action.steps[..planned.source().phases.len()] {
                phases += 1;
                if let Some(own) = step.progress.percent {
                    *percent.get_or_insert(0) += u64::from(own);
                }
                let own = step.progress.sizes;
                sizes.downloaded = sizes.downloaded.saturating_add(own.downloaded);
                sizes.uploaded = sizes.uploaded.saturating_add(own.uploaded);
                sizes.to_download = sizes.to_download.saturating_add(own.to_download);
                sizes.to_upload = sizes.to_upload.saturating_add(own.to_upload);
            }
        }
        let percent = percent.map(|sum: u64| u8::try_from(sum / phases.max(1)).unwrap_or(100));
        if (percent, sizes) != (self.progress.percent, self.progress.sizes) {
            self.progress.percent = percent;
            self.progress.sizes = sizes;
            self.progress.changed = Some(at);
        }
    }

    /// Whether no further phase of the action may begin.
    fn is_halted(&self, index: usize) -> bool {
        self.cancelled.is_some() || self.actions[index].failure.is_some()
    }

    fn index(&self, id: StepId) -> usize {
        self.plan.actions()[id.action].index(id.place)
    }

    fn step_mut(&mut self, id: StepId) -> &mut Step {
        let index = self.index(id);
        &mut self.actions[id.action].steps[index]
    }

    fn expect_state(
        &self,
        event: &'static str,
        id: StepId,
        fits: impl FnOnce(State) -> bool,
    ) -> Result<(), Impossible> {
        let planned = self.plan.actions().get(id.action);
        let exists = planned.is_some_and(|planned| planned.places().any(|place| place == id.place));
        ensure!(
            exists,
            ImpossibleSnafu {
                event,
                subject: "a step that there is not"
            }
        );
        let action = &self.actions[id.action];
        let state = action.steps[self.index(id)].state;
        ensure!(
            self.awake && action.prepared && fits(state),
            ImpossibleSnafu {
                event,
                subject: format!("a step that is {state}")
            }
        );
        Ok(())
    }

    fn expect_call(&self, event: &'static str, id: StepId, attempt: u32) -> Result<(), Impossible> {
        self.expect_state(event, id, State::is_calling)?;
        let current = self.actions[id.action].steps[self.index(id)].attempt();
        ensure!(
            attempt == current,
            ImpossibleSnafu {
                event,
                subject: format!("attempt {attempt} of a step at attempt {current}")
            }
        );
        Ok(())
    }

    fn expect_rendering(&self, event: &'static str, index: usize) -> Result<(), Impossible> {
        let subject = match self.actions.get(index) {
            Some(action) if self.awake && action.prepared && action.stage == Stage::Rendering => {
                return Ok(());
            }
            Some(action) => format!("an action that is {}", action.stage),
            None => "an action that there is not".to_owned(),
        };
        ImpossibleSnafu { event, subject }.fail()
    }
}
