//! A text that a pod needs and nobody else may see: in a Secret of its own that belongs to the pod, so that the cluster
//! removes it with it.
//! Must not know what the text says.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, PodSpec, Secret, SecretVolumeSource, Volume, VolumeMount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt as _};
use mainstay_engine::function::Error as Failure;
use mainstay_engine::sealed::Sealed;
use snafu::{ResultExt as _, Snafu};

use crate::context::Context;
use crate::failure;
use crate::pod::{CREATED_BY, Identity, Worker};
use crate::retry::patiently;

/// Not more than this may read it: the pod's containers, under whatever user they run.
const READABLE: i32 = 0o444;

/// A Secret that cannot be made.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    /// The pod that is to own it cannot be read.
    #[snafu(display("Failed to create secret: {}", failure::words(source)))]
    Owner {
        /// What the cluster says.
        source: kube::Error,
    },
    /// The cluster does not take it.
    #[snafu(display("Failed to create secret: {}", failure::words(source)))]
    Create {
        /// What the cluster says.
        source: kube::Error,
    },
    /// One that belongs to a pod that is gone cannot be removed.
    #[snafu(display("Failed to delete secret: {}", failure::words(source)))]
    Delete {
        /// What the cluster says.
        source: kube::Error,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let cause = match &error {
            Error::Owner { source } | Error::Create { source } | Error::Delete { source } => {
                failure::cause(source)
            }
        };
        Self::new(cause, error.to_string())
    }
}

/// A Secret of one pod, and where the pod finds it.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    /// Its name.
    name: String,
    /// The name of its key, and of the file that it becomes.
    key: &'static str,
    /// What it holds.
    content: Sealed<String>,
}

impl Credential {
    /// The Secret of the pod that `identity` knows.
    pub(crate) fn new(identity: &Identity, key: &'static str, content: Sealed<String>) -> Self {
        Self {
            name: format!("mainstay-{key}-{}", identity.label()),
            key,
            content,
        }
    }

    /// Adds to `spec` a volume that holds it, mounted at `folder` in the first container, and returns the file.
    pub(crate) fn mount(&self, spec: &mut PodSpec, folder: &str) -> String {
        let Self {
            name,
            key,
            content: _,
        } = self;
        let volume = format!("mainstay-{key}");
        spec.volumes.get_or_insert_default().push(Volume {
            name: volume.clone(),
            secret: Some(SecretVolumeSource {
                secret_name: Some(name.clone()),
                default_mode: Some(READABLE),
                ..SecretVolumeSource::default()
            }),
            ..Volume::default()
        });
        if let Some(container) = spec.containers.first_mut() {
            container.volume_mounts.get_or_insert_default().push(VolumeMount {
                name: volume,
                mount_path: folder.to_owned(),
                read_only: Some(true),
                ..VolumeMount::default()
            });
        }
        format!("{folder}/{key}")
    }

    /// Makes the Secret that the pod waits for. The pod comes first, because its identifier makes it the owner:
    /// whatever happens in between, nothing is left that the pod's end does not take along.
    pub(crate) async fn hand_over(&self, context: &Context, worker: &Worker) -> Result<(), Error> {
        let pods: Api<Pod> = Api::namespaced(context.client.clone(), worker.namespace());
        let pod = patiently(|| pods.get(worker.name())).await.context(OwnerSnafu)?;
        let secrets: Api<Secret> = Api::namespaced(context.client.clone(), worker.namespace());
        let (name, secret) = (&self.name, self.secret(&pod));
        let (create, delete) = (PostParams::default(), DeleteParams::default());
        loop {
            match patiently(|| secrets.create(&create, &secret)).await {
                Ok(_) => return Ok(()),
                Err(error) if failure::is_already_there(&error) => {}
                Err(source) => return Err(Error::Create { source }),
            }
            match patiently(|| secrets.get_opt(name)).await.context(CreateSnafu)? {
                Some(there) if belongs_to(&there, &pod) => return Ok(()),
                // Its pod is gone, and the cluster has not yet come to removing it.
                Some(_) => match patiently(|| secrets.delete(name, &delete)).await {
                    Ok(_) => {}
                    Err(error) if failure::is_not_found(&error) => {}
                    Err(source) => return Err(Error::Delete { source }),
                },
                None => {}
            }
        }
    }

    fn secret(&self, pod: &Pod) -> Secret {
        let Self { name, key, content } = self;
        let (label, value) = CREATED_BY;
        Secret {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                namespace: pod.namespace(),
                labels: Some(BTreeMap::from([(label.to_owned(), value.to_owned())])),
                owner_references: Some(vec![OwnerReference {
                    api_version: String::from("v1"),
                    kind: String::from("Pod"),
                    name: pod.name_any(),
                    uid: pod.uid().unwrap_or_default(),
                    ..OwnerReference::default()
                }]),
                ..ObjectMeta::default()
            },
            immutable: Some(true),
            string_data: Some(BTreeMap::from([((*key).to_owned(), content.open().clone())])),
            ..Secret::default()
        }
    }
}

fn belongs_to(secret: &Secret, pod: &Pod) -> bool {
    let uid = pod.uid();
    secret
        .owner_references()
        .iter()
        .any(|owner| Some(&owner.uid) == uid.as_ref())
}
