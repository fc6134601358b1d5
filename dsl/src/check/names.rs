//! Names of phases: Kanister's webhook wants them unique in the whole blueprint, and references need them so
//! within an action.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::name::PhaseName;
use crate::parsed::{Action, Phase};
use crate::pointer::Pointer;

use super::{Mode, Rules};

/// Reports phases that share a name, and phases without one.
pub(super) fn check(rules: &mut Rules<'_>) {
    let mut elsewhere: BTreeMap<&str, Pointer> = BTreeMap::new();
    for action in rules.parsed.actions.values() {
        let mut here: BTreeMap<&str, Pointer> = BTreeMap::new();
        for phase in action.every_phase() {
            let Some(name) = phase
                .name
                .as_ref()
                .map(PhaseName::as_str)
                .filter(|name| !name.is_empty())
            else {
                rules.diagnostics.extend(unnamed(action, phase));
                continue;
            };
            let pointer = phase.pointer.key("name");
            if let Some(first) = here.get(name) {
                rules.diagnostics.push(twice_in_action(name, &pointer, first));
            } else if let Some(first) = elsewhere.get(name)
                && rules.mode == Mode::Kanister
            {
                rules.diagnostics.push(twice_in_blueprint(name, &pointer, first));
            }
            here.entry(name).or_insert(pointer);
        }
        for (name, pointer) in here {
            elsewhere.entry(name).or_insert(pointer);
        }
    }
}

fn twice_in_action(name: &str, second: &Pointer, first: &Pointer) -> Diagnostic {
    Diagnostic::warning(
        Code::DuplicatePhase,
        format!("two phases of this action are called `{name}`"),
        Place::value(second.clone()),
        "the second one",
    )
    .also(Place::value(first.clone()), "the first one")
    .note(format!("`.Phases.{name}` then means whichever of them ran last"))
    .help("give each phase a name of its own")
}

fn twice_in_blueprint(name: &str, second: &Pointer, first: &Pointer) -> Diagnostic {
    Diagnostic::warning(
        Code::DuplicatePhase,
        format!("phases of two actions are called `{name}`"),
        Place::value(second.clone()),
        "the second one",
    )
    .also(Place::value(first.clone()), "the first one")
    .note("it runs, but a cluster with Kanister's validating webhook refuses the blueprint")
    .help("give each phase of the blueprint a name of its own")
}

/// A phase without a name runs, and nothing can refer to it. The deferred one has a root of its own.
fn unnamed(action: &Action, phase: &Phase) -> Option<Diagnostic> {
    if action
        .defer_phase
        .as_ref()
        .is_some_and(|defer| defer.pointer == phase.pointer)
    {
        return None;
    }
    Some(
        Diagnostic::warning(
            Code::MissingField,
            "this phase has no name",
            Place::value(phase.pointer.clone()),
            "`name` is missing",
        )
        .note("nothing can refer to its outputs, and the status does not tell which phase it was")
        .help("add `name:`"),
    )
}
