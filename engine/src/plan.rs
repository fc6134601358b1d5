//! Stage 3: what will be done, in which order and why: steps, edges, deadlines, retries.
//! Pure, printable, and the same whenever it is made from the same request and blueprints.
//! Must not know how far anything has come.

mod graph;
mod refusal;
mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use mainstay_dsl::checked::{Action as Blueprinted, Checked, OnInterrupt, Phase};
use mainstay_dsl::signature::Rendering;
use serde::{Deserialize, Serialize};

pub use self::graph::{Graph, Node, Reason};
pub use self::refusal::Refusal;
use crate::function::{Functions, Recovery};
use crate::request::{self, Identity, Request};

/// What the look-up of an action's blueprint yielded.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// The blueprint.
    Found(Arc<Checked>),
    /// None, and what the attempt said (`blueprints.cr.kanister.io "bp" not found`).
    Missing(String),
}

/// The plan of one request.
#[derive(Clone, Debug)]
pub struct Plan {
    run: Identity,
    labels: BTreeMap<String, String>,
    actions: Vec<Action>,
}

/// The plan of one action.
#[derive(Clone, Debug)]
pub struct Action {
    /// What was asked for.
    pub request: request::Action,
    /// The steps: one for each phase as written, then the deferred phase when there is one.
    pub steps: Vec<Step>,
    /// What waits for what, and why.
    pub graph: Graph,
    blueprint: Arc<Checked>,
}

/// One step of an action. Deadline, retries and condition stand in its [`Phase`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is known of the function it calls.
    pub callee: Callee,
    /// What becomes of a call that is interrupted.
    pub recovery: Recovery,
}

/// What is known of the function that a step calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// There is one, which wants its arguments like this.
    Known(Rendering),
    /// There is none: the action fails when it starts.
    Unknown,
}

/// Names a step within a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepId {
    /// The position of the action in the request.
    pub action: usize,
    /// Which of the action's steps.
    pub place: Place,
}

/// Names a step within an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    /// The phase at that position, as written.
    Phase(usize),
    /// The deferred phase.
    Defer,
}

impl fmt::Display for StepId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Phase(position) => write!(formatter, "{}.{position}", self.action),
            Place::Defer => write!(formatter, "{}.defer", self.action),
        }
    }
}

impl Plan {
    /// Plans `request`. `lookups` holds what the look-up of each action's blueprint yielded, in the order of the
    /// actions; only those of the functions' declarations are used that say how calls recover.
    pub fn new(request: &Request, lookups: &[Lookup], functions: &Functions) -> Result<Self, Refusal> {
        let mut actions = Vec::with_capacity(request.actions.len());
        for (position, asked) in request.actions.iter().enumerate() {
            actions.push(Action::new(position, asked, lookups.get(position), functions)?);
        }
        Ok(Self {
            run: request.run.clone(),
            labels: request.labels.clone(),
            actions,
        })
    }

    /// Which run it plans.
    pub fn run(&self) -> &Identity {
        &self.run
    }

    /// The labels of the request.
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    /// The actions in the order of the request.
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// The phase that a step carries out.
    pub fn phase(&self, step: StepId) -> &Phase {
        self.actions[step.action].phase(step.place)
    }

    /// What is planned for a step.
    pub fn step(&self, step: StepId) -> Step {
        let action = &self.actions[step.action];
        action.steps[action.index(step.place)]
    }
}

impl Action {
    fn new(
        position: usize,
        request: &request::Action,
        lookup: Option<&Lookup>,
        functions: &Functions,
    ) -> Result<Self, Refusal> {
        if request.blueprint.is_empty() {
            return Err(Refusal::Unnamed { action: position });
        }
        let blueprint = match lookup {
            Some(Lookup::Found(blueprint)) => Arc::clone(blueprint),
            Some(Lookup::Missing(message)) => {
                return Err(Refusal::Missing {
                    action: position,
                    message: message.clone(),
                });
            }
            None => {
                return Err(Refusal::Missing {
                    action: position,
                    message: format!("blueprint {:?} was not looked up", request.blueprint),
                });
            }
        };
        let Some(source) = blueprint.actions.get(&request.action) else {
            return Err(Refusal::NoAction {
                action: position,
                name: request.action.clone(),
                kind: request.object.kind.clone(),
                blueprint: request.blueprint.clone(),
            });
        };
        if let Some(phase) = source
            .phases
            .iter()
            .chain(&source.defer)
            .find(|phase| phase.for_each.is_some())
        {
            return Err(Refusal::ForEach {
                action: position,
                name: request.action.clone(),
                phase: phase.name.clone(),
            });
        }
        let graph = Graph::new(position, source)?;
        let steps = source
            .phases
            .iter()
            .chain(&source.defer)
            .map(|phase| Step::new(phase, functions))
            .collect();
        Ok(Self {
            request: request.clone(),
            steps,
            graph,
            blueprint,
        })
    }

    /// The action as the blueprint has it.
    pub fn source(&self) -> &Blueprinted {
        self.blueprint
            .actions
            .get(&self.request.action)
            .expect("the action was looked up when the plan was made")
    }

    /// The places of the steps in the order of [`Action::steps`].
    pub fn places(&self) -> impl Iterator<Item = Place> + use<> {
        let source = self.source();
        (0..source.phases.len())
            .map(Place::Phase)
            .chain(source.defer.is_some().then_some(Place::Defer))
    }

    /// The phase at a place.
    pub fn phase(&self, place: Place) -> &Phase {
        let source = self.source();
        match place {
            Place::Phase(position) => &source.phases[position],
            Place::Defer => source
                .defer
                .as_ref()
                .expect("only actions with a deferred phase have that place"),
        }
    }

    /// The index of a place in [`Action::steps`].
    pub fn index(&self, place: Place) -> usize {
        match place {
            Place::Phase(position) => position,
            Place::Defer => self.steps.len() - 1,
        }
    }
}

impl Step {
    fn new(phase: &Phase, functions: &Functions) -> Self {
        let Some(function) = functions.get(&phase.function) else {
            return Self {
                callee: Callee::Unknown,
                recovery: Recovery::Fail,
            };
        };
        // A function that finds its own work again always does; for the others the phase has the last word.
        let recovery = match (function.recovery(), phase.on_interrupt) {
            (Recovery::Reattach, _) => Recovery::Reattach,
            (Recovery::Rerun | Recovery::Fail, Some(OnInterrupt::Rerun)) => Recovery::Rerun,
            (Recovery::Rerun | Recovery::Fail, Some(OnInterrupt::Fail)) => Recovery::Fail,
            (own @ (Recovery::Rerun | Recovery::Fail), None) => own,
        };
        Self {
            callee: Callee::Known(function.signature().rendering),
            recovery,
        }
    }
}
