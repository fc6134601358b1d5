//! The attempts of a step: how a call begins, what is heard of it, and how it ends.
//! Must not know which step comes next.

use super::command::{Command, Origin, Timer};
use super::event::Verdict;
use super::step::State;
use super::{GRACE, Impossible, Run, Turn, retry};
use crate::announcement::Announcement;
use crate::function::{Cause, Error, Outputs, Progress};
use crate::plan::{Place, StepId};

impl Run {
    /// Begins the next attempt of a step.
    pub(super) fn call(&mut self, id: StepId, turn: &mut Turn) {
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

    pub(super) fn decided(
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
                self.revision += 1;
                let name = &self.plan.phase(id).name;
                turn.announce(Announcement::normal(
                    "Skipped Phase",
                    format!("Skipped phase {name}: its condition is false"),
                ));
            }
        }
        turn.then(Command::Continue { action: id.action });
        Ok(())
    }

    pub(super) fn undecided(
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

    pub(super) fn progressed(
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

    pub(super) fn succeeded(
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
        turn.then(Command::Continue { action: id.action });
        Ok(())
    }

    pub(super) fn call_failed(
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
    pub(super) fn attempt_failed(&mut self, id: StepId, error: Error, turn: &mut Turn) {
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
    pub(super) fn fail_step(&mut self, id: StepId, error: Error, turn: &mut Turn) {
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
        let told_before = self.error.clone();
        self.fail(id.action, &told, message, turn);
        // What ended because it was asked to does not hide why it was asked; a deferred phase that fails by itself
        // has the last word.
        if self.cancelled.is_some() && (id.place != Place::Defer || cause == Cause::Cancelled) {
            self.error = told_before;
        }
        if id.place != Place::Defer {
            self.give_up_waiting(id.action);
        }
        turn.then(Command::Continue { action: id.action });
    }

    pub(super) fn fired(
        &mut self,
        event: &'static str,
        timer: Timer,
        turn: &mut Turn,
    ) -> Result<(), Impossible> {
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
}
