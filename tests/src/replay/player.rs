//! Plays one case on a real cluster and records what happened, in the form of `expected.json`.
//! Must not compare: the recording says what was seen, nothing else.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::{Event, Namespace, Pod};
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, PostParams, WatchEvent, WatchParams};
use kube::discovery::{self, Scope};
use kube::{Client, ResourceExt as _};
use serde_json::{Value as Json, json};
use snafu::{OptionExt as _, ResultExt as _, Snafu};
use tokio::time::{Instant, timeout_at};

use crate::bed::Store;
use crate::replay::bucket;
use crate::replay::case::Case;
use crate::replay::recorder::Recorder;

/// How long a run may take when its case does not say so.
const LONGEST_RUN: Duration = Duration::from_secs(90);
/// How long objects of a setup may take to become ready, and traces of a run to go.
const PATIENCE: Duration = Duration::from_mins(2);
/// The pause between two looks at something that cannot be watched.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Plays cases one after the other in one controller namespace.
#[derive(Clone)]
pub struct Player {
    /// The cluster.
    pub client: Client,
    /// The object store.
    pub store: Store,
    /// The namespace whose `ActionSet`s the controller under test watches.
    pub namespace: String,
    /// What that controller asks for.
    pub recorder: Recorder,
}

/// Why a case could not be played. None of these says anything about the controller.
#[derive(Debug, Snafu)]
pub enum Error {
    /// A request of the player failed.
    #[snafu(display("failed to {what}"))]
    Cluster {
        /// What it was for.
        what: String,
        /// Why.
        #[snafu(source(from(kube::Error, Box::new)))]
        source: Box<kube::Error>,
    },
    /// The object store refused something.
    #[snafu(transparent)]
    Bucket {
        /// What it refused.
        source: bucket::Error,
    },
    /// A file of the case is not an object.
    #[snafu(display("an object of the case has no {field}: {object}"))]
    Object {
        /// The missing field.
        field: &'static str,
        /// The object.
        object: Json,
    },
    /// Something did not become so in time.
    #[snafu(display("{what} within {}s", PATIENCE.as_secs()))]
    Late {
        /// What did not happen.
        what: String,
    },
}

/// What one `ActionSet` came to.
struct Ended {
    object: Json,
    statuses: Vec<Json>,
    stopped: Option<&'static str>,
}

impl fmt::Debug for Player {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Player")
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

impl Player {
    /// Plays `case` and takes away everything it made.
    pub async fn play(&self, case: &Case) -> Result<Json, Error> {
        self.remove(case).await?;
        let recording = self.perform(case).await;
        self.remove(case).await?;
        recording
    }

    async fn perform(&self, case: &Case) -> Result<Json, Error> {
        self.recorder.take();
        let namespace = Namespace {
            metadata: kube::core::ObjectMeta {
                name: Some(case.name.clone()),
                ..Default::default()
            },
            ..Default::default()
        };
        Api::<Namespace>::all(self.client.clone())
            .create(&PostParams::default(), &namespace)
            .await
            .context(ClusterSnafu {
                what: format!("create namespace {}", case.name),
            })?;
        self.account(&case.name).await?;
        let mut buckets = Vec::new();
        for object in &case.setup {
            let object = self.placed(object);
            if object["kind"] == "Profile"
                && let Some(bucket) = object["location"]["bucket"].as_str()
            {
                self.store.make_bucket(bucket).await?;
                buckets.push(bucket.to_owned());
            }
            self.create(&object).await?;
        }
        for object in &case.setup {
            self.ready(&self.placed(object)).await?;
        }
        if let Some(blueprint) = &case.blueprint {
            self.create(&self.placed(blueprint)).await?;
        }
        let mut results = Vec::new();
        let mut artifacts: BTreeMap<String, Json> = BTreeMap::new();
        for action_set in &case.action_sets {
            results.push(self.run(case, &self.placed(action_set), &mut artifacts).await?);
        }
        let left = self.pods_left(&case.name).await?;
        let mut contents = serde_json::Map::new();
        for bucket in buckets {
            contents.insert(bucket.clone(), self.store.contents(&bucket).await?);
        }
        Ok(json!({ "case": case.name, "results": results, "podsLeft": left, "buckets": contents }))
    }

