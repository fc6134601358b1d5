//! The controller on a real API server, with scripted functions: what a run leaves in the cluster, and what becomes
//! of it when the controller dies, is stopped, meets another, or somebody changes the ActionSet.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::core::v1::Event;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps,
};
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use mainstay_api::{ActionSet, Blueprint};
use mainstay_controller::events::Recorder;
use mainstay_controller::health::Readiness;
use mainstay_controller::metrics::Metrics;
use mainstay_controller::{Context, runtime};
use mainstay_engine::clock::System;
use mainstay_engine::driver::Settings;
use mainstay_engine::function::Recovery;
use mainstay_tests::control_plane::Place;
use mainstay_tests::scripted::Scripted;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_mins(1);

/// One test's namespace, with a client and scripted functions.
struct Stage {
    place: Place,
    client: Client,
    script: Scripted,
    recovery: Recovery,
}

/// A controller that works.
struct Working {
    task: JoinHandle<()>,
    stop: CancellationToken,
    metrics: Arc<Metrics>,
}

impl Stage {
    async fn new(name: &str, recovery: Recovery) -> Self {
        let place = Place::new(name).await;
        Self {
            client: place.client().await,
            place,
            script: Scripted::default(),
            recovery,
        }
    }

    /// Starts a controller of that name.
    fn start(&self, name: &str) -> Working {
        let clock = Arc::new(System);
        let metrics = Arc::new(Metrics::new());
        let context = Context {
            client: self.client.clone(),
            namespace: self.place.namespace.clone(),
            controller: name.to_owned(),
            functions: self.script.functions(self.recovery),
            settings: Settings::default(),
            events: Recorder::new(self.client.clone(), Arc::<System>::clone(&clock)),
            metrics: Arc::clone(&metrics),
            clock,
        };
        let stop = CancellationToken::new();
        let task = tokio::spawn(runtime::operate(
            context,
            Arc::new(Readiness::default()),
            stop.clone(),
        ));
        Working { task, stop, metrics }
    }

