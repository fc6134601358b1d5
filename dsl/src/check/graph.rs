//! `dependsOn`: the phases it names exist, and nothing waits for itself.

use crate::checked::{Action, Order, Phase};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::suggest;

use super::Rules;

/// Reports dependencies that cannot be kept.
pub(super) fn check(rules: &mut Rules<'_>, action: &Action) {
    for phase in &action.phases {
        names(rules, action, phase);
    }
    if let Some(circle) = circle(action) {
        rules.report(cycle(action, &circle));
    }
    if let Some(defer) = action.defer.as_ref().filter(|defer| !defer.depends_on.is_empty()) {
        rules.report(
            Diagnostic::warning(
                Code::InvalidValue,
                "the deferred phase always waits for all phases",
                Place::key(defer.pointer.key("dependsOn")),
                "changes nothing",
            )
            .help("remove `dependsOn`"),
        );
    }
}

fn names(rules: &mut Rules<'_>, action: &Action, phase: &Phase) {
    for (at, name) in phase.depends_on.iter().enumerate() {
        let place = Place::value(phase.pointer.key("dependsOn").index(at));
        if action.phases.iter().any(|other| other.name == *name) {
            continue;
        }
        let names = || {
            action
                .phases
                .iter()
                .map(|phase| phase.name.as_str())
                .filter(|name| !name.is_empty())
        };
        let diagnostic = Diagnostic::error(
            Code::UnknownPhase,
            format!("phase `{name}` does not exist in action `{}`", action.name),
            place.clone(),
            "unknown phase",
        )
        .note(format!(
            "phases of action `{}`: {}",
            action.name,
            suggest::list(names())
        ));
        rules.report(match suggest::closest(name.as_str(), names()) {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .patch(place, near),
            None => diagnostic,
        });
    }
}

/// Why one phase waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    DependsOn,
    Reference,
    Written,
}

/// What the phase at `waiting` waits for.
fn awaited(action: &Action, waiting: usize) -> impl Iterator<Item = (usize, Reason)> {
    let phase = &action.phases[waiting];
    let written = action.order == Order::Sequential && phase.depends_on.is_empty();
    action.phases.iter().enumerate().filter_map(move |(at, other)| {
        if written {
            (at < waiting).then_some((at, Reason::Written))
        } else if phase.depends_on.contains(&other.name) {
            Some((at, Reason::DependsOn))
        } else {
            (at != waiting && phase.refers_to.contains(&other.name)).then_some((at, Reason::Reference))
        }
    })
}

/// The first circle, as steps from what waits to what it waits for.
///
/// A search in depth without recursion: a blueprint may have very many phases.
fn circle(action: &Action) -> Option<Vec<(usize, Reason)>> {
    let mut done = vec![false; action.phases.len()];
    for start in 0..action.phases.len() {
        let mut path = vec![Visit::of(action, start)];
        while let Some(visit) = path.last_mut() {
            let at = visit.at;
            let Some((next, reason)) = visit.awaited.next() else {
                done[at] = true;
                path.pop();
                continue;
            };
            visit.through = reason;
            if done[next] {
                continue;
            }
            if let Some(begin) = path.iter().position(|visit| visit.at == next) {
                return Some(
                    path[begin..]
                        .iter()
                        .map(|visit| (visit.at, visit.through))
                        .collect(),
                );
            }
            path.push(Visit::of(action, next));
        }
    }
    None
}

/// A phase on the path of the search.
struct Visit<'a> {
    at: usize,
    /// What it waits for and has not been looked at.
    awaited: Box<dyn Iterator<Item = (usize, Reason)> + 'a>,
    /// Why it waits for what comes next on the path.
    through: Reason,
}

impl<'a> Visit<'a> {
    fn of(action: &'a Action, at: usize) -> Self {
        Self {
            at,
            awaited: Box::new(awaited(action, at)),
            through: Reason::Written,
        }
    }
}

fn cycle(action: &Action, circle: &[(usize, Reason)]) -> Diagnostic {
    let name = |at: usize| action.phases[at].name.as_str();
    let mut labels = circle.iter().enumerate().map(|(step, &(waiting, reason))| {
        let awaited = circle[(step + 1) % circle.len()].0;
        let phase = &action.phases[waiting];
        let place = match reason {
            Reason::DependsOn => Place::key(phase.pointer.key("dependsOn")),
            Reason::Reference => Place::key(phase.pointer.key("args")),
            Reason::Written => Place::value(phase.pointer.key("name")),
        };
        let why = match reason {
            Reason::DependsOn => "depends on",
            Reason::Reference => "reads",
            Reason::Written => "is written after",
        };
        (place, format!("`{}` {why} `{}`", name(waiting), name(awaited)))
    });
    let (place, label) = labels.next().expect("a circle has a step");
    let diagnostic = Diagnostic::error(
        Code::DependencyCycle,
        format!(
            "phases of action `{}` wait for each other in a circle",
            action.name
        ),
        place,
        label,
    );
    labels
        .fold(diagnostic, |diagnostic, (place, label)| {
            diagnostic.also(place, label)
        })
        .help("remove one of these dependencies")
}
