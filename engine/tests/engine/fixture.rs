//! What the tests are made of: scripted functions, a host and a journal in memory, a clock that jumps.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mainstay_dsl::checked::Checked;
use mainstay_dsl::signature::{Argument, Kind, Outputs as Declared, Rendering, Signature};
use mainstay_dsl::{Mode, Signatures, Source, check, parse};
use mainstay_engine::announcement::{Announcement, Severity};
use mainstay_engine::clock::Clock;
use mainstay_engine::driver::{self, Control, Ending, Records, Settings, Surroundings, control, drive};
use mainstay_engine::function::{Call, Cause, Error, Function, Functions, Key, Outputs, Recovery};
use mainstay_engine::host::{Host, Preparation, Prepared};
use mainstay_engine::journal::{self, Journal};
use mainstay_engine::plan::{Lookup, Plan, Refusal};
use mainstay_engine::request::{Identity, ObjectReference, Request};
use mainstay_engine::run::Run;
use mainstay_engine::scope::Scope;
use mainstay_engine::sealed::Sealed;
use mainstay_engine::status::Status;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// One case: what is asked for, of which blueprint, in which surroundings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Case {
    /// What the case shows.
    #[expect(dead_code, reason = "for the reader of the case")]
    pub(crate) about: String,
    /// The blueprint's `actions`; absent when there is no blueprint.
    pub(crate) actions: Option<Json>,
    /// The actions asked for. Object and blueprint are filled in where they are not given.
    pub(crate) request: Vec<Json>,
    /// Secrets by name, as the host has them.
    #[serde(default)]
    pub(crate) secrets: BTreeMap<String, Json>,
    /// Actions, by name, whose scope cannot be prepared, and what the host says.
    #[serde(default)]
    pub(crate) unprepared: BTreeMap<String, String>,
    /// When the run is cancelled: as soon as calls have made so many things.
    pub(crate) cancel_when_made: Option<usize>,
    /// When deferred phases are ended as well.
    pub(crate) abandon_when_made: Option<usize>,
}

impl Case {
    pub(crate) fn read(text: &str) -> Self {
        serde_yaml::from_str(text).expect("the case is well-formed")
    }

    pub(crate) fn request(&self) -> Request {
        let actions = self.request.iter().map(|action| {
            let mut full = json!({
                "blueprint": "bp",
                "object": { "kind": "Namespace", "name": "shop", "namespace": "shop" },
            });
            let given = action.as_object().expect("an action is a map").clone();
            full.as_object_mut().unwrap().extend(given);
            serde_json::from_value(full).expect("the action is well-formed")
        });
        Request {
            run: Identity {
                uid: "u-1".to_owned(),
                name: "run".to_owned(),
                namespace: "mainstay".to_owned(),
            },
            labels: BTreeMap::new(),
            actions: actions.collect(),
        }
    }

    pub(crate) fn plan(&self, functions: &Functions) -> Result<Arc<Plan>, Refusal> {
        let request = self.request();
        let lookup = match &self.actions {
            Some(actions) => Lookup::Found(Arc::new(blueprint(actions, &functions.signatures()))),
            None => Lookup::Missing("blueprints.cr.kanister.io \"bp\" not found".to_owned()),
        };
        let lookups = vec![lookup; request.actions.len()];
        Plan::new(&request, &lookups, functions).map(Arc::new)
    }
}

pub(crate) fn blueprint(actions: &Json, signatures: &Signatures) -> Checked {
    let source = Source::from_json(
        "bp",
        json!({ "apiVersion": "cr.kanister.io/v1alpha1", "kind": "Blueprint", "actions": actions }),
    );
    let (parsed, _) = parse(&source);
    let parsed = parsed.expect("the blueprint is one");
    check(&parsed, signatures, Mode::Mainstay).checked
}

/// A runtime whose time jumps when nothing else is to be done.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

/// A clock on tokio's, which jumps when nothing else is to be done.
#[derive(Debug)]
struct Jumping {
    start: tokio::time::Instant,
}

/// When every test begins.
pub(crate) fn dawn() -> Timestamp {
    "2024-03-09T07:05:03Z".parse().unwrap()
}

#[async_trait]
impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        dawn() + SignedDuration::try_from(self.start.elapsed()).unwrap()
    }

    async fn until(&self, at: Timestamp) {
        if let Ok(pause) = std::time::Duration::try_from(at.duration_since(self.now())) {
            tokio::time::sleep(pause).await;
        }
    }
}

/// What functions have done to the world; outlives every controller.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// Calls that have begun, and how they were cut short, in order.
    pub(crate) calls: Mutex<Vec<String>>,
    /// Things made, by the key of the call that made them. A reattached call finds its own.
    pub(crate) made: Mutex<BTreeSet<Key>>,
    /// How often a thing was made.
    pub(crate) makings: Mutex<usize>,
    pub(crate) announcements: Mutex<Vec<String>>,
    /// Wakes whoever waits for a call to begin.
    pub(crate) called: Notify,
    clock: OnceLock<Arc<Jumping>>,
}

