//! Plans as text and as graphs, and what the order of phases rests on.

use std::fmt::Write;
use std::sync::Arc;

use crate::fixture::{Case, World, functions};

fn show(phases: &str) -> String {
    let case = Case::read(&format!(
        "about: order\nactions: {{go: {phases}}}\nrequest: [{{action: go}}]"
    ));
    match case.plan(&functions(&Arc::new(World::default()))) {
        Ok(plan) => plan.to_string(),
        Err(refusal) => format!("refused: {refusal}\n"),
    }
}

#[test]
fn orders() {
    let actions = [
        // Kanister's: one after the other.
        "{phases: [{func: Pod, name: a}, {func: Pod, name: b}, {func: Pod, name: c}]}",
        // Two branches that the next phase as written waits for.
        "{phases: [{func: Pod, name: a}, {func: Pod, name: b, dependsOn: [a]}, \
         {func: Pod, name: c, dependsOn: [a]}, {func: Pod, name: d}]}",
        // A phase may be written before what it depends on, unless that waits for it in turn.
        "{phases: [{func: Pod, name: a, dependsOn: [b]}, {func: Pod, name: b}]}",
        "{phases: [{func: Pod, name: a, dependsOn: [b]}, {func: Pod, name: b, dependsOn: [c]}, \
         {func: Pod, name: c, dependsOn: [c]}]}",
        // By data flow alone.
        "{order: dataflow, phases: [{func: Pod, name: a, args: {needed: '{{ .Phases.c.Output.x }}'}}, \
         {func: Pod, name: b}, {func: Pod, name: c}]}",
        // In the order of Kanister, a reference to a later phase is left to fail when it is rendered.
        "{phases: [{func: Pod, name: a, args: {needed: '{{ .Phases.b.Output.x }}'}}, {func: Pod, name: b}]}",
        // Everything that may be said of a phase.
        "{phases: [{func: Set, name: a, if: 'true', timeout: 90s, onInterrupt: rerun, \
         retry: {attempts: 3, backoff: 10s}}], deferPhase: {func: Exec, name: z, onInterrupt: fail}}",
    ];
    let mut shown = String::new();
    for action in actions {
        writeln!(shown, "{action}\n{}", show(action)).unwrap();
    }
    insta::assert_snapshot!("orders", shown);
}

#[test]
fn dot() {
    let case = Case::read(
        r"
about: a graph with a deferred phase and artifacts
actions:
  back up:
    outputArtifacts: {a: {keyValue: {k: v}}}
    phases:
    - {func: Pod, name: freeze}
    - {func: Pod, name: left, dependsOn: [freeze]}
    - {func: Pod, name: right, dependsOn: [freeze]}
    deferPhase: {func: Pod, name: thaw}
  plain:
    phases:
    - {func: Pod, name: one}
    - {func: Pod, name: two}
request: [{action: back up}, {action: plain}]
",
    );
    let plan = case.plan(&functions(&Arc::new(World::default()))).unwrap();
    insta::assert_snapshot!("dot", plan.dot());
}
