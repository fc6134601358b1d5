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
mod call;
mod cancel;
pub mod command;
mod defer;
pub mod event;
mod launch;
mod resume;
mod retry;
pub mod step;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use snafu::{Snafu, ensure};

use self::action::{Action, Stage};
use self::command::Command;
use self::event::{Event, What};
pub use self::resume::Mismatch;
use self::step::{State, Step};
use crate::announcement::Announcement;
use crate::plan::{Plan, StepId};
use crate::status;

/// How long a call that was asked to end may take before it is forgotten.
const GRACE: Duration = Duration::from_mins(1);

/// A plan being carried out.
#[derive(Clone, Debug)]
pub struct Run {
    plan: Arc<Plan>,
    life: Life,
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
    /// Grows with every change that a status has to show. What follows from the rest, such as an action's stage, is
    /// recorded along with the next such change, and made up again when a run is resumed before it.
    revision: u64,
}

/// Whether a run is being driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// Nothing has happened yet, and no status was ever recorded.
    New,
    /// Made from a recorded status; not yet woken.
    Interrupted,
    /// Started or resumed.
    Awake,
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
            life: Life::New,
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

    /// Whether it was not made from a recorded status.
    pub fn is_new(&self) -> bool {
        self.life == Life::New
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

    /// Grows with every change that a status has to show: while it stays, nothing need be recorded.
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
            What::Continued { action } => self.continued(name, action, &mut turn)?,
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
            self.life == Life::New,
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
        self.life = Life::Awake;
        self.started = Some(turn.at);
        self.revision += 1;
        self.launch(turn);
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

    fn end(&mut self, index: usize) {
        self.actions[index].stage = Stage::Ended;
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
            self.life == Life::Awake && action.prepared && fits(state),
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
}
