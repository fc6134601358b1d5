//! The object that an action is for: the object itself, the struct that templates see of it, and what is kept
//! so that both can be shown again after an interruption.
//! Must not know what is done to the object.

use std::borrow::Cow;

use mainstay_engine::function::{self, Cause};
use mainstay_engine::request::ObjectReference;
use mainstay_engine::scope::{Named, Target, Workload};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use snafu::{ResultExt, Snafu};

use super::workload::{self, Pods, pods};
use crate::objects::{self, Objects, Resource};

const STATEFUL_SETS: Resource = Resource::known("apps", "v1", "statefulsets");
const DEPLOYMENTS: Resource = Resource::known("apps", "v1", "deployments");
const DEPLOYMENT_CONFIGS: Resource = Resource::known("apps.openshift.io", "v1", "deploymentconfigs");
const CLAIMS: Resource = Resource::known("", "v1", "persistentvolumeclaims");
const NAMESPACES: Resource = Resource::known("", "v1", "namespaces");

/// Why the target could not be had.
#[derive(Debug, Snafu)]
pub(super) enum Error {
    /// The workload could not be had.
    #[snafu(display("{source}"))]
    Fetch {
        /// Why.
        source: objects::Error,
    },
    /// Its pods could not be had.
    #[snafu(display("{source}"))]
    ShowPods {
        /// Why.
        source: workload::Error,
    },
    /// The object could not be had.
    #[snafu(display("could not fetch object {place}: {source}"))]
    Object {
        /// What was asked for, and where.
        place: String,
        /// Why.
        source: objects::Error,
    },
    /// What was kept is not what this program keeps.
    #[snafu(display("failed to read what was kept of the target: {source}"))]
    ReadSnapshot {
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl From<Error> for function::Error {
    fn from(error: Error) -> Self {
        let is_transient = match &error {
            Error::Fetch { source } | Error::Object { source, .. } => source.is_transient(),
            Error::ShowPods { source } => source.is_transient(),
            Error::ReadSnapshot { .. } => false,
        };
        let cause = if is_transient {
            Cause::Unreachable
        } else {
            Cause::Mistake
        };
        Self::new(cause, error.to_string())
    }
}

/// The target of an action.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) target: Option<Target>,
    pub(super) object: Json,
    /// What [`resolve`] wants to be given after an interruption. Holds no secret.
    pub(super) snapshot: Json,
}

/// What is kept of a target.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Snapshot {
    /// The object; absent when it is a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<Json>,
    /// The running pods, when the object is a workload.
    #[serde(skip_serializing_if = "Option::is_none")]
    workload: Option<Pods>,
}

/// The kinds that templates have a struct for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    StatefulSet,
    Deployment,
    DeploymentConfig,
    Claim,
    Namespace,
}

impl Kind {
    /// Kanister compares without case and knows these words only.
    fn read(written: &str) -> Option<Self> {
        match written.to_lowercase().as_str() {
            "statefulset" => Some(Self::StatefulSet),
            "deployment" => Some(Self::Deployment),
            "deploymentconfig" => Some(Self::DeploymentConfig),
            "pvc" => Some(Self::Claim),
            "namespace" => Some(Self::Namespace),
            _ => None,
        }
    }

    /// The kind as a workload, if it is one.
    fn workload(self) -> Option<workload::Kind> {
        match self {
            Self::StatefulSet => Some(workload::Kind::StatefulSet),
            Self::Deployment => Some(workload::Kind::Deployment),
            Self::DeploymentConfig => Some(workload::Kind::DeploymentConfig),
            Self::Claim | Self::Namespace => None,
        }
    }
}

/// Fetches the object that `reference` names, or shows it as `kept` has it.
pub(super) async fn resolve(
    objects: &Objects,
    reference: &ObjectReference,
    kept: Option<&Json>,
) -> Result<Found, Error> {
    let kept = match kept {
        Some(kept) => Snapshot::deserialize(kept).context(ReadSnapshotSnafu)?,
        None => Snapshot::default(),
    };
    let kind = Kind::read(&reference.kind);
    let object = match kept.object {
        Some(object) => object,
        None => fetch(objects, reference, kind).await?,
    };
    let workload = match (kind.and_then(Kind::workload), kept.workload) {
        (_, Some(kept)) => Some(kept),
        (Some(kind), None) => Some(pods(objects, kind, &object).await.context(ShowPodsSnafu)?),
        (None, None) => None,
    };
    let is_secret = object["kind"] == json!("Secret") && object["apiVersion"] == json!("v1");
    let snapshot = json!(Snapshot {
        object: (!is_secret).then(|| without_managed_fields(&object)),
        workload: workload.clone(),
    });
    Ok(Found {
        target: kind.map(|kind| show(kind, reference, workload.unwrap_or_default())),
        object,
        snapshot,
    })
}

/// The struct that templates see.
fn show(kind: Kind, reference: &ObjectReference, pods: Pods) -> Target {
    let named = Named {
        name: reference.name.clone(),
        namespace: reference.namespace.clone(),
    };
    let Pods {
        names,
        containers,
        claims,
    } = pods;
    let workload = Workload {
        named: named.clone(),
        pods: names,
        containers,
        claims,
    };
    match kind {
        Kind::StatefulSet => Target::StatefulSet(workload),
        Kind::Deployment => Target::Deployment(workload),
        Kind::DeploymentConfig => Target::DeploymentConfig(workload),
        Kind::Claim => Target::Pvc(named),
        Kind::Namespace => {
            // Kanister shows the reference's namespace under both names; we fall back to its name.
            let shown = if reference.namespace.is_empty() {
                &reference.name
            } else {
                &reference.namespace
            };
            Target::Namespace(Named {
                name: shown.clone(),
                namespace: shown.clone(),
            })
        }
    }
}

async fn fetch(objects: &Objects, reference: &ObjectReference, kind: Option<Kind>) -> Result<Json, Error> {
    let (resource, namespace) = match kind {
        Some(Kind::StatefulSet) => (STATEFUL_SETS, reference.namespace.as_str()),
        Some(Kind::Deployment) => (DEPLOYMENTS, reference.namespace.as_str()),
        Some(Kind::DeploymentConfig) => (DEPLOYMENT_CONFIGS, reference.namespace.as_str()),
        Some(Kind::Claim) => (CLAIMS, reference.namespace.as_str()),
        Some(Kind::Namespace) => (NAMESPACES, ""),
        None => (named_by(reference), reference.namespace.as_str()),
    };
    let found = objects.get(&resource, namespace, &reference.name).await;
    match kind {
        // Kanister fetches these twice, and the first time adds nothing to what the API server says.
        Some(Kind::StatefulSet | Kind::Deployment | Kind::DeploymentConfig | Kind::Claim) => {
            found.context(FetchSnafu)
        }
        Some(Kind::Namespace) | None => found.with_context(|_| ObjectSnafu {
            place: format!(
                "name: {}, namespace: {}, group: {}, version: {}, resource: {}",
                reference.name, reference.namespace, resource.group, resource.version, resource.plural
            ),
        }),
    }
}

/// Where an object of any other kind is. kanctl leaves a slash at the end of the group.
fn named_by(reference: &ObjectReference) -> Resource {
    Resource {
        group: Cow::Owned(reference.group.trim_end_matches('/').to_owned()),
        version: Cow::Owned(reference.api_version.clone()),
        plural: Cow::Owned(reference.resource.clone()),
    }
}

/// Managed fields can be as large as the object and no template needs them.
fn without_managed_fields(object: &Json) -> Json {
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    object
}
