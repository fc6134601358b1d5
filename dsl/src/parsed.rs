//! Stage 1: a blueprint as it was written, field by field, nothing resolved.
//! Must not know which functions there are, or what a template means.
//!
//! Nothing here is a position in a text: two texts that say the same give equal values, which is what the
//! round trip through [`print`](crate::print) is held to.

mod duration;
mod fields;
mod read;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use crate::name::{ActionName, ArtifactName, FunctionName, PhaseName};
use crate::pointer::Pointer;

pub use duration::{parse_duration, print_duration};
pub(crate) use fields::describe;
pub use read::parse;

/// A blueprint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// `apiVersion`.
    pub api_version: Option<String>,
    /// `kind`.
    pub kind: Option<String>,
    /// `metadata`, as it stands.
    pub metadata: Option<Map<String, Json>>,
    /// `actions`, by key.
    pub actions: BTreeMap<ActionName, Action>,
}

impl Parsed {
    /// The blueprint's own name.
    pub fn name(&self) -> Option<&str> {
        self.metadata.as_ref()?.get("name")?.as_str()
    }
}

/// One action.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Action {
    /// Where it stands.
    pub pointer: Pointer,
    /// `name`; nobody reads it, the key is the name.
    pub name: Option<String>,
    /// `kind`: documentation.
    pub kind: Option<String>,
    /// `configMapNames`.
    pub config_map_names: Option<Vec<String>>,
    /// `secretNames`.
    pub secret_names: Option<Vec<String>>,
    /// `inputArtifactNames`.
    pub input_artifact_names: Option<Vec<String>>,
    /// `outputArtifacts`, by key.
    pub output_artifacts: Option<BTreeMap<ArtifactName, Artifact>>,
    /// `phases`, in order.
    pub phases: Option<Vec<Phase>>,
    /// `deferPhase`.
    pub defer_phase: Option<Phase>,
    /// `order`, ours.
    pub order: Option<Order>,
}

impl Action {
    /// All phases, the deferred one last.
    pub fn every_phase(&self) -> impl Iterator<Item = &Phase> {
        self.phases.iter().flatten().chain(&self.defer_phase)
    }
}

/// An output artifact.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Artifact {
    /// Where it stands.
    pub pointer: Pointer,
    /// `keyValue`.
    pub key_value: Option<BTreeMap<String, String>>,
    /// `kopiaSnapshot`.
    pub kopia_snapshot: Option<String>,
}

/// One phase.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Phase {
    /// Where it stands.
    pub pointer: Pointer,
    /// `name`.
    pub name: Option<PhaseName>,
    /// `func`.
    pub function: Option<FunctionName>,
    /// `objects`, by key.
    pub objects: Option<BTreeMap<String, ObjectReference>>,
    /// `args`, as they stand.
    pub arguments: Option<Map<String, Json>>,
    /// `dependsOn`, ours.
    pub depends_on: Option<Vec<PhaseName>>,
    /// `if`, ours.
    pub condition: Option<String>,
    /// `forEach`, ours.
    pub for_each: Option<Json>,
    /// `retry`, ours.
    pub retry: Option<Retry>,
    /// `timeout`, ours.
    pub timeout: Option<Duration>,
    /// `onInterrupt`, ours.
    pub on_interrupt: Option<OnInterrupt>,
}

/// A reference to an object of the cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObjectReference {
    /// Where it stands.
    pub pointer: Pointer,
    /// `apiVersion`: the bare version.
    pub api_version: Option<String>,
    /// `group`.
    pub group: Option<String>,
    /// `resource`.
    pub resource: Option<String>,
    /// `kind`.
    pub kind: Option<String>,
    /// `name`.
    pub name: Option<String>,
    /// `namespace`.
    pub namespace: Option<String>,
}

/// How a phase is tried again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Retry {
    /// `attempts`: all of them together, the first included.
    pub attempts: Option<u32>,
    /// `backoff`: the pause before the second.
    pub backoff: Option<Duration>,
}

/// How the phases of an action are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `sequential`.
    Sequential,
    /// `dataflow`.
    Dataflow,
}

/// What becomes of an interrupted call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnInterrupt {
    /// `rerun`.
    Rerun,
    /// `fail`.
    Fail,
}
