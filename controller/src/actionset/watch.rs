//! Watches ActionSets and has each carried out once: begun, gone on with after a restart, cancelled when it is
//! deleted or somebody asks for it.
//! Must not know how an ActionSet is carried out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use kube::core::DeserializeGuard;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, watcher};
use kube::{Api, Resource};
use mainstay_api::ActionSet;
use mainstay_engine::driver::{Control, Orders, control};
use mainstay_engine::journal::Error as Lost;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{Context, Ended, Error, begin, give_up, go_on};
use crate::convert;
use crate::health::Readiness;

/// Whoever puts this annotation on an ActionSet cancels it; its value is the reason.
const CANCEL: &str = "mainstay.dev/cancel";

/// The pause before an ActionSet that could not be looked at is looked at again; doubled after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// No pause is longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long runs may take to stop. What is not recorded by then is done again by whoever comes next.
const STOPPING: Duration = Duration::from_secs(20);

/// An ActionSet for good: one that is made anew under an old name is another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    uid: String,
    name: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

/// What is known of an ActionSet that is not finished.
#[derive(Debug)]
enum Known {
    /// It is being carried out here.
    Running(Control),
    /// Another controller has taken it over.
    Superseded,
}

/// Watches until `stop`, and returns when every run has stopped.
pub(crate) async fn watch(context: Arc<Context>, readiness: Arc<Readiness>, stop: CancellationToken) {
    let action_sets: Api<DeserializeGuard<ActionSet>> =
        Api::namespaced(context.client.clone(), &context.namespace);
    let mut events = watcher(action_sets, watcher::Config::default())
        .default_backoff()
        .boxed();
    let mut runs = Runs::new(context, stop.clone());
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = runs.tasks.join_next_with_id() => {
                runs.ended(ended);
                continue;
            }
            event = events.try_next() => event,
        };
        match event {
            Ok(Some(watcher::Event::Apply(object))) => runs.see(object),
            Ok(Some(watcher::Event::InitApply(object))) => {
                runs.listed.insert(identity(&object));
                runs.see(object);
            }
            Ok(Some(watcher::Event::Delete(object))) => runs.deleted(&identity(&object)),
            Ok(Some(watcher::Event::Init)) => runs.listed.clear(),
            Ok(Some(watcher::Event::InitDone)) => {
                runs.forget_unlisted();
                readiness.action_sets_listed();
            }
            Ok(None) => break,
            Err(error) => tracing::warn!(%error, "the watch of ActionSets is taken up again after a pause"),
        }
    }
    runs.wait().await;
}

/// Every run of this process.
struct Runs {
    context: Arc<Context>,
    stop: CancellationToken,
    known: BTreeMap<Identity, Known>,
    tasks: JoinSet<Ended>,
    names: BTreeMap<tokio::task::Id, Identity>,
    /// What the list that is being received has shown so far.
    listed: BTreeSet<Identity>,
}

impl Runs {
    fn new(context: Arc<Context>, stop: CancellationToken) -> Self {
        Self {
            context,
            stop,
            known: BTreeMap::new(),
            tasks: JoinSet::new(),
            names: BTreeMap::new(),
            listed: BTreeSet::new(),
        }
    }

    fn see(&mut self, object: DeserializeGuard<ActionSet>) {
        let identity = identity(&object);
        let action_set = match object.0 {
            Ok(action_set) => action_set,
            Err(invalid) => {
                tracing::warn!(action_set = %identity, error = %invalid, "an ActionSet cannot be decoded");
                return;
            }
        };
        if !self.known.contains_key(&identity) && convert::is_unfinished(&action_set) {
            self.begin(identity.clone());
        }
        if let Some(Known::Running(control)) = self.known.get(&identity)
            && let Some(reason) = wants_cancel(&action_set)
        {
            control.cancel(reason);
        }
    }

    fn begin(&mut self, identity: Identity) {
        let (control, orders) = control(self.stop.clone());
        let span = tracing::info_span!("action_set", name = identity.name, uid = identity.uid);
        let task = run(
            Arc::clone(&self.context),
            identity.name.clone(),
            orders,
            self.stop.clone(),
        );
        let handle = self.tasks.spawn(task.instrument(span));
        self.names.insert(handle.id(), identity.clone());
        self.known.insert(identity, Known::Running(control));
    }

