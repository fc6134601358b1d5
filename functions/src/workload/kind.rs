//! The kinds of workload that can be scaled, and when one has the replicas asked for. Pure.
//! Must not know how objects are fetched.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{ApiResource, DynamicObject};
use kube::core::GroupVersionKind;
use serde_json::Value as Json;

/// A kind of workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    StatefulSet,
    Deployment,
    DeploymentConfig,
}

impl Kind {
    /// The kind of that name, in any letter case.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::StatefulSet, Self::Deployment, Self::DeploymentConfig]
            .into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// Its name in manifests.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::StatefulSet => "StatefulSet",
            Self::Deployment => "Deployment",
            Self::DeploymentConfig => "DeploymentConfig",
        }
    }

    /// Its resource.
    pub(super) fn resource(self) -> ApiResource {
        let (group, plural) = match self {
            Self::StatefulSet => ("apps", "statefulsets"),
            Self::Deployment => ("apps", "deployments"),
            Self::DeploymentConfig => ("apps.openshift.io", "deploymentconfigs"),
        };
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, "v1", self.name()), plural)
    }

    /// What owns the pods of its current revision; a workload that owns them itself has none.
    pub(super) fn revisions(self) -> Option<Revisions> {
        let (group, kind, plural, of_revision, of_workload) = match self {
            Self::StatefulSet => return None,
            Self::Deployment => {
                let revision = "deployment.kubernetes.io/revision";
                (
                    "apps",
                    "ReplicaSet",
                    "replicasets",
                    revision,
                    Current::Annotation(revision),
                )
            }
            Self::DeploymentConfig => (
                "",
                "ReplicationController",
                "replicationcontrollers",
                "openshift.io/deployment-config.latest-version",
                Current::Status("/status/latestVersion"),
            ),
        };
        Some(Revisions {
            resource: ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, "v1", kind), plural),
            annotation: of_revision,
            current: of_workload,
        })
    }
}

/// The objects that stand between a workload and its pods, one for each revision.
#[derive(Clone, Debug)]
pub(super) struct Revisions {
    pub(super) resource: ApiResource,
    annotation: &'static str,
    current: Current,
}

/// Where a workload says which revision is the current one.
#[derive(Clone, Copy, Debug)]
enum Current {
    Annotation(&'static str),
    Status(&'static str),
}

impl Revisions {
    /// The identifier of the current one among those that there are.
    pub(super) fn current<'a>(&self, workload: &DynamicObject, all: &'a [DynamicObject]) -> Option<&'a str> {
        let wanted = match self.current {
            Current::Annotation(name) => workload.metadata.annotations.as_ref()?.get(name)?.clone(),
            Current::Status(pointer) => workload.data.pointer(pointer)?.to_string(),
        };
        let owner = workload.metadata.uid.as_deref()?;
        let is_current = |revision: &&DynamicObject| {
            let annotations = revision.metadata.annotations.as_ref();
            let revision_of = annotations.and_then(|annotations| annotations.get(self.annotation));
            is_owned_by(&revision.metadata, owner) && revision_of == Some(&wanted)
        };
        all.iter().find(is_current)?.metadata.uid.as_deref()
    }
}

/// Whether an object belongs to another one.
pub(super) fn is_owned_by(metadata: &kube::core::ObjectMeta, owner: &str) -> bool {
    let owners = metadata.owner_references.iter().flatten();
    owners.into_iter().any(|reference| reference.uid == owner)
}

/// How far scaling has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// The number of replicas asked for.
    pub(super) wanted: i64,
    /// The number that is ready.
    pub(super) ready: i64,
    /// The number of pods that run.
    pub(super) running: i64,
    /// Whether all is as it should be.
    pub(super) done: bool,
}

