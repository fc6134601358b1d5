//! Histories of runs that once went wrong, and some that went well: every file of `histories/` is replayed. A
//! history is a case and the events of its run; the driver writes them to its log at the level `trace`.

use std::fmt::Write;
use std::sync::Arc;

use mainstay_engine::run::Run;
use mainstay_engine::run::event::{Event, What};
use mainstay_engine::status::status;
use serde::Deserialize;

use crate::fixture::{Case, World, functions, line};

#[derive(Deserialize)]
struct History {
    case: Case,
    events: Vec<Event>,
}

#[test]
fn replay() {
    insta::glob!("histories/*.yaml", |path| {
        let history: History = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let plan = history
            .case
            .plan(&functions(&Arc::new(World::default())))
            .unwrap();
        let mut run = Run::new(Arc::clone(&plan));
        let mut shown = String::new();
        for event in history.events {
            if event.what == What::Resumed {
                run = Run::resume(Arc::clone(&plan), &status(&run), event.at).unwrap();
            }
            let name = event.what.name();
            match run.apply(event) {
                Ok(commands) => writeln!(shown, "{name}\n  {}\n  {commands:?}", line(&status(&run))).unwrap(),
                Err(impossible) => writeln!(shown, "{name}\n  {impossible}").unwrap(),
            }
        }
        insta::assert_snapshot!(shown);
    });
}
