//! The one asynchronous loop: performs a run's commands, feeds it what happened, keeps its status.
//! Must not know what any command leads to: that is the run's.
//!
//! ```text
//!            ┌──────────── events, in one order ────────────┐
//!   calls, preparations, timers, orders ──▶ Run::apply ──▶ commands
//!                                              │               ▲
//!                                        Journal::record ──────┘ before any command with an effect
//! ```

mod announcer;
mod calls;
mod control;
mod keeper;
mod preparation;
mod settling;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mainstay_dsl::template::{Limits, Value};
use snafu::{ResultExt, Snafu};
use tokio::task::{Id, JoinSet};

use self::announcer::Announcer;
use self::calls::Calls;
pub use self::control::{Control, Orders, control};
use self::keeper::{Keeper, Lost};
use self::preparation::Preparation;
use self::settling::Settling;
use crate::clock::Clock;
use crate::function::Functions;
use crate::host::Host;
use crate::journal::Journal;
use crate::plan::StepId;
use crate::render::{References, Renderer};
use crate::run::command::{Command, Timer};
use crate::run::event::{Event, Verdict, What};
use crate::run::{Impossible, Run};
use crate::scope::Scope;
use crate::status::{Status, status};

/// Everything a run needs from outside.
pub struct Surroundings {
    /// What phases can call.
    pub functions: Functions,
    /// Where scopes come from and announcements go.
    pub host: Arc<dyn Host>,
    /// Where the status is kept.
    pub journal: Arc<dyn Journal>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The source of random values in templates.
    pub random: Box<dyn rand::CryptoRng + Send>,
    /// How to drive.
    pub settings: Settings,
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Surroundings")
            .field("host", &self.host)
            .field("journal", &self.journal)
            .field("clock", &self.clock)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// How a run is driven.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which states are recorded.
    pub records: Records,
    /// The least time between two records that only show progress.
    pub progress_every: Duration,
    /// What `env` sees in templates.
    pub environment: Arc<BTreeMap<String, String>>,
    /// What one rendering may cost.
    pub limits: Limits,
    /// How many bytes the outputs of a run may have as JSON, all together. Its journal must hold them.
    pub outputs: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            records: Records::EveryChange,
            progress_every: Duration::from_secs(5),
            environment: Arc::default(),
            limits: Limits::default(),
            outputs: 1_000_000,
        }
    }
}

/// Which states of a run are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// Each one, as Kanister does.
    EveryChange,
    /// Only those that a run could not be resumed without; the others after half a second. For many small runs.
    BeforeEffects,
}

/// How driving ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// The run is over; this is its last status, which is recorded.
    Finished(Box<Status>),
    /// Asked to stop. The run is as it was recorded last and can be resumed.
    Stopped,
    /// Another controller has taken the run over.
    Superseded,
    /// The request is gone. What was under way has been asked to end.
    Gone,
}

/// Why a run cannot be driven on.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The journal does not take the status.
    #[snafu(display("failed to record the status"))]
    Record {
        /// What it said.
        source: crate::journal::Error,
    },
    /// A fault of ours.
    #[snafu(display("failed to go on"))]
    Apply {
        /// What cannot be.
        source: Impossible,
    },
}

/// Drives `run` to its end, or until it is told to stop.
///
/// Dropping the future stops at once, as a crash does; [`Control::stop`] records what is known first.
pub async fn drive(run: Run, surroundings: Surroundings, orders: Orders) -> Result<Ending, Error> {
    let mut driver = Driver::new(run, surroundings, orders);
    match driver.go_on().await {
        Ok(()) => {
            let last = status(&driver.run);
            driver.announcer.finish(driver.clock.as_ref()).await;
            driver.settling.finish(driver.clock.as_ref()).await;
            Ok(Ending::Finished(Box::new(last)))
        }
        Err(Stop::Asked) => {
            driver.keeper.keep_if_possible(&driver.run).await;
            driver.announcer.finish(driver.clock.as_ref()).await;
            Ok(Ending::Stopped)
        }
        Err(Stop::Lost(Lost::Superseded)) => Ok(Ending::Superseded),
        Err(Stop::Lost(Lost::Gone)) => {
            driver.calls.wind_down(driver.clock.as_ref()).await;
            driver.announcer.finish(driver.clock.as_ref()).await;
            Ok(Ending::Gone)
        }
        Err(Stop::Lost(Lost::Refused { source })) => {
            driver.calls.wind_down(driver.clock.as_ref()).await;
            Err(source).context(RecordSnafu)
        }
        Err(Stop::Impossible(source)) => {
            driver.calls.wind_down(driver.clock.as_ref()).await;
            Err(source).context(ApplySnafu)
        }
    }
}