    fn all<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.place.namespace)
    }

    async fn create<K>(&self, object: Json)
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned
            + serde::Serialize,
    {
        let object: K = serde_json::from_value(object).unwrap();
        self.all::<K>()
            .create(&PostParams::default(), &object)
            .await
            .unwrap();
    }

    /// A blueprint whose action `go` says `first`, holds, and has a deferred phase; and an ActionSet for it.
    async fn ask(&self) {
        self.create::<Blueprint>(json!({
            "metadata": {"name": "bp"},
            "actions": {"go": {
                "outputArtifacts": {"a": {"keyValue": {"k": "{{ .Phases.hold.Output.said }} {{ .Time }}"}}},
                "phases": [
                    {"func": "Say", "name": "first", "args": {"text": "one"}},
                    {"func": "Hold", "name": "hold", "args": {"text": "{{ .Phases.first.Output.said }} {{ .Time }}"}},
                ],
                "deferPhase": {"func": "Say", "name": "tidy"},
            }},
        }))
        .await;
        self.ask_for("go").await;
    }

    async fn ask_for(&self, action: &str) {
        let namespace = &self.place.namespace;
        self.create::<ActionSet>(json!({
            "metadata": {"name": "run"},
            "spec": {"actions": [{
                "name": action,
                "blueprint": "bp",
                "object": {"kind": "Namespace", "name": namespace, "namespace": namespace},
            }]},
        }))
        .await;
    }

    async fn patch(&self, change: Json) {
        self.all::<ActionSet>()
            .patch("run", &PatchParams::default(), &Patch::Merge(change))
            .await
            .unwrap();
    }

    /// Looks until the ActionSet is so. A watch is not used: its end by a compaction (410) is no news about the run.
    async fn when(&self, is: impl Fn(&ActionSet) -> bool) -> ActionSet {
        let looking = async {
            loop {
                let seen = self.all::<ActionSet>().get("run").await.unwrap();
                if is(&seen) {
                    return seen;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let seen = tokio::time::timeout(PATIENCE, looking).await;
        let now = self.all::<ActionSet>().get("run").await;
        assert!(seen.is_ok(), "still {now:#?}");
        seen.unwrap()
    }

    async fn ended(&self) -> ActionSet {
        self.when(|seen| {
            seen.status
                .as_ref()
                .is_some_and(|status| status.mainstay.contains_key("ended"))
        })
        .await
    }

    /// Returns when that many lines are remembered of the scripted functions.
    async fn remembers(&self, lines: usize) {
        let remembered = tokio::time::timeout(PATIENCE, self.script.remembers(lines)).await;
        assert!(remembered.is_ok(), "only {:#?}", self.script.calls());
    }

    /// Waits until the scripted functions remember three lines, which is when `hold` holds, and until all is told.
    async fn holds(&self) {
        self.remembers(3).await;
        let told = tokio::time::timeout(PATIENCE, async {
            while self.events("ActionSet").await.len() < 4 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(told.await.is_ok(), "only {:#?}", self.events("ActionSet").await);
    }

    /// The Events about an object, in the order in which they were written.
    async fn events(&self, kind: &str) -> Vec<String> {
        let mut events = self
            .all::<Event>()
            .list(&ListParams::default())
            .await
            .unwrap()
            .items;
        events.retain(|event| event.involved_object.kind.as_deref() == Some(kind));
        events.sort_by_key(|event| {
            let version = event.metadata.resource_version.as_deref().unwrap_or_default();
            version.parse::<u64>().unwrap_or_default()
        });
        let told = events.iter().map(|event| {
            let component = event
                .source
                .as_ref()
                .and_then(|source| source.component.as_deref());
            format!(
                "{} {} | {} | {}{}",
                component.unwrap_or_default(),
                event.type_.as_deref().unwrap_or_default(),
                event.reason.as_deref().unwrap_or_default(),
                event.message.as_deref().unwrap_or_default(),
                event
                    .count
                    .filter(|count| *count > 1)
                    .map(|count| format!(" ×{count}"))
                    .unwrap_or_default(),
            )
        });
        told.collect()
    }
}

impl Working {
    /// Ends it as a crash does.
    async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }

    /// Asks it to stop and waits until it has.
    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }
}

/// A status without its times.
fn shown(action_set: &ActionSet) -> Json {
    fn without_times(value: &Json) -> Json {
        match value {
            Json::Object(members) => members
                .iter()
                .map(|(name, member)| (name.clone(), without_times(member)))
                .collect(),
            Json::Array(items) => items.iter().map(without_times).collect(),
            Json::String(text) => {
                let words = text.split(' ').map(|word| {
                    let is_time = word.parse::<jiff::Timestamp>().is_ok();
                    if is_time { "<time>" } else { word }
                });
                json!(words.collect::<Vec<_>>().join(" "))
            }
            other => other.clone(),
        }
    }
    let mut status = without_times(&json!(action_set.status));
    // It differs from one namespace to the next, and other tests look at it.
    let actions = status
        .pointer_mut("/mainstay/actions")
        .and_then(Json::as_array_mut);
    for action in actions.into_iter().flatten() {
        if let Some(action) = action.as_object_mut() {
            action.remove("snapshot");
        }
    }
    status
}

#[tokio::test]
async fn an_action_set_is_carried_out_and_says_so() {
    let stage = Stage::new("carried-out", Recovery::Fail).await;
    let controller = stage.start("a");
    stage.ask().await;
    stage.script.let_go();
    let ended = stage.ended().await;
    insta::assert_yaml_snapshot!(shown(&ended));
    let artifact = &ended.status.as_ref().unwrap().actions[0].artifacts["a"].key_value["k"];
    let times: Vec<&str> = artifact.split(' ').skip(1).collect();
    assert_eq!(times[0], times[1], "one time for the whole action");
    let metrics = Arc::clone(&controller.metrics);
    controller.stop().await;
    insta::assert_snapshot!(stage.events("ActionSet").await.join("\n"));
    insta::assert_snapshot!(stage.events("Blueprint").await.join("\n"));
    assert!(metrics.text().unwrap().contains("{resolution=\"success\"} 1"));
}

#[tokio::test]
async fn a_killed_controller_is_followed_by_the_next() {
    let stage = Stage::new("killed", Recovery::Reattach).await;
    let controller = stage.start("a");
    stage.ask().await;
    stage.holds().await;
    controller.kill().await;

    // While nobody is there, the blueprint and the request change: this run goes on with what it started from.
    let blueprints = stage.all::<Blueprint>();
    let change = json!({"actions": {"go": {"phases": []}}});
    blueprints
        .patch("bp", &PatchParams::default(), &Patch::Merge(change))
        .await
        .unwrap();
    stage.patch(json!({"spec": {"actions": []}})).await;

    let next = stage.start("b");
    stage.remembers(4).await;
    stage.script.let_go();
    let ended = stage.ended().await;
    next.stop().await;
    insta::assert_yaml_snapshot!(shown(&ended));
    insta::assert_snapshot!(stage.script.calls().join("\n"));
    insta::assert_snapshot!(stage.events("ActionSet").await.join("\n"));
}

#[tokio::test]
async fn an_interrupted_call_that_cannot_be_repeated_fails_its_phase() {
    let stage = Stage::new("interrupted", Recovery::Fail).await;
    let controller = stage.start("a");
    stage.ask().await;
    stage.holds().await;
    controller.kill().await;
    let next = stage.start("b");
    let ended = stage.ended().await;
    next.stop().await;
    insta::assert_yaml_snapshot!(shown(&ended));
    insta::assert_snapshot!(stage.script.calls().join("\n"));
}

#[tokio::test]
async fn a_controller_that_is_stopped_leaves_its_runs_to_the_next() {
    let stage = Stage::new("stopped", Recovery::Reattach).await;
    let controller = stage.start("a");
    stage.ask().await;
    stage.holds().await;
    controller.stop().await;
    let left = stage.all::<ActionSet>().get("run").await.unwrap();
    assert_eq!(left.status.as_ref().unwrap().state, "running");
    // Nothing was cancelled: what the call made is still there to be found.
    assert_eq!(stage.script.calls().len(), 3);

    let next = stage.start("b");
    stage.remembers(4).await;
    stage.script.let_go();
    assert_eq!(stage.ended().await.status.unwrap().state, "complete");
    next.stop().await;
}

#[tokio::test]
async fn of_two_controllers_the_later_one_carries_on() {
    let stage = Stage::new("two", Recovery::Reattach).await;
    let first = stage.start("a");
    stage.ask().await;
    stage.holds().await;
    let second = stage.start("b");
    stage.remembers(4).await;
    stage.script.let_go();
    let ended = stage.ended().await;
    assert_eq!(ended.status.as_ref().unwrap().state, "complete");
    assert_eq!(ended.status.unwrap().mainstay["controller"], json!("b"));
    first.stop().await;
    second.stop().await;
    let events = stage.events("ActionSet").await;
    let completions = events.iter().filter(|event| event.contains("Update Complete"));
    assert_eq!(completions.count(), 1, "{events:#?}");
    assert!(!events.iter().any(|event| event.contains('×')), "{events:#?}");
}

#[tokio::test]
async fn a_change_by_somebody_else_does_not_disturb_a_run() {
    let stage = Stage::new("changed", Recovery::Fail).await;
    let controller = stage.start("a");
    stage.ask().await;
    stage.holds().await;
    stage.patch(json!({"metadata": {"labels": {"a": "b"}}})).await;
    stage.script.let_go();
    let ended = stage.ended().await;
    controller.stop().await;
    assert_eq!(ended.status.unwrap().state, "complete");
    assert_eq!(ended.metadata.labels.unwrap()["a"], "b");
}

#[tokio::test]
async fn a_deleted_action_set_is_cancelled() {
    let stage = Stage::new("deleted", Recovery::Fail).await;
    let controller = stage.start("a");
    stage.ask().await;
    stage.holds().await;
    stage
        .all::<ActionSet>()
        .delete("run", &DeleteParams::default())
        .await
        .unwrap();
    stage.remembers(4).await;
    controller.stop().await;
    insta::assert_snapshot!(stage.script.calls().join("\n"));
    insta::assert_snapshot!(stage.events("ActionSet").await.join("\n"));
}

#[tokio::test]
async fn a_cancelled_action_set_runs_its_deferred_phase() {
    let stage = Stage::new("cancelled", Recovery::Fail).await;
    let controller = stage.start("a");
    stage.ask().await;
    stage.holds().await;
    stage
        .patch(json!({"metadata": {"annotations": {"mainstay.dev/cancel": "not today"}}}))
        .await;
    let ended = stage.ended().await;
    controller.stop().await;
    insta::assert_yaml_snapshot!(shown(&ended));
    insta::assert_snapshot!(stage.script.calls().join("\n"));
    insta::assert_snapshot!(stage.events("ActionSet").await.join("\n"));
}

#[tokio::test]
async fn a_request_that_cannot_be_planned_is_refused() {
    let stage = Stage::new("refused", Recovery::Fail).await;
    let controller = stage.start("a");
    stage.ask_for("go").await;
    let ended = stage.ended().await;
    controller.stop().await;
    insta::assert_yaml_snapshot!(shown(&ended));
    insta::assert_snapshot!(stage.events("ActionSet").await.join("\n"));
    let kept = stage
        .all::<ControllerRevision>()
        .list(&ListParams::default())
        .await
        .unwrap();
    assert!(kept.items.is_empty(), "nothing is kept for a run that never was");
}

#[tokio::test]
async fn a_run_that_kanister_left_is_carried_on() {
    let stage = Stage::new("kanister", Recovery::Fail).await;
    stage.ask().await;
    stage.script.let_go();
    let namespace = &stage.place.namespace;
    let reference = json!({
        "apiVersion": "", "group": "", "resource": "", "kind": "Namespace", "name": namespace, "namespace": namespace,
    });
    stage
        .patch(json!({"status": {
            "state": "running",
            "actions": [{
                "name": "go",
                "object": reference,
                "blueprint": "bp",
                "phases": [
                    {"name": "first", "state": "complete", "output": {"said": "before"}, "progress": {}},
                    {"name": "hold", "state": "pending", "progress": {}},
                ],
                "deferPhase": {"name": "tidy", "state": "pending", "progress": {}},
            }],
            "error": {"message": ""},
            "progress": {"runningPhase": "first"},
        }}))
        .await;
    let controller = stage.start("a");
    let ended = stage.ended().await;
    controller.stop().await;
    let status = ended.status.unwrap();
    assert_eq!(status.state, "complete");
    assert!(status.actions[0].artifacts["a"].key_value["k"].starts_with("before "));
    insta::assert_snapshot!(stage.script.calls().join("\n"));
}

#[tokio::test]
async fn what_a_run_starts_from_goes_with_its_action_set() {
    let stage = Stage::new("kept", Recovery::Fail).await;
    let controller = stage.start("a");
    stage.ask().await;
    stage.script.let_go();
    let ended = stage.ended().await;
    controller.stop().await;
    let kept = stage
        .all::<ControllerRevision>()
        .list(&ListParams::default())
        .await
        .unwrap();
    let owners: Vec<_> = kept
        .items
        .iter()
        .flat_map(|kept| kept.metadata.owner_references.iter().flatten())
        .collect();
    assert_eq!(owners.len(), 1);
    assert_eq!(Some(&owners[0].uid), ended.metadata.uid.as_ref());
}

#[tokio::test]
async fn an_object_that_cannot_be_decoded_stops_nothing() {
    let stage = Stage::new("undecodable", Recovery::Fail).await;
    // A kind that lets anything through, as an older or a later definition might.
    let definitions: Api<CustomResourceDefinition> = Api::all(stage.client.clone());
    let mut loose = definitions.get("actionsets.cr.kanister.io").await.unwrap();
    let schema = loose.spec.versions[0].schema.as_mut().unwrap();
    let properties = schema
        .open_api_v3_schema
        .as_mut()
        .unwrap()
        .properties
        .as_mut()
        .unwrap();
    let anything: JSONSchemaProps =
        serde_json::from_value(json!({"x-kubernetes-preserve-unknown-fields": true})).unwrap();
    properties.insert("spec".to_owned(), anything);
    definitions
        .replace("actionsets.cr.kanister.io", &PostParams::default(), &loose)
        .await
        .unwrap();
    let strange: DynamicObject = serde_json::from_value(json!({
        "apiVersion": "cr.kanister.io/v1alpha1",
        "kind": "ActionSet",
        "metadata": {"name": "strange"},
        "spec": "go",
        "status": {"state": "pending"},
    }))
    .unwrap();
    let kind = ApiResource::erase::<ActionSet>(&());
    let any = Api::<DynamicObject>::namespaced_with(stage.client.clone(), &stage.place.namespace, &kind);
    // Until the API server serves the loose kind.
    let made = tokio::time::timeout(PATIENCE, async {
        while any.create(&PostParams::default(), &strange).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    made.await.unwrap();

    let controller = stage.start("a");
    stage.ask().await;
    stage.script.let_go();
    assert_eq!(stage.ended().await.status.unwrap().state, "complete");
    controller.stop().await;
}