    fn deleted(&mut self, identity: &Identity) {
        match self.known.get(identity) {
            Some(Known::Running(control)) => {
                control.cancel("the ActionSet was deleted");
                // Nothing is left that could tell what becomes of a deferred phase.
                control.abandon();
            }
            Some(Known::Superseded) => {
                self.known.remove(identity);
            }
            None => {}
        }
    }

    /// After a list: what was deleted while the watch was broken.
    fn forget_unlisted(&mut self) {
        let gone: Vec<Identity> = self
            .known
            .keys()
            .filter(|identity| !self.listed.contains(*identity))
            .cloned()
            .collect();
        for identity in gone {
            self.deleted(&identity);
        }
    }

    fn ended(&mut self, task: Result<(tokio::task::Id, Ended), tokio::task::JoinError>) {
        let id = match &task {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let Some(identity) = self.names.remove(&id) else {
            return;
        };
        match task {
            Ok((_, Ended::Superseded)) => {
                self.known.insert(identity, Known::Superseded);
            }
            Ok((_, Ended::Finished | Ended::Stopped)) => {
                self.known.remove(&identity);
            }
            Err(error) => {
                tracing::error!(action_set = %identity, %error, "carrying out an ActionSet ended in a fault of ours");
                self.known.remove(&identity);
                let context = Arc::clone(&self.context);
                self.tasks.spawn(async move {
                    let why = "a fault of the controller; its log has the details";
                    if let Err(error) = give_up(&context, &identity.name, why).await {
                        tracing::error!(action_set = %identity, %error, "and it could not be given up");
                    }
                    Ended::Finished
                });
            }
        }
    }

    /// Waits until every run has stopped, or for a while.
    async fn wait(mut self) {
        let stopped = tokio::time::timeout(STOPPING, async {
            while self.tasks.join_next().await.is_some() {}
        });
        if stopped.await.is_err() {
            tracing::warn!("some runs did not stop in time; they are resumed from their last record");
        }
    }
}

/// Carries one ActionSet out, however long the cluster cannot be reached.
async fn run(context: Arc<Context>, name: String, orders: Orders, stop: CancellationToken) -> Ended {
    let mut patience = Patience::new(stop);
    let begun = loop {
        match begin(&context, &name).await {
            Ok(Some(begun)) => break begun,
            Ok(None) | Err(Error::Record { source: Lost::Gone }) => return Ended::Finished,
            Err(Error::Record {
                source: Lost::Superseded,
            }) => return Ended::Superseded,
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "an ActionSet is looked at again after a pause");
                if patience.ends().await {
                    return Ended::Stopped;
                }
            }
            Err(error) => return abandon(&context, &name, &error, &mut patience).await,
        }
    };
    match go_on(&context, begun, orders).await {
        Ok(ended) => ended,
        Err(error) => abandon(&context, &name, &error, &mut patience).await,
    }
}

/// Leaves an ActionSet that cannot be carried out as failed.
async fn abandon(context: &Context, name: &str, why: &Error, patience: &mut Patience) -> Ended {
    tracing::error!(error = %why, "an ActionSet cannot be carried out");
    loop {
        match give_up(context, name, &why.to_string()).await {
            Ok(()) => return Ended::Finished,
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "giving it up is tried again after a pause");
            }
            Err(error) => {
                tracing::error!(%error, "and it cannot be given up");
                return Ended::Superseded;
            }
        }
        if patience.ends().await {
            return Ended::Stopped;
        }
    }
}

/// Pauses that grow.
struct Patience {
    stop: CancellationToken,
    pause: Duration,
}

impl Patience {
    fn new(stop: CancellationToken) -> Self {
        Self {
            stop,
            pause: FIRST_PAUSE,
        }
    }

    /// Waits for a while; says whether the program stops.
    async fn ends(&mut self) -> bool {
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        tokio::select! {
            () = self.stop.cancelled() => true,
            () = tokio::time::sleep(pause) => false,
        }
    }
}

fn identity(object: &DeserializeGuard<ActionSet>) -> Identity {
    let metadata = object.meta();
    Identity {
        uid: metadata.uid.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
    }
}

/// Why the ActionSet is to be cancelled, if it is.
fn wants_cancel(action_set: &ActionSet) -> Option<String> {
    let metadata = &action_set.metadata;
    if metadata.deletion_timestamp.is_some() {
        return Some("the ActionSet is being deleted".to_owned());
    }
    metadata.annotations.as_ref()?.get(CANCEL).cloned()
}
