//! The ActionSet: a request for one or more actions, and what became of them.
//! Must not know what a state means or in which order states follow.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::API_VERSION;
use crate::kind::kind;
use crate::reference::{Artifact, ObjectReference, artifact, reference};
use crate::schema::{free_object, list, map, object, text};
use crate::status::{ActionSetStatus, status};

/// A request for actions. Kanister accepts one without a `spec`, so it may be absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionSet {
    /// Always [`API_VERSION`].
    #[serde(default = "api_version")]
    pub api_version: String,
    /// Always `ActionSet`.
    #[serde(default = "kind_name")]
    pub kind: String,
    /// Name, namespace, labels and the rest.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// What is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<ActionSetSpec>,
    /// What became of it; absent until a controller has seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ActionSetStatus>,
}

kind!(ActionSet, "actionsets");

/// What an ActionSet asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ActionSetSpec {
    /// The actions, all of which run side by side.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ActionSpec>,
}

/// A request for one action on one object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ActionSpec {
    /// A key of the blueprint's `actions`.
    pub name: String,
    /// The object that is acted on.
    pub object: ObjectReference,
    /// A blueprint in the ActionSet's own namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub blueprint: String,
    /// Input artifacts by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, Artifact>,
    /// ConfigMaps by reference name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub config_maps: BTreeMap<String, ObjectReference>,
    /// Secrets by reference name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, ObjectReference>,
    /// The location profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ObjectReference>,
    /// A part of a PodSpec merged into every pod that a function makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_override: Option<Map<String, Json>>,
    /// Options by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// The version of the functions, as a semantic version; always written.
    pub preferred_version: String,
    /// Labels of the pods that functions make.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pod_labels: BTreeMap<String, String>,
    /// Annotations of the pods that functions make.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pod_annotations: BTreeMap<String, String>,
}

impl ActionSet {
    /// An ActionSet to be created.
    pub fn new(metadata: ObjectMeta, actions: Vec<ActionSpec>) -> Self {
        Self {
            api_version: api_version(),
            kind: kind_name(),
            metadata,
            spec: Some(ActionSetSpec { actions }),
            status: None,
        }
    }
}

/// The schema of an ActionSet.
pub(crate) fn schema() -> JSONSchemaProps {
    object([
        ("apiVersion", text()),
        ("kind", text()),
        ("metadata", object([])),
        ("spec", object([("actions", list(action()))])),
        ("status", status()),
    ])
}

fn action() -> JSONSchemaProps {
    object([
        ("name", text()),
        ("object", reference()),
        ("blueprint", text()),
        ("artifacts", map(artifact())),
        ("configMaps", map(reference())),
        ("secrets", map(reference())),
        ("profile", reference()),
        ("podOverride", free_object()),
        ("options", map(text())),
        ("preferredVersion", text()),
        ("podLabels", map(text())),
        ("podAnnotations", map(text())),
    ])
}

fn api_version() -> String {
    API_VERSION.to_owned()
}

fn kind_name() -> String {
    "ActionSet".to_owned()
}
