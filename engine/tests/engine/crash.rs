//! A controller that dies at any record: the next one brings the run to the same end, and makes nothing twice.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use mainstay_engine::driver::{Ending, Records};
use mainstay_engine::function::Key;
use mainstay_engine::journal::Record;
use mainstay_engine::plan::Plan;
use mainstay_engine::run::Run;
use mainstay_engine::status::{State, Status, status};

use crate::fixture::{Case, Death, Memory, Moment, World, dawn, finish, functions, line, live, runtime};

#[test]
fn every_case_ends_the_same_after_a_death_at_any_record() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/engine/cases");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let case = Case::read(&std::fs::read_to_string(&path).unwrap());
        for records in [Records::EveryChange, Records::BeforeEffects] {
            check(&path.display().to_string(), &case, records);
        }
    }
}

fn check(name: &str, case: &Case, records: Records) {
    if case.plan(&functions(&Arc::new(World::default()))).is_err() {
        return;
    }
    let undisturbed = live_through(case, records, &[]);
    for at in 1..=undisturbed.records {
        for moment in [Moment::Before, Moment::After] {
            let deaths = [Death { at, moment }];
            let disturbed = live_through(case, records, &deaths);
            assert_eq!(
                disturbed.last, undisturbed.last,
                "{name}, {records:?}, {deaths:?}"
            );
            assert_eq!(
                disturbed.made, undisturbed.made,
                "{name}, {records:?}, {deaths:?}"
            );
        }
    }
    if case.cancel_when_made.is_some() {
        // How far a run comes before it is cancelled then depends on how often it is held up.
        return;
    }
    // A controller that never survives its first record brings the run forward all the same.
    let deaths = vec![
        Death {
            at: 1,
            moment: Moment::After
        };
        undisturbed.records * 3
    ];
    let disturbed = live_through(case, records, &deaths);
    assert_eq!(
        disturbed.last, undisturbed.last,
        "{name}, {records:?}, a death at each record"
    );
    assert_eq!(
        disturbed.made, undisturbed.made,
        "{name}, {records:?}, a death at each record"
    );
}

/// What is left when a run is over.
struct Remains {
    /// The last status, without what an interruption may change.
    last: String,
    made: BTreeSet<Key>,
    /// How many records the last controller made.
    records: usize,
}

/// Drives a case to its end through controllers that die one after the other.
fn live_through(case: &Case, records: Records, deaths: &[Death]) -> Remains {
    let world = Arc::new(World::default());
    let plan = case.plan(&functions(&world)).unwrap();
    let (last, records) = runtime().block_on(async {
        let mut recorded: Option<Status> = None;
        let mut deaths = deaths.iter();
        loop {
            let journal = Memory {
                death: deaths.next().copied(),
                ..Memory::default()
            };
            let run = begin(&plan, recorded.as_ref());
            let mut life = live(case, &world, journal, records, run);
            let journal = Arc::clone(&life.journal);
            let ending = tokio::select! {
                biased;
                () = journal.died.notified() => None,
                ending = finish(case, &world, &mut life) => Some(ending.unwrap()),
            };
            // The controller is gone, and everything it did with it.
            drop(life);
            let made = std::mem::take(&mut *journal.records.lock().unwrap());
            let count = made.len();
            recorded = made.into_iter().last().or(recorded);
            if let Some(ending) = ending {
                let last = recorded.expect("a run that is over was recorded");
                assert_eq!(ending, Ending::Finished(Box::new(last.clone())));
                return (last, count);
            }
        }
    });
    let made = std::mem::take(&mut *world.made.lock().unwrap());
    assert_eq!(
        made.len(),
        *world.makings.lock().unwrap(),
        "nothing is made twice"
    );
    Remains {
        last: timeless(last),
        made,
        records,
    }
}

fn begin(plan: &Arc<Plan>, recorded: Option<&Status>) -> Run {
    match recorded {
        Some(status) => Run::resume(Arc::clone(plan), status, dawn()).unwrap(),
        None => Run::new(Arc::clone(plan)),
    }
}

/// A status without times, and without the traces that an interruption is meant to leave.
fn timeless(mut status: Status) -> String {
    status.progress.changed = None;
    for action in &mut status.actions {
        for phase in &mut action.phases {
            phase.progress.changed = None;
        }
    }
    status.record.started = None;
    status.record.ended = None;
    for action in &mut status.record.actions {
        action.started = None;
        action.snapshot = None;
        for step in &mut action.steps {
            step.interrupted = 0;
            step.pod = None;
            for attempt in &mut step.attempts {
                attempt.started = dawn();
                attempt.ended = attempt.ended.map(|_| dawn());
            }
        }
    }
    format!("{status:#?}")
}