/// Why the loop is left before the run has ended.
enum Stop {
    Asked,
    Lost(Lost),
    Impossible(Impossible),
}

/// How long a change that a run could do without may stay unrecorded.
const UNRECORDED: Duration = Duration::from_millis(500);

/// What is known of an action in this life.
#[derive(Debug)]
struct Scene {
    scope: Arc<Scope>,
    /// The object references of each step.
    references: Vec<References>,
}

struct Driver {
    run: Run,
    functions: Functions,
    host: Arc<dyn Host>,
    clock: Arc<dyn Clock>,
    random: Box<dyn rand::CryptoRng + Send>,
    settings: Settings,
    keeper: Keeper,
    announcer: Announcer,
    orders: Orders,
    scenes: BTreeMap<usize, Scene>,
    /// The bytes of all outputs so far.
    outputs: usize,
    calls: Calls,
    settling: Settling,
    preparations: JoinSet<Preparation>,
    /// Which task prepares which action.
    preparing: Vec<(Id, usize)>,
    timers: BTreeSet<(Timestamp, Timer)>,
    happened: VecDeque<What>,
    /// When a change that needs no record of its own is recorded all the same.
    record_by: Option<Timestamp>,
    next_progress: Option<Timestamp>,
}

impl Driver {
    fn new(run: Run, surroundings: Surroundings, orders: Orders) -> Self {
        let Surroundings {
            functions,
            host,
            journal,
            clock,
            random,
            settings,
        } = surroundings;
        let steps = run.actions().iter().flat_map(|action| &action.steps);
        let outputs = steps.map(|step| calls::size(&step.output)).sum();
        Self {
            keeper: Keeper::new(journal, Arc::clone(&clock), orders.stopped(), &run),
            announcer: Announcer::new(Arc::clone(&host), run.plan().run().clone()),
            calls: Calls::new(),
            settling: Settling::default(),
            run,
            functions,
            host,
            clock,
            random,
            settings,
            orders,
            scenes: BTreeMap::new(),
            outputs,
            preparations: JoinSet::new(),
            preparing: Vec::new(),
            timers: BTreeSet::new(),
            happened: VecDeque::new(),
            record_by: None,
            next_progress: None,
        }
    }

    async fn go_on(&mut self) -> Result<(), Stop> {
        if self.settings.records == Records::EveryChange {
            self.record().await?;
        }
        self.happened.push_back(if self.run.is_new() {
            What::Started
        } else {
            What::Resumed
        });
        loop {
            while !self.happened.is_empty() {
                self.catch_up().await?;
            }
            if self.run.ended().is_some() {
                return self.record().await;
            }
            self.wait().await?;
        }
    }

    /// Lets the run take in all that has happened, and does what it wants.
    async fn catch_up(&mut self) -> Result<(), Stop> {
        let mut noticed = Vec::new();
        while let Some(what) = self.happened.pop_front() {
            let at = self.clock.now();
            let only_progress = matches!(what, What::Progressed { .. });
            self.settling.told(&what);
            let event = Event { at, what };
            log(&event);
            let commands = self.run.apply(event).map_err(Stop::Impossible)?;
            if self.settings.records == Records::EveryChange && !only_progress {
                self.record().await?;
            }
            for command in commands {
                if command.is_noticed() {
                    noticed.push(command);
                } else {
                    self.perform(command);
                }
            }
        }
        if noticed
            .iter()
            .any(|command| !matches!(command, Command::Announce(_)))
        {
            self.record().await?;
        }
        for command in noticed {
            self.perform(command);
        }
        if self.keeper.is_behind(&self.run) && self.record_by.is_none() {
            self.record_by = Some(later(self.clock.now(), UNRECORDED));
        }
        Ok(())
    }

    async fn record(&mut self) -> Result<(), Stop> {
        self.record_by = None;
        self.keeper.keep(&self.run).await.map_err(|lost| match lost {
            Some(lost) => Stop::Lost(lost),
            None => Stop::Asked,
        })?;
        self.settling.recorded();
        Ok(())
    }

