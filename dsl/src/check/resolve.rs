//! From what was written to what it means: templates compiled, the order of phases explicit.
//! Reports nothing; a part that is missing gets Kanister's meaning of its absence.

use std::time::Duration;

use serde_json::Value as Json;

use crate::checked::{
    Action, Artifact, Checked, ObjectTemplate, OnInterrupt, Order, Phase, Retry, Text, Tree,
};
use crate::name::{ActionName, PhaseName};
use crate::parsed::{self, Parsed};
use crate::template::Template;

/// What `retry` without `attempts` means.
const ATTEMPTS: u32 = 3;

/// What `retry` without `backoff` means.
const BACKOFF: Duration = Duration::from_secs(10);

/// Gives every part of a blueprint its meaning.
pub(super) fn resolve(parsed: &Parsed) -> Checked {
    Checked {
        actions: parsed
            .actions
            .iter()
            .map(|(name, written)| (name.clone(), action(name, written)))
            .collect(),
    }
}

fn action(name: &ActionName, written: &parsed::Action) -> Action {
    let mut phases: Vec<Phase> = written.phases.iter().flatten().map(phase).collect();
    let names: Vec<PhaseName> = phases.iter().map(|phase| phase.name.clone()).collect();
    for (index, phase) in phases.iter_mut().enumerate() {
        phase.refers_to = refers_to(phase, &names[..index]);
    }
    Action {
        pointer: written.pointer.clone(),
        name: name.clone(),
        kind: written.kind.clone(),
        phases,
        defer: written.defer_phase.as_ref().map(phase),
        artifacts: written
            .output_artifacts
            .iter()
            .flatten()
            .map(|(name, written)| (name.clone(), artifact(written)))
            .collect(),
        order: match written.order {
            None | Some(parsed::Order::Sequential) => Order::Sequential,
            Some(parsed::Order::Dataflow) => Order::Dataflow,
        },
    }
}

fn artifact(written: &parsed::Artifact) -> Artifact {
    Artifact {
        pointer: written.pointer.clone(),
        key_value: written
            .key_value
            .iter()
            .flatten()
            .map(|(key, value)| (key.clone(), Text::new(value)))
            .collect(),
        kopia_snapshot: written
            .kopia_snapshot
            .as_ref()
            .filter(|text| !text.is_empty())
            .map(Text::new),
    }
}

fn phase(written: &parsed::Phase) -> Phase {
    Phase {
        pointer: written.pointer.clone(),
        name: written.name.clone().unwrap_or_default(),
        function: written.function.clone().unwrap_or_default(),
        objects: written
            .objects
            .iter()
            .flatten()
            .map(|(name, reference)| (name.clone(), object(reference)))
            .collect(),
        arguments: written
            .arguments
            .iter()
            .flatten()
            .map(|(name, value): (&String, &Json)| (name.clone(), Tree::new(value)))
            .collect(),
        refers_to: Vec::new(),
        depends_on: written.depends_on.clone().unwrap_or_default(),
        condition: written.condition.as_ref().map(Text::new),
        for_each: written.for_each.as_ref().map(Tree::new),
        retry: written.retry.as_ref().map(|retry| Retry {
            attempts: retry.attempts.unwrap_or(ATTEMPTS),
            backoff: retry.backoff.unwrap_or(BACKOFF),
        }),
        timeout: written.timeout,
        on_interrupt: written.on_interrupt.map(|on_interrupt| match on_interrupt {
            parsed::OnInterrupt::Rerun => OnInterrupt::Rerun,
            parsed::OnInterrupt::Fail => OnInterrupt::Fail,
        }),
    }
}

/// The phases that a phase's templates refer to, each once. A reference that cannot be told before rendering
/// (`index .Phases $x`, `toJson .Phases`, `$` handed on whole) may be to any phase written before.
fn refers_to(phase: &Phase, before: &[PhaseName]) -> Vec<PhaseName> {
    let mut names = Vec::new();
    let mut add = |name: PhaseName| {
        if !names.contains(&name) {
            names.push(name);
        }
    };
    let mut texts: Vec<&Text> = phase.condition.iter().collect();
    phase.for_each.iter().for_each(|items| items.texts(&mut texts));
    phase.arguments.values().for_each(|tree| tree.texts(&mut texts));
    let templates = texts.into_iter().filter_map(|text| text.template.as_ref().ok());
    for reference in templates.flat_map(Template::references) {
        match reference.segments.as_slice() {
            [root, name, ..] if *root.name == *"Phases" => add(PhaseName::from(&*name.name)),
            [root] if *root.name == *"Phases" => before.iter().cloned().for_each(&mut add),
            [] => before.iter().cloned().for_each(&mut add),
            _ => {}
        }
    }
    names
}

fn object(written: &parsed::ObjectReference) -> ObjectTemplate {
    let text = |field: &Option<String>| Text::new(field.as_deref().unwrap_or_default());
    ObjectTemplate {
        pointer: written.pointer.clone(),
        api_version: text(&written.api_version),
        group: text(&written.group),
        resource: text(&written.resource),
        kind: text(&written.kind),
        name: text(&written.name),
        namespace: text(&written.namespace),
    }
}
