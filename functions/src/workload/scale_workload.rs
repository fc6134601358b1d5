//! `ScaleWorkload`: another number of replicas.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::select;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::Selector;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, watch_object, watcher};
use kube::{Api, ResourceExt as _};
use mainstay_dsl::signature::{Argument, Kind, Output, Outputs, Rendering, Signature};
use mainstay_engine::function::{Cause, Error as Failure, Outputs as Returned, Recovery};
use mainstay_engine::scope::{Scope, Target};
use serde_json::{Map, Value as Json, json};
use tokio::time::{Instant, sleep_until};

use super::kind::{self, Standing, is_owned_by, standing};
use crate::arguments::{Arguments, optional, required};
use crate::context::Context;
use crate::declaration::{Declaration, Work};
use crate::failure;
use crate::pod::{self, Identity};
use crate::retry::{Pauses, patiently};

const REPLICAS: Argument = required("replicas", Kind::Integer, "The number of replicas wanted.");
const NAMESPACE: Argument = optional(
    "namespace",
    Kind::Text,
    "that of the action's workload",
    "Namespace of the workload.",
);
const NAME: Argument = optional(
    "name",
    Kind::Text,
    "that of the action's workload",
    "Name of the workload.",
);
const KIND: Argument = optional(
    "kind",
    Kind::Text,
    "that of the action's workload",
    "`StatefulSet`, `Deployment` or `DeploymentConfig`, in any letter case.",
);
const WAIT_FOR_READY: Argument = optional(
    "waitForReady",
    Kind::Boolean,
    "true",
    "Whether to wait until the replicas are ready, or gone.",
);

/// Says, on a workload, which call scales it and how many replicas were wanted before: `<call>/<replicas>`. A repeated
/// call would take what the first one made of it for what it was.
const SCALED_BY: &str = "mainstay.dev/scaled-by";

/// How often the workload is looked at when nothing tells of a change.
const LOOK: Duration = Duration::from_secs(5);

/// How often another writer may come between reading and writing.
const CONFLICTS: usize = 20;

/// The function. Scaling to the same number again changes nothing.
pub(crate) static DECLARATION: Declaration = Declaration {
    signature,
    recovery: Recovery::Rerun,
    call: |work| Box::pin(call(work)),
    settle: |work| Box::pin(settle(work)),
};

async fn call(work: Work<'_>) -> Result<Returned, Failure> {
    let replicas = replicas(work.arguments)?;
    let wait_for_ready = work.arguments.boolean(&WAIT_FOR_READY)?.unwrap_or(true);
    let workload = Workload::of(work)?;
    let original = workload
        .scale(replicas, &Identity::of(&work.call.key).label())
        .await?;
    if wait_for_ready {
        workload.wait(work.context).await?;
    }
    Ok(Some(Map::from_iter([(
        String::from("originalReplicaCount"),
        Json::from(original),
    )])))
}

async fn settle(work: Work<'_>) -> Result<(), Failure> {
    let workload = Workload::of(work)?;
    workload.forget(&Identity::of(&work.call.key).label()).await
}

/// The number of replicas: a whole number, or a text that holds one in base 10. Weak decoding does not apply.
fn replicas(arguments: &Arguments<'_>) -> Result<i32, Failure> {
    let mistake = |message: String| Failure::new(Cause::Mistake, message);
    let invalid = |kind: &str| mistake(format!("Invalid arg type {kind} for Arg {}", REPLICAS.name));
    let given = arguments.value(&REPLICAS).unwrap_or(&Json::Null);
    let unreadable = |text: &str| {
        mistake(format!(
            "Cannot convert {text} to int: it is no whole number in base 10"
        ))
    };
    match given {
        Json::String(text) => text.parse().map_err(|_error| unreadable(text)),
        Json::Number(number) if number.is_f64() => Err(invalid("float64")),
        Json::Number(number) => {
            let whole = number.as_i64().and_then(|number| i32::try_from(number).ok());
            whole.ok_or_else(|| unreadable(&number.to_string()))
        }
        Json::Bool(_) => Err(invalid("bool")),
        Json::Array(_) => Err(invalid("list")),
        Json::Object(_) => Err(invalid("map")),
        Json::Null => Err(invalid("null")),
    }
}

/// What is scaled.
#[derive(Clone, Debug)]
struct Workload {
    kind: kind::Kind,
    namespace: String,
    name: String,
    objects: Api<DynamicObject>,
}

