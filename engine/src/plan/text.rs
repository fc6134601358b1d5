//! A plan for people: as text, and as a graph in DOT.
//! Must not know a terminal.

use std::fmt;

use mainstay_dsl::checked::{OnInterrupt, Phase};
use mainstay_dsl::parsed::print_duration;

use super::{Action, Callee, Node, Place, Plan, Reason};
use crate::request::ObjectReference;

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = self.run();
        writeln!(formatter, "run {} in {}", run.name, run.namespace)?;
        for (position, action) in self.actions().iter().enumerate() {
            writeln!(
                formatter,
                "action {}: {}{}, blueprint {}",
                position + 1,
                action.request.action,
                object(&action.request.object),
                action.request.blueprint,
            )?;
            for place in action.places() {
                write_step(formatter, action, place)?;
            }
            for (name, artifact) in &action.source().artifacts {
                let keys: Vec<_> = artifact.key_value.keys().map(String::as_str).collect();
                writeln!(formatter, "  artifact {name}: {}", keys.join(", "))?;
            }
        }
        Ok(())
    }
}

fn object(reference: &ObjectReference) -> String {
    let kind = if reference.kind.is_empty() {
        &reference.resource
    } else {
        &reference.kind
    };
    match (reference.name.as_str(), reference.namespace.as_str()) {
        ("", _) => String::new(),
        (name, "") => format!(" of {kind} {name}"),
        (name, namespace) => format!(" of {kind} {namespace}/{name}"),
    }
}

fn write_step(formatter: &mut fmt::Formatter<'_>, action: &Action, place: Place) -> fmt::Result {
    let phase = action.phase(place);
    match place {
        Place::Phase(position) => write!(formatter, "  {}. {}", position + 1, phase.name)?,
        Place::Defer => write!(formatter, "  at last {}", phase.name)?,
    }
    write!(formatter, ": {}", phase.function)?;
    if action.steps[action.index(place)].callee == Callee::Unknown {
        write!(formatter, " (no such function: the action will not start)")?;
    }
    if let Place::Phase(position) = place {
        let awaited = awaited(action, position);
        if !awaited.is_empty() {
            write!(formatter, ", after {}", awaited.join(", "))?;
        }
    }
    for extra in extras(phase) {
        write!(formatter, "; {extra}")?;
    }
    writeln!(formatter)
}

fn awaited(action: &Action, waiting: usize) -> Vec<String> {
    action
        .graph
        .edges()
        .into_iter()
        .filter(|(_, node, _)| *node == Node::Phase(waiting))
        .filter_map(|(awaited, _, reason)| match (awaited, reason) {
            (Node::Phase(before), Reason::Order) => Some(label(action, Node::Phase(before))),
            (Node::Phase(before), _) => Some(format!("{} ({reason})", label(action, Node::Phase(before)))),
            (Node::Defer | Node::Artifacts, _) => None,
        })
        .collect()
}

/// What a phase says beyond Kanister's fields.
fn extras(phase: &Phase) -> Vec<String> {
    let mut extras = Vec::new();
    if let Some(condition) = &phase.condition {
        extras.push(format!("if {}", condition.written));
    }
    if let Some(retry) = phase.retry {
        extras.push(format!(
            "at most {} attempts, the second after {}",
            retry.attempts,
            print_duration(retry.backoff)
        ));
    }
    if let Some(timeout) = phase.timeout {
        extras.push(format!("at most {} each", print_duration(timeout)));
    }
    match phase.on_interrupt {
        Some(OnInterrupt::Rerun) => extras.push("run again after an interruption".to_owned()),
        Some(OnInterrupt::Fail) => extras.push("failed by an interruption".to_owned()),
        None => {}
    }
    extras
}

fn label(action: &Action, node: Node) -> String {
    match node {
        Node::Phase(position) => action.phase(Place::Phase(position)).name.to_string(),
        Node::Defer => action.phase(Place::Defer).name.to_string(),
        Node::Artifacts => "artifacts".to_owned(),
    }
}

impl Plan {
    /// The plan as a graph in the DOT language, one cluster for each action.
    pub fn dot(&self) -> impl fmt::Display {
        fmt::from_fn(|formatter| {
            writeln!(formatter, "digraph plan {{")?;
            writeln!(formatter, "  rankdir=LR;")?;
            writeln!(formatter, "  node [shape=box];")?;
            for (position, action) in self.actions().iter().enumerate() {
                write_cluster(formatter, position, action)?;
            }
            writeln!(formatter, "}}")
        })
    }
}

fn write_cluster(formatter: &mut fmt::Formatter<'_>, position: usize, action: &Action) -> fmt::Result {
    let id = |node| match node {
        Node::Phase(phase) => format!("a{position}p{phase}"),
        Node::Defer => format!("a{position}defer"),
        Node::Artifacts => format!("a{position}artifacts"),
    };
    writeln!(formatter, "  subgraph cluster_{position} {{")?;
    writeln!(formatter, "    label={};", quoted(action.request.action.as_str()))?;
    for node in action.graph.nodes() {
        let mut text = label(action, node);
        match node {
            Node::Phase(phase) => {
                text = format!("{text}\n{}", action.phase(Place::Phase(phase)).function);
            }
            Node::Defer => text = format!("{text}\n{}", action.phase(Place::Defer).function),
            Node::Artifacts => {}
        }
        writeln!(formatter, "    {} [label={}];", id(node), quoted(&text))?;
    }
    for (awaited, waiting, reason) in action.graph.edges() {
        let style = match reason {
            Reason::Order | Reason::Succeeded => String::new(),
            Reason::DependsOn | Reason::Reference => format!(" [label={}]", quoted(&reason.to_string())),
            Reason::Ended => " [style=dashed]".to_owned(),
        };
        writeln!(formatter, "    {} -> {}{style};", id(awaited), id(waiting))?;
    }
    writeln!(formatter, "  }}")
}

/// A quoted DOT string.
fn quoted(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("\"{escaped}\"")
}
