//! What the driver does when its journal fails, when it is stopped, and how much it records.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_engine::driver::{Ending, Error, Records};
use mainstay_engine::journal;
use mainstay_engine::run::Run;

use crate::fixture::{Case, Life, Memory, World, dawn, finish, functions, line, live, runtime};

/// Two phases, the first of which takes a minute.
const SLOW: &str = r"
about: a run that can be caught in the middle
actions:
  go:
    phases:
    - {func: Pod, name: slow, args: {seconds: 60, bytes: [1, 4]}}
    - {func: Pod, name: next}
request: [{action: go}]
";

struct Scene {
    case: Case,
    world: Arc<World>,
}

impl Scene {
    fn new() -> Self {
        Self {
            case: Case::read(SLOW),
            world: Arc::new(World::default()),
        }
    }

    fn life(&self, journal: Memory, records: Records) -> Life {
        let plan = self.case.plan(&functions(&self.world)).unwrap();
        live(&self.case, &self.world, journal, records, Run::new(plan))
    }

    fn calls(&self) -> String {
        self.world.calls.lock().unwrap().join(", ")
    }
}

fn lines(life: &Life) -> String {
    let records = life.journal.records.lock().unwrap();
    let lines: Vec<_> = records.iter().map(line).collect();
    lines.join("\n")
}

/// A journal that says these things, one after the other, and then records.
fn failing(errors: &[journal::Error]) -> Memory {
    Memory {
        failures: Mutex::new(errors.iter().rev().cloned().collect()),
        ..Memory::default()
    }
}

#[test]
fn a_journal_out_of_reach_is_tried_until_it_is_back() {
    let scene = Scene::new();
    runtime().block_on(async {
        let away = journal::Error::Unavailable {
            message: "no route to host".to_owned(),
        };
        let mut life = scene.life(failing(&vec![away; 9]), Records::EveryChange);
        let before = tokio::time::Instant::now();
        let ending = finish(&scene.case, &scene.world, &mut life).await.unwrap();
        assert!(matches!(ending, Ending::Finished(_)));
        // 0.1 s doubled seven times up to 10 s, twice 10 s, and the minute of the call.
        let pauses = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0];
        let expected = Duration::from_secs_f64(pauses.iter().sum::<f64>() + 60.0);
        let late = before.elapsed().checked_sub(expected).unwrap();
        assert!(late < Duration::from_millis(100), "{late:?} more than the pauses");
    });
}

#[test]
fn a_run_that_another_controller_has_taken_is_left_as_it_is() {
    let scene = Scene::new();
    let ending = caught(&scene, journal::Error::Superseded);
    assert_eq!(ending.unwrap(), Ending::Superseded);
    insta::assert_snapshot!(scene.calls(), @"Pod slow#1, slow#1 dropped");
}

#[test]
fn calls_of_a_run_whose_request_is_gone_are_asked_to_end() {
    let scene = Scene::new();
    let ending = caught(&scene, journal::Error::Gone);
    assert_eq!(ending.unwrap(), Ending::Gone);
    insta::assert_snapshot!(scene.calls(), @"Pod slow#1, slow#1 asked to end");
}

#[test]
fn a_status_that_is_refused_ends_the_driving() {
    let scene = Scene::new();
    let ending = caught(
        &scene,
        journal::Error::Refused {
            message: "too large".to_owned(),
        },
    );
    assert!(matches!(ending, Err(Error::Record { .. })), "{ending:?}");
    insta::assert_snapshot!(scene.calls(), @"Pod slow#1, slow#1 asked to end");
}

/// Drives the scene until the call reports progress; the journal says `error` to that.
fn caught(scene: &Scene, error: journal::Error) -> Result<Ending, Error> {
    runtime().block_on(async {
        let mut life = scene.life(Memory::default(), Records::EveryChange);
        let journal = Arc::clone(&life.journal);
        tokio::select! {
            ending = &mut life.ending => panic!("the call takes a minute: {ending:?}"),
            () = tokio::time::sleep(Duration::from_secs(20)) => {}
        }
        journal.failures.lock().unwrap().push(error);
        finish(&scene.case, &scene.world, &mut life).await
    })
}

