//! From a source to what was written in it, with everything that does not fit.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::name::{ActionName, ArtifactName, FunctionName, PhaseName};
use crate::pointer::Pointer;
use crate::source::Source;
use crate::suggest;

use super::duration::parse_duration;
use super::fields::{Fields, wrong_type};
use super::{Action, Artifact, ObjectReference, OnInterrupt, Order, Parsed, Phase, Retry};

/// Reads a blueprint and reports every part of it that is not one.
///
/// There is no result only when the value is no map at all; otherwise what does not fit is left out.
pub fn parse(source: &Source) -> (Option<Parsed>, Vec<Diagnostic>) {
    let mut diagnostics = source.diagnostics().to_vec();
    let parsed = blueprint(source.value(), &mut diagnostics);
    let diagnostics = diagnostics
        .into_iter()
        .map(|diagnostic| source.locate(diagnostic))
        .collect();
    (parsed, diagnostics)
}

fn blueprint(value: &Json, diagnostics: &mut Vec<Diagnostic>) -> Option<Parsed> {
    let mut fields = Fields::of("a blueprint", value, &Pointer::root(), diagnostics)?;
    let api_version = fields.text("apiVersion");
    let kind = fields.text("kind");
    check_type(
        &mut fields,
        "apiVersion",
        api_version.as_deref(),
        "cr.kanister.io/v1alpha1",
    );
    check_type(&mut fields, "kind", kind.as_deref(), "Blueprint");
    let metadata = fields.map("metadata").map(|(members, _)| members.clone());
    let mut actions = BTreeMap::new();
    match fields.map("actions") {
        Some((members, pointer)) => {
            for (name, value) in members {
                if let Some(action) = action(value, &pointer.key(name), fields.diagnostics()) {
                    actions.insert(ActionName::from(name.as_str()), action);
                }
            }
        }
        None => {
            if value.get("actions").is_none_or(Json::is_null) {
                let missing = missing("a blueprint", "actions", fields.pointer());
                let help = if value.get("spec").is_some() {
                    "a blueprint has no `spec`: `actions` stands beside `metadata`"
                } else {
                    "add `actions:` with at least one action, such as `backup:`"
                };
                fields.diagnostics().push(missing.help(help));
            }
        }
    }
    fields.finish();
    Some(Parsed {
        api_version,
        kind,
        metadata,
        actions,
    })
}

/// Whether `apiVersion` or `kind` say that this is a blueprint.
fn check_type(fields: &mut Fields<'_>, field: &'static str, found: Option<&str>, wanted: &str) {
    let pointer = fields.pointer().key(field);
    match found {
        Some(found) if found == wanted => {}
        Some(found) => {
            let place = Place::value(pointer);
            fields.diagnostics().push(
                Diagnostic::error(
                    Code::NotABlueprint,
                    format!("`{field}` of a blueprint is `{wanted}`, not `{found}`"),
                    place.clone(),
                    "the cluster will not take it for a blueprint",
                )
                .help(format!("write `{field}: {wanted}`"))
                .patch(place, wanted),
            );
        }
        None => {
            let missing = missing("a blueprint", field, fields.pointer());
            fields
                .diagnostics()
                .push(missing.help(format!("add `{field}: {wanted}`")));
        }
    }
}

fn action(value: &Json, pointer: &Pointer, diagnostics: &mut Vec<Diagnostic>) -> Option<Action> {
    let mut fields = Fields::of("an action", value, pointer, diagnostics)?;
    let name = fields.text("name");
    let kind = fields.text("kind");
    let config_map_names = fields.texts("configMapNames");
    let secret_names = fields.texts("secretNames");
    let input_artifact_names = fields.texts("inputArtifactNames");
    let output_artifacts = fields.map("outputArtifacts").map(|(members, pointer)| {
        members
            .iter()
            .filter_map(|(name, value)| {
                let artifact = artifact(value, &pointer.key(name), fields.diagnostics())?;
                Some((ArtifactName::from(name.as_str()), artifact))
            })
            .collect()
    });
    let phases = fields.list("phases").map(|items| {
        items
            .into_iter()
            .filter_map(|(value, pointer)| phase(value, &pointer, fields.diagnostics()))
            .collect()
    });
    let defer_phase = fields
        .value("deferPhase")
        .and_then(|(value, pointer)| phase(value, &pointer, fields.diagnostics()));
    let order = choice(
        &mut fields,
        "order",
        &[("sequential", Order::Sequential), ("dataflow", Order::Dataflow)],
    );
    fields.finish();
    Some(Action {
        pointer: pointer.clone(),
        name,
        kind,
        config_map_names,
        secret_names,
        input_artifact_names,
        output_artifacts,
        phases,
        defer_phase,
        order,
    })
}

fn artifact(value: &Json, pointer: &Pointer, diagnostics: &mut Vec<Diagnostic>) -> Option<Artifact> {
    let mut fields = Fields::of("an output artifact", value, pointer, diagnostics)?;
    let key_value = fields.text_map("keyValue");
    let kopia_snapshot = fields.text("kopiaSnapshot");
    fields.finish();
    Some(Artifact {
        pointer: pointer.clone(),
        key_value,
        kopia_snapshot,
    })
}

