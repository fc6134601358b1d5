//! What holds for every plan and every order in which things can happen.

use std::collections::BTreeSet;
use std::sync::Arc;

use mainstay_engine::function::{Cause, Error, Progress};
use mainstay_engine::plan::{Node, Place, Plan, StepId};
use mainstay_engine::run::Run;
use mainstay_engine::run::command::{Command, Timer};
use mainstay_engine::run::event::{Event, Verdict, What};
use mainstay_engine::status::{State, Status, status};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::fixture::{Case, World, dawn, functions};

/// A phase of the action that is made up; dependencies are positions.
fn phase() -> impl Strategy<Value = (u8, Vec<u8>, u8)> {
    (any::<u8>(), vec(any::<u8>(), 0..3), any::<u8>())
}

/// An action with some phases, any of which may depend on any other.
fn action() -> impl Strategy<Value = Json> {
    (vec(phase(), 0..6), any::<[bool; 3]>()).prop_map(|(phases, [dataflow, defer, artifacts])| {
        let count = phases.len();
        let phases = phases.into_iter().enumerate();
        let phases: Vec<_> = phases
            .map(|(position, phase)| write_phase(position, count, phase))
            .collect();
        let mut action = json!({ "phases": phases });
        if dataflow {
            action["order"] = json!("dataflow");
        }
        if defer {
            action["deferPhase"] = json!({ "func": "Pod", "name": "tidy" });
        }
        if artifacts {
            action["outputArtifacts"] = json!({ "a": { "keyValue": { "k": "v" } } });
        }
        action
    })
}

fn write_phase(position: usize, count: usize, (function, depends_on, extras): (u8, Vec<u8>, u8)) -> Json {
    // One function in sixteen does not exist.
    let function = match function % 16 {
        0 => "Nothing",
        1..6 => "Pod",
        6..11 => "Set",
        _ => "Exec",
    };
    let mut phase = json!({ "func": function, "name": format!("p{position}") });
    let depends_on: Vec<_> = depends_on
        .into_iter()
        .map(|other| match usize::from(other) {
            // Now and then on a later phase or on itself, which is refused more often than not.
            other @ ..10 => other % count,
            other => other % position.max(1),
        })
        .map(|other| format!("p{other}"))
        .filter(|other| position > 0 || *other != "p0")
        .collect();
    if !depends_on.is_empty() {
        phase["dependsOn"] = json!(depends_on);
    }
    if extras & 1 != 0 {
        phase["retry"] = json!({ "attempts": 2, "backoff": "1s" });
    }
    if extras & 2 != 0 {
        phase["timeout"] = json!("1m");
    }
    if extras & 4 != 0 {
        phase["if"] = json!("true");
    }
    phase
}

fn plan(actions: &[Json]) -> Option<Arc<Plan>> {
    let names: Vec<_> = (0..actions.len())
        .map(|position| format!("a{position}"))
        .collect();
    let case = Case {
        about: String::new(),
        actions: Some(names.iter().cloned().zip(actions.iter().cloned()).collect()),
        request: names.iter().map(|name| json!({ "action": name })).collect(),
        secrets: [].into(),
        unprepared: [].into(),
        cancel_when_made: None,
        abandon_when_made: None,
    };
    case.plan(&functions(&Arc::new(World::default()))).ok()
}

proptest! {
    #[test]
    fn plans_are_acyclic(action in action()) {
        let Some(plan) = plan(&[action]) else { return Ok(()) };
        let graph = &plan.actions()[0].graph;
        let edges = graph.edges();
        let mut left: Vec<Node> = graph.nodes().collect();
        while !left.is_empty() {
            let free = left.iter().position(|node| {
                !edges.iter().any(|(awaited, waiting, _)| waiting == node && left.contains(awaited))
            });
            prop_assert!(free.is_some(), "{left:?} wait for each other");
            left.remove(free.unwrap());
        }
    }

    #[test]
    fn every_run_ends_whatever_happens(
        actions in vec(action(), 1..3),
        choices in vec(any::<u16>(), 400),
    ) {
        let Some(plan) = plan(&actions) else { return Ok(()) };
        Play::new(plan).play(&choices)?;
    }
}