/// What becomes of a phase under way is its function's to say, and sometimes the author's.
#[test]
fn recovery() {
    let phases = [
        "{func: Pod, name: one, args: {seconds: 60}}",
        "{func: Pod, name: one, onInterrupt: fail, args: {seconds: 60}}",
        "{func: Set, name: one, args: {seconds: 60}}",
        "{func: Set, name: one, onInterrupt: fail, args: {seconds: 60}}",
        "{func: Exec, name: one, args: {seconds: 60}}",
        "{func: Exec, name: one, onInterrupt: rerun, args: {seconds: 60}}",
        "{func: Exec, name: one, retry: {attempts: 2, backoff: 1s}, args: {seconds: 60}}",
        "{func: Set, name: one, timeout: 90s, args: {seconds: 80}}",
    ];
    let mut shown = String::new();
    for phase in phases {
        writeln!(shown, "{phase}").unwrap();
        let case = Case::read(&format!(
            "about: recovery\nactions: {{go: {{phases: [{phase}], deferPhase: {{func: Pod, name: tidy}}}}}}\n\
             request: [{{action: go}}]"
        ));
        recover(&mut shown, &case);
    }
    insta::assert_snapshot!("recovery", shown);
}

fn recover(shown: &mut String, case: &Case) {
    let world = Arc::new(World::default());
    let plan = case.plan(&functions(&world)).unwrap();
    runtime().block_on(async {
        let mut first = live(
            case,
            &world,
            Memory::default(),
            Records::EveryChange,
            Run::new(Arc::clone(&plan)),
        );
        // Dies in the middle of the call.
        tokio::select! {
            _ = &mut first.ending => unreachable!("the call takes a minute"),
            () = tokio::time::sleep(std::time::Duration::from_secs(30)) => {}
        }
        let recorded = first.journal.records.lock().unwrap().last().cloned().unwrap();
        drop(first);
        let run = Run::resume(plan, &recorded, dawn()).unwrap();
        let mut second = live(case, &world, Memory::default(), Records::EveryChange, run);
        (&mut second.ending).await.unwrap();
        for status in second.journal.records.lock().unwrap().iter() {
            writeln!(shown, "    {}", line(status)).unwrap();
        }
    });
    writeln!(shown, "  calls: {}", world.calls.lock().unwrap().join(", ")).unwrap();
}

/// A run that Kanister left behind goes on as far as Kanister's fields tell. What it was in the middle of cannot be
/// found again: its pods have names that nobody knows.
#[test]
fn foreign() {
    let mut shown = String::new();
    for function in ["Pod", "Set", "Exec"] {
        let case = Case::read(&format!(
            "about: a run of Kanister's\n\
             actions: {{go: {{phases: [{{func: Pod, name: one}}, {{func: {function}, name: two}}, \
             {{func: Pod, name: three, args: {{outputs: {{v: '{{{{ .Phases.one.Output.v }}}}'}}}}}}]}}}}\n\
             request: [{{action: go}}]"
        ));
        writeln!(shown, "{function}").unwrap();
        recover_foreign(&mut shown, &case);
    }
    insta::assert_snapshot!("foreign", shown);
}

fn recover_foreign(shown: &mut String, case: &Case) {
    let world = Arc::new(World::default());
    let plan = case.plan(&functions(&world)).unwrap();
    let mut left = status(&Run::new(Arc::clone(&plan)));
    left.state = State::Running;
    left.record = Record::default();
    let phases = &mut left.actions[0].phases;
    phases[0].state = State::Complete;
    phases[0].output = serde_json::json!({ "v": 1 }).as_object().cloned();
    phases[1].state = State::Running;
    runtime().block_on(async {
        let run = Run::resume(plan, &left, dawn()).unwrap();
        let mut life = live(case, &world, Memory::default(), Records::EveryChange, run);
        (&mut life.ending).await.unwrap();
        for status in life.journal.records.lock().unwrap().iter() {
            writeln!(shown, "    {}", line(status)).unwrap();
        }
    });
    writeln!(shown, "  calls: {}", world.calls.lock().unwrap().join(", ")).unwrap();
}
