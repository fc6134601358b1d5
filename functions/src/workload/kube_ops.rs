//! `KubeOps`: creates, patches or deletes objects of the cluster.

use std::time::Duration;

use kube::Api;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams};
use kube::discovery::Scope;
use mainstay_dsl::signature::{Argument, Kind, Output, Outputs, Rendering, Signature};
use mainstay_dsl::source;
use mainstay_engine::function::{Cause, Error as Failure, Outputs as Returned, Recovery};
use serde_json::Value as Json;
use tokio::time::{Instant, sleep};

use crate::arguments::{Reference, optional, required};
use crate::cluster::{self, Resource};
use crate::declaration::{Declaration, Work, keeps_nothing};
use crate::failure;
use crate::retry::patiently;

mod create;

const OPERATION: Argument = required("operation", Kind::Text, "`create`, `patch` or `delete`.");
const SPEC: Argument = optional(
    "spec",
    Kind::Manifest,
    "needed to create and to patch",
    "What to create, as one or more YAML documents, or the patch.",
);
const NAMESPACE: Argument = optional(
    "namespace",
    Kind::Text,
    "`default`",
    "Namespace of what neither its manifest nor its reference puts into one.",
);
const OBJECT_REFERENCE: Argument = optional(
    "objectReference",
    Kind::ObjectReference,
    "needed to patch and to delete",
    "The object to patch or delete.",
);

/// Where things go that nobody puts anywhere.
const DEFAULT_NAMESPACE: &str = "default";

/// How long a deleted object may stay, for its finalizers to run.
const DELETION: Duration = Duration::from_mins(15);

/// How often a deleted object is looked for.
const LOOK: Duration = Duration::from_millis(500);

/// The function.
///
/// It may be called again: what it has created bears its mark, a patch can be applied twice, and what it was to delete may
/// be gone.
pub(crate) static DECLARATION: Declaration = Declaration {
    signature,
    recovery: Recovery::Rerun,
    call: |work| Box::pin(call(work)),
    settle: keeps_nothing,
};

async fn call(work: Work<'_>) -> Result<Returned, Failure> {
    let operation = work.arguments.text_or_empty(&OPERATION)?;
    let reference = match operation.as_str() {
        "create" => create::call(work).await?,
        "delete" => delete(work).await?,
        "patch" => patch(work).await?,
        other => return Err(mistake(format!("invalid operation '{other}'"))),
    };
    Ok(Some(reference.output()))
}

async fn delete(work: Work<'_>) -> Result<Reference, Failure> {
    let (reference, objects) = object(work).await?;
    let name = &reference.name;
    let there = patiently(|| objects.get_metadata(name)).await;
    let uid = match there {
        Ok(there) => there.metadata.uid,
        Err(error) if failure::is_not_found(&error) && work.call.resumed => return Ok(reference),
        Err(error) => return Err(failed(&error)),
    };
    // It was there: when it is not any more, an earlier request has arrived whose answer was lost.
    let parameters = DeleteParams::default();
    match patiently(|| objects.delete(name, &parameters)).await {
        Ok(_) => until_gone(&objects, name, uid.as_deref()).await?,
        Err(error) if failure::is_not_found(&error) => {}
        Err(error) => return Err(failed(&error)),
    }
    Ok(reference)
}

/// Waits until the object is gone, or another one has its name.
async fn until_gone(objects: &Api<DynamicObject>, name: &str, uid: Option<&str>) -> Result<(), Failure> {
    let deadline = Instant::now() + DELETION;
    loop {
        let object = patiently(|| objects.get_metadata_opt(name)).await;
        let same = match object.map_err(|error| failed(&error))? {
            Some(object) => uid.is_none() || object.metadata.uid.as_deref() == uid,
            None => false,
        };
        if !same {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let message = format!("{name} was deleted, but something holds it: look at its finalizers");
            return Err(Failure::new(Cause::Failed, message));
        }
        sleep(LOOK).await;
    }
}

