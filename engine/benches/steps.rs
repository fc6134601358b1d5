//! Steps per second without I/O: the state machine alone, and the driver around it.

use std::hint::black_box;
use std::sync::Arc;

use async_trait::async_trait;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use mainstay_dsl::signature::{Outputs as Declared, Rendering, Signature};
use mainstay_dsl::{Mode, Source, check, parse};
use mainstay_engine::announcement::Announcement;
use mainstay_engine::clock::System;
use mainstay_engine::driver::{Records, Settings, Surroundings, control, drive};
use mainstay_engine::function::{Call, Error, Function, Functions, Outputs, Recovery};
use mainstay_engine::host::{Host, Preparation, Prepared};
use mainstay_engine::journal::{self, Journal};
use mainstay_engine::plan::{Lookup, Place, Plan, StepId};
use mainstay_engine::request::{Action, Identity, ObjectReference, Request};
use mainstay_engine::run::Run;
use mainstay_engine::run::event::{Event, What};
use mainstay_engine::sealed::Sealed;
use mainstay_engine::status::{Status, status};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

/// Phases of the action that is run.
const PHASES: usize = 100;

/// A function that has nothing to do.
#[derive(Debug)]
struct Nothing(Signature);

#[async_trait]
impl Function for Nothing {
    fn signature(&self) -> &Signature {
        &self.0
    }

    fn recovery(&self) -> Recovery {
        Recovery::Rerun
    }

    async fn call(&self, _call: Call) -> Result<Outputs, Error> {
        Ok(None)
    }
}

/// Surroundings in which everything is at hand and nothing is kept.
#[derive(Debug)]
struct Void;

#[async_trait]
impl Host for Void {
    async fn prepare(&self, _preparation: Preparation<'_>) -> Result<Prepared, Error> {
        Ok(Prepared::default())
    }

    async fn secret(&self, _reference: &ObjectReference) -> Result<Sealed<Json>, Error> {
        Ok(Sealed::default())
    }

    async fn config_map(&self, _reference: &ObjectReference) -> Result<Json, Error> {
        Ok(Json::Null)
    }

    async fn announce(&self, _run: &Identity, announcement: Announcement) {
        black_box(announcement);
    }
}

#[async_trait]
impl Journal for Void {
    async fn record(&self, status: &Status) -> Result<(), journal::Error> {
        black_box(status);
        Ok(())
    }
}

fn functions() -> Functions {
    let nothing: Arc<dyn Function> = Arc::new(Nothing(Signature {
        function: "Nothing".into(),
        summary: "",
        arguments: Vec::new(),
        outputs: Declared::None,
        rendering: Rendering::Engine,
        needs_profile: false,
    }));
    [nothing].into_iter().collect()
}

fn plan(phases: usize) -> Arc<Plan> {
    let phases: Vec<_> = (0..phases)
        .map(|position| json!({ "func": "Nothing", "name": format!("p{position}") }))
        .collect();
    let blueprint = json!({
        "apiVersion": "cr.kanister.io/v1alpha1",
        "kind": "Blueprint",
        "actions": { "go": { "phases": phases } },
    });
    let functions = functions();
    let (parsed, _) = parse(&Source::from_json("bench", blueprint));
    let parsed = parsed.expect("the blueprint is one");
    let checked = check(&parsed, &functions.signatures(), Mode::Mainstay).checked;
    let request = Request {
        actions: vec![Action {
            action: "go".into(),
            blueprint: "bench".to_owned(),
            ..Action::default()
        }],
        ..Request::default()
    };
    let lookup = Lookup::Found(Arc::new(checked));
    Arc::new(Plan::new(&request, &[lookup], &functions).expect("the request can be planned"))
}

/// The events of a run in which all goes well.
fn history(phases: usize) -> Vec<Event> {
    let mut history = vec![
        What::Started,
        What::Prepared {
            action: 0,
            snapshot: None,
        },
    ];
    for position in 0..phases {
        history.push(What::Succeeded {
            step: StepId {
                action: 0,
                place: Place::Phase(position),
            },
            attempt: 1,
            outputs: None,
        });
        history.push(What::Continued { action: 0 });
    }
    let at = Timestamp::UNIX_EPOCH;
    history.into_iter().map(|what| Event { at, what }).collect()
}

fn machine(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("steps");
    for phases in [1, PHASES] {
        let (plan, history) = (plan(phases), history(phases));
        group.throughput(Throughput::Elements(phases as u64));
        group.bench_function(format!("machine, {phases}"), |bencher| {
            bencher.iter_batched(
                || history.clone(),
                |history| {
                    let mut run = Run::new(Arc::clone(&plan));
                    for event in history {
                        black_box(run.apply(event).expect("the history is possible"));
                    }
                    assert!(run.ended().is_some(), "the history leads to the end");
                },
                BatchSize::SmallInput,
            );
        });
        group.bench_function(
            format!("machine with a status for each event, {phases}"),
            |bencher| {
                bencher.iter_batched(
                    || history.clone(),
                    |history| {
                        let mut run = Run::new(Arc::clone(&plan));
                        for event in history {
                            run.apply(event).expect("the history is possible");
                            black_box(status(&run));
                        }
                    },
                    BatchSize::SmallInput,
                );
            },
        );
    }
    group.finish();
}

fn driver(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let functions = functions();
    let mut group = criterion.benchmark_group("steps");
    for phases in [1, PHASES] {
        let plan = plan(phases);
        group.throughput(Throughput::Elements(phases as u64));
        for (name, records) in [
            ("every change", Records::EveryChange),
            ("before effects", Records::BeforeEffects),
        ] {
            group.bench_function(format!("driver, {name}, {phases}"), |bencher| {
                bencher.iter(|| {
                    let surroundings = Surroundings {
                        functions: functions.clone(),
                        host: Arc::new(Void),
                        journal: Arc::new(Void),
                        clock: Arc::new(System),
                        random: Box::new(StdRng::from_rng(&mut rand::rng())),
                        settings: Settings {
                            records,
                            ..Settings::default()
                        },
                    };
                    let (_control, orders) = control(CancellationToken::new());
                    let run = Run::new(Arc::clone(&plan));
                    runtime
                        .block_on(drive(run, surroundings, orders))
                        .expect("nothing fails")
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, machine, driver);
criterion_main!(benches);
