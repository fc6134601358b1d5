//! References between phases: what a template reads under `.Phases` and `.DeferPhase` must be there by then.

use crate::checked::{Action, Order, Phase};
use crate::diagnostic::{Code, Diagnostic, Place, Severity};
use crate::suggest;
use crate::template::{Access, Reference, Segment};

use super::Rules;
use super::sites::{Moment, Site};
use super::{objects, outputs};

/// Reports what an action's templates read of phases that is not there when they are rendered.
pub(super) fn check(rules: &mut Rules<'_>, action: &Action, sites: &[Site<'_>]) {
    for site in sites {
        for reference in &site.references {
            let found = match reference.root() {
                Some("Phases") => of_phase(rules, action, site, reference),
                Some("DeferPhase") => of_defer(rules, action, site, reference),
                _ => None,
            };
            rules
                .diagnostics
                .extend(found.map(|found| soften(found, site, reference)));
        }
    }
}

/// A mistake that rendering gets past is only likely to be one: something is tested before, or what is missing is
/// read with `index` and nothing is read below it.
fn soften(mut diagnostic: Diagnostic, site: &Site<'_>, reference: &Reference) -> Diagnostic {
    let blamed = &diagnostic.place().part;
    let mut from = reference
        .segments
        .iter()
        .skip_while(|segment| site.at(segment.span).part != *blamed)
        .peekable();
    let indexed = from.peek().is_some() && from.all(|segment| segment.access == Access::Index);
    if diagnostic.severity == Severity::Error && (reference.guarded || indexed) {
        diagnostic.severity = Severity::Warning;
    }
    diagnostic
}

fn of_phase(
    rules: &Rules<'_>,
    action: &Action,
    site: &Site<'_>,
    reference: &Reference,
) -> Option<Diagnostic> {
    let [root, segment, below @ ..] = reference.segments.as_slice() else {
        return (site.moment == Moment::Start).then(|| in_object(site.at(reference.span)));
    };
    if site.moment == Moment::Start {
        return Some(in_object(site.at(root.span)));
    }
    let name = &*segment.name;
    // A name that stands twice means whichever ran last before.
    let Some(index) = action
        .phases
        .iter()
        .rposition(|phase| phase.name.as_str() == name)
    else {
        return Some(unknown_phase(action, site, segment));
    };
    let phase = &action.phases[index];
    let part = below.first().map(|part| &*part.name);
    if let Moment::Phase(reader) = site.moment {
        let early = too_early(action, site, segment, (reader, part));
        if early.is_some() {
            return early;
        }
    }
    of_part(rules, phase, site, (below, format!("`{name}`"))).or_else(|| unsure(site, reference))
}

/// The deferred phase runs after a failure too, and then a phase may have no output.
fn unsure(site: &Site<'_>, reference: &Reference) -> Option<Diagnostic> {
    let [_, phase, part, output, ..] = reference.segments.as_slice() else {
        return None;
    };
    let sure = site.moment != Moment::Defer || &*part.name != "Output" || reference.guarded;
    if sure || output.access == Access::Index {
        return None;
    }
    let instead = format!("index .Phases.{}.Output \"{}\"", phase.name, output.name);
    Some(
        Diagnostic::warning(
            Code::UnsureOutput,
            format!("`{}` may have no output when the deferred phase runs", phase.name),
            site.at(output.span),
            "there only if the phase has ended well",
        )
        .note(
            "the deferred phase runs whatever has happened, and fails itself when it reads what is not there",
        )
        .help(format!(
            "read it with index, which gives an empty value: `{instead}`"
        )),
    )
}

fn of_defer(
    rules: &Rules<'_>,
    action: &Action,
    site: &Site<'_>,
    reference: &Reference,
) -> Option<Diagnostic> {
    let [root, below @ ..] = reference.segments.as_slice() else {
        return None;
    };
    let Some(defer) = &action.defer else {
        return Some(
            Diagnostic::error(
                Code::UnknownPhase,
                format!("action `{}` has no `deferPhase`", action.name),
                site.at(root.span),
                "there is no deferred phase",
            )
            .help("read the outputs of a phase as `.Phases.<name>.Output.<key>`"),
        );
    };
    let part = below.first().map(|part| &*part.name);
    let there = match site.moment {
        Moment::Start | Moment::Phase(_) => false,
        Moment::Defer => part != Some("Output"),
        Moment::End => true,
    };
    if !there {
        return Some(
            Diagnostic::error(
                Code::LaterPhase,
                "the deferred phase has not run when this is rendered",
                site.at(reference.span),
                "not there yet",
            )
            .also(Place::key(defer.pointer.clone()), "it runs after all phases")
            .help("only `outputArtifacts` can read the outputs of the deferred phase"),
        );
    }
    of_part(rules, defer, site, (below, "the deferred phase".to_owned()))
}

