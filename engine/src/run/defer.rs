//! What follows an action's phases, however they ended: the deferred phase, then the artifacts.
//! Must not know how phases are ordered.

use std::collections::BTreeMap;

use mainstay_dsl::name::ArtifactName;

use super::action::Stage;
use super::command::Command;
use super::{Impossible, ImpossibleSnafu, Life, Run, Turn};
use crate::plan::{Place, StepId};
use crate::scope::Artifact;

impl Run {
    /// Runs the deferred phase of an action whose phases are at rest.
    pub(super) fn defer(&mut self, index: usize, turn: &mut Turn) {
        self.actions[index].stage = Stage::Deferring;
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
            turn.then(Command::Render { action: index });
        }
    }

    pub(super) fn rendered(
        &mut self,
        event: &'static str,
        index: usize,
        artifacts: BTreeMap<ArtifactName, Artifact>,
        turn: &mut Turn,
    ) -> Result<(), Impossible> {
        self.expect_rendering(event, index)?;
        self.actions[index].artifacts = Some(artifacts);
        self.revision += 1;
        self.end(index);
        self.finish(turn);
        Ok(())
    }

    pub(super) fn unrendered(
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

    fn expect_rendering(&self, event: &'static str, index: usize) -> Result<(), Impossible> {
        let subject = match self.actions.get(index) {
            Some(action)
                if self.life == Life::Awake && action.prepared && action.stage == Stage::Rendering =>
            {
                return Ok(());
            }
            Some(action) => format!("an action that is {}", action.stage),
            None => "an action that there is not".to_owned(),
        };
        ImpossibleSnafu { event, subject }.fail()
    }
}