/// A run whose commands are answered in any order and any way.
struct Play {
    run: Run,
    /// What can happen next.
    open: Vec<Open>,
    /// All that has happened in this life of the run.
    log: Vec<Event>,
    interrupted: bool,
}

/// Something that will happen, now or later.
#[derive(Clone, Debug)]
enum Open {
    First(What),
    Preparation(usize),
    Continuation(usize),
    Decision(StepId),
    Call(StepId, u32),
    Timer(Timer),
    Rendering(usize),
}

impl Play {
    fn new(plan: Arc<Plan>) -> Self {
        Self {
            run: Run::new(plan),
            open: vec![Open::First(What::Started)],
            log: Vec::new(),
            interrupted: false,
        }
    }

    fn play(mut self, choices: &[u16]) -> Result<(), TestCaseError> {
        let mut choices = choices.iter().copied().map(usize::from);
        // When the choices are used up, the first answer is taken each time, which leads to an end soon.
        while !self.open.is_empty() {
            let choice = choices.next().unwrap_or(100);
            match choice % 97 {
                0 => self.happen(What::Cancelled {
                    reason: "enough".to_owned(),
                })?,
                1 => self.happen(What::Abandoned)?,
                2 | 3 => self.interrupt(),
                _ => {
                    let open = self.open.remove(choice / 97 % self.open.len());
                    self.answer(&open, choice)?;
                }
            }
        }
        self.check_end()
    }

    fn answer(&mut self, open: &Open, choice: usize) -> Result<(), TestCaseError> {
        let message = "broken".to_owned();
        let well = !choice.is_multiple_of(3);
        let what = match open.clone() {
            Open::First(what) => what,
            Open::Preparation(action) if choice.is_multiple_of(11) => What::Unprepared { action, message },
            Open::Preparation(action) => What::Prepared {
                action,
                snapshot: Some(json!({ "action": action })),
            },
            Open::Continuation(action) => What::Continued { action },
            Open::Decision(step) if choice.is_multiple_of(11) => What::Undecided { step, message },
            Open::Decision(step) => What::Decided {
                step,
                verdict: if well { Verdict::Run } else { Verdict::Skip },
            },
            Open::Call(step, attempt) if choice.is_multiple_of(5) && choice != 100 => {
                self.open.push(open.clone());
                let progress = Progress {
                    percent: u8::try_from(choice % 101).ok(),
                    ..Progress::default()
                };
                What::Progressed {
                    step,
                    attempt,
                    progress,
                }
            }
            Open::Call(step, attempt) if well => What::Succeeded {
                step,
                attempt,
                outputs: None,
            },
            Open::Call(step, attempt) => {
                let causes = [
                    Cause::Mistake,
                    Cause::Failed,
                    Cause::Unreachable,
                    Cause::Cancelled,
                ];
                let error = Error::new(causes[choice % causes.len()], message);
                What::Failed { step, attempt, error }
            }
            Open::Timer(timer) => What::Fired { timer },
            Open::Rendering(action) if well => What::Rendered {
                action,
                artifacts: [].into(),
            },
            Open::Rendering(action) => What::Unrendered { action, message },
        };
        self.happen(what)
    }

    fn happen(&mut self, what: What) -> Result<(), TestCaseError> {
        let event = Event { at: dawn(), what };
        self.log.push(event.clone());
        let commands = self.run.apply(event);
        let commands = commands.map_err(|impossible| TestCaseError::fail(impossible.to_string()))?;
        for command in commands {
            self.take(&command)?;
        }
        self.check_round_trip()
    }

