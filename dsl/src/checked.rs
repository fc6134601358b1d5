//! Stage 2: what a blueprint means. Names are resolved, templates compiled, the order of phases explicit.
//! Must not know how phases are run.

mod tree;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::name::{ActionName, ArtifactName, FunctionName, PhaseName};
use crate::pointer::Pointer;

pub use tree::{Error, Text, Tree};

/// A blueprint that can be planned.
///
/// A template that does not compile is kept with its error: Kanister fails a phase only when it reaches it,
/// and blueprints run unchanged. Whether to go on in spite of diagnostics is the caller's choice.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The actions by name.
    pub actions: BTreeMap<ActionName, Action>,
}

/// One action of a blueprint.
#[derive(Clone, Debug)]
pub struct Action {
    /// Where it stands in the blueprint.
    pub pointer: Pointer,
    /// Its key in the blueprint.
    pub name: ActionName,
    /// The kind of object it says it is for; documentation only, as in Kanister.
    pub kind: Option<String>,
    /// The phases in the order they are written.
    pub phases: Vec<Phase>,
    /// The phase that runs last whatever happened.
    pub defer: Option<Phase>,
    /// What outlives the run.
    pub artifacts: BTreeMap<ArtifactName, Artifact>,
    /// How phases without `dependsOn` are ordered.
    pub order: Order,
}

impl Action {
    /// All phases, the deferred one last.
    pub fn every_phase(&self) -> impl Iterator<Item = &Phase> {
        self.phases.iter().chain(&self.defer)
    }
}

/// How the phases of an action are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As written, one after the other: Kanister's contract.
    Sequential,
    /// By the references between them.
    Dataflow,
}

/// An output artifact before rendering.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// Where it stands in the blueprint.
    pub pointer: Pointer,
    /// The values by key; keys are not rendered.
    pub key_value: BTreeMap<String, Text>,
    /// The Kopia snapshot document, when the blueprint has one.
    pub kopia_snapshot: Option<Text>,
}

/// One phase of an action.
#[derive(Clone, Debug)]
pub struct Phase {
    /// Where it stands in the blueprint.
    pub pointer: Pointer,
    /// Its name; may be empty.
    pub name: PhaseName,
    /// The function it calls; may be unknown, which fails the run when it starts, as in Kanister.
    pub function: FunctionName,
    /// The objects it names, rendered when the action starts.
    pub objects: BTreeMap<String, ObjectTemplate>,
    /// The arguments by name.
    pub arguments: BTreeMap<String, Tree>,
    /// The phases its templates refer to, as written in `.Phases.<name>`.
    pub refers_to: Vec<PhaseName>,
    /// The phases that must have ended well before this one starts (`dependsOn`).
    pub depends_on: Vec<PhaseName>,
    /// The condition under which it runs (`if`).
    pub condition: Option<Text>,
    /// The list it is repeated over (`forEach`).
    pub for_each: Option<Tree>,
    /// How often and how patiently it is tried again (`retry`).
    pub retry: Option<Retry>,
    /// How long one attempt may take (`timeout`).
    pub timeout: Option<Duration>,
    /// What happens to it after an interruption, when the function alone cannot tell (`onInterrupt`).
    pub on_interrupt: Option<OnInterrupt>,
}

/// How a phase is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// All attempts together, the first included; at least 1.
    pub attempts: u32,
    /// The pause before the second attempt; doubled before each further one.
    pub backoff: Duration,
}

/// What an interrupted call of a phase becomes when the controller comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnInterrupt {
    /// It is called again.
    Rerun,
    /// It has failed, and the reason says that it was interrupted.
    Fail,
}

/// A reference to an object of the cluster whose fields are templates.
#[derive(Clone, Debug)]
pub struct ObjectTemplate {
    /// Where it stands in the blueprint.
    pub pointer: Pointer,
    /// The bare version, such as `v1`.
    pub api_version: Text,
    /// The API group.
    pub group: Text,
    /// The plural resource name.
    pub resource: Text,
    /// The kind.
    pub kind: Text,
    /// The name.
    pub name: Text,
    /// The namespace.
    pub namespace: Text,
}
