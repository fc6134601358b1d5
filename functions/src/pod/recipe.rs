//! A pod as a function wants it, and the object that is sent for it. Pure.
//! Must not know how pods are run.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Container, PersistentVolumeClaimVolumeSource, Pod, PodSpec, Volume as PodVolume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use mainstay_dsl::signature::Argument;
use mainstay_engine::function::{Cause, Error as Failure, Key};
use mainstay_engine::scope::Scope;
use serde_json::{Map, Value as Json};
use snafu::{ResultExt as _, Snafu};

use super::merge;
use super::name::{Identity, label_value};
use crate::arguments::{self, Arguments, POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE};
use crate::context::Settings;

/// The name of the one container of most pods. Overrides speak of it.
pub const CONTAINER: &str = "container";

/// The label that Kanister gives to its pods.
pub const CREATED_BY: (&str, &str) = ("createdBy", "kanister");

/// The label that says which run a pod works for: the run's identifier.
pub const RUN_LABEL: &str = "mainstay.dev/run";

/// The label that says which call a pod works for.
pub(super) const CALL_LABEL: &str = "mainstay.dev/call";

/// The label that tells the pods of one call apart.
pub(super) const POD_LABEL: &str = "mainstay.dev/pod";

/// A pod that cannot be built.
#[derive(Debug, Snafu)]
pub enum Error {
    /// A `podOverride` cannot be merged.
    #[snafu(display("Failed to create pod: Failed to override pod specs: {source}"))]
    Merge {
        /// What is wrong with it.
        source: merge::Error,
    },
    /// What the overrides make of the pod is none.
    #[snafu(display("Failed to create pod: Failed to override pod specs: {source}"))]
    Decode {
        /// Where and why.
        source: serde_json::Error,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(Cause::Mistake, error.to_string())
    }
}

/// A pod as a function wants it.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// What its name begins with, such as `kanister-job-`.
    pub prefix: &'static str,
    /// Tells the pods of one call apart; empty where there is one.
    pub part: String,
    /// Its namespace.
    pub namespace: String,
    /// What it runs, before overrides.
    pub spec: PodSpec,
    /// Claims to mount in its first container.
    pub volumes: Vec<Volume>,
    /// The service account the blueprint asks for.
    pub service_account: Option<String>,
    /// Labels, merged; Kanister's is among them unless the blueprint gives it another value.
    pub labels: BTreeMap<String, String>,
    /// Annotations, merged.
    pub annotations: BTreeMap<String, String>,
    /// Parts of a specification, each merged over the one before, and all into `spec`.
    pub overrides: Vec<Map<String, Json>>,
}

/// A claim and where it is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// The claim's name.
    pub claim: String,
    /// Where it is mounted.
    pub path: String,
    /// Whether it can be read only.
    pub access: Access,
}

/// What may be done with a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read and written.
    Write,
    /// Read only, as the claim's access modes say.
    Read,
}

/// What a blueprint's arguments say about pods: `podOverride`, `podLabels`, `podAnnotations`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A part of a specification.
    pub pod_override: Option<Map<String, Json>>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

impl Options {
    /// Reads them from a call's arguments.
    pub fn of(arguments: &Arguments<'_>) -> Result<Self, arguments::Error> {
        Ok(Self {
            pod_override: arguments.map(&POD_OVERRIDE)?,
            labels: arguments.text_map(&POD_LABELS)?,
            annotations: arguments.text_map(&POD_ANNOTATIONS)?,
        })
    }
}

impl Recipe {
    /// A pod of `spec` with what the action and the blueprint say about pods.
    ///
    /// Labels and annotations of the blueprint win over the action's; the action's override wins over the blueprint's.
    pub fn new(
        prefix: &'static str,
        namespace: String,
        spec: PodSpec,
        options: Options,
        scope: &Scope,
    ) -> Self {
        let Options {
            pod_override,
            labels,
            annotations,
        } = options;
        let (name, value) = CREATED_BY;
        let mut all_labels = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        all_labels.extend(scope.pod_labels.clone());
        all_labels.extend(labels);
        let mut all_annotations = scope.pod_annotations.clone();
        all_annotations.extend(annotations);
        Self {
            prefix,
            part: String::new(),
            namespace,
            spec,
            volumes: Vec::new(),
            service_account: None,
            labels: all_labels,
            annotations: all_annotations,
            overrides: pod_override
                .into_iter()
                .chain(scope.pod_override.clone())
                .collect(),
        }
    }

