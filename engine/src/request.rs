//! What a run is asked for: actions on objects, with everything their templates may use.
//! Must not know what a blueprint says or where any object lives.

use std::collections::BTreeMap;

use mainstay_dsl::name::{ActionName, ArtifactName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::scope::Artifact;

/// One request: several actions that run side by side (an ActionSet). Together with the blueprints it is all
/// that a plan is made from, so it is what a caller keeps in order to come back to a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Which run this is.
    pub run: Identity,
    /// Labels of the request itself; `kanister.io/…` reach pods and logs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The actions, in the order in which they are launched.
    pub actions: Vec<Action>,
}

/// Which run it is. Names of created objects derive from the unique identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Unique for ever (an ActionSet's UID).
    pub uid: String,
    /// The request's name.
    pub name: String,
    /// The request's namespace.
    pub namespace: String,
}

/// One action of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Action {
    /// The action, a key of the blueprint's `actions`.
    pub action: ActionName,
    /// The blueprint's name; empty when the request names none, which the plan refuses.
    pub blueprint: String,
    /// The object that the action is for.
    pub object: ObjectReference,
    /// Visible as `.Options`; never rendered.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// Visible as `.ArtifactsIn`; never rendered.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<ArtifactName, Artifact>,
    /// Fetched when the action starts, visible as `.Secrets`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, ObjectReference>,
    /// Fetched when the action starts, visible as `.ConfigMaps`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub config_maps: BTreeMap<String, ObjectReference>,
    /// Fetched when the action starts, visible as `.Profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ObjectReference>,
    /// A part of a PodSpec merged into every pod that a function makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_override: Option<Map<String, Json>>,
    /// Labels of the pods that functions make.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pod_labels: BTreeMap<String, String>,
    /// Annotations of the pods that functions make.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pod_annotations: BTreeMap<String, String>,
    /// The version of functions that is wanted; empty for the default.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub preferred_version: String,
}

/// Names an object of the cluster. Every field may be empty; who uses it says which it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ObjectReference {
    /// The bare version, such as `v1`.
    pub api_version: String,
    /// The API group.
    pub group: String,
    /// The plural resource name.
    pub resource: String,
    /// The kind, compared without regard to case.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The namespace.
    pub namespace: String,
}
