//! Pods that work for a call: built, made once, waited for, listened to, removed.
//! Must not know what they work on.
//!
//! ```text
//! Recipe ── build ──▶ Pod ── start ──▶ Worker ── ready ── follow ── complete
//!                                         │
//!                                         └── settle, once the outcome is recorded
//! ```

use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client, ResourceExt};
use mainstay_engine::function::{Call, Cause, Error as Failure, Key};
use snafu::{ResultExt as _, Snafu};

mod log;
mod merge;
mod name;
mod recipe;
mod state;
mod wait;

pub use self::log::{Printed, Sink};
pub(crate) use self::name::Identity;
pub use self::recipe::{
    Access, CONTAINER, CREATED_BY, Options, RUN_LABEL, Recipe, Volume, namespace, single_container,
};
use self::recipe::{CALL_LABEL, POD_LABEL};
pub use self::wait::Ended;
use crate::context::Context;
use crate::failure;
use crate::retry::patiently;

/// What can go wrong with a pod before it works.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The object cannot be built.
    #[snafu(display("{source}"))]
    Build {
        /// What is wrong with it.
        source: recipe::Error,
    },
    /// The cluster does not take it.
    #[snafu(display("Failed to create pod: {}", failure::words(source)))]
    Create {
        /// What the cluster says.
        source: kube::Error,
    },
    /// Pods of others have all the names this one might have.
    #[snafu(display("Failed to create pod: pods {name:?} already exists, and is not ours"))]
    Taken {
        /// The last name tried.
        name: String,
    },
    /// The pods of a call cannot be looked up.
    #[snafu(display("Failed to list pods: {}", failure::words(source)))]
    List {
        /// What the cluster says.
        source: kube::Error,
    },
    /// A pod cannot be removed.
    #[snafu(display("Failed to delete pod {name:?}: {}", failure::words(source)))]
    Delete {
        /// Its name.
        name: String,
        /// What the cluster says.
        source: kube::Error,
    },
    /// A claim cannot be mounted, because it cannot be read.
    #[snafu(display("Failed to retrieve PVC.: {}", failure::words(source)))]
    Claim {
        /// What the cluster says.
        source: kube::Error,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let cause = match &error {
            Error::Build { .. } => Cause::Mistake,
            Error::Taken { .. } => Cause::Unreachable,
            Error::Create { source }
            | Error::List { source }
            | Error::Delete { source, .. }
            | Error::Claim { source } => failure::cause(source),
        };
        Self::new(cause, error.to_string())
    }
}

/// A pod that works for a call.
#[derive(Clone)]
pub struct Worker {
    client: Client,
    pods: Api<Pod>,
    namespace: String,
    name: String,
    /// How long it may take to start.
    ready: Duration,
    /// How long an obstacle that may pass is borne.
    patience: Duration,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Worker({}/{})", self.namespace, self.name)
    }
}

/// How many names are tried when others have taken them.
const NAMES: usize = 4;

