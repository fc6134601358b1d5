//! From the names in a request to the blueprints they stand for.
//! Must not know what a blueprint says.

use std::collections::BTreeMap;

use mainstay_engine::request::Request;
use serde_json::Value as Json;

use super::frozen::{Blueprint, Frozen};
use crate::objects::{Error, Objects, Resource};

const BLUEPRINTS: Resource = Resource::known(mainstay_api::GROUP, mainstay_api::VERSION, "blueprints");

/// What a request stands for.
#[derive(Debug)]
pub(crate) struct Dereferenced {
    /// The request and the blueprints that were found.
    pub(crate) start: Frozen,
    /// What the look-up of the others said, by name.
    missing: BTreeMap<String, String>,
    /// Whether it is what an earlier life has kept.
    pub(crate) is_kept: bool,
}

impl Dereferenced {
    /// What an earlier life has kept.
    pub(crate) fn again(start: Frozen) -> Self {
        Self {
            start,
            missing: BTreeMap::new(),
            is_kept: true,
        }
    }

    /// Why there is no such blueprint.
    pub(crate) fn why_missing(&self, blueprint: &str) -> String {
        match self.missing.get(blueprint) {
            Some(said) => said.clone(),
            None => format!("blueprint {blueprint:?} is none"),
        }
    }
}

/// Fetches the blueprints that `request` names, each once. Fails only when the API server cannot be reached.
pub(crate) async fn dereference(objects: &Objects, request: Request) -> Result<Dereferenced, Error> {
    let mut found = BTreeMap::new();
    let mut missing = BTreeMap::new();
    for action in &request.actions {
        let name = &action.blueprint;
        if name.is_empty() || found.contains_key(name) || missing.contains_key(name) {
            continue;
        }
        match objects.get(&BLUEPRINTS, &request.run.namespace, name).await {
            Ok(object) => {
                found.insert(name.clone(), keep(object));
            }
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => {
                missing.insert(name.clone(), error.to_string());
            }
        }
    }
    Ok(Dereferenced {
        start: Frozen::new(request, found),
        missing,
        is_kept: false,
    })
}

/// The blueprint without what the API server adds to it.
fn keep(mut object: Json) -> Blueprint {
    let uid = object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.retain(|member, _| matches!(member.as_str(), "name" | "namespace" | "resourceVersion"));
    }
    Blueprint { uid, object }
}