#[test]
fn a_stop_leaves_the_run_to_whoever_comes_next() {
    let scene = Scene::new();
    runtime().block_on(async {
        let mut life = scene.life(Memory::default(), Records::EveryChange);
        let control = life.control.clone();
        let stop = async {
            tokio::time::sleep(Duration::from_secs(40)).await;
            control.stop();
            std::future::pending::<()>().await;
        };
        let ending = tokio::select! {
            ending = &mut life.ending => ending.unwrap(),
            () = stop => unreachable!("it does not return"),
        };
        assert_eq!(ending, Ending::Stopped);
        insta::assert_snapshot!(lines(&life), @r"
        pending | - | - | slow: pending, next: pending
        running | - | - | slow: pending, next: pending
        running | slow | - | slow: running, next: pending
        running | slow | 12 % | slow: running, next: pending
        ");
        let last = life.journal.records.lock().unwrap().last().cloned().unwrap();
        let plan = scene.case.plan(&functions(&scene.world)).unwrap();
        let run = Run::resume(plan, &last, dawn()).unwrap();
        let mut next = live(
            &scene.case,
            &scene.world,
            Memory::default(),
            Records::EveryChange,
            run,
        );
        finish(&scene.case, &scene.world, &mut next).await.unwrap();
        insta::assert_snapshot!(lines(&next), @r"
        running | slow | 50 % | slow: complete, next: pending
        running | next | 50 % | slow: complete, next: running
        running | next | 100 % | slow: complete, next: complete
        complete | - | 100 % | slow: complete, next: complete
        ");
    });
    insta::assert_snapshot!(scene.calls(), @"Pod slow#1, slow#1 dropped, Pod slow#1 resumed, Pod next#1");
}

#[test]
fn a_small_run_needs_one_record_for_each_phase_and_one_at_the_end() {
    let scene = Scene {
        case: Case::read(&SLOW.replace("seconds: 60", "seconds: 0")),
        world: Arc::new(World::default()),
    };
    runtime().block_on(async {
        let mut life = scene.life(Memory::default(), Records::BeforeEffects);
        finish(&scene.case, &scene.world, &mut life).await.unwrap();
        insta::assert_snapshot!(lines(&life), @r"
        running | slow | - | slow: running, next: pending
        running | next | 50 % | slow: complete, next: running
        complete | - | 100 % | slow: complete, next: complete
        ");
    });
}

#[test]
fn progress_is_recorded_all_the_same() {
    let scene = Scene::new();
    runtime().block_on(async {
        let mut life = scene.life(Memory::default(), Records::BeforeEffects);
        finish(&scene.case, &scene.world, &mut life).await.unwrap();
        insta::assert_snapshot!(lines(&life), @r"
        running | slow | - | slow: running, next: pending
        running | slow | 12 % | slow: running, next: pending
        running | next | 50 % | slow: complete, next: running
        complete | - | 100 % | slow: complete, next: complete
        ");
    });
}

#[test]
fn outputs_that_no_status_can_hold_fail_their_phase() {
    let large = "x".repeat(600_000);
    let scene = Scene {
        case: Case::read(&format!(
            "about: outputs\nactions: {{go: {{phases: [\
             {{func: Pod, name: one, args: {{outputs: {{a: {large}}}}}}}, \
             {{func: Pod, name: two, args: {{outputs: {{b: {large}}}}}}}]}}}}\n\
             request: [{{action: go}}]"
        )),
        world: Arc::new(World::default()),
    };
    runtime().block_on(async {
        let mut life = scene.life(Memory::default(), Records::BeforeEffects);
        finish(&scene.case, &scene.world, &mut life).await.unwrap();
        let records = life.journal.records.lock().unwrap();
        insta::assert_snapshot!(line(records.last().unwrap()), @"failed | - | 50 % | one: complete, two: failed | the outputs take 600008 bytes; all phases together can have 1000000, of which 600008 are taken");
    });
}
