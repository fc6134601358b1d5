//! The calls under way: fetching a phase's objects, rendering its arguments, calling its function.
//! Must not know why a step is called, nor what its outcome leads to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mainstay_dsl::name::{ActionName, PhaseName};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::settling::Kept;
use super::{Driver, later, parameters};
use crate::clock::Clock;
use crate::function::{Call, Cause, Error, Function, Key, Outputs, Progress, Reporter};
use crate::host::Host;
use crate::plan::{Place, StepId};
use crate::render::References;
use crate::run::command::Origin;
use crate::run::event::What;
use crate::scope::{Phase, Scope};

/// How long calls that were asked to end are waited for when nobody records what becomes of them.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a task of a call came to.
#[derive(Debug)]
pub(super) enum Report {
    /// The objects of the phase are at hand, or not.
    Fetched {
        step: StepId,
        attempt: u32,
        fetched: Result<Phase, Error>,
    },
    /// The function has returned.
    Ended {
        step: StepId,
        attempt: u32,
        /// What it reported since it was last looked at.
        last: Option<Progress>,
        result: Result<Outputs, Error>,
        /// What is needed to settle the call; a panic has taken it along.
        kept: Option<Box<Kept>>,
    },
}

#[derive(Debug)]
pub(super) struct Calls {
    tasks: JoinSet<Report>,
    open: BTreeMap<StepId, Open>,
}

/// A call under way.
#[derive(Debug)]
struct Open {
    attempt: u32,
    origin: Origin,
    cancel: CancellationToken,
    task: AbortHandle,
    /// What the function reports; absent while the phase's objects are fetched.
    progress: Option<watch::Receiver<Progress>>,
}