    /// The object in this player's namespace and with this player's store.
    fn placed(&self, object: &Json) -> Json {
        match object {
            Json::Object(map) => map
                .iter()
                .map(|(key, value)| {
                    let value = if key == "namespace" && value == "kanister" {
                        Json::String(self.namespace.clone())
                    } else {
                        self.placed(value)
                    };
                    (key.clone(), value)
                })
                .collect(),
            Json::Array(items) => items.iter().map(|item| self.placed(item)).collect(),
            Json::String(text) => {
                let text = text.replace("<minio>", &self.store.address);
                let text = text.replace("AKDUMMY", &self.store.access_key);
                Json::String(text.replace("SKDUMMY-secret-1", &self.store.secret_key))
            }
            other => other.clone(),
        }
    }

    async fn run(
        &self,
        case: &Case,
        action_set: &Json,
        artifacts: &mut BTreeMap<String, Json>,
    ) -> Result<Json, Error> {
        let mut action_set = action_set.clone();
        let hint = |name: &str| {
            action_set["metadata"]["annotations"][format!("vectors/{name}")]
                .as_str()
                .map(str::to_owned)
        };
        let (from, wait, delete) = (hint("artifacts-from"), hint("wait"), hint("delete-after"));
        if let Some(metadata) = action_set["metadata"].as_object_mut() {
            metadata.remove("annotations");
        }
        if let (Some(from), Some(actions)) = (from, action_set["spec"]["actions"].as_array_mut()) {
            for (position, action) in actions.iter_mut().enumerate() {
                if let Some(earlier) = artifacts.get(&from).and_then(|statuses| statuses.get(position)) {
                    action["artifacts"] = earlier["artifacts"].clone();
                }
            }
        }
        let seconds = |text: Option<String>| text.and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let longest = seconds(wait).unwrap_or(LONGEST_RUN);
        let ended = self.follow(&action_set, longest, seconds(delete)).await?;
        let name = action_set["metadata"]["name"].as_str().unwrap_or_default();
        artifacts.insert(name.to_owned(), ended.object["status"]["actions"].clone());
        let expected = case.expected["results"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|result| result["actionset"]["metadata"]["name"] == name);
        let count = |key: &str| {
            expected
                .and_then(|result| result[key].as_array())
                .map_or(0, Vec::len)
        };
        let events = self.events(name, "ActionSet", count("events")).await?;
        let mut result = json!({
            "actionset": ended.object,
            "statuses": ended.statuses,
            "events": events,
            "pods": self.recorder.take(),
        });
        if let Some(how) = ended.stopped {
            result["ended"] = json!(how);
        }
        Ok(result)
    }

    /// Makes the `ActionSet` and watches it to its end.
    async fn follow(
        &self,
        action_set: &Json,
        longest: Duration,
        delete: Option<Duration>,
    ) -> Result<Ended, Error> {
        let created = self.create(action_set).await?;
        let api = self.action_sets();
        let name = created.name_any();
        let parameters = WatchParams::default().fields(&format!("metadata.name={name}"));
        let mut object = serde_json::to_value(&created).unwrap_or_default();
        let mut statuses = Vec::new();
        let start = Instant::now();
        let deadline = start + delete.unwrap_or(longest);
        let mut version = created.resource_version().unwrap_or_default();
        loop {
            let what = || ClusterSnafu {
                what: format!("watch ActionSet {name}"),
            };
            let events = api.watch(&parameters, &version).await.with_context(|_| what())?;
            futures::pin_mut!(events);
            loop {
                let Ok(next) = timeout_at(deadline, events.try_next()).await else {
                    if delete.is_some() {
                        api.delete(&name, &DeleteParams::default())
                            .await
                            .with_context(|_| what())?;
                        return Ok(Ended {
                            object,
                            statuses,
                            stopped: Some("deleted"),
                        });
                    }
                    return Ok(Ended {
                        object,
                        statuses,
                        stopped: Some("no final state"),
                    });
                };
                match next.with_context(|_| what())? {
                    Some(WatchEvent::Added(seen) | WatchEvent::Modified(seen)) => {
                        version = seen.resource_version().unwrap_or_default();
                        object = serde_json::to_value(&seen).unwrap_or_default();
                        if object["status"].is_object() {
                            statuses.push(short(&object["status"]));
                        }
                        if is_final(&object["status"]) {
                            return Ok(Ended {
                                object,
                                statuses,
                                stopped: None,
                            });
                        }
                    }
                    Some(WatchEvent::Deleted(_)) => {
                        return Ok(Ended {
                            object,
                            statuses,
                            stopped: Some("deleted"),
                        });
                    }
                    Some(WatchEvent::Bookmark(_)) => {}
                    // The watch ended or its version is too old: begin again where it stopped.
                    Some(WatchEvent::Error(_)) | None => break,
                }
            }
        }
    }