    fn take(&mut self, command: &Command) -> Result<(), TestCaseError> {
        match *command {
            Command::Prepare { action } => self.open.push(Open::Preparation(action)),
            Command::Continue { action } => self.open.push(Open::Continuation(action)),
            Command::Decide { step } => {
                self.check_order(step)?;
                self.open.push(Open::Decision(step));
            }
            Command::Call { step, attempt, .. } => {
                self.check_order(step)?;
                let twice = self
                    .open
                    .iter()
                    .any(|open| matches!(open, Open::Call(other, _) if *other == step));
                prop_assert!(!twice, "{step} is called while it is being called");
                self.open.push(Open::Call(step, attempt));
            }
            Command::Abort { step, attempt } => {
                let known = self
                    .open
                    .iter()
                    .any(|open| matches!(open, Open::Call(s, a) if (*s, *a) == (step, attempt)));
                prop_assert!(known, "{step} is asked to end but not being called");
            }
            Command::Drop { step, attempt } => self
                .open
                .retain(|open| !matches!(open, Open::Call(s, a) if (*s, *a) == (step, attempt))),
            Command::Start { timer, .. } => self.open.push(Open::Timer(timer)),
            Command::Render { action } => self.open.push(Open::Rendering(action)),
            Command::Announce(_) => {}
        }
        Ok(())
    }

    /// A step begins only when all it waits for is done; a deferred one when nothing else is under way.
    fn check_order(&self, step: StepId) -> Result<(), TestCaseError> {
        let planned = &self.run.plan().actions()[step.action];
        let steps = &self.run.actions()[step.action].steps;
        match step.place {
            Place::Phase(position) => {
                for awaited in planned.graph.awaited_by(position) {
                    prop_assert!(
                        steps[awaited].state.is_done(),
                        "{step} does not wait for {awaited}"
                    );
                }
            }
            Place::Defer => {
                let under_way = steps[..steps.len() - 1]
                    .iter()
                    .any(|step| step.state.is_under_way());
                prop_assert!(!under_way, "the deferred phase does not wait");
            }
        }
        Ok(())
    }

    /// A status tells all there is to know: a run made from it looks the same.
    fn check_round_trip(&self) -> Result<(), TestCaseError> {
        let shown = status(&self.run);
        prop_assert_eq!(status(&self.resumed()), shown);
        Ok(())
    }

    fn resumed(&self) -> Run {
        Run::resume(Arc::clone(self.run.plan()), &status(&self.run), dawn()).unwrap()
    }

    /// The controller dies and the next one takes over.
    fn interrupt(&mut self) {
        if self.log.is_empty() {
            return;
        }
        self.run = self.resumed();
        self.open = vec![Open::First(What::Resumed)];
        self.interrupted = true;
    }

    fn check_end(&self) -> Result<(), TestCaseError> {
        prop_assert!(
            self.run.ended().is_some(),
            "nothing can happen any more, and the run is not over"
        );
        let last = status(&self.run);
        let states: BTreeSet<_> = self
            .run
            .actions()
            .iter()
            .flat_map(|action| action.steps.iter().map(|step| step.state))
            .collect();
        if last.state == State::Complete {
            prop_assert!(
                states.iter().all(|state| state.is_done()),
                "complete with {states:?}"
            );
        } else {
            prop_assert_eq!(last.state, State::Failed);
            prop_assert!(!last.error.is_empty(), "a failure has a reason");
        }
        prop_assert!(
            !states.iter().any(|state| state.is_under_way()),
            "over with {states:?}"
        );
        if !self.interrupted {
            prop_assert_eq!(self.replay(), last);
        }
        Ok(())
    }

    /// What happened is all that the state depends on.
    fn replay(&self) -> Status {
        let mut run = Run::new(Arc::clone(self.run.plan()));
        for event in &self.log {
            let written = serde_json::to_value(event).unwrap();
            run.apply(serde_json::from_value(written).unwrap()).unwrap();
        }
        status(&run)
    }
}
