//! Ending before the end: cancelled runs, and what is under way when another step fails.
//! Must not know how a call is stopped.

use mainstay_dsl::parsed::print_duration;

use super::action::Stage;
use super::command::{Command, Timer};
use super::step::State;
use super::{GRACE, Life, Run, Turn};
use crate::announcement::{Announcement, Severity};
use crate::function::{Cause, Error};
use crate::plan::{Place, StepId};

impl Run {
    /// Cancels the run: what is under way is asked to end, nothing new begins but deferred phases.
    pub(super) fn cancel(&mut self, reason: &str, turn: &mut Turn) {
        if self.ended.is_some() || self.cancelled.is_some() {
            return;
        }
        self.cancelled = Some(reason.to_owned());
        self.failed = true;
        self.error = format!("Cancelled: {reason}");
        self.progress.running_phase = None;
        self.revision += 1;
        turn.announce(Announcement {
            severity: Severity::Warning,
            ..Announcement::normal("Cancelled", self.error.clone())
        });
        if self.life != Life::Awake {
            return;
        }
        for index in 0..self.actions.len() {
            self.stop_phases(index, turn);
            if self.actions[index].prepared {
                turn.then(Command::Continue { action: index });
            }
        }
        self.launch(turn);
        self.finish(turn);
    }

    /// Ends a cancelled run that has had its time: deferred phases are asked to end as well, or do not begin.
    pub(super) fn abandon(&mut self, turn: &mut Turn) {
        if self.ended.is_some() || self.abandoned {
            return;
        }
        self.abandoned = true;
        if self.cancelled.is_none() {
            self.cancel("abandoned", turn);
        }
        for index in 0..self.actions.len() {
            if self.actions[index].stage == Stage::Deferring && self.actions[index].prepared {
                self.stop(
                    StepId {
                        action: index,
                        place: Place::Defer,
                    },
                    turn,
                );
                turn.then(Command::Continue { action: index });
            }
        }
        self.finish(turn);
    }

    /// Asks everything that is under way among the phases of an action to end.
    pub(super) fn stop_phases(&mut self, index: usize, turn: &mut Turn) {
        let action = &self.actions[index];
        if action.stage != Stage::Running || !action.prepared {
            return;
        }
        for position in 0..self.plan.actions()[index].source().phases.len() {
            self.stop(
                StepId {
                    action: index,
                    place: Place::Phase(position),
                },
                turn,
            );
        }
    }

    fn stop(&mut self, id: StepId, turn: &mut Turn) {
        let step = self.step_mut(id);
        match step.state {
            State::Running => {
                step.state = State::Cancelling;
                self.abort(id, turn);
            }
            State::Waiting => {
                step.state = State::Failed;
                step.retry_at = None;
                self.note_cancelled(id.action);
            }
            State::Pending
            | State::Deciding
            | State::TimingOut
            | State::Cancelling
            | State::Complete
            | State::Skipped
            | State::Failed => {}
        }
    }

    /// Asks the current call of a step to end, for a while.
    pub(super) fn abort(&mut self, id: StepId, turn: &mut Turn) {
        let attempt = self.step_mut(id).attempt();
        self.revision += 1;
        turn.then(Command::Abort { step: id, attempt });
        turn.then(Command::Start {
            timer: Timer::Grace { step: id, attempt },
            at: turn.after(GRACE),
        });
    }

    /// When a step has failed, others of its action that wait to be tried again need not be.
    pub(super) fn give_up_waiting(&mut self, index: usize) {
        for step in &mut self.actions[index].steps {
            if step.state == State::Waiting {
                step.state = State::Failed;
                step.retry_at = None;
                self.revision += 1;
            }
        }
    }

    /// Says of an error why the call was asked to end, if it was.
    pub(super) fn blame(&self, id: StepId, mut error: Error) -> Error {
        let state = self.actions[id.action].steps[self.index(id)].state;
        match state {
            State::TimingOut => {
                let timeout = print_duration(self.plan.phase(id).timeout.unwrap_or_default());
                error.message = if error.cause == Cause::Cancelled {
                    format!("the attempt took longer than the {timeout} that its phase allows")
                } else {
                    format!(
                        "the attempt took longer than the {timeout} that its phase allows: {}",
                        error.message
                    )
                };
                error.cause = Cause::TimedOut;
            }
            State::Cancelling => error.cause = Cause::Cancelled,
            State::Pending
            | State::Deciding
            | State::Running
            | State::Waiting
            | State::Complete
            | State::Skipped
            | State::Failed => {}
        }
        error
    }

    fn note_cancelled(&mut self, index: usize) {
        self.revision += 1;
        let reason = self.cancelled.clone().unwrap_or_default();
        self.actions[index]
            .failure
            .get_or_insert_with(|| format!("Cancelled: {reason}"));
    }
}