impl Calls {
    pub(super) fn new() -> Self {
        Self {
            tasks: JoinSet::new(),
            open: BTreeMap::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Asks a call to end.
    pub(super) fn abort(&self, step: StepId, attempt: u32) {
        if let Some(open) = self.open.get(&step)
            && open.attempt == attempt
        {
            open.cancel.cancel();
        }
    }

    /// Forgets a call, whatever it is at.
    pub(super) fn forget(&mut self, step: StepId, attempt: u32) {
        if self.open.get(&step).is_some_and(|open| open.attempt == attempt)
            && let Some(open) = self.open.remove(&step)
        {
            open.task.abort();
        }
    }

    /// What calls have reported since the last time.
    pub(super) fn progress(&mut self) -> Vec<What> {
        let mut reports = Vec::new();
        for (step, open) in &mut self.open {
            if let Some(progress) = open.news() {
                reports.push(What::Progressed {
                    step: *step,
                    attempt: open.attempt,
                    progress,
                });
            }
        }
        reports
    }

    /// The next report of a call that was not forgotten.
    pub(super) async fn next(&mut self) -> Report {
        loop {
            let report = match self.tasks.join_next_with_id().await {
                None => std::future::pending().await,
                Some(Ok((_, report))) => Some(report),
                Some(Err(error)) => self.panicked(&error),
            };
            match report {
                Some(Report::Ended {
                    step,
                    attempt,
                    last: _,
                    result,
                    kept,
                }) if self.is_open(step, attempt) => {
                    let mut open = self.open.remove(&step).expect("it is open");
                    return Report::Ended {
                        step,
                        attempt,
                        last: open.news(),
                        result,
                        kept,
                    };
                }
                Some(fetched @ Report::Fetched { step, attempt, .. }) if self.is_open(step, attempt) => {
                    return fetched;
                }
                Some(Report::Ended { .. } | Report::Fetched { .. }) | None => {}
            }
        }
    }

    fn is_open(&self, step: StepId, attempt: u32) -> bool {
        self.open.get(&step).is_some_and(|open| open.attempt == attempt)
    }

    /// A panic ends the call that it happened in and nothing else.
    fn panicked(&self, error: &JoinError) -> Option<Report> {
        let id = error.id();
        let (step, open) = self.open.iter().find(|(_, open)| open.task.id() == id)?;
        let message = "the function panicked, which is a fault of this program; its log says where";
        Some(Report::Ended {
            step: *step,
            attempt: open.attempt,
            last: None,
            result: Err(Error::new(Cause::Failed, message)),
            kept: None,
        })
    }

    /// Asks all calls to end and waits for them, for a while.
    pub(super) async fn wind_down(&mut self, clock: &dyn Clock) {
        for open in self.open.values() {
            open.cancel.cancel();
        }
        let until = later(clock.now(), PATIENCE);
        tokio::select! {
            () = async { while self.tasks.join_next().await.is_some() {} } => {}
            () = clock.until(until) => tracing::warn!("calls that did not end in time were dropped"),
        }
    }
}

impl Open {
    fn news(&mut self) -> Option<Progress> {
        let progress = self.progress.as_mut()?;
        // An error means that the call has ended; its last report is still to be seen.
        if let Ok(false) = progress.has_changed() {
            return None;
        }
        let news = progress.borrow_and_update().clone();
        (news != Progress::default()).then_some(news)
    }
}

impl Driver {
    /// Begins an attempt: first the phase's objects, if it names any that templates see.
    pub(super) fn call(&mut self, step: StepId, attempt: u32, origin: Origin) {
        let planned = &self.run.plan().actions()[step.action];
        let references = &self.scene(step.action).references[planned.index(step.place)];
        let cancel = CancellationToken::new();
        if !needs_fetching(references) {
            self.call_with(step, attempt, origin, cancel, Phase::default());
            return;
        }
        let (host, references) = (Arc::clone(&self.host), references.clone());
        let task = self.calls.tasks.spawn(async move {
            Report::Fetched {
                step,
                attempt,
                fetched: fetch(host.as_ref(), &references).await,
            }
        });
        let open = Open {
            attempt,
            origin,
            cancel,
            task,
            progress: None,
        };
        self.calls.open.insert(step, open);
    }

    /// Takes what a call or the fetch before it came to.
    pub(super) fn take(&mut self, report: Report) {
        match report {
            Report::Fetched {
                step,
                attempt,
                fetched,
            } => {
                let Some(Open { origin, cancel, .. }) = self.calls.open.remove(&step) else {
                    return;
                };
                match fetched {
                    Ok(phase) if !cancel.is_cancelled() => {
                        self.call_with(step, attempt, origin, cancel, phase);
                    }
                    Ok(_) => {
                        let error = Error::new(Cause::Cancelled, "cancelled before the function was called");
                        self.happened.push_back(What::Failed { step, attempt, error });
                    }
                    Err(error) => self.happened.push_back(What::Failed { step, attempt, error }),
                }
            }
            Report::Ended {
                step,
                attempt,
                last,
                result,
                kept,
            } => {
                if let Some(kept) = kept {
                    self.settling.ended(step, attempt, *kept);
                }
                self.happened.extend(last.map(|progress| What::Progressed {
                    step,
                    attempt,
                    progress,
                }));
                let what = match result.and_then(|outputs| self.hold(outputs)) {
                    Ok(outputs) => {
                        self.phase_scope(step).output.clone_from(&outputs);
                        What::Succeeded {
                            step,
                            attempt,
                            outputs,
                        }
                    }
                    Err(error) => What::Failed { step, attempt, error },
                };
                self.happened.push_back(what);
            }
        }
    }

    /// Outputs, if the journal can hold them along with those there are.
    fn hold(&mut self, outputs: Outputs) -> Result<Outputs, Error> {
        let size = size(&outputs);
        let limit = self.settings.outputs;
        if self.outputs + size > limit {
            let message = format!(
                "the outputs take {size} bytes; all phases together can have {limit}, of which {} are taken",
                self.outputs
            );
            return Err(Error::new(Cause::Mistake, message));
        }
        self.outputs += size;
        Ok(outputs)
    }

    /// Goes on with an attempt whose objects are at hand: renders, checks and calls.
    fn call_with(
        &mut self,
        step: StepId,
        attempt: u32,
        origin: Origin,
        cancel: CancellationToken,
        objects: Phase,
    ) {
        *self.phase_scope(step) = objects;
        let plan = Arc::clone(self.run.plan());
        let phase = plan.phase(step);
        let function = self.functions.get(&phase.function).map(Arc::clone);
        let function = function.expect("an action whose functions do not exist does not start");
        let arguments = parameters(&self.scene(step.action).scope).and_then(|parameters| {
            self.renderer()
                .arguments(phase, function.signature(), &parameters)
        });
        let arguments = match arguments {
            Ok(arguments) => arguments,
            Err(message) => {
                let error = Error::new(Cause::Mistake, message);
                self.happened.push_back(What::Failed { step, attempt, error });
                return;
            }
        };
        let action = plan.actions()[step.action].request.action.clone();
        let (reporter, progress) = Reporter::new();
        let run = plan.run();
        let call = Call {
            key: Key {
                run: run.uid.clone(),
                name: run.name.clone(),
                namespace: run.namespace.clone(),
                action: step.action,
                phase: phase.name.clone(),
                place: step.place,
                item: 0,
                attempt,
            },
            arguments,
            written: phase
                .arguments
                .iter()
                .map(|(name, tree)| (name.clone(), tree.written()))
                .collect(),
            scope: Arc::clone(&self.scene(step.action).scope),
            progress: reporter,
            cancel: cancel.clone(),
            resumed: origin == Origin::Interrupted,
        };
        let task = self.calls.tasks.spawn(perform(function, call, step, action));
        let open = Open {
            attempt,
            origin,
            cancel,
            task,
            progress: Some(progress),
        };
        self.calls.open.insert(step, open);
    }

    /// What a phase shows to templates.
    fn phase_scope(&mut self, step: StepId) -> &mut Phase {
        let name = &self.run.plan().phase(step).name;
        let scene = self
            .scenes
            .get_mut(&step.action)
            .expect("calls follow the preparation of their action");
        phase_scope(Arc::make_mut(&mut scene.scope), step.place, name)
    }
}

/// The bytes of outputs as JSON.
pub(super) fn size(outputs: &Outputs) -> usize {
    outputs.as_ref().map_or(0, |outputs| {
        serde_json::to_vec(outputs)
            .expect("a map with text keys can be written as JSON")
            .len()
    })
}

async fn perform(function: Arc<dyn Function>, call: Call, step: StepId, action: ActionName) -> Report {
    let attempt = call.key.attempt;
    let span = tracing::info_span!(
        "phase",
        run = call.key.name,
        namespace = call.key.namespace,
        %action,
        phase = %call.key.phase,
        function = %function.signature().function,
        attempt,
    );
    let result = async {
        tracing::info!(resumed = call.resumed, "called");
        let result = function.call(call.clone()).await;
        match &result {
            Ok(_) => tracing::info!("ended well"),
            Err(error) => tracing::warn!(%error, cause = ?error.cause, "failed"),
        }
        result
    };
    Report::Ended {
        step,
        attempt,
        last: None,
        result: result.instrument(span).await,
        kept: Some(Box::new((function, call))),
    }
}

/// What the phase at `place` shows in `scope`.
pub(super) fn phase_scope<'a>(scope: &'a mut Scope, place: Place, name: &PhaseName) -> &'a mut Phase {
    match place {
        Place::Phase(_) => scope.phases.entry(name.to_string()).or_default(),
        Place::Defer => &mut scope.defer_phase,
    }
}

/// Whether templates see any of the objects. Kinds other than these two may stand there and mean nothing.
pub(super) fn needs_fetching(references: &References) -> bool {
    references
        .values()
        .any(|reference| is_secret(&reference.kind) || is_config_map(&reference.kind))
}

fn is_secret(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("secret")
}

fn is_config_map(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("configmap")
}

/// Fetches what templates see of a phase's objects.
pub(super) async fn fetch(host: &dyn Host, references: &References) -> Result<Phase, Error> {
    let mut phase = Phase::default();
    for (name, reference) in references {
        if is_secret(&reference.kind) {
            phase.secrets.insert(name.clone(), host.secret(reference).await?);
        } else if is_config_map(&reference.kind) {
            phase
                .config_maps
                .insert(name.clone(), host.config_map(reference).await?);
        }
    }
    Ok(phase)
}
