//! The Blueprint: actions as somebody wrote them.
//! Must not know what a phase does, nor read its templates; the language is another crate's.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::API_VERSION;
use crate::kind::kind;
use crate::reference::{Artifact, ObjectReference, artifact, reference};
use crate::schema::{anything, described, free_object, list, map, object, text};

/// A blueprint. It has no `spec`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Blueprint {
    /// Always [`API_VERSION`].
    #[serde(default = "api_version")]
    pub api_version: String,
    /// Always `Blueprint`.
    #[serde(default = "kind_name")]
    pub kind: String,
    /// Name, namespace, labels and the rest.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The actions by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub actions: BTreeMap<String, Action>,
}

kind!(Blueprint, "blueprints");

/// One action of a blueprint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Action {
    /// Never read: the key is the name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Never read: documentation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Never read: documentation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub config_map_names: Vec<String>,
    /// Never read: documentation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secret_names: Vec<String>,
    /// Never read: documentation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input_artifact_names: Vec<String>,
    /// The output artifacts; their values are templates.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub output_artifacts: BTreeMap<String, Artifact>,
    /// The phases in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<Phase>,
    /// The phase that runs last whatever happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defer_phase: Option<Phase>,
    /// Our addition: `dataflow` when the phases are ordered by the references between them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub order: String,
}

/// One phase of an action. The members after `args` are our additions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Phase {
    /// The function, case-sensitive.
    pub func: String,
    /// The phase's name.
    pub name: String,
    /// Objects by reference name; the members are templates.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub objects: BTreeMap<String, ObjectReference>,
    /// Arguments by name; all texts in them are templates.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub args: Map<String, Json>,
    /// The phases that must have ended well before this one starts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// The condition under which it runs.
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    pub condition: Option<Json>,
    /// The list it is repeated over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_each: Option<Json>,
    /// How often and how patiently it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Json>,
    /// How long one attempt may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Json>,
    /// What an interrupted call becomes.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub on_interrupt: String,
}

impl Blueprint {
    /// A blueprint to be created.
    pub fn new(metadata: ObjectMeta, actions: BTreeMap<String, Action>) -> Self {
        Self {
            api_version: api_version(),
            kind: kind_name(),
            metadata,
            actions,
        }
    }
}

/// The schema of a Blueprint.
pub(crate) fn schema() -> JSONSchemaProps {
    let action = object([
        ("name", text()),
        ("kind", text()),
        ("configMapNames", list(text())),
        ("secretNames", list(text())),
        ("inputArtifactNames", list(text())),
        ("outputArtifacts", map(artifact())),
        ("phases", list(phase())),
        ("deferPhase", phase()),
        (
            "order",
            described(
                "mainstay: `dataflow` orders the phases by the references between them instead of as written.",
                text(),
            ),
        ),
    ]);
    object([
        ("apiVersion", text()),
        ("kind", text()),
        ("metadata", object([])),
        ("actions", map(action)),
    ])
}

fn phase() -> JSONSchemaProps {
    object([
        ("func", text()),
        ("name", text()),
        ("objects", map(reference())),
        ("args", free_object()),
        (
            "dependsOn",
            described(
                "mainstay: the phases that must have ended well before this one starts.",
                list(text()),
            ),
        ),
        (
            "if",
            described("mainstay: the condition under which the phase runs.", anything()),
        ),
        (
            "forEach",
            described("mainstay: the list that the phase is repeated over.", anything()),
        ),
        (
            "retry",
            described("mainstay: `attempts` and `backoff`.", anything()),
        ),
        (
            "timeout",
            described(
                "mainstay: how long one attempt may take, such as `10m`.",
                anything(),
            ),
        ),
        (
            "onInterrupt",
            described(
                "mainstay: `rerun` or `fail`, for a call that was under way when the controller died.",
                text(),
            ),
        ),
    ])
}

fn api_version() -> String {
    API_VERSION.to_owned()
}

fn kind_name() -> String {
    "Blueprint".to_owned()
}
