//! What templates and functions may see at a step: Kanister's template parameters as plain data.
//! Must not know where any of it was fetched; secrets stay sealed until a template asks.

mod parameters;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::sealed::Sealed;

/// The template parameters of one action (`TemplateParams` in Kanister).
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The typed target, when the object's kind has one.
    pub target: Option<Target>,
    /// The object as the API server returned it.
    pub object: Json,
    /// Input artifacts by name.
    pub artifacts_in: BTreeMap<String, Artifact>,
    /// ConfigMaps of the action by reference name, as JSON objects.
    pub config_maps: BTreeMap<String, Json>,
    /// Secrets of the action by reference name, as JSON objects with base64 `data`.
    pub secrets: BTreeMap<String, Sealed<Json>>,
    /// The resolved profile.
    pub profile: Option<Profile>,
    /// Start of the action, UTC, `2006-01-02T15:04:05.999999999Z07:00`.
    pub time: String,
    /// Options by key.
    pub options: BTreeMap<String, String>,
    /// What the phases that have begun show, by phase name.
    pub phases: BTreeMap<String, Phase>,
    /// What the deferred phase shows.
    pub defer_phase: Phase,
    /// A part of a PodSpec merged into every pod that a function makes.
    pub pod_override: Option<Map<String, Json>>,
    /// Annotations of the pods that functions make.
    pub pod_annotations: BTreeMap<String, String>,
    /// Labels of the pods that functions make.
    pub pod_labels: BTreeMap<String, String>,
    /// Labels of the request itself (`kanister.io/…` reach pods and logs); templates do not see them.
    pub request_labels: BTreeMap<String, String>,
}

/// The typed target of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `.StatefulSet`.
    StatefulSet(Workload),
    /// `.Deployment`.
    Deployment(Workload),
    /// `.DeploymentConfig`.
    DeploymentConfig(Workload),
    /// `.PVC`.
    Pvc(Named),
    /// `.Namespace`.
    Namespace(Named),
}

/// A name and its namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The object's name.
    pub name: String,
    /// The object's namespace.
    pub namespace: String,
}

/// A workload as it was when the action started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// Name and namespace as the request gives them.
    pub named: Named,
    /// Names of the running pods of the current revision.
    pub pods: Vec<String>,
    /// Container names per pod, in the order of `pods`.
    pub containers: Vec<Vec<String>>,
    /// Pod → claim → mount path.
    pub claims: BTreeMap<String, BTreeMap<String, String>>,
}

/// An artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Artifact {
    /// Values by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub key_value: BTreeMap<String, String>,
    /// A Kopia snapshot document, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kopia_snapshot: String,
}

/// What a begun phase shows to templates.
#[derive(Clone, Debug, Default)]
pub struct Phase {
    /// Secrets among the phase's objects, as JSON objects.
    pub secrets: BTreeMap<String, Sealed<Json>>,
    /// ConfigMaps among the phase's objects, as JSON objects.
    pub config_maps: BTreeMap<String, Json>,
    /// Outputs; absent until the phase has ended well.
    pub output: Option<Map<String, Json>>,
}

/// A resolved location profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// `s3Compliant`, `gcs`, `azure` or `kopia`.
    pub location_type: String,
    /// The bucket.
    pub bucket: String,
    /// The endpoint; empty for the provider's own.
    pub endpoint: String,
    /// The prefix of plain objects.
    pub prefix: String,
    /// The region.
    pub region: String,
    /// The credential.
    pub credential: Credential,
    /// Whether the server's certificate is not verified.
    pub skip_ssl_verify: bool,
}

/// A resolved credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// `keyPair`: an identity and its secret.
    KeyPair {
        /// The access key.
        id: String,
        /// The secret key.
        secret: Sealed<String>,
    },
    /// `secret`: a whole Secret as a JSON object; its type tells what it holds.
    Secret(Sealed<Json>),
    /// `kopia`: the JSON form of Kanister's `KopiaServerSecret`.
    Kopia(Sealed<Json>),
}
