//! The running pods of a workload's current revision, as templates see them.
//! Must not know what is done in the pods.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use kube::ResourceExt;
use kube::core::{PartialObjectMeta, Selector};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use snafu::{OptionExt, ResultExt, Snafu};

use crate::objects::{self, Objects, Resource};

const REPLICA_SETS: Resource = Resource::known("apps", "v1", "replicasets");
const REPLICATION_CONTROLLERS: Resource = Resource::known("", "v1", "replicationcontrollers");
const PODS: Resource = Resource::known("", "v1", "pods");

/// Why the pods could not be had.
#[derive(Debug, Snafu)]
pub(super) enum Error {
    /// Something that the workload owns could not be had.
    #[snafu(display("{source}"))]
    Fetch {
        /// Why.
        source: objects::Error,
    },
    /// The workload's selector cannot be used.
    #[snafu(display("failed to read the selector of {workload}"))]
    UnusableSelector {
        /// Kind, namespace and name.
        workload: String,
    },
    /// Nothing that belongs to the workload's current revision exists.
    #[snafu(display("failed to find the {owner} of revision {revision:?} of {workload}"))]
    NoRevision {
        /// What was looked for.
        owner: &'static str,
        /// The revision.
        revision: String,
        /// Kind, namespace and name.
        workload: String,
    },
}

impl Error {
    /// Whether trying again may help.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Fetch { source } => source.is_transient(),
            Self::UnusableSelector { .. } | Self::NoRevision { .. } => false,
        }
    }
}

/// The kinds of workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    StatefulSet,
    Deployment,
    DeploymentConfig,
}

/// The running pods of a workload.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Pods {
    /// Their names.
    pub(super) names: Vec<String>,
    /// The names of their containers, in the order of `names`.
    pub(super) containers: Vec<Vec<String>>,
    /// Pod → claim → mount path.
    pub(super) claims: BTreeMap<String, BTreeMap<String, String>>,
}

/// The object between a workload and its pods, of which there is one for each revision.
struct Revisions {
    resource: Resource,
    name: &'static str,
    /// The annotation that says which revision one is of.
    annotation: &'static str,
}

const OF_DEPLOYMENT: Revisions = Revisions {
    resource: REPLICA_SETS,
    name: "ReplicaSet",
    annotation: "deployment.kubernetes.io/revision",
};

const OF_CONFIG: Revisions = Revisions {
    resource: REPLICATION_CONTROLLERS,
    name: "ReplicationController",
    annotation: "openshift.io/deployment-config.latest-version",
};

/// The running pods of `workload`, an object of `kind` as the API server has it.
pub(super) async fn pods(objects: &Objects, kind: Kind, workload: &Json) -> Result<Pods, Error> {
    let selector = match kind {
        Kind::StatefulSet | Kind::Deployment => selector(workload)?,
        Kind::DeploymentConfig => plain_selector(workload),
    };
    let owner = match kind {
        Kind::StatefulSet => uid(workload).to_owned(),
        Kind::Deployment => {
            let revision = &workload["metadata"]["annotations"][OF_DEPLOYMENT.annotation];
            let revision = revision.as_str().unwrap_or_default();
            owner(objects, workload, &selector, &OF_DEPLOYMENT, revision).await?
        }
        Kind::DeploymentConfig => {
            let revision = workload["status"]["latestVersion"].as_i64().unwrap_or_default();
            owner(objects, workload, &selector, &OF_CONFIG, &revision.to_string()).await?
        }
    };
    running(objects, workload, &selector, &owner).await
}

/// The unique identifier of what owns the pods of `revision`.
async fn owner(
    objects: &Objects,
    workload: &Json,
    selector: &str,
    revisions: &Revisions,
    revision: &str,
) -> Result<String, Error> {
    let candidates: Vec<PartialObjectMeta> = objects
        .list(&revisions.resource, namespace(workload), selector)
        .await
        .context(FetchSnafu)?;
    let found = candidates.into_iter().find(|candidate| {
        let has = candidate.annotations().get(revisions.annotation);
        is_owned(&candidate.metadata, uid(workload))
            && has.map(String::as_str).unwrap_or_default() == revision
    });
    found
        .and_then(|found| found.metadata.uid)
        .with_context(|| NoRevisionSnafu {
            owner: revisions.name,
            revision,
            workload: describe(workload),
        })
}

/// The running pods that `owner` owns, in the API server's order.
async fn running(objects: &Objects, workload: &Json, selector: &str, owner: &str) -> Result<Pods, Error> {
    let pods: Vec<Pod> = objects
        .list(&PODS, namespace(workload), selector)
        .await
        .context(FetchSnafu)?;
    let mut shown = Pods::default();
    for pod in pods.iter().filter(|pod| is_owned(&pod.metadata, owner)) {
        let Some(status) = &pod.status else {
            continue;
        };
        if status.phase.as_deref() != Some("Running") {
            continue;
        }
        let statuses = status.container_statuses.iter().flatten();
        let containers = statuses.map(|container| container.name.clone()).collect();
        let claims = mounted_claims(pod);
        if !claims.is_empty() {
            shown.claims.insert(pod.name_any(), claims);
        }
        shown.names.push(pod.name_any());
        shown.containers.push(containers);
    }
    Ok(shown)
}

/// Claim → mount path for every claim that a container mounts. The last mount wins, as in Kanister.
fn mounted_claims(pod: &Pod) -> BTreeMap<String, String> {
    let Some(spec) = &pod.spec else {
        return BTreeMap::new();
    };
    let claims: BTreeMap<&str, &str> = spec
        .volumes
        .iter()
        .flatten()
        .filter_map(|volume| {
            let claim = volume.persistent_volume_claim.as_ref()?;
            Some((volume.name.as_str(), claim.claim_name.as_str()))
        })
        .collect();
    let mounts = spec
        .containers
        .iter()
        .flat_map(|container| container.volume_mounts.iter().flatten());
    mounts
        .filter_map(|mount| {
            let claim = claims.get(mount.name.as_str())?;
            Some(((*claim).to_owned(), mount.mount_path.clone()))
        })
        .collect()
}

fn selector(workload: &Json) -> Result<String, Error> {
    let written = LabelSelector::deserialize(&workload["spec"]["selector"]).ok();
    let selector = written.and_then(|written| Selector::try_from(written).ok());
    let selector = selector.with_context(|| UnusableSelectorSnafu {
        workload: describe(workload),
    })?;
    Ok(selector.to_string())
}

/// The selector of a DeploymentConfig, which is a map of labels.
fn plain_selector(workload: &Json) -> String {
    let labels = workload["spec"]["selector"].as_object().into_iter().flatten();
    let terms: Vec<String> = labels
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    terms.join(",")
}

fn is_owned(metadata: &ObjectMeta, owner: &str) -> bool {
    let owners = metadata.owner_references.iter().flatten();
    owners.into_iter().any(|reference| reference.uid == owner)
}

fn uid(object: &Json) -> &str {
    object["metadata"]["uid"].as_str().unwrap_or_default()
}

fn namespace(object: &Json) -> &str {
    object["metadata"]["namespace"].as_str().unwrap_or_default()
}

fn describe(object: &Json) -> String {
    let kind = object["kind"].as_str().unwrap_or_default();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    format!("{kind} {}/{name}", namespace(object))
}
