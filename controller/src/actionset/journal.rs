//! The journal in the cluster: an ActionSet's status, written with one merge patch that carries the resource
//! version it was made for.
//! Must not know what a status leads to.
//!
//! | the patch is | because | and then |
//! |---|---|---|
//! | taken | nobody has written since | the status that was stored is the one the next patch starts from |
//! | a conflict | somebody has changed something other than the status | it is sent again for the new version |
//! | a conflict | our own last patch arrived and its answer did not | it is sent again for the new version |
//! | a conflict | another controller has written the status | the run is theirs: superseded |
//! | a conflict, or not found | the ActionSet is deleted, or made anew under its name | gone |

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use kube::api::{GetParams, Patch, PatchParams};
use kube::core::Request;
use kube::{Client, Resource};
use mainstay_api::ActionSet;
use mainstay_api::status::ActionSetStatus;
use mainstay_engine::journal::{Error, Journal, Record};
use mainstay_engine::request::Identity;
use mainstay_engine::run::action::Stage;
use mainstay_engine::status::Status;
use serde_json::{Map, Value as Json, json};
use tokio::sync::Mutex;

use crate::convert;
use crate::metrics::{Metrics, Outcome};
use crate::refusal::{is_transient, told};

/// What etcd takes at most is 1.5 MiB for the whole object; the rest of it needs some of that.
const LARGEST_STATUS: usize = 1_400_000;

/// How many conflicts in a row are looked into before the driver is asked to wait.
const CONFLICTS: u32 = 10;

/// Keeps the status of one run in its ActionSet.
pub struct InActionSet {
    client: Client,
    run: Identity,
    /// The name of this controller process, which is written into the record.
    controller: String,
    metrics: Arc<Metrics>,
    held: Mutex<Held>,
}

/// The ActionSet as it was stored last, as far as we know.
struct Held {
    resource_version: String,
    /// Null when there is none.
    status: Json,
    /// For each action whether it had ended.
    ended: Vec<bool>,
    /// Whether somebody was told that the record is not kept.
    warned: bool,
}

impl Held {
    /// Takes in the ActionSet as it is stored now.
    fn hold(&mut self, stored: &Json) {
        let version = &stored["metadata"]["resourceVersion"];
        version
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut self.resource_version);
        self.status = stored["status"].clone();
    }
}

impl fmt::Debug for InActionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("InActionSet")
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}

impl InActionSet {
    /// The journal of `action_set`, as it was just read.
    pub fn new(client: Client, action_set: &ActionSet, controller: &str, metrics: Arc<Metrics>) -> Self {
        let read = action_set
            .status
            .as_ref()
            .and_then(|written| convert::status(written).ok());
        Self {
            client,
            run: convert::request(action_set).run,
            controller: controller.to_owned(),
            metrics,
            held: Mutex::new(Held {
                resource_version: action_set.metadata.resource_version.clone().unwrap_or_default(),
                status: json!(action_set.status),
                ended: read.map(|read| ended(&read.record)).unwrap_or_default(),
                warned: false,
            }),
        }
    }

    /// Ends a run that cannot be carried on: failed, with `message`, whatever its status was before.
    pub async fn give_up(&self, message: &str, at: Timestamp) -> Result<(), Error> {
        let mut held = self.held.lock().await;
        let mut status: ActionSetStatus = serde_json::from_value(held.status.clone()).unwrap_or_default();
        let record = Record {
            ended: Some(at),
            ..Record::default()
        };
        let phases = status.actions.iter_mut().flat_map(|action| &mut action.phases);
        for phase in phases.filter(|phase| phase.state == "running") {
            "failed".clone_into(&mut phase.state);
        }
        "failed".clone_into(&mut status.state);
        message.clone_into(&mut status.error.message);
        status.progress.running_phase.clear();
        status.mainstay = convert::wire_record(&record, &self.controller);
        self.write(&mut held, json!(status)).await
    }

    /// Stores `wanted`, unless it is stored already.
    async fn write(&self, held: &mut Held, wanted: Json) -> Result<(), Error> {
        for _ in 0..CONFLICTS {
            let Some(change) = change(&held.status, &wanted) else {
                return Ok(());
            };
            let body = json!({
                "metadata": { "uid": self.run.uid, "resourceVersion": held.resource_version },
                "status": change,
            });
            match self.send(&body).await {
                Ok(stored) => {
                    held.hold(&stored);
                    if !held.warned && held.status["mainstay"].is_null() {
                        held.warned = true;
                        tracing::warn!(
                            "the cluster's definition of ActionSet drops status.mainstay, so that an interrupted \
                             run cannot be resumed; install the definitions of mainstay"
                        );
                    }
                    return Ok(());
                }
                Err(kube::Error::Api(status)) if status.code == 409 => self.look(held).await?,
                Err(error) => return Err(failure(&error)),
            }
        }
        Err(Error::Unavailable {
            message: "the ActionSet is being changed too often".to_owned(),
        })
    }

