//! From one action to the next and from one step to the next: what may begin, begins.
//! Must not know how a call ends.

use serde_json::Value as Json;

use super::action::{Action, Stage};
use super::command::Command;
use super::step::State;
use super::{Impossible, ImpossibleSnafu, Life, Run, Turn};
use crate::announcement::Announcement;
use crate::function::{Cause, Error};
use crate::plan::{Place, StepId};

impl Run {
    /// Launches the next action, unless one is being prepared. After a failed start or a cancellation the
    /// remaining ones end without having been launched.
    pub(super) fn launch(&mut self, turn: &mut Turn) {
        if self.cancelled.is_some() || self.actions.iter().any(Action::failed_to_start) {
            for action in &mut self.actions {
                if action.stage == Stage::Queued {
                    action.stage = Stage::Ended;
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
        let name = &self.plan.actions()[next].request.action;
        turn.announce(Announcement::normal(
            "Started Action",
            format!("Executing action {name}"),
        ));
        turn.then(Command::Prepare { action: next });
    }

    pub(super) fn prepared(
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
        self.advance(index, turn);
        self.launch(turn);
        self.finish(turn);
        Ok(())
    }

    pub(super) fn unprepared(
        &mut self,
        event: &'static str,
        index: usize,
        message: &str,
        turn: &mut Turn,
    ) -> Result<(), Impossible> {
        let has_phases = self
            .plan
            .actions()
            .get(index)
            .is_some_and(|planned| !planned.source().phases.is_empty());
        let action = self.unprepared_action(event, index)?;
        if action.stage == Stage::Preparing && has_phases {
            // Kanister shows a failed start at the first phase.
            action.steps[0].state = State::Failed;
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
        let awake = self.life == Life::Awake;
        let subject = match self.actions.get_mut(index) {
            Some(action) if awake && action.awaits_scope() => return Ok(action),
            Some(action) => format!("an action that is {}", action.stage),
            None => "an action that there is not".to_owned(),
        };
        ImpossibleSnafu { event, subject }.fail()
    }

    pub(super) fn continued(
        &mut self,
        event: &'static str,
        index: usize,
        turn: &mut Turn,
    ) -> Result<(), Impossible> {
        let subject = match self.actions.get(index) {
            Some(action) if self.life == Life::Awake && action.prepared => {
                self.advance(index, turn);
                self.finish(turn);
                return Ok(());
            }
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

    pub(super) fn start_step(&mut self, id: StepId, turn: &mut Turn) {
        if self.plan.phase(id).condition.is_some() {
            self.step_mut(id).state = State::Deciding;
            turn.then(Command::Decide { step: id });
        } else {
            self.call(id, turn);
        }
    }
}
