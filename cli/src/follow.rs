//! Follows one ActionSet to its end and shows what happens.
//!
//! ```text
//! changes   (status before, status after) → what has changed; pure
//! show      changes → a tree on a terminal, lines in a pipe, JSON for programs
//! ```
//!
//! Must not know who made the ActionSet.

pub(crate) mod changes;
pub(crate) mod show;

use futures::TryStreamExt as _;
use kube::api::{Api, WatchEvent, WatchParams};
use mainstay_api::ActionSet;
use mainstay_api::status::ActionSetStatus;

use crate::cluster::{Cluster, refused};
use crate::error::{Error, Kind};
use crate::follow::show::Show;

/// Watches the ActionSet until nothing more will happen to it, and returns its last status.
pub(crate) async fn follow(cluster: &Cluster, name: &str, show: &mut Show) -> Result<ActionSetStatus, Error> {
    let api = Api::<ActionSet>::namespaced(cluster.client.clone(), &cluster.namespace);
    let what = format!("watch ActionSet {}/{name}", cluster.namespace);
    let mut seen = api.get(name).await.map_err(refused(&what))?;
    let parameters = WatchParams::default().fields(&format!("metadata.name={name}"));
    let mut before = ActionSetStatus::default();
    loop {
        if let Some(status) = &seen.status {
            show.changes(&changes::changes(&before, status), status)?;
            before = status.clone();
            if is_final(status) {
                show.end(status)?;
                return Ok(before);
            }
        }
        seen = next(&api, &parameters, seen, &what).await?;
    }
}

/// The next version of the object; the watch is opened again where the server ends it.
async fn next(
    api: &Api<ActionSet>,
    parameters: &WatchParams,
    seen: ActionSet,
    what: &str,
) -> Result<ActionSet, Error> {
    let name = seen.metadata.name.clone().unwrap_or_default();
    let mut version = seen.metadata.resource_version.unwrap_or_default();
    loop {
        let events = api.watch(parameters, &version).await.map_err(refused(what))?;
        futures::pin_mut!(events);
        loop {
            match events.try_next().await.map_err(refused(what))? {
                Some(WatchEvent::Added(object) | WatchEvent::Modified(object)) => return Ok(object),
                Some(WatchEvent::Deleted(_)) => {
                    return Err(Error::new(
                        Kind::Failed,
                        format!("ActionSet {name} was deleted before it ended"),
                    ));
                }
                Some(WatchEvent::Bookmark(bookmark)) => version = bookmark.metadata.resource_version,
                // Too old a version: what it is now is as good as what it was in between.
                Some(WatchEvent::Error(_)) => return api.get(&name).await.map_err(refused(what)),
                None => break,
            }
        }
    }
}

/// Whether nothing more will happen. Our controller says so itself; another one, such as Kanister's, has only the
/// state to go by.
pub(crate) fn is_final(status: &ActionSetStatus) -> bool {
    if status.mainstay.is_empty() {
        return ["complete", "failed"].contains(&status.state.as_str());
    }
    status.mainstay.get("ended").is_some_and(|ended| !ended.is_null())
}