async fn patch(work: Work<'_>) -> Result<Reference, Failure> {
    let spec = work.arguments.text_or_empty(&SPEC)?;
    let [patch] = &documents(&spec)?[..] else {
        return Err(mistake("the argument spec must hold one patch"));
    };
    let (reference, objects) = object(work).await?;
    let (name, parameters) = (&reference.name, PatchParams::default());
    let strategic = Patch::Strategic(patch);
    let patched = match patiently(|| objects.patch(name, &parameters, &strategic)).await {
        // Only kinds that are built into the API server know how to merge lists.
        Err(kube::Error::Api(status)) if status.code == 415 => {
            let merge = Patch::Merge(patch);
            patiently(|| objects.patch(name, &parameters, &merge)).await
        }
        patched => patched,
    };
    patched.map_err(|error| failed(&error))?;
    Ok(reference)
}

/// The object that is to be patched or deleted, and its reference as it was given.
async fn object(work: Work<'_>) -> Result<(Reference, Api<DynamicObject>), Failure> {
    let Some(reference) = work.arguments.reference(&OBJECT_REFERENCE)? else {
        return Err(mistake(
            "the argument objectReference is needed for this operation",
        ));
    };
    let Reference {
        api_version,
        resource,
        name,
        ..
    } = &reference;
    if [api_version, resource, name].into_iter().any(String::is_empty) {
        return Err(mistake("objectReference needs name, apiVersion and resource"));
    }
    let client = &work.context.client;
    let found = cluster::named(client, &reference)
        .await
        .map_err(|error| failed(&error))?;
    let Some(Resource { resource, scope }) = found else {
        return Err(mistake("the server could not find the requested resource"));
    };
    let objects = match scope {
        Scope::Cluster => Api::all_with(client.clone(), &resource),
        Scope::Namespaced => {
            let namespace = match reference.namespace.as_str() {
                "" => default_namespace(work)?,
                namespace => namespace.to_owned(),
            };
            Api::namespaced_with(client.clone(), &namespace, &resource)
        }
    };
    Ok((reference, objects))
}

/// Where things go whose manifest or reference does not say.
fn default_namespace(work: Work<'_>) -> Result<String, Failure> {
    let namespace = work.arguments.filled_text(&NAMESPACE)?;
    Ok(namespace.unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned()))
}

/// The documents of a manifest that say anything.
fn documents(manifest: &str) -> Result<Vec<Json>, Failure> {
    let introduced = "error parsing resource: error converting YAML to JSON";
    let mut documents = source::documents(manifest).map_err(|diagnostics| {
        let first = diagnostics
            .first()
            .map_or("", |diagnostic| diagnostic.message.as_str());
        let line = diagnostics
            .first()
            .and_then(|diagnostic| diagnostic.place().line_and_column(manifest));
        let line = line.map(|(line, _)| format!("line {line}: ")).unwrap_or_default();
        mistake(format!("{introduced}: {line}{first}"))
    })?;
    documents.retain(|document| !document.is_null());
    Ok(documents)
}

fn mistake(message: impl Into<String>) -> Failure {
    Failure::new(Cause::Mistake, message)
}

/// A refusal, in the cluster's own words.
fn failed(error: &kube::Error) -> Failure {
    Failure::new(failure::cause(error), failure::words(error))
}

fn signature() -> Signature {
    let output = |name, summary| Output { name, summary };
    Signature {
        function: "KubeOps".into(),
        summary: "Creates, patches or deletes an object of the cluster.",
        arguments: vec![OPERATION, SPEC, NAMESPACE, OBJECT_REFERENCE],
        outputs: Outputs::Known(vec![
            output("apiVersion", "The bare version of the object, such as `v1`."),
            output("group", "Its API group; empty for the core group."),
            output("resource", "The plural name of its resource."),
            output("kind", "What the reference says; empty after `create`."),
            output("name", "Its name."),
            output("namespace", "Its namespace; absent when it has none."),
        ]),
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