impl Worker {
    /// Makes the pod, or finds the one that an earlier call with the same key made.
    pub async fn start(context: &Context, call: &Call, recipe: &Recipe) -> Result<Self, Error> {
        let mut pod = recipe.build(&context.settings, &call.key).context(BuildSnafu)?;
        let pods = Api::namespaced(context.client.clone(), &recipe.namespace);
        let name = match if call.resumed {
            found(&pods, &pod).await?
        } else {
            None
        } {
            Some(name) => name,
            None => create(&pods, &mut pod, recipe.prefix).await?,
        };
        tracing::info!(
            namespace = recipe.namespace,
            pod = name,
            resumed = call.resumed,
            "pod works for the call"
        );
        call.progress
            .update(|progress| progress.pod = Some(format!("{}/{name}", recipe.namespace)));
        Ok(Self {
            client: context.client.clone(),
            pods,
            namespace: recipe.namespace.clone(),
            name,
            ready: context.settings.pod_ready,
            patience: context.settings.obstacle,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// One of its containers as a place of failures.
    pub fn place(&self, container: &str) -> String {
        format!("{}/{}/{container}", self.namespace, self.name)
    }
}

/// The name of the pod that an earlier call with the same key made.
async fn found(pods: &Api<Pod>, wanted: &Pod) -> Result<Option<String>, Error> {
    let label = wanted.labels().get(POD_LABEL).map_or("", String::as_str);
    let ours = ListParams::default().labels(&format!("{POD_LABEL}={label}"));
    let list = patiently(|| pods.list(&ours)).await.context(ListSnafu)?;
    Ok(list.items.first().map(ResourceExt::name_any))
}

/// Creates the pod under the first of its names that nobody else has, unless it is there already.
async fn create(pods: &Api<Pod>, pod: &mut Pod, prefix: &str) -> Result<String, Error> {
    let parameters = PostParams::default();
    for _ in 0..NAMES {
        match patiently(|| pods.create(&parameters, pod)).await {
            Ok(_) => return Ok(pod.name_any()),
            Err(error) if failure::is_already_there(&error) => {}
            Err(source) => return Err(Error::Create { source }),
        }
        let name = pod.name_any();
        let there = patiently(|| pods.get_opt(&name)).await.context(CreateSnafu)?;
        match there {
            Some(there) if there.labels().get(POD_LABEL) == pod.labels().get(POD_LABEL) => return Ok(name),
            // It has just gone: its name is free again.
            None => {}
            Some(_) => pod.metadata.name = Some(format!("{prefix}{}", name::next_suffix(&name))),
        }
    }
    TakenSnafu { name: pod.name_any() }.fail()
}

/// What keeps a pod from starting, in words.
pub(crate) fn obstacle(pod: &Pod) -> Option<String> {
    state::obstacle(pod).map(|obstacle| obstacle.what)
}

/// The claims to mount, once each is known to be there.
pub async fn volumes(
    client: &Client,
    namespace: &str,
    paths: impl IntoIterator<Item = (String, String)>,
) -> Result<Vec<Volume>, Error> {
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), namespace);
    let mut volumes = Vec::new();
    for (claim, path) in paths {
        let found = patiently(|| claims.get(&claim)).await.context(ClaimSnafu)?;
        let modes = found.spec.and_then(|spec| spec.access_modes).unwrap_or_default();
        let access = if modes.iter().any(|mode| mode == "ReadOnlyMany") {
            Access::Read
        } else {
            Access::Write
        };
        volumes.push(Volume { claim, path, access });
    }
    Ok(volumes)
}

/// How long the processes of a pod that is removed have for ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grace {
    /// No time.
    None,
    /// What the pod says.
    Own,
}

/// Removes the pods of a call. What a repeated call would look for is gone then.
pub(crate) async fn settle(context: &Context, key: &Key, namespace: &str, grace: Grace) -> Result<(), Error> {
    let pods: Api<Pod> = Api::namespaced(context.client.clone(), namespace);
    let ours = ListParams::default().labels(&format!("{CALL_LABEL}={}", Identity::of(key).label()));
    let list = patiently(|| pods.list(&ours)).await.context(ListSnafu)?;
    for pod in list.items {
        remove(&pods, &pod.name_any(), grace).await?;
    }
    Ok(())
}

/// Removes the pods of runs that are over, in one namespace or in all: what a crash has left behind.
///
/// `is_over` is given the identifier of each run that still has pods.
pub async fn sweep(
    client: &Client,
    namespace: Option<&str>,
    is_over: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    let pods: Api<Pod> = match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    };
    let ours = ListParams::default().labels(RUN_LABEL);
    let list = patiently(|| pods.list(&ours)).await.context(ListSnafu)?;
    for pod in list.items {
        let over = pod.labels().get(RUN_LABEL).is_some_and(|run| is_over(run));
        if over && let Some(namespace) = pod.namespace() {
            let pods = Api::namespaced(client.clone(), &namespace);
            remove(&pods, &pod.name_any(), Grace::None).await?;
        }
    }
    Ok(())
}

async fn remove(pods: &Api<Pod>, name: &str, grace: Grace) -> Result<(), Error> {
    let parameters = match grace {
        Grace::None => DeleteParams::default().grace_period(0),
        Grace::Own => DeleteParams::default(),
    };
    match patiently(|| pods.delete(name, &parameters)).await {
        Ok(_) => Ok(()),
        Err(error) if failure::is_not_found(&error) => Ok(()),
        Err(source) => Err(source).context(DeleteSnafu { name }),
    }
}
