//! What follows an action's phases, however they ended: the deferred phase, then the artifacts.
//! Must not know how phases are ordered.

use super::action::Stage;
use super::command::Command;
use super::{Run, Turn};
use crate::plan::{Place, StepId};

impl Run {
    /// Runs the deferred phase of an action whose phases are at rest.
    pub(super) fn defer(&mut self, index: usize, turn: &mut Turn) {
        self.actions[index].stage = Stage::Deferring;
        self.revision += 1;
        // An action that was cancelled before its first phase has nothing to tidy up.
        let begun = self.actions[index]
            .steps
            .iter()
            .any(|step| !step.attempts.is_empty());
        let needed = begun || !self.is_halted(index);
        let planned = &self.plan.actions()[index];
        if planned.source().defer.is_some() && needed && !self.abandoned {
            self.start_step(
                StepId {
                    action: index,
                    place: Place::Defer,
                },
                turn,
            );
        }
    }

    /// Goes on after the deferred phase: to the artifacts if everything went well.
    pub(super) fn after_defer(&mut self, index: usize, turn: &mut Turn) {
        let planned = &self.plan.actions()[index];
        if self.is_halted(index) || planned.source().artifacts.is_empty() {
            self.end(index);
        } else {
            self.actions[index].stage = Stage::Rendering;
            self.revision += 1;
            turn.then(Command::Render { action: index });
        }
    }
}
