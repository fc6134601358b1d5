//! Plays many cases, several at a time, each worker with a controller of its own inside this process.
//! Must not know what a case is about.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Resource;
use kube::api::{Api, Patch, PatchParams};
use kube::client::ClientBuilder;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use snafu::{ResultExt as _, Snafu};
use tokio_util::sync::CancellationToken;

use crate::bed::Bed;
use crate::replay::case::Case;
use crate::replay::compare::{Difference, compare};
use crate::replay::controller;
use crate::replay::normalise::{Run, normalise};
use crate::replay::player::{self, Player};
use crate::replay::recorder::Recorder;

/// What became of one case.
#[derive(Debug)]
pub struct Outcome {
    /// The case's name.
    pub name: String,
    /// What differs, or why it could not be played.
    pub result: Result<Vec<Difference>, player::Error>,
}

impl Outcome {
    /// Whether nothing differs.
    pub fn passed(&self) -> bool {
        matches!(&self.result, Ok(differences) if differences.is_empty())
    }
}

/// Why no case could be played.
#[derive(Debug, Snafu)]
pub enum Error {
    /// Something a worker stands on could not be made.
    #[snafu(display("failed to prepare {what}"))]
    Prepare {
        /// What.
        what: String,
        /// Why.
        #[snafu(source(from(kube::Error, Box::new)))]
        source: Box<kube::Error>,
    },
    /// The controller does not take the arguments that the player gives it.
    #[snafu(display("the controller's arguments have changed"))]
    Arguments {
        /// What is wrong with them.
        source: clap::Error,
    },
    /// A worker ended before its work.
    #[snafu(display("a worker ended early"))]
    Worker {
        /// Why.
        source: tokio::task::JoinError,
    },
}

/// Plays every case and returns what became of each, in the order of their names.
pub async fn run(bed: &Bed, cases: Vec<Case>, workers: usize) -> Result<Vec<Outcome>, Error> {
    for definition in mainstay_api::definition::all() {
        apply::<CustomResourceDefinition>(&Api::all(bed.client.clone()), &definition).await?;
    }
    let queue = Arc::new(Mutex::new(VecDeque::from(cases)));
    let mut running = Vec::new();
    for number in 0..workers {
        let (bed, queue) = (bed.clone(), Arc::clone(&queue));
        running.push(tokio::spawn(async move { work(&bed, number, &queue).await }));
    }
    let mut outcomes = Vec::new();
    for worker in running {
        outcomes.extend(worker.await.context(WorkerSnafu)??);
    }
    outcomes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(outcomes)
}

async fn work(bed: &Bed, number: usize, queue: &Mutex<VecDeque<Case>>) -> Result<Vec<Outcome>, Error> {
    let namespace = format!("kanister-w{number}");
    prepare(bed, &namespace).await?;
    let recorder = Recorder::default();
    let builder = ClientBuilder::try_from(bed.config.clone()).context(PrepareSnafu { what: "a client" })?;
    let client = builder.with_layer(&recorder).build();
    let stop = CancellationToken::new();
    let controller = tokio::spawn(controller::operate(client, namespace.clone(), stop.clone()));
    let player = Player {
        client: bed.client.clone(),
        store: bed.store.clone(),
        namespace: namespace.clone(),
        recorder,
    };
    let run = Run {
        store: Some(bed.store.clone()),
        namespace,
    };
    let mut outcomes = Vec::new();
    while let Some(case) = next(queue) {
        let result = player.play(&case).await;
        let result = result.map(|seen| unexpected(&case, compare(&case.expected, &recording(&seen, &run))));
        outcomes.push(Outcome {
            name: case.name,
            result,
        });
    }
    stop.cancel();
    controller.await.context(WorkerSnafu)?.context(ArgumentsSnafu)?;
    Ok(outcomes)
}

/// The recording, normalised; keys and digests of buckets stay as they are.
fn recording(seen: &Json, run: &Run) -> Json {
    let mut normalised = normalise(seen, run);
    normalised["buckets"] = seen["buckets"].clone();
    normalised
}

/// Differences that the case does not accept, and accepted ones that are no more.
fn unexpected(case: &Case, differences: Vec<Difference>) -> Vec<Difference> {
    let gone = case
        .accepted
        .iter()
        .filter(|accepted| differences.iter().all(|one| one.place != accepted.place));
    let gone: Vec<Difference> = gone
        .map(|accepted| Difference {
            place: accepted.place.clone(),
            expected: json!("the difference that ours.yaml accepts"),
            seen: json!("no difference"),
        })
        .collect();
    let known = |one: &Difference| case.accepted.iter().any(|accepted| accepted.place == one.place);
    differences
        .into_iter()
        .filter(|one| !known(one))
        .chain(gone)
        .collect()
}

fn next(queue: &Mutex<VecDeque<Case>>) -> Option<Case> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

/// The namespace of a controller, and the account that its pods there have.
async fn prepare(bed: &Bed, namespace: &str) -> Result<(), Error> {
    apply::<Namespace>(
        &Api::all(bed.client.clone()),
        &json!({"metadata": {"name": namespace}}),
    )
    .await?;
    let account = json!({"metadata": {"name": "kanister", "namespace": namespace}});
    apply::<ServiceAccount>(&Api::namespaced(bed.client.clone(), namespace), &account).await?;
    let binding = json!({
        "metadata": {"name": format!("{namespace}-admin")},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "kanister", "namespace": namespace}],
    });
    apply::<ClusterRoleBinding>(&Api::all(bed.client.clone()), &binding).await
}

async fn apply<K>(api: &Api<K>, object: &impl serde::Serialize) -> Result<(), Error>
where
    K: Resource + Clone + std::fmt::Debug + DeserializeOwned,
    K::DynamicType: Default,
{
    let mut object = serde_json::to_value(object).unwrap_or_default();
    let kind = K::DynamicType::default();
    object["apiVersion"] = json!(K::api_version(&kind));
    object["kind"] = json!(K::kind(&kind));
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let parameters = PatchParams::apply("mainstay-tests").force();
    api.patch(&name, &parameters, &Patch::<Json>::Apply(object))
        .await
        .context(PrepareSnafu {
            what: format!("{} {name}", K::kind(&kind)),
        })?;
    Ok(())
}
