//! Every state with every event: a changed transition shows here.

use std::fmt::Write;
use std::sync::Arc;

use jiff::SignedDuration;
use mainstay_engine::announcement::Announcement;
use mainstay_engine::function::{Cause, Error, Progress};
use mainstay_engine::plan::{Place, Plan, StepId};
use mainstay_engine::run::Run;
use mainstay_engine::run::command::{Command, Timer};
use mainstay_engine::run::event::{Event, Verdict, What};
use mainstay_engine::status::status;

use crate::fixture::{Case, World, dawn, functions};

/// `one` waits to be decided, tried again or timed out; `two` comes after it.
const PLAN: &str = r#"
about: every state of a step and an action
actions:
  plain:
    outputArtifacts: {a: {keyValue: {k: v}}}
    phases:
    - {func: Pod, name: one, timeout: 1m, retry: {attempts: 3, backoff: 10s}}
    - {func: Pod, name: two}
    deferPhase: {func: Pod, name: tidy}
  choosy:
    phases:
    - {func: Pod, name: one, if: "true"}
request:
- {action: plain}
"#;

const ONE: StepId = StepId {
    action: 0,
    place: Place::Phase(0),
};
const TWO: StepId = StepId {
    action: 0,
    place: Place::Phase(1),
};
const TIDY: StepId = StepId {
    action: 0,
    place: Place::Defer,
};

fn plan(action: &str) -> Arc<Plan> {
    let case = Case::read(&PLAN.replace("{action: plain}", &format!("{{action: {action}}}")));
    case.plan(&functions(&Arc::new(World::default()))).unwrap()
}

/// A run after some events, a minute between them.
fn after(plan: Arc<Plan>, events: &[What]) -> Run {
    carry_on(Run::new(plan), events)
}

fn carry_on(mut run: Run, events: &[What]) -> Run {
    for what in events {
        run.apply(event(what)).unwrap();
    }
    run
}

/// The run as it is found after an interruption.
fn interrupted(run: &Run) -> Run {
    Run::resume(Arc::clone(run.plan()), &status(run), dawn()).unwrap()
}

fn event(what: &What) -> Event {
    Event {
        at: dawn() + SignedDuration::from_mins(1),
        what: what.clone(),
    }
}

fn prepared() -> What {
    What::Prepared {
        action: 0,
        snapshot: None,
    }
}

fn succeeded(step: StepId) -> What {
    What::Succeeded {
        step,
        attempt: 1,
        outputs: None,
    }
}

fn failed(step: StepId, cause: Cause) -> What {
    What::Failed {
        step,
        attempt: 1,
        error: Error::new(cause, "broken"),
    }
}

fn decided(step: StepId, verdict: Verdict) -> What {
    What::Decided { step, verdict }
}

fn cancelled() -> What {
    What::Cancelled {
        reason: "enough".to_owned(),
    }
}

const CONTINUED: What = What::Continued { action: 0 };

fn timeout(step: StepId) -> What {
    What::Fired {
        timer: Timer::Timeout { step, attempt: 1 },
    }
}

#[test]
fn steps() {
    let running = [What::Started, prepared()];
    let then = |what| after(plan("plain"), &[running.as_slice(), &[what]].concat());
    let choosy = after(plan("choosy"), &running);
    let states = [
        ("pending", after(plan("plain"), &running), TWO),
        ("deciding", choosy.clone(), ONE),
        ("running", after(plan("plain"), &running), ONE),
        ("timing out", then(timeout(ONE)), ONE),
        ("cancelling", then(cancelled()), ONE),
        ("waiting", then(failed(ONE, Cause::Unreachable)), ONE),
        ("complete", then(succeeded(ONE)), ONE),
        ("skipped", carry_on(choosy, &[decided(ONE, Verdict::Skip)]), ONE),
        ("failed", then(failed(ONE, Cause::Mistake)), ONE),
    ];
    let mut table = String::new();
    for (name, run, step) in &states {
        let index = run.plan().actions()[0].index(step.place);
        let state = |run: &Run| run.actions()[0].steps[index].state.to_string();
        assert_eq!(state(run), *name, "the script leads to the state it is to show");
        writeln!(table, "{name}").unwrap();
        for (event, what) in step_events(*step) {
            let mut next = run.clone();
            row(&mut table, &event, &mut next, &what, &state);
        }
    }
    insta::assert_snapshot!("matrix_of_steps", table);
}

