//! Announcements as Kubernetes Events, with Kanister's reasons and messages.
//! Must not know what is announced. Losing an Event changes nothing.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use mainstay_engine::announcement::{Announcement, Severity};
use mainstay_engine::clock::Clock;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::convert::wire_time;
use crate::refusal::{is_transient, told};

/// Who says so, as Kanister does.
const COMPONENT: &str = "Kanister Controller";

/// A message is cut after so many bytes: the failures in it are bounded, but not the names.
const LONGEST_MESSAGE: usize = 8 * 1024;

/// How often an Event is sent when the API server is busy.
const ATTEMPTS: u32 = 5;
/// The pause after the first attempt; doubled after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Writes Events about objects.
#[derive(Clone)]
pub struct Recorder {
    client: Client,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Recorder").finish_non_exhaustive()
    }
}

impl Recorder {
    /// A recorder that writes to `client`'s cluster.
    pub fn new(client: Client, clock: Arc<dyn Clock>) -> Self {
        Self { client, clock }
    }

    /// Writes an Event about `subject`. The same announcement about the same object is counted, not repeated.
    pub async fn publish(&self, subject: &ObjectReference, announcement: &Announcement) {
        let mut pause = FIRST_PAUSE;
        for attempt in 1..=ATTEMPTS {
            match self.send(subject, announcement).await {
                Ok(()) => return,
                Err(error) if attempt < ATTEMPTS && is_transient(&error) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => {
                    let Announcement { reason, message, .. } = announcement;
                    tracing::warn!(error = told(&error), reason, message, "an Event was not written");
                    return;
                }
            }
        }
    }

    async fn send(&self, subject: &ObjectReference, announcement: &Announcement) -> Result<(), kube::Error> {
        let namespace = subject.namespace.as_deref().unwrap_or("default");
        let events: Api<Event> = Api::namespaced(self.client.clone(), namespace);
        let event = event(subject, announcement, wire_time(self.clock.now()));
        let name = event.metadata.name.clone().unwrap_or_default();
        match events.create(&PostParams::default(), &event).await {
            Ok(_) => return Ok(()),
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) => return Err(error),
        }
        let count = events.get(&name).await?.count.unwrap_or(1);
        let change = json!({"count": count.saturating_add(1), "lastTimestamp": event.last_timestamp});
        events
            .patch(&name, &PatchParams::default(), &Patch::Merge(change))
            .await
            .map(drop)
    }
}

/// The Event of an announcement. Its name follows from what it says, so that it is found again.
fn event(subject: &ObjectReference, announcement: &Announcement, at: Time) -> Event {
    let Announcement {
        severity,
        reason,
        message,
        blueprint_of: _,
    } = announcement;
    let type_ = match severity {
        Severity::Normal => "Normal",
        Severity::Warning => "Warning",
    };
    let mut message = message.clone();
    if message.len() > LONGEST_MESSAGE {
        message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
        message.push('…');
    }
    Event {
        metadata: ObjectMeta {
            name: Some(name(subject, type_, reason, &message)),
            namespace: subject.namespace.clone(),
            ..ObjectMeta::default()
        },
        involved_object: subject.clone(),
        type_: Some(type_.to_owned()),
        reason: Some(reason.clone()),
        message: Some(message),
        source: Some(EventSource {
            component: Some(COMPONENT.to_owned()),
            host: None,
        }),
        first_timestamp: Some(at.clone()),
        last_timestamp: Some(at),
        count: Some(1),
        ..Event::default()
    }
}

fn name(subject: &ObjectReference, type_: &str, reason: &str, message: &str) -> String {
    let mut digest = Sha256::new();
    for part in [subject.uid.as_deref().unwrap_or_default(), type_, reason, message] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    let digest = digest.finalize();
    let mark = u64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default());
    // Names of Events end where those of other objects do.
    let subject: String = subject
        .name
        .iter()
        .flat_map(|name| name.chars())
        .take(230)
        .collect();
    format!("{}.{mark:016x}", subject.trim_end_matches(['.', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> ObjectReference {
        ObjectReference {
            api_version: Some("cr.kanister.io/v1alpha1".to_owned()),
            kind: Some("ActionSet".to_owned()),
            name: Some("run".to_owned()),
            namespace: Some("kanister".to_owned()),
            uid: Some("6d1".to_owned()),
            ..ObjectReference::default()
        }
    }

    fn at() -> Time {
        wire_time("2026-09-01T12:00:00.5Z".parse().unwrap())
    }

    #[test]
    fn an_event_says_who_what_and_when() {
        let announcement = Announcement::warning(0, "ActionSetFailed Action: go", "Failed to execute phase");
        insta::assert_yaml_snapshot!(event(&subject(), &announcement, at()));
    }

    #[test]
    fn the_same_words_about_the_same_object_have_one_name() {
        let names = |subject: &ObjectReference, reason: &str| {
            event(subject, &Announcement::normal(reason, "m"), at())
                .metadata
                .name
        };
        let other = ObjectReference {
            uid: Some("6d2".to_owned()),
            ..subject()
        };
        assert_eq!(
            names(&subject(), "Started Phase"),
            names(&subject(), "Started Phase")
        );
        assert_ne!(
            names(&subject(), "Started Phase"),
            names(&subject(), "Ended Phase")
        );
        assert_ne!(names(&subject(), "Started Phase"), names(&other, "Started Phase"));
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let long = Announcement::normal("r", "ü".repeat(LONGEST_MESSAGE));
        let message = event(&subject(), &long, at()).message.unwrap();
        assert_eq!(message.chars().count(), LONGEST_MESSAGE / 2 + 1);
    }
}