    async fn send(&self, body: &Json) -> Result<Json, kube::Error> {
        let request = self
            .collection()
            .patch(&self.run.name, &PatchParams::default(), &Patch::Merge(body));
        self.client
            .request(request.map_err(kube::Error::BuildRequest)?)
            .await
    }

    /// After a conflict: finds out who else has written.
    async fn look(&self, held: &mut Held) -> Result<(), Error> {
        let request = self.collection().get(&self.run.name, &GetParams::default());
        let request = request
            .map_err(kube::Error::BuildRequest)
            .map_err(|error| failure(&error))?;
        let found: Json = self
            .client
            .request(request)
            .await
            .map_err(|error| failure(&error))?;
        if found["metadata"]["uid"] != json!(self.run.uid) {
            return Err(Error::Gone);
        }
        let writer = found["status"]["mainstay"][convert::CONTROLLER].as_str();
        let is_ours = writer == Some(self.controller.as_str());
        if !is_ours && found["status"] != held.status {
            return Err(Error::Superseded);
        }
        held.hold(&found);
        Ok(())
    }

    fn collection(&self) -> Request {
        Request::new(ActionSet::url_path(&(), Some(&self.run.namespace)))
    }

    /// Counts the actions that have ended since the last record.
    fn count(&self, held: &mut Held, record: &Record) {
        let now = ended(record);
        for (index, action) in record.actions.iter().enumerate() {
            let had = held.ended.get(index).copied().unwrap_or_default();
            if had || !now[index] || action.started.is_none() {
                continue;
            }
            self.metrics.count(match action.failure {
                None => Outcome::success,
                Some(_) => Outcome::failure,
            });
        }
        held.ended = now;
    }
}

#[async_trait]
impl Journal for InActionSet {
    async fn record(&self, status: &Status) -> Result<(), Error> {
        let wanted = json!(convert::wire_status(status, &self.controller));
        let size = wanted.to_string().len();
        if size > LARGEST_STATUS {
            return Err(Error::Refused {
                message: format!("it has {size} bytes, and the cluster keeps {LARGEST_STATUS}"),
            });
        }
        let mut held = self.held.lock().await;
        self.write(&mut held, wanted).await?;
        self.count(&mut held, &status.record);
        Ok(())
    }
}

fn ended(record: &Record) -> Vec<bool> {
    let actions = record.actions.iter();
    actions.map(|action| action.stage == Stage::Ended).collect()
}

fn failure(error: &kube::Error) -> Error {
    match error {
        kube::Error::Api(status) if status.code == 404 => Error::Gone,
        error if is_transient(error) => Error::Unavailable { message: told(error) },
        error => Error::Refused { message: told(error) },
    }
}

/// The merge patch that makes `new` of `old`; nothing when they are alike.
fn change(old: &Json, new: &Json) -> Option<Json> {
    if old == new {
        return None;
    }
    let (Json::Object(old), Json::Object(new)) = (old, new) else {
        return Some(new.clone());
    };
    let mut changes = Map::new();
    for (name, value) in new {
        let before = old.get(name).unwrap_or(&Json::Null);
        // A member that is not there yet is wanted even when it is an empty object.
        if let Some(changed) = change(before, value) {
            changes.insert(name.clone(), changed);
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        changes.insert(name.clone(), Json::Null);
    }
    Some(Json::Object(changes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(old: &Json, new: &Json, wanted: &Json) {
        assert_eq!(change(old, new).unwrap_or_default(), *wanted);
    }

    #[test]
    fn a_first_status_is_sent_whole() {
        let new = json!({"state": "pending", "error": {"message": ""}, "progress": {}});
        check(&Json::Null, &new, &new);
    }

    #[test]
    fn nothing_is_sent_when_nothing_has_changed() {
        let status = json!({"state": "pending", "actions": [{"a": 1}]});
        check(&status, &status, &Json::Null);
    }

    #[test]
    fn only_what_has_changed_is_sent() {
        check(
            &json!({"state": "running", "progress": {"runningPhase": "a", "percentCompleted": "10"}, "error": {"message": ""}}),
            &json!({"state": "complete", "progress": {"percentCompleted": "100"}, "error": {"message": ""}}),
            &json!({"state": "complete", "progress": {"runningPhase": null, "percentCompleted": "100"}}),
        );
    }

    #[test]
    fn a_list_is_sent_whole() {
        check(
            &json!({"actions": [{"name": "a", "phases": [1]}]}),
            &json!({"actions": [{"name": "a", "phases": [2]}]}),
            &json!({"actions": [{"name": "a", "phases": [2]}]}),
        );
    }
}
