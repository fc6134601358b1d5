//! Creating what a manifest describes.
//! Must not know the other operations.

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::Api;
use kube::api::{DynamicObject, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::Scope;
use mainstay_engine::function::Error as Failure;
use serde_json::Value as Json;

use super::{SPEC, default_namespace, documents, failed, mistake};
use crate::arguments::Reference;
use crate::cluster::{self, Resource};
use crate::declaration::Work;
use crate::failure;
use crate::pod::Identity;
use crate::retry::{Patience, patiently};

/// Marks the objects that are made here.
const FIELD_MANAGER: &str = "kanister-create";

/// How far the clocks of the controller and of the API server may be apart.
const CLOCKS: SignedDuration = SignedDuration::from_mins(1);

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
    name(work, position, &mut object)?;
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
    send(work, &objects, &object).await?;
    Ok(Reference {
        api_version: kind.version,
        group: kind.group,
        resource: resource.plural,
        kind: String::new(),
        name: object.metadata.name.unwrap_or_default(),
        namespace,
    })
}

/// A name that the API server is to generate is generated from the call, so that a repeated call means the same object.
fn name(work: Work<'_>, position: usize, object: &mut DynamicObject) -> Result<(), Failure> {
    if object.metadata.name.is_none() {
        let Some(prefix) = object.metadata.generate_name.take() else {
            return Err(mistake("error parsing resource: metadata.name is missing"));
        };
        let identity = Identity::of(&work.call.key).part(&position.to_string());
        object.metadata.name = Some(format!("{prefix}{}", identity.suffix()));
    }
    Ok(())
}

async fn send(work: Work<'_>, objects: &Api<DynamicObject>, object: &DynamicObject) -> Result<(), Failure> {
    let parameters = PostParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PostParams::default()
    };
    let mut patience = Patience::new();
    // Whether an earlier request may have arrived.
    let mut repeated = work.call.resumed;
    loop {
        match objects.create(&parameters, object).await {
            Ok(_) => return Ok(()),
            Err(error) if repeated && failure::is_already_there(&error) => {
                let name = object.metadata.name.as_deref().unwrap_or_default();
                let there = patiently(|| objects.get_opt(name)).await;
                let there = there.map_err(|error| failed(&error))?;
                let ours = there.is_some_and(|there| is_of_this_run(&there, &work.call.scope.time));
                return if ours { Ok(()) } else { Err(failed(&error)) };
            }
            Err(error) => patience.after(error).await.map_err(|error| failed(&error))?,
        }
        repeated = true;
    }
}

/// Whether an object was made here, and not before the action started.
fn is_of_this_run(object: &DynamicObject, start: &str) -> bool {
    let fields = object.metadata.managed_fields.iter().flatten();
    let made_here = fields
        .into_iter()
        .any(|fields| fields.manager.as_deref() == Some(FIELD_MANAGER));
    let made = object.metadata.creation_timestamp.as_ref().map(|time| time.0);
    let earliest = start
        .parse::<Timestamp>()
        .ok()
        .and_then(|start| start.checked_sub(CLOCKS).ok());
    made_here && made >= earliest
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

    #[test]
    fn objects_of_this_run_are_known_by_manager_and_time() {
        let object = |manager: &str, time: &str| -> DynamicObject {
            serde_json::from_value(json!({"metadata": {
                "name": "made",
                "creationTimestamp": time,
                "managedFields": [{"manager": "kubelet"}, {"manager": manager}],
            }}))
            .unwrap()
        };
        let start = "2026-11-25T09:00:00.5Z";
        let ours = |object: &DynamicObject| is_of_this_run(object, start);
        assert!(ours(&object("kanister-create", "2026-11-25T09:00:00Z")));
        assert!(ours(&object("kanister-create", "2026-11-26T09:00:00Z")));
        assert!(!ours(&object("kanister-create", "2026-11-25T08:58:00Z")));
        assert!(!ours(&object("kubectl-create", "2026-11-25T09:00:00Z")));
    }
}
