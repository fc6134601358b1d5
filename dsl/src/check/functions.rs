//! Functions by name, and arguments against the functions' signatures.

use serde_json::Value as Json;

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::name::FunctionName;
use crate::parsed::Phase;
use crate::pointer::Pointer;
use crate::signature::{Argument, Kind, Signature};
use crate::suggest;

use super::literals;
use super::{Mode, Rules};

/// Reports functions that do not exist and arguments that they do not take.
pub(super) fn check(rules: &mut Rules<'_>) {
    for action in rules.parsed.actions.values() {
        for phase in action.every_phase() {
            let Some(function) = &phase.function else { continue };
            if let Some(signature) = rules.signatures.get(function) {
                arguments(rules, phase, signature);
            } else {
                let diagnostic = unknown_function(rules, phase, function);
                rules.report(diagnostic);
            }
        }
    }
}

fn unknown_function(rules: &Rules<'_>, phase: &Phase, function: &FunctionName) -> Diagnostic {
    let place = Place::value(phase.pointer.key("func"));
    let names = || {
        rules
            .signatures
            .iter()
            .map(|signature| signature.function.as_str())
    };
    let diagnostic = Diagnostic::error(
        Code::UnknownFunction,
        format!("there is no function `{function}`"),
        place.clone(),
        "unknown function",
    );
    match suggest::closest(function.as_str(), names()) {
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`?"))
            .patch(place, near),
        None => diagnostic.note(format!("functions: {}", suggest::list(names()))),
    }
}

fn arguments(rules: &mut Rules<'_>, phase: &Phase, signature: &Signature) {
    let below = phase.pointer.key("args");
    for (name, value) in phase.arguments.iter().flatten() {
        let pointer = below.key(name);
        match signature.arguments.iter().find(|argument| argument.name == name) {
            Some(argument) => {
                if argument.extension && rules.mode == Mode::Kanister {
                    rules.report(not_portable(signature, argument, Place::key(pointer.clone())));
                }
                rules
                    .diagnostics
                    .extend(wrong_type(signature, argument, value, &pointer));
            }
            None => rules.report(unknown_argument(signature, name, Place::key(pointer))),
        }
    }
    let given = |name: &str| phase.arguments.iter().flatten().any(|(given, _)| given == name);
    let missing: Vec<&Argument> = signature
        .arguments
        .iter()
        .filter(|argument| argument.required && !given(argument.name))
        .collect();
    if missing.is_empty() {
        return;
    }
    let names = suggest::list(missing.iter().map(|argument| argument.name));
    let place = if phase.arguments.is_some() {
        Place::key(below)
    } else {
        Place::value(phase.pointer.key("func"))
    };
    let mut diagnostic = Diagnostic::error(
        Code::MissingArgument,
        format!("`{}` needs {names}", signature.function),
        place,
        if missing.len() == 1 {
            "an argument is missing"
        } else {
            "arguments are missing"
        },
    );
    for argument in missing {
        diagnostic = diagnostic.note(format!("`{}`: {}", argument.name, argument.summary));
    }
    rules.report(diagnostic.help(format!("add {names} under `args`")));
}

fn unknown_argument(signature: &Signature, name: &str, place: Place) -> Diagnostic {
    let names = || signature.arguments.iter().map(|argument| argument.name);
    let diagnostic = Diagnostic::error(
        Code::UnknownArgument,
        format!("`{}` has no argument `{name}`", signature.function),
        place.clone(),
        "the phase fails before it starts",
    )
    .note(format!(
        "arguments of `{}`: {}",
        signature.function,
        suggest::list(names())
    ));
    match suggest::closest(name, names()) {
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`?"))
            .patch(place, near),
        None => diagnostic.help(format!("remove `{name}`")),
    }
}

fn not_portable(signature: &Signature, argument: &Argument, place: Place) -> Diagnostic {
    let name = argument.name;
    Diagnostic::error(
        Code::NotPortable,
        format!("Kanister's `{}` has no argument `{name}`", signature.function),
        place,
        "an extension of mainstay",
    )
    .note("Kanister refuses the phase before it starts")
    .help(format!(
        "remove `{name}`, or check without `--kanister` if only mainstay runs this blueprint"
    ))
}

fn wrong_type(
    signature: &Signature,
    argument: &Argument,
    value: &Json,
    pointer: &Pointer,
) -> Option<Diagnostic> {
    let misfit = literals::misfit(argument.kind, value)?;
    let part = if misfit.pointer == Pointer::root() {
        ""
    } else {
        " (a part of it)"
    };
    let diagnostic = Diagnostic::error(
        Code::WrongArgumentType,
        format!(
            "`{}`{part} of `{}` must be {}, and this is {}",
            argument.name, signature.function, misfit.wanted, misfit.found
        ),
        Place::value(pointer.join(&misfit.pointer)),
        format!("expected {}", misfit.wanted),
    );
    Some(
        diagnostic
            .note(format!("`{}`: {}", argument.name, argument.summary))
            .help(format!("write it like this: `{}`", example(argument))),
    )
}

/// An argument as it could stand in a blueprint.
fn example(argument: &Argument) -> String {
    let value = match argument.kind {
        Kind::Text | Kind::Any => "text",
        Kind::Integer => "1",
        Kind::Boolean => "true",
        Kind::Duration => "1m30s",
        Kind::TextList => "[first, second]",
        Kind::TextMap => "{key: text}",
        Kind::ObjectReference => "{apiVersion: v1, resource: pods, name: database-0, namespace: default}",
        Kind::Conditions => "{anyOf: [{condition: …, objectReference: {…}}]}",
        Kind::PodOverride => "{nodeSelector: {disk: fast}}",
        Kind::Manifest => "|",
    };
    format!("{}: {value}", argument.name)
}
