//! Functions that make, restore and delete snapshots of volumes.

use std::time::Duration;

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::{ApiResource, DeleteParams, DynamicObject, PostParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client};
use mainstay_engine::function::{Cause, Error as Failure};
use serde_json::{Map, Value as Json, json};
use tokio::time::Instant;

use crate::cluster::create_once;
use crate::context::Context;
use crate::failure;
use crate::retry::{Pauses, patiently};

pub(crate) mod create_csi_snapshot;
pub(crate) mod create_csi_snapshot_static;
pub(crate) mod delete_csi_snapshot;
pub(crate) mod delete_csi_snapshot_content;
pub(crate) mod restore_csi_snapshot;

/// The API group of snapshots.
const GROUP: &str = "snapshot.storage.k8s.io";

/// How often a snapshot that is not ready, or not gone, is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// The kinds of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Snapshot,
    Content,
    Class,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Snapshot => "VolumeSnapshot",
            Self::Content => "VolumeSnapshotContent",
            Self::Class => "VolumeSnapshotClass",
        }
    }

    fn resource(self) -> ApiResource {
        let plural = match self {
            Self::Snapshot => "volumesnapshots",
            Self::Content => "volumesnapshotcontents",
            Self::Class => "volumesnapshotclasses",
        };
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(GROUP, "v1", self.name()), plural)
    }

    /// Those that lie in no namespace.
    fn everywhere(self, client: &Client) -> Api<DynamicObject> {
        Api::all_with(client.clone(), &self.resource())
    }

    /// An object of the kind that a call makes.
    fn object(self, metadata: &Json, spec: &Json) -> DynamicObject {
        let object = json!({
            "apiVersion": format!("{GROUP}/v1"),
            "kind": self.name(),
            "metadata": metadata,
            "spec": spec,
        });
        serde_json::from_value(object).expect("it is written as an object of the cluster")
    }
}

/// The snapshots of a namespace.
fn snapshots(client: &Client, namespace: &str) -> Api<DynamicObject> {
    Api::namespaced_with(client.clone(), namespace, &Kind::Snapshot.resource())
}

fn mistake(message: impl Into<String>) -> Failure {
    Failure::new(Cause::Mistake, message)
}

/// The class of a snapshot, which must exist.
async fn class(client: &Client, name: &str) -> Result<DynamicObject, Failure> {
    let classes = Kind::Class.everywhere(client);
    let found = patiently(|| classes.get(name)).await;
    found.map_err(|error| {
        let doing = "Failed to get snapshot class with error";
        if failure::is_not_found(&error) {
            // In the words of the snapshot controller.
            return mistake(format!("{doing} volumesnapshotclass.{GROUP} {name:?} not found"));
        }
        Failure::new(
            failure::cause(&error),
            format!("{doing} {}", failure::words(&error)),
        )
    })
}

/// Creates an object that bears the mark of the call, unless the call has created it before.
async fn create<K>(objects: &Api<K>, object: &K, doing: &str) -> Result<(), Failure>
where
    K: kube::Resource + Clone + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned,
{
    let created = create_once(objects, &PostParams::default(), object).await;
    created.map_err(|error| failure::of(doing, &error))
}

/// What is told of a snapshot that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ready {
    restore_size: Option<String>,
    content: String,
}

/// Waits until a snapshot can be used, for as long as that takes.
///
/// The controller of snapshots tries again what failed, so an error counts only when it stays.
async fn ready(context: &Context, namespace: &str, name: &str) -> Result<Ready, Failure> {
    let snapshots = snapshots(&context.client, namespace);
    let doing = format!("Failed to wait for snapshot {namespace}/{name}");
    let mut pauses = Pauses::up_to(LOOK);
    let mut failing_since: Option<Instant> = None;
    loop {
        let snapshot = patiently(|| snapshots.get(name)).await;
        let snapshot = snapshot.map_err(|error| failure::of(&doing, &error))?;
        if let Some(ready) = read(&snapshot) {
            return Ok(ready);
        }
        match snapshot
            .data
            .pointer("/status/error/message")
            .and_then(Json::as_str)
        {
            None => failing_since = None,
            Some(message) => {
                let since = *failing_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= context.settings.obstacle {
                    return Err(Failure::new(Cause::Failed, format!("{doing}: {message}")));
                }
            }
        }
        pauses.pause().await;
    }
}

/// What a snapshot tells once it can be used and the time it was taken at is known.
fn read(snapshot: &DynamicObject) -> Option<Ready> {
    let status = snapshot.data.get("status")?;
    let usable = status.get("readyToUse")?.as_bool()? && !status.get("creationTime")?.is_null();
    let text = |name| status.get(name).and_then(Json::as_str).map(str::to_owned);
    usable.then(|| Ready {
        restore_size: text("restoreSize"),
        content: text("boundVolumeSnapshotContentName").unwrap_or_default(),
    })
}

impl Ready {
    /// The members of a phase's output that every snapshot has. A size that the driver does not tell is written as Go
    /// prints it: blueprints compare with that.
    fn output(self, name: String, namespace: String) -> Map<String, Json> {
        let Self {
            restore_size,
            content,
        } = self;
        let size = restore_size.unwrap_or_else(|| String::from("<nil>"));
        [
            ("name", name),
            ("namespace", namespace),
            ("restoreSize", size),
            ("snapshotContent", content),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), Json::from(value)))
        .collect()
    }
}

/// Deletes an object, which may be gone already.
async fn delete(objects: &Api<DynamicObject>, name: &str) -> Result<(), Failure> {
    let parameters = DeleteParams::default();
    match patiently(|| objects.delete(name, &parameters)).await {
        Ok(_) => Ok(()),
        Err(error) if failure::is_not_found(&error) => Ok(()),
        Err(error) => Err(failure::of(&format!("Failed to delete {name}"), &error)),
    }
}

/// The claims of a namespace.
fn claims(client: &Client, namespace: &str) -> Api<PersistentVolumeClaim> {
    Api::namespaced(client.clone(), namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_can_be_used_once_they_say_so_and_when_they_were_taken() {
        let check = |status: Json| {
            let mut snapshot = Kind::Snapshot.object(&json!({"name": "s"}), &json!({}));
            snapshot.data["status"] = status;
            read(&snapshot)
        };
        assert_eq!(check(Json::Null), None);
        assert_eq!(check(json!({"readyToUse": false, "creationTime": "t"})), None);
        assert_eq!(check(json!({"readyToUse": true})), None);
        let ready = check(json!({
            "readyToUse": true, "creationTime": "t", "restoreSize": "5",
            "boundVolumeSnapshotContentName": "content",
        }));
        let ready = ready.unwrap();
        assert_eq!(
            Json::Object(ready.output(String::from("s"), String::from("shop"))),
            json!({"name": "s", "namespace": "shop", "restoreSize": "5", "snapshotContent": "content"})
        );
    }
}
