//! Creating what a manifest describes.
//! Must not know the other operations.

use kube::api::{DynamicObject, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::Scope;
use kube::{Api, ResourceExt as _};
use mainstay_engine::function::Error as Failure;
use serde_json::Value as Json;

use super::{SPEC, default_namespace, documents, failed, mistake};
use crate::arguments::Reference;
use crate::cluster::{self, MADE_BY, Resource, create_once};
use crate::declaration::Work;
use crate::pod::Identity;

/// Marks the fields of objects that are made here.
const FIELD_MANAGER: &str = "kanister-create";

/// Creates all documents, in order; returns a reference to the last.
pub(super) async fn call(work: Work<'_>) -> Result<Reference, Failure> {
    let manifest = work.arguments.text_or_empty(&SPEC)?;
    let objects: Vec<Json> = documents(&manifest)?.into_iter().flat_map(flattened).collect();
    let mut last = None;
    for (position, object) in objects.into_iter().enumerate() {
        last = Some(create(work, position, object).await?);
    }
    last.ok_or_else(|| mistake("error parsing resource: the argument spec holds no object"))
}

/// The items of a list, or the object itself.
fn flattened(mut object: Json) -> Vec<Json> {
    let is_list = object.get("kind").is_some_and(|kind| kind == "List");
    match object.get_mut("items").map(Json::take) {
        Some(Json::Array(items)) if is_list => items,
        Some(items) => {
            object["items"] = items;
            vec![object]
        }
        None => vec![object],
    }
}

async fn create(work: Work<'_>, position: usize, object: Json) -> Result<Reference, Failure> {
    let mut object: DynamicObject = serde_json::from_value(object)
        .map_err(|error| mistake(format!("error parsing resource: {error}")))?;
    let Some(types) = object.types.clone() else {
        return Err(mistake("error parsing resource: apiVersion or kind is missing"));
    };
    let kind = GroupVersionKind::try_from(&types);
    let kind = kind.map_err(|error| mistake(format!("error parsing resource: {error}")))?;
    identify(work, position, &mut object)?;
    let client = &work.context.client;
    let found = cluster::of_kind(client, &kind)
        .await
        .map_err(|error| failed(&error))?;
    let Some(Resource { resource, scope }) = found else {
        return Err(mistake(format!(
            "resource mapping not found for name: {:?} namespace: {:?} from \"resource\": no matches for kind {:?} in \
             version {:?}\nensure CRDs are installed first",
            object.metadata.name.unwrap_or_default(),
            object.metadata.namespace.unwrap_or_default(),
            types.kind,
            types.api_version
        )));
    };
    let (objects, namespace) = match scope {
        Scope::Cluster => (Api::all_with(client.clone(), &resource), String::new()),
        Scope::Namespaced => {
            let namespace = match &object.metadata.namespace {
                Some(namespace) => namespace.clone(),
                None => default_namespace(work)?,
            };
            (
                Api::namespaced_with(client.clone(), &namespace, &resource),
                namespace,
            )
        }
    };
    let parameters = PostParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PostParams::default()
    };
    let created = create_once(&objects, &parameters, &object).await;
    created.map_err(|error| failed(&error))?;
    Ok(Reference {
        api_version: kind.version,
        group: kind.group,
        resource: resource.plural,
        kind: String::new(),
        name: object.metadata.name.unwrap_or_default(),
        namespace,
    })
}

/// Names and marks the object so that a repeated call means the same one. A name that the API server is to generate is
/// generated here instead, from the call.
fn identify(work: Work<'_>, position: usize, object: &mut DynamicObject) -> Result<(), Failure> {
    let identity = Identity::of(&work.call.key);
    if object.metadata.name.is_none() {
        let Some(prefix) = object.metadata.generate_name.take() else {
            return Err(mistake("error parsing resource: metadata.name is missing"));
        };
        let suffix = identity.part(&position.to_string()).suffix();
        object.metadata.name = Some(format!("{prefix}{suffix}"));
    }
    object
        .annotations_mut()
        .insert(MADE_BY.to_owned(), identity.label());
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_taken_apart() {
        let one = json!({"kind": "ConfigMap"});
        assert_eq!(
            flattened(json!({"kind": "List", "items": [one, one]})),
            [one.clone(), one.clone()]
        );
        let other = json!({"kind": "Menu", "items": ["soup"]});
        assert_eq!(flattened(other.clone()), [other]);
        assert_eq!(flattened(one.clone()), [one]);
    }
}
