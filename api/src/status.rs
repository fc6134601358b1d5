//! The status of an ActionSet, written only by a controller.
//! Must not know how it comes about.
#![expect(
    clippy::module_name_repetitions,
    reason = "the types are called as Kanister calls them"
)]

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::reference::{Artifact, ObjectReference, artifact, reference};
use crate::schema::{described, free_object, integer, list, map, object, text, time};

/// What became of an ActionSet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ActionSetStatus {
    /// `pending`, `running`, `failed` or `complete`.
    pub state: String,
    /// One entry for each entry of `spec.actions`, in the same order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ActionStatus>,
    /// The last failure; always written.
    pub error: Failure,
    /// How far all actions together have come; always written.
    pub progress: Progress,
    /// What our own controller needs to go on after a restart. Not part of Kanister's interface.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub mainstay: Map<String, Json>,
}

/// A failure in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Failure {
    /// What failed; empty when nothing has.
    pub message: String,
}

/// What became of one action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ActionStatus {
    /// As in the request.
    pub name: String,
    /// As in the request.
    pub object: ObjectReference,
    /// As in the request.
    pub blueprint: String,
    /// One entry for each phase of the blueprint's action, in the same order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<PhaseStatus>,
    /// The output artifacts: templates until the action has ended well, then their values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, Artifact>,
    /// The deferred phase; empty texts when the action has none.
    pub defer_phase: PhaseStatus,
}

/// What became of one phase.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PhaseStatus {
    /// The phase's name.
    pub name: String,
    /// `pending`, `running`, `failed` or `complete`.
    pub state: String,
    /// Outputs by key.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub output: Map<String, Json>,
    /// How far it has come; always written.
    pub progress: PhaseProgress,
}

/// How far a phase has come. Zero means not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PhaseProgress {
    /// Whole percent as text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub progress_percent: String,
    /// Bytes read so far.
    #[serde(rename = "sizeDownloadedB", skip_serializing_if = "is_zero")]
    pub size_downloaded: i64,
    /// Bytes written so far.
    #[serde(rename = "sizeUploadedB", skip_serializing_if = "is_zero")]
    pub size_uploaded: i64,
    /// Bytes to read in all.
    #[serde(rename = "estimatedDownloadSizeB", skip_serializing_if = "is_zero")]
    pub estimated_download_size: i64,
    /// Bytes to write in all.
    #[serde(rename = "estimatedUploadSizeB", skip_serializing_if = "is_zero")]
    pub estimated_upload_size: i64,
    /// Seconds to go. Kanister writes a misspelt key that the API server drops; no function ever set it.
    #[serde(skip_serializing_if = "is_zero")]
    pub estimated_time_seconds: i64,
    /// When any of this last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
}

/// How far all actions of an ActionSet have come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Progress {
    /// The phase that was started last and still runs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub running_phase: String,
    /// Whole percent as text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub percent_completed: String,
    /// Bytes read so far.
    #[serde(rename = "sizeDownloadedB", skip_serializing_if = "is_zero")]
    pub size_downloaded: i64,
    /// Bytes written so far.
    #[serde(rename = "sizeUploadedB", skip_serializing_if = "is_zero")]
    pub size_uploaded: i64,
    /// Bytes to read in all.
    #[serde(rename = "estimatedDownloadSizeB", skip_serializing_if = "is_zero")]
    pub estimated_download_size: i64,
    /// Bytes to write in all.
    #[serde(rename = "estimatedUploadSizeB", skip_serializing_if = "is_zero")]
    pub estimated_upload_size: i64,
    /// When any of this last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
}

/// The schema of an [`ActionSetStatus`].
pub(crate) fn status() -> JSONSchemaProps {
    let action = object([
        ("name", text()),
        ("object", reference()),
        ("blueprint", text()),
        ("phases", list(phase())),
        ("artifacts", map(artifact())),
        ("deferPhase", phase()),
    ]);
    object([
        ("state", text()),
        ("actions", list(action)),
        ("error", object([("message", text())])),
        ("progress", progress()),
        (
            "mainstay",
            described(
                "What the controller of mainstay needs to go on after a restart; not for people.",
                free_object(),
            ),
        ),
    ])
}

fn phase() -> JSONSchemaProps {
    object([
        ("name", text()),
        ("state", text()),
        ("output", free_object()),
        (
            "progress",
            object([
                ("progressPercent", text()),
                ("sizeDownloadedB", integer()),
                ("sizeUploadedB", integer()),
                ("estimatedDownloadSizeB", integer()),
                ("estimatedUploadSizeB", integer()),
                ("estimatedTimeSeconds", integer()),
                ("lastTransitionTime", time()),
            ]),
        ),
    ])
}

fn progress() -> JSONSchemaProps {
    object([
        ("runningPhase", text()),
        ("percentCompleted", text()),
        ("sizeDownloadedB", integer()),
        ("sizeUploadedB", integer()),
        ("estimatedDownloadSizeB", integer()),
        ("estimatedUploadSizeB", integer()),
        ("lastTransitionTime", time()),
    ])
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}