fn phase(value: &Json, pointer: &Pointer, diagnostics: &mut Vec<Diagnostic>) -> Option<Phase> {
    let mut fields = Fields::of("a phase", value, pointer, diagnostics)?;
    let function = fields.text("func").map(FunctionName::from);
    let name = fields.text("name").map(PhaseName::from);
    let objects = fields.map("objects").map(|(members, pointer)| {
        members
            .iter()
            .filter_map(|(name, value)| {
                Some((
                    name.clone(),
                    object(value, &pointer.key(name), fields.diagnostics())?,
                ))
            })
            .collect()
    });
    let arguments = fields.map("args").map(|(members, _)| members.clone());
    let depends_on = fields
        .texts("dependsOn")
        .map(|names| names.into_iter().map(PhaseName::from).collect::<Vec<_>>());
    let condition = fields.text("if");
    let for_each = fields.value("forEach").map(|(value, _)| value.clone());
    let retry = fields
        .value("retry")
        .and_then(|(value, pointer)| retry(value, &pointer, fields.diagnostics()));
    let timeout = duration(&mut fields, "timeout");
    let on_interrupt = choice(
        &mut fields,
        "onInterrupt",
        &[("rerun", OnInterrupt::Rerun), ("fail", OnInterrupt::Fail)],
    );
    if function.is_none() && value.get("func").is_none_or(Json::is_null) {
        let missing = missing("a phase", "func", pointer);
        fields
            .diagnostics()
            .push(missing.help("add `func:` with the function that the phase calls"));
    }
    fields.finish();
    Some(Phase {
        pointer: pointer.clone(),
        name,
        function,
        objects,
        arguments,
        depends_on,
        condition,
        for_each,
        retry,
        timeout,
        on_interrupt,
    })
}

fn object(value: &Json, pointer: &Pointer, diagnostics: &mut Vec<Diagnostic>) -> Option<ObjectReference> {
    let mut fields = Fields::of("an object reference", value, pointer, diagnostics)?;
    let reference = ObjectReference {
        pointer: pointer.clone(),
        api_version: fields.text("apiVersion"),
        group: fields.text("group"),
        resource: fields.text("resource"),
        kind: fields.text("kind"),
        name: fields.text("name"),
        namespace: fields.text("namespace"),
    };
    fields.finish();
    Some(reference)
}

fn retry(value: &Json, pointer: &Pointer, diagnostics: &mut Vec<Diagnostic>) -> Option<Retry> {
    let mut fields = Fields::of("`retry`", value, pointer, diagnostics)?;
    let attempts = fields.value("attempts").and_then(|(value, pointer)| {
        let attempts = value
            .as_u64()
            .and_then(|attempts| u32::try_from(attempts).ok())
            .filter(|&n| n > 0);
        if attempts.is_none() {
            let diagnostic = wrong_type("`attempts`", "a whole number of at least 1", value, pointer);
            fields
                .diagnostics()
                .push(diagnostic.help("write how often it is tried in all, such as `attempts: 3`"));
        }
        attempts
    });
    let backoff = duration(&mut fields, "backoff");
    fields.finish();
    Some(Retry { attempts, backoff })
}

fn duration(fields: &mut Fields<'_>, field: &'static str) -> Option<Duration> {
    let (value, pointer) = fields.value(field)?;
    let duration = value.as_str().and_then(parse_duration);
    if duration.is_none() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        fields.diagnostics().push(
            Diagnostic::error(
                Code::InvalidValue,
                format!("`{field}` is a duration such as `1m30s`, not `{text}`"),
                Place::value(pointer),
                "not a duration",
            )
            .help("write numbers with the units `h`, `m`, `s` and `ms`, as in `1h30m` or `90s`"),
        );
    }
    duration
}

fn choice<T: Copy>(fields: &mut Fields<'_>, field: &'static str, choices: &[(&'static str, T)]) -> Option<T> {
    let text = fields.text(field)?;
    let chosen = choices
        .iter()
        .find(|(name, _)| *name == text)
        .map(|&(_, value)| value);
    if chosen.is_none() {
        let place = Place::value(fields.pointer().key(field));
        let names = || choices.iter().map(|&(name, _)| name);
        let mut diagnostic = Diagnostic::error(
            Code::InvalidValue,
            format!("`{field}` does not take `{text}`"),
            place.clone(),
            "unknown value",
        )
        .note(format!("values of `{field}`: {}", suggest::list(names())));
        if let Some(near) = suggest::closest(&text, names()) {
            diagnostic = diagnostic
                .help(format!("did you mean `{near}`?"))
                .patch(place, near);
        }
        fields.diagnostics().push(diagnostic);
    }
    chosen
}

fn missing(what: &str, field: &str, pointer: &Pointer) -> Diagnostic {
    Diagnostic::error(
        Code::MissingField,
        format!("{what} needs `{field}`"),
        Place::value(pointer.clone()),
        format!("`{field}` is missing"),
    )
}
