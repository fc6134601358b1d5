//! Watches Blueprints: an Event when one is added, and the log says what is wrong with one that changes.
//! Must not know how a blueprint is carried out.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use kube::api::{ApiResource, DynamicObject};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, watcher};
use kube::{Api, Resource, ResourceExt};
use mainstay_api::Blueprint;
use mainstay_dsl::diagnostic::{Diagnostic, Severity};
use mainstay_dsl::{Mode, Signatures, Source, check, parse};
use mainstay_engine::announcement::Announcement;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use crate::actionset::Context;
use crate::health::Readiness;

/// Watches until `stop`.
pub(crate) async fn watch(context: Arc<Context>, readiness: Arc<Readiness>, stop: CancellationToken) {
    // Not as our wire type, which drops what it does not know: what somebody mistyped is to be seen.
    let kind = ApiResource::erase::<Blueprint>(&());
    let blueprints: Api<DynamicObject> =
        Api::namespaced_with(context.client.clone(), &context.namespace, &kind);
    let mut events = watcher(blueprints, watcher::Config::default())
        .default_backoff()
        .boxed();
    let mut seen = Seen::default();
    let signatures = context.functions.signatures();
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = events.try_next() => event,
        };
        match event {
            Ok(Some(watcher::Event::Apply(object) | watcher::Event::InitApply(object))) => {
                match seen.look(&object) {
                    Change::None => {}
                    Change::Added => {
                        tell(&context, &object).await;
                        log(&object, &signatures);
                    }
                    Change::Changed => log(&object, &signatures),
                }
            }
            Ok(Some(watcher::Event::Delete(object))) => seen.forget(&object),
            Ok(Some(watcher::Event::Init)) => {}
            Ok(Some(watcher::Event::InitDone)) => readiness.blueprints_listed(),
            Ok(None) => return,
            Err(error) => tracing::warn!(%error, "the watch of Blueprints is taken up again after a pause"),
        }
    }
}

/// What is new about a blueprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    None,
    Added,
    Changed,
}

/// The blueprints that were seen: which version of which.
#[derive(Debug, Default)]
struct Seen(BTreeMap<String, Option<i64>>);

impl Seen {
    fn look(&mut self, object: &DynamicObject) -> Change {
        let generation = object.metadata.generation;
        match self.0.insert(object.uid().unwrap_or_default(), generation) {
            None => Change::Added,
            Some(before) if before == generation => Change::None,
            Some(_) => Change::Changed,
        }
    }

    fn forget(&mut self, object: &DynamicObject) {
        self.0.remove(&object.uid().unwrap_or_default());
    }
}

/// Kanister says so of every blueprint, each time the controller starts.
async fn tell(context: &Context, object: &DynamicObject) {
    let name = object.name_any();
    let subject = object.object_ref(&ApiResource::erase::<Blueprint>(&()));
    let news = Announcement::normal("Added", format!("Added blueprint {name}"));
    context.events.publish(&subject, &news).await;
    tracing::info!(blueprint = name, "added blueprint");
}

/// Logs what is wrong with a blueprint.
fn log(object: &DynamicObject, signatures: &Signatures) {
    let name = object.name_any();
    for diagnostic in diagnose(&name, json!(object), signatures) {
        match diagnostic.severity {
            Severity::Error | Severity::Warning => tracing::warn!(blueprint = name, "{diagnostic}"),
            Severity::Hint => tracing::info!(blueprint = name, "{diagnostic}"),
        }
    }
}

/// Everything that is to be said about a blueprint.
fn diagnose(name: &str, object: Json, signatures: &Signatures) -> Vec<Diagnostic> {
    let source = Source::from_json(name, object);
    let (parsed, mut diagnostics) = parse(&source);
    if let Some(parsed) = parsed {
        diagnostics.extend(check(&parsed, signatures, Mode::Mainstay).diagnostics);
    }
    diagnostics
}
