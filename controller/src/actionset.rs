//! Carries an ActionSet out: dereference → check → plan → drive → publish.
//! Must not know how a template is evaluated or what a function does.

mod dereference;
pub mod frozen;
pub mod journal;
mod validate;
mod watch;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::{Api, Client, Resource};
use mainstay_api::ActionSet;
use mainstay_dsl::{Mode, Source, check, parse};
use mainstay_engine::announcement::{Announcement, Severity};
use mainstay_engine::clock::Clock;
use mainstay_engine::driver::{self, Ending, Orders, Settings, Surroundings, drive};
use mainstay_engine::function::Functions;
use mainstay_engine::journal::Journal;
use mainstay_engine::plan::{Lookup, Plan, Refusal};
use mainstay_engine::run::{Mismatch, Run};
use snafu::{ResultExt, Snafu};

use self::dereference::{Dereferenced, dereference};
use self::frozen::Frozen;
use self::journal::InActionSet;
use self::validate::validate;
pub(crate) use self::watch::watch;
use crate::chain;
use crate::convert;
use crate::events::Recorder;
use crate::host::{InCluster, Subjects};
use crate::metrics::Metrics;
use crate::objects::{self, Objects};
use crate::refusal::{is_transient, told};

/// What every run of this controller shares.
#[derive(Clone)]
pub struct Context {
    /// The cluster.
    pub client: Client,
    /// The namespace whose ActionSets are carried out.
    pub namespace: String,
    /// The name of this process, different from that of every other.
    pub controller: String,
    /// What phases can call.
    pub functions: Functions,
    /// How runs are driven.
    pub settings: Settings,
    /// Where announcements go.
    pub events: Recorder,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Context {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Context")
            .field("namespace", &self.namespace)
            .field("controller", &self.controller)
            .finish_non_exhaustive()
    }
}

/// How carrying out ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// There is nothing more to do.
    Finished,
    /// The program stops; whoever comes next goes on.
    Stopped,
    /// Another controller does it.
    Superseded,
}

/// Why an ActionSet could not be carried out.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    /// It could not be read.
    #[snafu(display("failed to read the ActionSet: {}", told(source)))]
    Read {
        /// What the API server said.
        source: Box<kube::Error>,
    },
    /// Its blueprints could not be looked up.
    #[snafu(display("failed to look up the blueprints: {source}"))]
    Dereference {
        /// Why.
        source: objects::Error,
    },
    /// What it starts from could not be kept, or what it started from could not be had.
    #[snafu(display("{source}"))]
    Freeze {
        /// Why.
        source: frozen::Error,
    },
    /// Its status is none that can be gone on from.
    #[snafu(display("{source}"))]
    Status {
        /// What is wrong with it.
        source: convert::Error,
    },
    /// Its status does not belong to its plan.
    #[snafu(display("{source}"))]
    Resume {
        /// What does not fit.
        source: Mismatch,
    },
    /// What it started from cannot be planned any more.
    #[snafu(display("failed to plan again what was planned before: {source}"))]
    Plan {
        /// Why.
        source: Refusal,
    },
    /// Its status could not be written.
    #[snafu(display("{source}"))]
    Record {
        /// Why.
        source: mainstay_engine::journal::Error,
    },
    /// The run broke down.
    #[snafu(display("{}", chain(source)))]
    Drive {
        /// Why.
        source: driver::Error,
    },
}

impl Error {
    /// Whether trying again may help.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Read { source } => is_transient(source),
            Self::Dereference { source } => source.is_transient(),
            Self::Freeze { source } => source.is_transient(),
            Self::Record { source } => matches!(source, mainstay_engine::journal::Error::Unavailable { .. }),
            Self::Status { .. } | Self::Resume { .. } | Self::Plan { .. } | Self::Drive { .. } => false,
        }
    }
}

/// A run that can be driven.
pub(crate) struct Begun {
    run: Run,
    host: InCluster,
    journal: InActionSet,
    /// What Events about it are about.
    subject: ObjectReference,
}