impl Workload {
    fn of(work: Work<'_>) -> Result<Self, Failure> {
        let Work {
            context,
            arguments,
            call,
        } = work;
        let target = named_by(&call.scope);
        let part = |argument: &Argument, of_target: Option<String>| -> Result<Option<String>, Failure> {
            Ok(arguments.filled_text(argument)?.or(of_target))
        };
        let (kind, name, namespace) = match target {
            Some((kind, name, namespace)) => (Some(kind), Some(name), Some(namespace)),
            None => (None, None, None),
        };
        let kind = part(&KIND, kind.map(|kind| kind.name().to_owned()))?;
        let name = part(&NAME, name)?;
        let namespace = part(&NAMESPACE, namespace)?;
        let (Some(kind), Some(name), Some(namespace)) = (kind, name, namespace) else {
            let message =
                "the action is not for a workload: the arguments namespace, name and kind are all needed";
            return Err(Failure::new(Cause::Mistake, message));
        };
        let Some(kind) = kind::Kind::named(&kind) else {
            let message = format!("Workload type not supported {kind}");
            return Err(Failure::new(Cause::Mistake, message));
        };
        let objects = Api::namespaced_with(context.client.clone(), &namespace, &kind.resource());
        Ok(Self {
            kind,
            namespace,
            name,
            objects,
        })
    }

    async fn get(&self) -> Result<DynamicObject, Failure> {
        let object = patiently(|| self.objects.get(&self.name)).await;
        object.map_err(|error| {
            failure::of(
                &format!("Could not get {}, to figure out replicas", self.kind.name()),
                &error,
            )
        })
    }

    /// Asks for that many replicas, unless this call has done so before; returns how many were wanted then.
    async fn scale(&self, replicas: i32, call: &str) -> Result<i64, Failure> {
        let mut pauses = Pauses::default();
        for _ in 0..CONFLICTS {
            let mut object = self.get().await?;
            let before = object
                .data
                .pointer("/spec/replicas")
                .and_then(Json::as_i64)
                .unwrap_or(1);
            if let Some(original) = scaled_by(&object, call) {
                return Ok(original);
            }
            object
                .annotations_mut()
                .insert(SCALED_BY.to_owned(), format!("{call}/{before}"));
            object.data["spec"]["replicas"] = Json::from(replicas);
            match self
                .objects
                .replace(&self.name, &PostParams::default(), &object)
                .await
            {
                Ok(_) => return Ok(before),
                // Whether it arrived is told by the next look.
                Err(error) if is_passing(&error) => pauses.pause().await,
                Err(error) => return Err(failure::of(&format!("Failed to scale {self}"), &error)),
            }
        }
        let message = format!("Failed to scale {self}: others keep changing it");
        Err(Failure::new(Cause::Unreachable, message))
    }

    /// Waits until the workload has the replicas asked for.
    async fn wait(&self, context: &Context) -> Result<(), Failure> {
        let pods: Api<Pod> = Api::namespaced(context.client.clone(), &self.namespace);
        let selector = selector(&self.get().await?)?;
        let of_workload = watch_object(self.objects.clone(), &self.name)
            .default_backoff()
            .map(drop);
        let of_pods = watcher(pods.clone(), watcher::Config::default().labels_from(&selector));
        let mut changes = select(of_workload, of_pods.default_backoff().map(drop)).boxed();
        let selected = ListParams::default().labels_from(&selector);
        let patience = context.settings.pod_ready;
        let mut last: Option<Standing> = None;
        let mut deadline = Instant::now() + patience;
        loop {
            let object = self.get().await?;
            let all = patiently(|| pods.list(&selected)).await;
            let all =
                all.map_err(|error| failure::of(&format!("Failed to list the pods of {self}"), &error))?;
            let owner = self.owner(context, &object).await?;
            let of_revision: Vec<&Pod> = all
                .iter()
                .filter(|pod| {
                    owner
                        .as_deref()
                        .is_some_and(|owner| is_owned_by(&pod.metadata, owner))
                })
                .collect();
            let now = standing(self.kind, &object, &of_revision);
            if now.done {
                return Ok(());
            }
            if last.as_ref() != Some(&now) {
                deadline = Instant::now() + patience;
            } else if deadline <= Instant::now() {
                return Err(self.stuck(&now, &of_revision, patience));
            }
            last = Some(now);
            tokio::select! {
                _ = changes.next() => {}
                () = sleep_until(Instant::now() + LOOK) => {}
            }
        }
    }