impl World {
    /// The clock, which goes on from one controller to the next.
    fn clock(&self) -> Arc<Jumping> {
        Arc::clone(self.clock.get_or_init(|| {
            Arc::new(Jumping {
                start: tokio::time::Instant::now(),
            })
        }))
    }
}

/// A function that does what its arguments say.
#[derive(Debug)]
pub(crate) struct Scripted {
    signature: Signature,
    recovery: Recovery,
    world: Arc<World>,
}

/// Tells of a call that was dropped before it ended.
struct Dropped<'a> {
    world: &'a World,
    told: Option<String>,
}

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        if let Some(told) = self.told.take() {
            self.world.calls.lock().unwrap().push(told);
        }
    }
}

/// What a scripted function is told by its arguments.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Script {
    /// Its outputs.
    outputs: Option<Map<String, Json>>,
    /// How many attempts fail before one ends well; without `error`, none.
    failures: Option<u32>,
    /// How the failing attempts fail.
    error: Option<String>,
    cause: Option<Cause>,
    /// How long a call takes, in seconds.
    seconds: u64,
    /// What it reports half-way: bytes uploaded of bytes to upload.
    bytes: Option<(u64, u64)>,
    /// Whether it takes no notice of being asked to end.
    stubborn: bool,
    /// Whether it panics.
    panic: bool,
}

fn signature(name: &str) -> Signature {
    let argument = |name, kind| Argument {
        name,
        kind,
        required: false,
        default: None,
        summary: "",
        extension: false,
    };
    Signature {
        function: name.into(),
        summary: "",
        arguments: vec![
            argument("outputs", Kind::Any),
            argument("failures", Kind::Integer),
            argument("error", Kind::Text),
            argument("cause", Kind::Text),
            argument("seconds", Kind::Integer),
            argument("bytes", Kind::Any),
            argument("stubborn", Kind::Boolean),
            argument("panic", Kind::Boolean),
            Argument {
                required: name == "Picky",
                ..argument("needed", Kind::Text)
            },
        ],
        outputs: Declared::Script,
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}

/// `Pod` finds its own work again, `Set` may be done twice, `Exec` may not; `Picky` wants an argument.
pub(crate) fn functions(world: &Arc<World>) -> Functions {
    [
        ("Pod", Recovery::Reattach),
        ("Picky", Recovery::Reattach),
        ("Set", Recovery::Rerun),
        ("Exec", Recovery::Fail),
    ]
    .into_iter()
    .map(|(name, recovery)| {
        let function: Arc<dyn Function> = Arc::new(Scripted {
            signature: signature(name),
            recovery,
            world: Arc::clone(world),
        });
        function
    })
    .collect()
}

#[async_trait]
impl Function for Scripted {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn recovery(&self) -> Recovery {
        self.recovery
    }

    async fn call(&self, call: Call) -> Result<Outputs, Error> {
        let script: Script = serde_json::from_value(Json::Object(call.arguments.clone()))
            .map_err(|error| Error::new(Cause::Mistake, error.to_string()))?;
        let key = &call.key;
        self.world.calls.lock().unwrap().push(format!(
            "{} {}#{}{}",
            self.signature.function,
            key.phase,
            key.attempt,
            if call.resumed { " resumed" } else { "" }
        ));
        if self.world.made.lock().unwrap().insert(key.clone()) || self.recovery != Recovery::Reattach {
            *self.world.makings.lock().unwrap() += 1;
        }
        self.world.called.notify_one();
        let mut dropped = Dropped {
            world: &self.world,
            told: Some(format!("{}#{} dropped", key.phase, key.attempt)),
        };
        assert!(!script.panic, "as it was told");
        let half = std::time::Duration::from_secs(script.seconds) / 2;
        for _ in 0..2 {
            tokio::select! {
                () = tokio::time::sleep(half) => {}
                () = call.cancel.cancelled(), if !script.stubborn => {
                    dropped.told = None;
                    let told = format!("{}#{} asked to end", key.phase, key.attempt);
                    self.world.calls.lock().unwrap().push(told);
                    return Err(Error::new(Cause::Cancelled, "asked to end"));
                }
            }
            if let Some((uploaded, all)) = script.bytes {
                call.progress.update(|progress| {
                    progress.uploaded_bytes = Some(uploaded);
                    progress.upload_size = Some(all);
                    progress.percent = Some(u8::try_from(uploaded * 100 / all).unwrap());
                    progress.pod = Some(format!("shop/job-{}", key.attempt));
                });
            }
        }
        if script.stubborn {
            std::future::pending::<()>().await;
        }
        dropped.told = None;
        match script.error {
            Some(message) if script.failures.is_none_or(|failures| key.attempt <= failures) => {
                Err(Error::new(script.cause.unwrap_or(Cause::Failed), message))
            }
            _ => Ok(script.outputs),
        }
    }
}

/// A host with the secrets of a case.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) case: Case,
    pub(crate) world: Arc<World>,
}

