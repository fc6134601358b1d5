//! A reference to an object of the cluster, and the artifact, both used by several kinds.
//! Must not know what is referred to.
#![expect(
    clippy::module_name_repetitions,
    reason = "the types are called as Kanister calls them"
)]

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde::{Deserialize, Serialize};

use crate::schema::{map, object, text};

/// A reference to an object. Every member but `namespace` is written even when it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectReference {
    /// The bare version, such as `v1`; never `group/version`.
    pub api_version: String,
    /// The API group; empty for the core group.
    pub group: String,
    /// The plural resource name.
    pub resource: String,
    /// The kind; compared without case.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The namespace; nothing is put in its place when it is empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
}

/// What outlives a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Artifact {
    /// Values by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub key_value: BTreeMap<String, String>,
    /// The JSON document of a Kopia snapshot, kept as text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kopia_snapshot: String,
}

/// The schema of an [`ObjectReference`].
pub(crate) fn reference() -> JSONSchemaProps {
    object([
        ("apiVersion", text()),
        ("group", text()),
        ("resource", text()),
        ("kind", text()),
        ("name", text()),
        ("namespace", text()),
    ])
}

/// The schema of an [`Artifact`].
pub(crate) fn artifact() -> JSONSchemaProps {
    object([("keyValue", map(text())), ("kopiaSnapshot", text())])
}