/// How far `workload` is from what its specification asks for; `pods` are those of its current revision.
///
/// A pod on its way out counts until it is gone: it may hold a volume. One that has ended and stays, such as an evicted
/// one, is in nobody's way; Kanister waits for it for ever.
pub(super) fn standing(kind: Kind, workload: &DynamicObject, pods: &[&Pod]) -> Standing {
    let number = |pointer| workload.data.pointer(pointer).and_then(Json::as_i64);
    let status = |pointer| number(pointer).unwrap_or(0);
    let wanted = number("/spec/replicas").unwrap_or(1);
    let count = |of: &dyn Fn(&Pod) -> bool| {
        let count = pods.iter().filter(|pod| of(pod)).count();
        i64::try_from(count).unwrap_or(i64::MAX)
    };
    let running = count(&|pod| phase(pod) == "Running");
    let in_the_way = count(&|pod| match phase(pod) {
        "Running" => false,
        "Succeeded" | "Failed" => pod.metadata.deletion_timestamp.is_some(),
        _ => true,
    });
    let observed = number("/status/observedGeneration") >= workload.metadata.generation;
    let ready = match kind {
        Kind::StatefulSet => status("/status/readyReplicas"),
        Kind::Deployment | Kind::DeploymentConfig => status("/status/availableReplicas"),
    };
    let counted = match kind {
        Kind::StatefulSet => wanted,
        Kind::Deployment | Kind::DeploymentConfig => {
            let all = [status("/status/replicas"), status("/status/updatedReplicas")];
            all.into_iter().find(|number| *number != wanted).unwrap_or(wanted)
        }
    };
    Standing {
        wanted,
        ready,
        running,
        done: observed && [ready, running, counted] == [wanted; 3] && in_the_way == 0,
    }
}

fn phase(pod: &Pod) -> &str {
    let status = pod.status.as_ref();
    status
        .and_then(|status| status.phase.as_deref())
        .unwrap_or("Pending")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(phase: &str, deleted: bool) -> Pod {
        let mut pod = json!({"metadata": {"name": "p"}, "status": {"phase": phase}});
        if deleted {
            pod["metadata"]["deletionTimestamp"] = json!("2026-11-25T09:00:00Z");
        }
        serde_json::from_value(pod).unwrap()
    }

    fn check(kind: Kind, status: &Json, pods: &[Pod], expected: bool) {
        let workload = json!({
            "metadata": {"name": "w", "generation": 2},
            "spec": {"replicas": 1},
            "status": status,
        });
        let workload = serde_json::from_value(workload).unwrap();
        let standing = standing(kind, &workload, &pods.iter().collect::<Vec<_>>());
        assert_eq!(standing.done, expected, "{kind:?} {status}: {standing:?}");
    }

    #[test]
    fn stateful_sets() {
        let ready = json!({"observedGeneration": 2, "readyReplicas": 1});
        let running = pod("Running", false);
        check(Kind::StatefulSet, &ready, std::slice::from_ref(&running), true);
        check(Kind::StatefulSet, &ready, &[], false);
        check(
            Kind::StatefulSet,
            &ready,
            &[running.clone(), pod("Running", true)],
            false,
        );
        check(
            Kind::StatefulSet,
            &ready,
            &[running.clone(), pod("Failed", true)],
            false,
        );
        check(
            Kind::StatefulSet,
            &json!({"observedGeneration": 1, "readyReplicas": 1}),
            &[running],
            false,
        );
    }

    #[test]
    fn deployments() {
        let all = json!({
            "observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1,
        });
        let running = pod("Running", false);
        check(Kind::Deployment, &all, std::slice::from_ref(&running), true);
        check(
            Kind::Deployment,
            &all,
            &[running.clone(), pod("Failed", false)],
            true,
        );
        check(
            Kind::Deployment,
            &all,
            &[running.clone(), pod("Pending", false)],
            false,
        );
        let mut old = all.clone();
        old["updatedReplicas"] = json!(0);
        check(Kind::Deployment, &old, &[running], false);
    }

    #[test]
    fn kinds_have_names_in_any_letter_case() {
        assert_eq!(Kind::named("statefulSET"), Some(Kind::StatefulSet));
        assert_eq!(Kind::named("DaemonSet"), None);
    }
}