/// What is read of a phase that has run.
fn of_part(
    rules: &Rules<'_>,
    phase: &Phase,
    site: &Site<'_>,
    (below, whose): (&[Segment], String),
) -> Option<Diagnostic> {
    let [part, name, ..] = below else { return None };
    match &*part.name {
        "Output" => outputs::unknown(rules.signatures.get(&phase.function), phase, site, (name, whose)),
        "Secrets" => objects::unknown(phase, "Secret", site, (name, whose)),
        "ConfigMaps" => objects::unknown(phase, "ConfigMap", site, (name, whose)),
        _ => None,
    }
}

/// Whether the phase is read before it has run. `reader` is the position of the phase that reads.
fn too_early(
    action: &Action,
    site: &Site<'_>,
    segment: &Segment,
    (reader, part): (usize, Option<&str>),
) -> Option<Diagnostic> {
    let name = &*segment.name;
    let written_before = |at: usize| {
        action.phases[..at]
            .iter()
            .any(|phase| phase.name.as_str() == name)
    };
    if action.phases[reader].name.as_str() == name {
        let own = part.is_some_and(|part| part != "Output") || written_before(reader);
        return (!own).then(|| {
            Diagnostic::error(
                Code::SelfReference,
                format!("`{name}` reads its own output"),
                site.at(segment.span),
                "not there until the phase has ended",
            )
            .help("a phase sees its own `.Secrets` and `.ConfigMaps`, and the outputs of earlier phases")
        });
    }
    // By data flow, and for a phase that says what it depends on, a reference is what orders the two.
    if action.order == Order::Dataflow
        || !action.phases[reader].depends_on.is_empty()
        || written_before(reader)
    {
        return None;
    }
    let later = action.phases[reader..]
        .iter()
        .find(|phase| phase.name.as_str() == name)?;
    Some(
        Diagnostic::error(
            Code::LaterPhase,
            format!("`{name}` runs later than the phase that reads it"),
            site.at(segment.span),
            "has not run yet",
        )
        .also(
            Place::value(later.pointer.key("name")),
            "it is written here, further down",
        )
        .help("move the phase up; phases run in the order in which they are written"),
    )
}

fn unknown_phase(action: &Action, site: &Site<'_>, segment: &Segment) -> Diagnostic {
    let name = &*segment.name;
    let names = || {
        action
            .phases
            .iter()
            .map(|phase| phase.name.as_str())
            .filter(|name| !name.is_empty())
    };
    let place = site.at(segment.span);
    let diagnostic = Diagnostic::error(
        Code::UnknownPhase,
        format!("phase `{name}` does not exist in action `{}`", action.name),
        place.clone(),
        "unknown phase",
    );
    if let Some(defer) = action.defer.as_ref().filter(|defer| defer.name.as_str() == name) {
        return diagnostic
            .also(
                Place::value(defer.pointer.key("name")),
                "this is the deferred phase",
            )
            .help("read the deferred phase as `.DeferPhase`, without its name");
    }
    if let Some(near) = suggest::closest(name, names())
        && let Some(phase) = action.phases.iter().find(|phase| phase.name.as_str() == near)
    {
        return diagnostic
            .also(
                Place::value(phase.pointer.key("name")),
                "the closest phase is declared here",
            )
            .help(format!("did you mean `{near}`?"))
            .patch(place, Site::renamed(segment, near));
    }
    diagnostic.note(format!(
        "phases of action `{}`: {}",
        action.name,
        suggest::list(names())
    ))
}

fn in_object(place: Place) -> Diagnostic {
    Diagnostic::error(
        Code::PhaseInObject,
        "an object reference cannot use what phases show",
        place,
        "no phase has run yet",
    )
    .note("the object references of all phases are rendered when the action starts")
    .help("use `.Object`, `.Options` or `.ArtifactsIn` here, or read the object in the phase itself")
}
