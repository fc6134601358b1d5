//! The surroundings of a run: its scope from the cluster, its announcements as Events.
//! Must not know what the run's state is.

mod profile;
mod target;
mod workload;

use std::collections::BTreeMap;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::ObjectReference as EventObject;
use kube::Client;
use mainstay_engine::announcement::Announcement;
use mainstay_engine::function;
use mainstay_engine::host::{Host, Preparation, Prepared};
use mainstay_engine::request::{Identity, ObjectReference};
use mainstay_engine::scope::Scope;
use mainstay_engine::sealed::Sealed;
use serde_json::Value as Json;

use crate::events::Recorder;
use crate::objects::{CONFIG_MAPS, Error, Objects, SECRETS};

/// The cluster as one run sees it.
#[derive(Debug)]
pub struct InCluster {
    objects: Objects,
    events: Recorder,
    subjects: Subjects,
    labels: BTreeMap<String, String>,
}

/// What the Events of a run are about.
#[derive(Clone, Debug, Default)]
pub struct Subjects {
    /// The ActionSet.
    pub action_set: EventObject,
    /// The blueprint of each action, where it was found.
    pub blueprints: Vec<Option<EventObject>>,
}

impl InCluster {
    /// The cluster for a run whose request has `labels`.
    pub fn new(
        client: Client,
        events: Recorder,
        subjects: Subjects,
        labels: BTreeMap<String, String>,
    ) -> Self {
        Self {
            objects: Objects::new(client),
            events,
            subjects,
            labels,
        }
    }

    async fn fetch_secrets(
        &self,
        references: &BTreeMap<String, ObjectReference>,
    ) -> Result<BTreeMap<String, Sealed<Json>>, Error> {
        let mut secrets = BTreeMap::new();
        for (name, reference) in references {
            let secret = self
                .objects
                .get(&SECRETS, &reference.namespace, &reference.name)
                .await?;
            secrets.insert(name.clone(), Sealed::new(secret));
        }
        Ok(secrets)
    }

    async fn fetch_config_maps(
        &self,
        references: &BTreeMap<String, ObjectReference>,
    ) -> Result<BTreeMap<String, Json>, Error> {
        let mut config_maps = BTreeMap::new();
        for (name, reference) in references {
            let config_map = self
                .objects
                .get(&CONFIG_MAPS, &reference.namespace, &reference.name)
                .await?;
            config_maps.insert(name.clone(), config_map);
        }
        Ok(config_maps)
    }
}

#[async_trait]
impl Host for InCluster {
    async fn prepare(&self, preparation: Preparation<'_>) -> Result<Prepared, function::Error> {
        let asked = preparation.request;
        // In Kanister's order, so that the first thing that is missing is the one it would name.
        let secrets = self.fetch_secrets(&asked.secrets).await?;
        let config_maps = self.fetch_config_maps(&asked.config_maps).await?;
        let profile = match &asked.profile {
            Some(reference) => Some(profile::resolve(&self.objects, reference).await?),
            None => None,
        };
        let found = target::resolve(&self.objects, &asked.object, preparation.snapshot).await?;
        let artifacts = asked.artifacts.iter();
        Ok(Prepared {
            scope: Scope {
                target: found.target,
                object: found.object,
                artifacts_in: artifacts
                    .map(|(name, artifact)| (name.as_str().to_owned(), artifact.clone()))
                    .collect(),
                config_maps,
                secrets,
                profile,
                time: preparation.time.to_owned(),
                options: asked.options.clone(),
                pod_override: asked.pod_override.clone(),
                pod_annotations: asked.pod_annotations.clone(),
                pod_labels: asked.pod_labels.clone(),
                request_labels: self.labels.clone(),
                ..Scope::default()
            },
            snapshot: Some(found.snapshot),
        })
    }

    async fn secret(&self, reference: &ObjectReference) -> Result<Sealed<Json>, function::Error> {
        let secret = self
            .objects
            .get(&SECRETS, &reference.namespace, &reference.name)
            .await?;
        Ok(Sealed::new(secret))
    }

    async fn config_map(&self, reference: &ObjectReference) -> Result<Json, function::Error> {
        Ok(self
            .objects
            .get(&CONFIG_MAPS, &reference.namespace, &reference.name)
            .await?)
    }

    async fn announce(&self, _run: &Identity, announcement: Announcement) {
        self.events
            .publish(&self.subjects.action_set, &announcement)
            .await;
        let blueprint = announcement
            .blueprint_of
            .and_then(|action| self.subjects.blueprints.get(action)?.as_ref());
        if let Some(blueprint) = blueprint {
            self.events.publish(blueprint, &announcement).await;
        }
    }
}