    /// The object that is sent for the call of `key`.
    pub fn build(&self, settings: &Settings, key: &Key) -> Result<Pod, Error> {
        let call = Identity::of(key);
        let identity = call.part(&self.part);
        let mut labels = self.labels.clone();
        labels.insert(RUN_LABEL.to_owned(), label_value(&key.run));
        labels.insert(CALL_LABEL.to_owned(), call.label());
        labels.insert(POD_LABEL.to_owned(), identity.label());
        Ok(Pod {
            metadata: ObjectMeta {
                name: Some(format!("{}{}", self.prefix, identity.suffix())),
                namespace: Some(self.namespace.clone()),
                labels: Some(labels),
                annotations: (!self.annotations.is_empty()).then(|| self.annotations.clone()),
                ..ObjectMeta::default()
            },
            spec: Some(self.spec(settings, &identity)?),
            status: None,
        })
    }

    fn spec(&self, settings: &Settings, identity: &Identity) -> Result<PodSpec, Error> {
        let mut spec = self.spec.clone();
        spec.service_account_name = self.service_account.clone().or_else(|| {
            let own = self.namespace == settings.namespace;
            own.then(|| settings.service_account.clone()).flatten()
        });
        if settings.secure_defaults {
            spec.automount_service_account_token = Some(false);
            if self.service_account.is_none() {
                spec.service_account_name = Some(String::from("default"));
            }
        }
        for volume in &self.volumes {
            volume.mount(&mut spec, identity);
        }
        let Some(patch) = self.merged_override()? else {
            return Ok(spec);
        };
        let working = spec.containers.first().map(|container| container.name.clone());
        let merged = merge::merge(as_map(&spec), &patch).context(MergeSnafu)?;
        let mut spec: PodSpec = serde_json::from_value(Json::Object(merged)).context(DecodeSnafu)?;
        // Whatever merging does to the order, the container that works comes first.
        spec.containers
            .sort_by_key(|container| Some(&container.name) != working.as_ref());
        Ok(spec)
    }

    fn merged_override(&self) -> Result<Option<Map<String, Json>>, Error> {
        let mut parts = self.overrides.iter();
        let Some(first) = parts.next() else {
            return Ok(None);
        };
        parts
            .try_fold(first.clone(), merge::merge)
            .context(MergeSnafu)
            .map(Some)
    }
}

impl Volume {
    fn mount(&self, spec: &mut PodSpec, identity: &Identity) {
        let Self { claim, path, access } = self;
        let name = format!("vol-{}", identity.part(claim).uuid());
        let read_only = match access {
            Access::Write => None,
            Access::Read => Some(true),
        };
        spec.volumes.get_or_insert_default().push(PodVolume {
            name: name.clone(),
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: claim.clone(),
                read_only,
            }),
            ..PodVolume::default()
        });
        if let Some(container) = spec.containers.first_mut() {
            container.volume_mounts.get_or_insert_default().push(VolumeMount {
                name,
                mount_path: path.clone(),
                read_only,
                ..VolumeMount::default()
            });
        }
    }
}

fn as_map(spec: &PodSpec) -> Map<String, Json> {
    let map = serde_json::to_value(spec).and_then(serde_json::from_value);
    map.expect("a specification is an object with texts for keys")
}

/// A pod that runs one command to its end.
pub fn single_container(image: &str, command: Vec<String>) -> PodSpec {
    PodSpec {
        containers: vec![Container {
            name: CONTAINER.to_owned(),
            image: Some(image.to_owned()),
            command: Some(command),
            image_pull_policy: Some(String::from("IfNotPresent")),
            ..Container::default()
        }],
        restart_policy: Some(String::from("Never")),
        ..PodSpec::default()
    }
}

/// The namespace an argument names, or the controller's.
pub fn namespace(
    arguments: &Arguments<'_>,
    argument: &Argument,
    settings: &Settings,
) -> Result<String, arguments::Error> {
    Ok(arguments
        .filled_text(argument)?
        .unwrap_or_else(|| settings.namespace.clone()))
}

#[cfg(test)]
mod tests;