#[async_trait]
impl Host for Scene {
    async fn prepare(&self, preparation: Preparation<'_>) -> Result<Prepared, Error> {
        let request = preparation.request;
        if let Some(message) = self.case.unprepared.get(request.action.as_str()) {
            return Err(Error::new(Cause::Failed, message.clone()));
        }
        let scope = Scope {
            object: json!({ "kind": request.object.kind, "metadata": { "name": request.object.name } }),
            options: request.options.clone(),
            ..Scope::default()
        };
        // What the first controller saw is what every later one shows.
        let first = json!({ "seen": preparation.time });
        Ok(Prepared {
            scope,
            snapshot: Some(preparation.snapshot.cloned().unwrap_or(first)),
        })
    }

    async fn secret(&self, reference: &ObjectReference) -> Result<Sealed<Json>, Error> {
        let name = &reference.name;
        match self.case.secrets.get(name) {
            Some(secret) => Ok(Sealed::new(secret.clone())),
            None => Err(Error::new(Cause::Failed, format!("secrets {name:?} not found"))),
        }
    }

    async fn config_map(&self, reference: &ObjectReference) -> Result<Json, Error> {
        Ok(json!({ "data": { "name": reference.name } }))
    }

    async fn announce(&self, _run: &Identity, announcement: Announcement) {
        self.world.announcements.lock().unwrap().push(tell(&announcement));
    }
}

pub(crate) fn tell(announcement: &Announcement) -> String {
    let severity = match announcement.severity {
        Severity::Normal => "normal ",
        Severity::Warning => "warning",
    };
    format!("{severity} [{}] {}", announcement.reason, announcement.message)
}

/// A journal in memory, which can be made to fail.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) records: Mutex<Vec<Status>>,
    /// What the next attempts say instead of recording, last first.
    pub(crate) failures: Mutex<Vec<journal::Error>>,
    /// After how many records the controller dies, and whether the last one is kept.
    pub(crate) death: Option<Death>,
    pub(crate) died: Notify,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Death {
    pub(crate) at: usize,
    pub(crate) moment: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The record does not arrive.
    Before,
    /// The record arrives, and nothing is done after it.
    After,
}

#[async_trait]
impl Journal for Memory {
    async fn record(&self, status: &Status) -> Result<(), journal::Error> {
        if let Some(error) = self.failures.lock().unwrap().pop() {
            return Err(error);
        }
        let number = self.records.lock().unwrap().len() + 1;
        let dies = self.death.is_some_and(|death| death.at == number);
        let kept = !dies || self.death.is_some_and(|death| death.moment == Moment::After);
        if kept {
            self.records.lock().unwrap().push(status.clone());
        }
        if dies {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

/// One controller's life with one run.
pub(crate) struct Life {
    pub(crate) journal: Arc<Memory>,
    pub(crate) control: Control,
    pub(crate) ending: std::pin::Pin<Box<dyn Future<Output = Result<Ending, driver::Error>> + Send>>,
}

pub(crate) fn live(case: &Case, world: &Arc<World>, journal: Memory, records: Records, run: Run) -> Life {
    let journal = Arc::new(journal);
    let surroundings = Surroundings {
        functions: functions(world),
        host: Arc::new(Scene {
            case: case.clone(),
            world: Arc::clone(world),
        }),
        journal: Arc::clone(&journal) as Arc<dyn Journal>,
        clock: world.clock(),
        random: Box::new(StdRng::seed_from_u64(7)),
        settings: Settings {
            records,
            ..Settings::default()
        },
    };
    let (control, orders) = control(CancellationToken::new());
    Life {
        journal,
        control,
        ending: Box::pin(drive(run, surroundings, orders)),
    }
}

/// Lives a run to its end, giving the orders of the case.
pub(crate) async fn finish(
    case: &Case,
    world: &Arc<World>,
    life: &mut Life,
) -> Result<Ending, driver::Error> {
    let control = life.control.clone();
    let orders = async {
        loop {
            // The orders stand, as an annotation does: every controller is given them anew.
            let made = world.made.lock().unwrap().len();
            if case.cancel_when_made.is_some_and(|count| made >= count) {
                control.cancel("the operator asked");
            }
            if case.abandon_when_made.is_some_and(|count| made >= count) {
                control.abandon();
            }
            world.called.notified().await;
        }
    };
    tokio::select! {
        ending = &mut life.ending => ending,
        () = orders => unreachable!("orders are given for ever"),
    }
}

/// One status in a line.
pub(crate) fn line(status: &Status) -> String {
    let mut line = format!(
        "{} | {} | {}",
        status.state,
        status
            .progress
            .running_phase
            .as_ref()
            .map_or("-", |name| name.as_str()),
        status
            .progress
            .percent
            .map_or_else(|| "-".to_owned(), |percent| format!("{percent} %")),
    );
    for action in &status.actions {
        let phases: Vec<_> = action
            .phases
            .iter()
            .map(|phase| format!("{}: {}", phase.name, phase.state))
            .collect();
        write!(line, " | {}", phases.join(", ")).unwrap();
        if let Some(defer) = &action.defer {
            write!(line, "; at last {}: {}", defer.name, defer.state).unwrap();
        }
    }
    if !status.error.is_empty() {
        write!(line, " | {}", status.error).unwrap();
    }
    line
}