    fn perform(&mut self, command: Command) {
        match command {
            Command::Prepare { action } => self.prepare(action),
            Command::Continue { action } => self.happened.push_back(What::Continued { action }),
            Command::Decide { step } => self.decide(step),
            Command::Call {
                step,
                attempt,
                origin,
            } => self.call(step, attempt, origin),
            Command::Abort { step, attempt } => self.calls.abort(step, attempt),
            Command::Drop { step, attempt } => self.calls.forget(step, attempt),
            Command::Start { timer, at } => {
                self.timers.insert((at, timer));
            }
            Command::Render { action } => self.render(action),
            Command::Announce(announcement) => self.announcer.announce(announcement),
        }
    }

    /// Waits until something happens.
    async fn wait(&mut self) -> Result<(), Stop> {
        let next = self.next_moment();
        tokio::select! {
            biased;
            order = self.orders.next() => match order {
                Some(what) => self.happened.push_back(what),
                None => return Err(Stop::Asked),
            },
            report = self.calls.next(), if !self.calls.is_empty() => self.take(report),
            Some(joined) = self.preparations.join_next_with_id() => self.take_preparation(joined),
            () = until(self.clock.as_ref(), next) => self.take_time().await?,
        }
        Ok(())
    }

    fn next_moment(&mut self) -> Option<Timestamp> {
        if self.calls.is_empty() {
            self.next_progress = None;
        } else if self.next_progress.is_none() {
            self.next_progress = Some(later(self.clock.now(), self.settings.progress_every));
        }
        let timer = self.timers.first().map(|(at, _)| *at);
        [timer, self.record_by, self.next_progress]
            .into_iter()
            .flatten()
            .min()
    }

    async fn take_time(&mut self) -> Result<(), Stop> {
        let now = self.clock.now();
        while let Some((at, timer)) = self.timers.first().copied()
            && at <= now
        {
            self.timers.remove(&(at, timer));
            self.happened.push_back(What::Fired { timer });
        }
        if self.next_progress.is_some_and(|at| at <= now) {
            self.next_progress = None;
            self.happened.extend(self.calls.progress());
        }
        if self.record_by.is_some_and(|at| at <= now) {
            self.record().await?;
        }
        Ok(())
    }

    fn decide(&mut self, step: StepId) {
        let plan = Arc::clone(self.run.plan());
        let verdict = match &plan.phase(step).condition {
            Some(condition) => parameters(&self.scene(step.action).scope)
                .and_then(|parameters| self.renderer().condition(condition, &parameters)),
            None => Ok(Verdict::Run),
        };
        self.happened.push_back(match verdict {
            Ok(verdict) => What::Decided { step, verdict },
            Err(message) => What::Undecided { step, message },
        });
    }

    fn render(&mut self, action: usize) {
        let plan = Arc::clone(self.run.plan());
        let templates = &plan.actions()[action].source().artifacts;
        let rendered = parameters(&self.scene(action).scope)
            .and_then(|parameters| self.renderer().artifacts(templates, &parameters));
        self.happened.push_back(match rendered {
            Ok(artifacts) => What::Rendered { action, artifacts },
            Err(message) => What::Unrendered { action, message },
        });
    }

    fn scene(&self, action: usize) -> &Scene {
        self.scenes
            .get(&action)
            .expect("commands about steps follow the preparation of their action")
    }

    fn renderer(&mut self) -> Renderer<'_> {
        Renderer {
            now: self.clock.now(),
            random: self.random.as_mut(),
            environment: &self.settings.environment,
            limits: self.settings.limits,
        }
    }
}

/// Writes an event down in the form in which a history is kept and replayed.
fn log(event: &Event) {
    if tracing::enabled!(tracing::Level::TRACE) {
        match serde_json::to_string(event) {
            Ok(event) => tracing::trace!(%event),
            Err(error) => tracing::trace!(%error, "an event cannot be written down"),
        }
    }
}

/// What templates see of a scope.
fn parameters(scope: &Scope) -> Result<Value, String> {
    Value::parameters(&scope.parameters()).map_err(|error| error.to_string())
}

/// The moment `pause` after `at`.
fn later(at: Timestamp, pause: Duration) -> Timestamp {
    SignedDuration::try_from(pause)
        .ok()
        .and_then(|pause| at.checked_add(pause).ok())
        .unwrap_or(Timestamp::MAX)
}

async fn until(clock: &dyn Clock, at: Option<Timestamp>) {
    match at {
        Some(at) => clock.until(at).await,
        None => std::future::pending().await,
    }
}