    /// What owns the pods of the current revision.
    async fn owner(&self, context: &Context, object: &DynamicObject) -> Result<Option<String>, Failure> {
        let Some(revisions) = self.kind.revisions() else {
            return Ok(object.uid());
        };
        let api: Api<DynamicObject> =
            Api::namespaced_with(context.client.clone(), &self.namespace, &revisions.resource);
        let everything = ListParams::default();
        let all = patiently(|| api.list(&everything)).await;
        let all =
            all.map_err(|error| failure::of(&format!("Failed to list the revisions of {self}"), &error))?;
        Ok(revisions.current(object, &all.items).map(str::to_owned))
    }

    fn stuck(&self, standing: &Standing, pods: &[&Pod], patience: Duration) -> Failure {
        let Standing {
            wanted,
            ready,
            running,
            done: _,
        } = standing;
        let mut message = format!(
            "Failed to scale {self}: {ready} of {wanted} replicas are ready, {running} pods run, and nothing has changed \
             for {} seconds",
            patience.as_secs()
        );
        let obstacle = pods
            .iter()
            .find_map(|pod| Some((pod.name_any(), pod::obstacle(pod)?)));
        if let Some((pod, obstacle)) = obstacle {
            message = format!("{message}; pod {pod}: {obstacle}");
        }
        Failure::new(Cause::Failed, message)
    }

    /// Removes what a repeated call would have looked for.
    async fn forget(&self, call: &str) -> Result<(), Failure> {
        let failed = |error: &kube::Error| failure::of(&format!("Failed to annotate {self}"), error);
        let object = patiently(|| self.objects.get_opt(&self.name)).await;
        let Some(object) = object.map_err(|error| failed(&error))? else {
            return Ok(());
        };
        if scaled_by(&object, call).is_none() {
            return Ok(());
        }
        let nothing = Patch::Merge(json!({"metadata": {"annotations": {SCALED_BY: null}}}));
        let parameters = PatchParams::default();
        match patiently(|| self.objects.patch(&self.name, &parameters, &nothing)).await {
            Ok(_) => Ok(()),
            Err(error) if failure::is_not_found(&error) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }
}

impl std::fmt::Display for Workload {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}/{}", self.kind.name(), self.namespace, self.name)
    }
}

/// The workload of the action: kind, name, namespace.
fn named_by(scope: &Scope) -> Option<(kind::Kind, String, String)> {
    let (kind, workload) = match scope.target.as_ref()? {
        Target::StatefulSet(workload) => (kind::Kind::StatefulSet, workload),
        Target::Deployment(workload) => (kind::Kind::Deployment, workload),
        Target::DeploymentConfig(workload) => (kind::Kind::DeploymentConfig, workload),
        Target::Pvc(_) | Target::Namespace(_) => return None,
    };
    Some((
        kind,
        workload.named.name.clone(),
        workload.named.namespace.clone(),
    ))
}

/// How many replicas were wanted before this call scaled the workload, if it has.
fn scaled_by(object: &DynamicObject, call: &str) -> Option<i64> {
    let (by, original) = object.annotations().get(SCALED_BY)?.split_once('/')?;
    (by == call).then(|| original.parse().ok()).flatten()
}

/// Another writer came first, or the API server is not well for a while.
fn is_passing(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.is_conflict())
        || failure::cause(error) == Cause::Unreachable
}

/// What selects the pods of a workload. The one of a DeploymentConfig is a plain map.
fn selector(object: &DynamicObject) -> Result<Selector, Failure> {
    let written = object.data.pointer("/spec/selector").cloned().unwrap_or_default();
    let plain = written
        .as_object()
        .is_some_and(|members| members.values().all(Json::is_string));
    let written = if plain {
        json!({"matchLabels": written})
    } else {
        written
    };
    let unreadable = |why: String| {
        let message = format!("Failed to read the selector of {}: {why}", object.name_any());
        Failure::new(Cause::Failed, message)
    };
    let selector: LabelSelector =
        serde_json::from_value(written).map_err(|error| unreadable(error.to_string()))?;
    Selector::try_from(selector).map_err(|error| unreadable(error.to_string()))
}

fn signature() -> Signature {
    Signature {
        function: "ScaleWorkload".into(),
        summary: "Scales a workload and waits until it has the replicas asked for.",
        arguments: vec![REPLICAS, NAMESPACE, NAME, KIND, WAIT_FOR_READY],
        outputs: Outputs::Known(vec![Output {
            name: "originalReplicaCount",
            summary: "The number of replicas wanted before.",
        }]),
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