fn step_events(step: StepId) -> Vec<(String, What)> {
    let fired = |timer| What::Fired { timer };
    let attempt = 1;
    let progress = Progress {
        percent: Some(40),
        ..Progress::default()
    };
    let late = What::Succeeded {
        step,
        attempt: 9,
        outputs: None,
    };
    [
        ("decided: run", decided(step, Verdict::Run)),
        ("decided: skip", decided(step, Verdict::Skip)),
        (
            "undecided",
            What::Undecided {
                step,
                message: "odd".to_owned(),
            },
        ),
        (
            "progressed",
            What::Progressed {
                step,
                attempt,
                progress,
            },
        ),
        ("succeeded", succeeded(step)),
        ("succeeded, another attempt", late),
        ("failed: mistake", failed(step, Cause::Mistake)),
        ("failed: unreachable", failed(step, Cause::Unreachable)),
        ("failed: cancelled", failed(step, Cause::Cancelled)),
        ("fired: timeout", timeout(step)),
        ("fired: grace", fired(Timer::Grace { step, attempt })),
        ("fired: retry", fired(Timer::Retry { step, attempt })),
        ("continued", CONTINUED),
        ("cancelled", cancelled()),
        ("abandoned", What::Abandoned),
    ]
    .map(|(name, what)| (name.to_owned(), what))
    .into()
}

#[test]
fn actions() {
    let to = |events: &[What]| after(plan("plain"), events);
    let running = [What::Started, prepared()];
    let both = [succeeded(ONE), CONTINUED, succeeded(TWO), CONTINUED];
    let deferring = to(&[running.as_slice(), &both].concat());
    let rendering = carry_on(deferring.clone(), &[succeeded(TIDY), CONTINUED]);
    let rendered = What::Rendered {
        action: 0,
        artifacts: [].into(),
    };
    let ended = carry_on(rendering.clone(), std::slice::from_ref(&rendered));
    let woken = |run: &Run| carry_on(interrupted(run), &[What::Resumed]);
    let states = [
        ("queued", to(&[])),
        ("queued, interrupted", interrupted(&to(&[]))),
        ("preparing", to(&running[..1])),
        ("preparing, interrupted", woken(&to(&running[..1]))),
        ("running", to(&running)),
        ("running, interrupted", interrupted(&to(&running))),
        ("running, resumed", woken(&to(&running))),
        ("deferring", deferring.clone()),
        ("deferring, resumed", woken(&deferring)),
        ("rendering", rendering.clone()),
        ("rendering, resumed", woken(&rendering)),
        ("ended", ended.clone()),
        ("ended, interrupted", interrupted(&ended)),
    ];
    let mut table = String::new();
    for (name, run) in &states {
        let state = |run: &Run| run.actions()[0].stage.to_string();
        assert!(name.starts_with(&state(run)), "the script leads to {name}");
        writeln!(table, "{name}").unwrap();
        for (event, what) in action_events(&rendered) {
            let mut next = run.clone();
            row(&mut table, &event, &mut next, &what, &state);
        }
    }
    insta::assert_snapshot!("matrix_of_actions", table);
}

fn action_events(rendered: &What) -> Vec<(String, What)> {
    let message = "broken".to_owned();
    [
        ("started", What::Started),
        ("resumed", What::Resumed),
        ("prepared", prepared()),
        (
            "unprepared",
            What::Unprepared {
                action: 0,
                message: message.clone(),
            },
        ),
        ("continued", CONTINUED),
        ("rendered", rendered.clone()),
        ("unrendered", What::Unrendered { action: 0, message }),
        ("cancelled", cancelled()),
        ("abandoned", What::Abandoned),
        (
            "prepared, no such action",
            What::Prepared {
                action: 7,
                snapshot: None,
            },
        ),
        (
            "succeeded, no such step",
            succeeded(StepId {
                action: 7,
                place: Place::Defer,
            }),
        ),
    ]
    .map(|(name, what)| (name.to_owned(), what))
    .into()
}

fn row(table: &mut String, event_name: &str, run: &mut Run, what: &What, state: &dyn Fn(&Run) -> String) {
    let before = status(run);
    let told = match run.apply(event(what)) {
        Err(impossible) => {
            assert_eq!(status(run), before, "an impossible event changes nothing");
            format!("impossible: {impossible}")
        }
        Ok(commands) if commands.is_empty() && status(run) == before => "-".to_owned(),
        Ok(commands) => {
            let commands: Vec<_> = commands.iter().map(name).collect();
            let state = state(run);
            if commands.is_empty() {
                state
            } else {
                format!("{state}: {}", commands.join(", "))
            }
        }
    };
    writeln!(table, "  {event_name:27} {told}").unwrap();
}

fn name(command: &Command) -> String {
    match command {
        Command::Prepare { .. } => "prepare".to_owned(),
        Command::Continue { .. } => "continue".to_owned(),
        Command::Decide { .. } => "decide".to_owned(),
        Command::Call { attempt, origin, .. } => format!("call #{attempt} {origin:?}").to_lowercase(),
        Command::Abort { .. } => "abort".to_owned(),
        Command::Drop { .. } => "drop".to_owned(),
        Command::Start { timer, at } => {
            let timer = match timer {
                Timer::Timeout { .. } => "timeout",
                Timer::Grace { .. } => "grace",
                Timer::Retry { .. } => "retry",
            };
            format!("start {timer} +{}", at.duration_since(dawn()).as_secs() - 60)
        }
        Command::Render { .. } => "render".to_owned(),
        Command::Announce(Announcement { reason, .. }) => format!("announce [{reason}]"),
    }
}