/// Makes a run of an ActionSet, from wherever it was left: dereference → check → plan. Nothing when there is no
/// run to be made, because it is over, was deleted or is refused.
pub(crate) async fn begin(context: &Context, name: &str) -> Result<Option<Begun>, Error> {
    // What a watch shows may be behind. Needs the cluster.
    let Some(action_set) = read(context, name).await?.filter(convert::is_unfinished) else {
        return Ok(None);
    };
    let journal = context.journal(&action_set);
    if let Err(invalid) = validate(&action_set) {
        return reject(context, &action_set, &journal, &invalid.to_string()).await;
    }

    // Dereference: what an earlier life started from, else the blueprints as they are now. Needs the cluster.
    let found = match earlier(context, &action_set).await? {
        Some(start) => Dereferenced::again(start),
        None => dereference(
            &Objects::new(context.client.clone()),
            convert::request(&action_set),
        )
        .await
        .context(DereferenceSnafu)?,
    };

    // Check and plan. Pure.
    let plan = match (plan(&found, &context.functions), &action_set.status) {
        (Ok(plan), _) => plan,
        (Err(refusal), None) => return refuse(context, &action_set, &journal, &refusal).await,
        (Err(source), Some(_)) => return Err(Error::Plan { source }),
    };

    // Keep what the run starts from, before anything is done. Needs the cluster.
    let (start, plan) = freeze(context, found, plan).await?;
    let plan = Arc::new(plan);
    let run = match &action_set.status {
        None => Run::new(plan),
        Some(written) => {
            let status = convert::status(written).context(StatusSnafu)?;
            // Says whose it is from now on, so that a controller that still works on it stops before we begin.
            journal.record(&status).await.context(RecordSnafu)?;
            Run::resume(plan, &status, context.clock.now()).context(ResumeSnafu)?
        }
    };
    let host = context.host(&action_set, &start);
    let subject = action_set.object_ref(&());
    Ok(Some(Begun {
        run,
        host,
        journal,
        subject,
    }))
}

/// Drives a run to its end; every state is published on the way, the last one too.
pub(crate) async fn go_on(context: &Context, begun: Begun, orders: Orders) -> Result<Ended, Error> {
    let Begun {
        run,
        host,
        journal,
        subject,
    } = begun;
    let surroundings = Surroundings {
        functions: context.functions.clone(),
        host: Arc::new(host),
        journal: Arc::new(journal),
        clock: Arc::clone(&context.clock),
        random: Box::new(rand::make_rng::<rand::rngs::StdRng>()),
        settings: context.settings.clone(),
    };
    Ok(
        match drive(run, surroundings, orders).await.context(DriveSnafu)? {
            Ending::Finished(status) => {
                tracing::info!(state = %status.state, error = status.error, "the run has ended");
                Ended::Finished
            }
            Ending::Gone => {
                tracing::info!("the ActionSet was deleted while it was being carried out");
                // The run could not record that it was cancelled, so it has not said so either.
                let mut news = Announcement::normal("Cancelled", "Cancelled: the ActionSet was deleted");
                news.severity = Severity::Warning;
                context.events.publish(&subject, &news).await;
                Ended::Finished
            }
            Ending::Stopped => Ended::Stopped,
            Ending::Superseded => {
                tracing::warn!("another controller carries the ActionSet out");
                Ended::Superseded
            }
        },
    )
}

/// Ends an ActionSet that cannot be carried out: failed, saying why.
pub(crate) async fn give_up(context: &Context, name: &str, why: &str) -> Result<(), Error> {
    let Some(action_set) = read(context, name).await?.filter(convert::is_unfinished) else {
        return Ok(());
    };
    let journal = context.journal(&action_set);
    reject(context, &action_set, &journal, why).await.map(drop)
}

impl Context {
    fn journal(&self, action_set: &ActionSet) -> InActionSet {
        InActionSet::new(
            self.client.clone(),
            action_set,
            &self.controller,
            Arc::clone(&self.metrics),
        )
    }

