//! Getting the scope of an action, for the first time or after an interruption.
//! Must not know what becomes of the action.

use std::sync::Arc;

use tokio::task::{Id, JoinError};

use super::{Driver, Scene, calls, parameters};
use crate::host::{self, Prepared};
use crate::render::References;
use crate::run::event::What;
use crate::run::step::State;

/// What a preparation came to.
#[derive(Debug)]
pub(super) enum Preparation {
    /// The host has answered.
    Answered(usize, Result<Prepared, crate::function::Error>),
    /// Objects of phases that ended before an interruption were fetched again.
    Restored(usize, Prepared, Vec<References>),
}

impl Driver {
    pub(super) fn prepare(&mut self, action: usize) {
        let host = Arc::clone(&self.host);
        let plan = Arc::clone(self.run.plan());
        let labels = plan.labels().clone();
        let known = &self.run.actions()[action];
        let snapshot = known.snapshot.clone();
        let time = known.started.unwrap_or_else(|| self.clock.now());
        let task = self.preparations.spawn(async move {
            let time = host::layout(time);
            let prepared = host
                .prepare(host::Preparation {
                    run: plan.run(),
                    action,
                    request: &plan.actions()[action].request,
                    time: &time,
                    snapshot: snapshot.as_ref(),
                })
                .await;
            let prepared = prepared.map(|mut prepared| {
                prepared.scope.time = time;
                prepared.scope.request_labels = labels;
                prepared
            });
            Preparation::Answered(action, prepared)
        });
        self.preparing.push((task.id(), action));
    }

    pub(super) fn take_preparation(&mut self, joined: Result<(Id, Preparation), JoinError>) {
        let id = joined.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        match joined {
            Ok((_, Preparation::Answered(action, Ok(prepared)))) => self.check_start(action, prepared),
            Ok((_, Preparation::Answered(action, Err(error)))) => {
                self.happened.push_back(What::Unprepared {
                    action,
                    message: error.message,
                });
            }
            Ok((_, Preparation::Restored(action, prepared, references))) => {
                self.enter(action, prepared, references);
            }
            Err(_panic) => {
                let panicked = self.preparing.iter().filter(|(task, _)| *task == id);
                self.happened.extend(panicked.map(|(_, action)| What::Unprepared {
                    action: *action,
                    message: "a fault of this program; its log says where".to_owned(),
                }));
            }
        }
        self.preparing.retain(|(task, _)| *task != id);
    }

    /// Sees that an action can start with what the host prepared.
    fn check_start(&mut self, action: usize, prepared: Prepared) {
        let plan = Arc::clone(self.run.plan());
        let parameters = parameters(&prepared.scope);
        let started =
            parameters.and_then(|parameters| self.renderer().start(&plan.actions()[action], &parameters));
        match started {
            Ok(references) => self.restore(action, prepared, references),
            Err(message) => self.happened.push_back(What::Unprepared { action, message }),
        }
    }

    /// Shows in the scope what phases have left that ended before an interruption.
    fn restore(&mut self, action: usize, mut prepared: Prepared, references: Vec<References>) {
        let planned = &self.run.plan().actions()[action];
        let mut ended = Vec::new();
        for (place, step) in planned.places().zip(&self.run.actions()[action].steps) {
            if step.state != State::Complete {
                continue;
            }
            let phase = calls::phase_scope(&mut prepared.scope, place, &planned.phase(place).name);
            phase.output.clone_from(&step.output);
            if calls::needs_fetching(&references[planned.index(place)]) {
                ended.push((place, planned.phase(place).name.clone()));
            }
        }
        if ended.is_empty() {
            self.enter(action, prepared, references);
            return;
        }
        let host = Arc::clone(&self.host);
        let indices: Vec<_> = ended.iter().map(|(place, _)| planned.index(*place)).collect();
        let task = self.preparations.spawn(async move {
            for ((place, name), index) in ended.into_iter().zip(indices) {
                match calls::fetch(host.as_ref(), &references[index]).await {
                    Ok(fetched) => {
                        let phase = calls::phase_scope(&mut prepared.scope, place, &name);
                        phase.secrets = fetched.secrets;
                        phase.config_maps = fetched.config_maps;
                    }
                    // Only a template that still refers to it will miss it.
                    Err(error) => tracing::warn!(phase = %name, %error, "objects of an ended phase are gone"),
                }
            }
            Preparation::Restored(action, prepared, references)
        });
        self.preparing.push((task.id(), action));
    }

    fn enter(&mut self, action: usize, prepared: Prepared, references: Vec<References>) {
        let Prepared { scope, snapshot } = prepared;
        let scene = Scene {
            scope: Arc::new(scope),
            references,
        };
        self.scenes.insert(action, scene);
        self.happened.push_back(What::Prepared { action, snapshot });
    }
}