    /// Events about an object in the order in which they were stored, as soon as `expected` of them are there.
    async fn events(&self, name: &str, kind: &str, expected: usize) -> Result<Vec<Json>, Error> {
        let api = Api::<Event>::namespaced(self.client.clone(), &self.namespace);
        let parameters =
            ListParams::default().fields(&format!("involvedObject.name={name},involvedObject.kind={kind}"));
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let mut events = api
                .list(&parameters)
                .await
                .context(ClusterSnafu {
                    what: format!("list the events of {kind} {name}"),
                })?
                .items;
            if events.len() >= expected || Instant::now() >= deadline {
                events.sort_by_key(|event| {
                    event
                        .resource_version()
                        .and_then(|version| version.parse::<u64>().ok())
                });
                return Ok(events
                    .iter()
                    .map(|event| json!({"type": event.type_, "reason": event.reason, "message": event.message}))
                    .collect());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Pods of functions that are still there once those that are going have gone.
    async fn pods_left(&self, workloads: &str) -> Result<Vec<String>, Error> {
        let deadline = Instant::now() + Duration::from_secs(10);
        let parameters = ListParams::default().labels("createdBy=kanister");
        loop {
            let mut left = Vec::new();
            for namespace in [workloads, &self.namespace] {
                let api = Api::<Pod>::namespaced(self.client.clone(), namespace);
                let pods = api
                    .list(&parameters)
                    .await
                    .context(ClusterSnafu { what: "list pods" })?;
                left.extend(pods.items.iter().map(kube::ResourceExt::name_any));
            }
            if left.is_empty() || Instant::now() >= deadline {
                return Ok(left);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    fn action_sets(&self) -> Api<DynamicObject> {
        let kind = kube::core::GroupVersionKind::gvk("cr.kanister.io", "v1alpha1", "ActionSet");
        Api::namespaced_with(
            self.client.clone(),
            &self.namespace,
            &kube::core::ApiResource::from_gvk(&kind),
        )
    }

    async fn api_of(&self, object: &Json) -> Result<Api<DynamicObject>, Error> {
        let field = |name: &'static str| {
            object[name].as_str().context(ObjectSnafu {
                field: name,
                object: object.clone(),
            })
        };
        let (version, kind) = (field("apiVersion")?, field("kind")?);
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let kind = kube::core::GroupVersionKind::gvk(group, version, kind);
        let (resource, capabilities) =
            discovery::pinned_kind(&self.client, &kind)
                .await
                .context(ClusterSnafu {
                    what: format!("find kind {}", kind.kind),
                })?;
        Ok(
            match (capabilities.scope, object["metadata"]["namespace"].as_str()) {
                (Scope::Namespaced, Some(namespace)) => {
                    Api::namespaced_with(self.client.clone(), namespace, &resource)
                }
                (Scope::Namespaced, None) => Api::default_namespaced_with(self.client.clone(), &resource),
                (Scope::Cluster, _) => Api::all_with(self.client.clone(), &resource),
            },
        )
    }

    /// A plain POST of the object, nulls included.
    async fn create(&self, object: &Json) -> Result<DynamicObject, Error> {
        let what = || format!("create {} {}", object["kind"], object["metadata"]["name"]);
        let parsed: DynamicObject = serde_json::from_value(object.clone()).ok().context(ObjectSnafu {
            field: "kind",
            object: object.clone(),
        })?;
        let api = self.api_of(object).await?;
        api.create(&PostParams::default(), &parsed)
            .await
            .with_context(|_| ClusterSnafu { what: what() })
    }

    /// Waits until an object of the setup can be used.
    async fn ready(&self, object: &Json) -> Result<(), Error> {
        let (Some(kind), Some(name)) = (object["kind"].as_str(), object["metadata"]["name"].as_str()) else {
            return Ok(());
        };
        if !["Deployment", "StatefulSet", "Pod", "PersistentVolumeClaim"].contains(&kind) {
            return Ok(());
        }
        let api = self.api_of(object).await?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = api.get(name).await.context(ClusterSnafu {
                what: format!("get {kind} {name}"),
            })?;
            if is_ready(kind, &serde_json::to_value(&seen).unwrap_or_default()) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return LateSnafu {
                    what: format!("{kind} {name} of the setup did not become ready"),
                }
                .fail();
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The service account of a new namespace comes a moment after it; pods are refused before.
    async fn account(&self, namespace: &str) -> Result<(), Error> {
        let api =
            Api::<k8s_openapi::api::core::v1::ServiceAccount>::namespaced(self.client.clone(), namespace);
        let deadline = Instant::now() + PATIENCE;
        while api
            .get_opt("default")
            .await
            .context(ClusterSnafu {
                what: "get the default service account",
            })?
            .is_none()
        {
            if Instant::now() >= deadline {
                return LateSnafu {
                    what: format!("namespace {namespace} did not get its service account"),
                }
                .fail();
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// Takes away whatever a case leaves, and waits until it is gone.
    async fn remove(&self, case: &Case) -> Result<(), Error> {
        let what = |what: &str| ClusterSnafu {
            what: format!("{what} of case {}", case.name),
        };
        self.action_sets()
            .delete_collection(&DeleteParams::default(), &ListParams::default())
            .await
            .with_context(|_| what("delete the ActionSets"))?;
        let kind = kube::core::GroupVersionKind::gvk("cr.kanister.io", "v1alpha1", "Blueprint");
        let blueprints: Api<DynamicObject> = Api::namespaced_with(
            self.client.clone(),
            &self.namespace,
            &kube::core::ApiResource::from_gvk(&kind),
        );
        blueprints
            .delete_collection(&DeleteParams::default(), &ListParams::default())
            .await
            .with_context(|_| what("delete the blueprints"))?;
        Api::<Event>::namespaced(self.client.clone(), &self.namespace)
            .delete_collection(&DeleteParams::default(), &ListParams::default())
            .await
            .with_context(|_| what("delete the events"))?;
        let namespaces = Api::<Namespace>::all(self.client.clone());
        let deadline = Instant::now() + PATIENCE;
        let mut asked = false;
        while namespaces
            .get_opt(&case.name)
            .await
            .with_context(|_| what("get the namespace"))?
            .is_some()
        {
            if !asked {
                namespaces
                    .delete(&case.name, &DeleteParams::default().grace_period(0))
                    .await
                    .with_context(|_| what("delete the namespace"))?;
                asked = true;
            }
            if Instant::now() >= deadline {
                return LateSnafu {
                    what: format!("namespace {} did not go", case.name),
                }
                .fail();
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }
}

/// Whether nothing more will happen to an `ActionSet` with this status.
fn is_final(status: &Json) -> bool {
    status["mainstay"]["ended"].is_string()
}

fn is_ready(kind: &str, object: &Json) -> bool {
    let status = &object["status"];
    match kind {
        "PersistentVolumeClaim" => status["phase"] == "Bound",
        "Pod" => status["conditions"].as_array().is_some_and(|all| {
            all.iter()
                .any(|one| one["type"] == "Ready" && one["status"] == "True")
        }),
        _ => {
            let wanted = object["spec"]["replicas"].as_u64().unwrap_or(1);
            status["observedGeneration"] == object["metadata"]["generation"]
                && status["readyReplicas"].as_u64().unwrap_or(0) == wanted
                && status["replicas"].as_u64().unwrap_or(0) == wanted
        }
    }
}

/// A status in short, as the recordings have it.
fn short(status: &Json) -> Json {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let phase = |phase: &Json| format!("{}: {}", text(&phase["name"]), text(&phase["state"]));
    let action = |action: &Json| {
        let phases: Vec<String> = action["phases"]
            .as_array()
            .into_iter()
            .flatten()
            .map(phase)
            .collect();
        let mut short = json!({ "phases": phases });
        if !text(&action["deferPhase"]["state"]).is_empty() {
            short["deferPhase"] = json!(phase(&action["deferPhase"]));
        }
        short
    };
    let actions = status["actions"].as_array().into_iter().flatten();
    let mut short = json!({
        "state": text(&status["state"]),
        "runningPhase": text(&status["progress"]["runningPhase"]),
        "percentCompleted": text(&status["progress"]["percentCompleted"]),
        "actions": actions.map(action).collect::<Vec<_>>(),
    });
    let error = text(&status["error"]["message"]);
    if !error.is_empty() {
        short["error"] = json!(error);
    }
    short
}