    fn host(&self, action_set: &ActionSet, start: &Frozen) -> InCluster {
        let subjects = Subjects {
            action_set: action_set.object_ref(&()),
            blueprints: start.blueprint_subjects(),
        };
        let labels = start.request.labels.clone();
        InCluster::new(self.client.clone(), self.events.clone(), subjects, labels)
    }
}

async fn read(context: &Context, name: &str) -> Result<Option<ActionSet>, Error> {
    let action_sets: Api<ActionSet> = Api::namespaced(context.client.clone(), &context.namespace);
    action_sets
        .get_opt(name)
        .await
        .map_err(Box::new)
        .context(ReadSnafu)
}

/// What an earlier life started from. Kanister, which may have begun this run, keeps nothing.
async fn earlier(context: &Context, action_set: &ActionSet) -> Result<Option<Frozen>, Error> {
    if action_set.status.is_none() {
        return Ok(None);
    }
    let run = convert::request(action_set).run;
    frozen::read(&context.client, &run).await.context(FreezeSnafu)
}

/// Checks the blueprints and plans the request. What is wrong with a blueprint fails a phase when the run
/// reaches it, as in Kanister; it was logged when the blueprint changed.
fn plan(found: &Dereferenced, functions: &Functions) -> Result<Plan, Refusal> {
    let signatures = functions.signatures();
    let mut checked = BTreeMap::new();
    for (name, blueprint) in &found.start.blueprints {
        let source = Source::from_json(name, blueprint.object.clone());
        if let (Some(parsed), _) = parse(&source) {
            let check = check(&parsed, &signatures, Mode::Mainstay);
            checked.insert(name.as_str(), Arc::new(check.checked));
        }
    }
    let lookups: Vec<Lookup> = found
        .start
        .request
        .actions
        .iter()
        .map(|action| match checked.get(action.blueprint.as_str()) {
            Some(blueprint) => Lookup::Found(Arc::clone(blueprint)),
            None => Lookup::Missing(found.why_missing(&action.blueprint)),
        })
        .collect();
    Plan::new(&found.start.request, &lookups, functions)
}

/// Keeps what a run starts from. When an earlier life got as far as keeping something else, that counts.
async fn freeze(context: &Context, found: Dereferenced, plan: Plan) -> Result<(Frozen, Plan), Error> {
    if found.is_kept {
        return Ok((found.start, plan));
    }
    let kept = frozen::keep(&context.client, &found.start)
        .await
        .context(FreezeSnafu)?;
    if kept == found.start {
        return Ok((kept, plan));
    }
    let found = Dereferenced::again(kept);
    let plan = self::plan(&found, &context.functions).context(PlanSnafu)?;
    Ok((found.start, plan))
}

/// Publishes that a request cannot be planned.
async fn refuse(
    context: &Context,
    action_set: &ActionSet,
    journal: &InActionSet,
    refusal: &Refusal,
) -> Result<Option<Begun>, Error> {
    journal
        .record(&refusal.status(context.clock.now()))
        .await
        .context(RecordSnafu)?;
    let subject = action_set.object_ref(&());
    context.events.publish(&subject, &refusal.announcement()).await;
    tracing::info!(error = %refusal, "the ActionSet was refused");
    Ok(None)
}

/// Publishes that an ActionSet cannot be carried out, whatever became of it before.
async fn reject(
    context: &Context,
    action_set: &ActionSet,
    journal: &InActionSet,
    why: &str,
) -> Result<Option<Begun>, Error> {
    let at = context.clock.now();
    journal.give_up(why, at).await.context(RecordSnafu)?;
    let bad_news = Announcement::warning(0, "Error", format!("Could not carry out ActionSet: {why}"));
    context
        .events
        .publish(&action_set.object_ref(&()), &bad_news)
        .await;
    tracing::warn!(error = why, "the ActionSet was given up");
    Ok(None)
}
