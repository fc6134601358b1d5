//! What an action says that it needs: `inputArtifactNames`, `secretNames` and `configMapNames` against what its
//! templates read. Kanister never looks at the lists, so nothing here is more than a warning.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::parsed::{Action, Parsed};
use crate::suggest;
use crate::template::{Reference, Segment};

use super::Rules;
use super::sites::Site;

/// The lists, by the root that reads what they name.
const LISTS: [(&str, &str, &str); 3] = [
    ("ArtifactsIn", "inputArtifactNames", "artifact"),
    ("Secrets", "secretNames", "Secret"),
    ("ConfigMaps", "configMapNames", "ConfigMap"),
];

/// Reports what an action's templates read and the action does not list, once for each name.
pub(super) fn check(rules: &mut Rules<'_>, action: &Action, sites: &[Site<'_>]) {
    let mut told = BTreeSet::new();
    for site in sites {
        for reference in &site.references {
            let Some(&(root, list, what)) = LISTS.iter().find(|(root, ..)| reference.root() == Some(root))
            else {
                continue;
            };
            let Some(name) = reference.segments.get(1) else {
                continue;
            };
            if root == "ArtifactsIn" {
                rules
                    .diagnostics
                    .extend(unknown_key(rules.parsed, site, reference));
            }
            let listed = listed(action, list);
            if !listed.iter().any(|listed| listed == &*name.name)
                && told.insert((root, name.name.to_string()))
            {
                rules
                    .diagnostics
                    .push(not_listed(action, site, name, (list, what)));
            }
        }
    }
}

fn listed<'a>(action: &'a Action, list: &str) -> &'a [String] {
    let names = match list {
        "inputArtifactNames" => &action.input_artifact_names,
        "secretNames" => &action.secret_names,
        _ => &action.config_map_names,
    };
    names.as_deref().unwrap_or_default()
}

fn not_listed(
    action: &Action,
    site: &Site<'_>,
    segment: &Segment,
    (list, what): (&'static str, &'static str),
) -> Diagnostic {
    let name = &*segment.name;
    let place = site.at(segment.span);
    let names = || listed(action, list).iter().map(String::as_str);
    let diagnostic = Diagnostic::warning(
        Code::UnlistedInput,
        format!("{what} `{name}` is not in the action's `{list}`"),
        place.clone(),
        "read here",
    );
    let diagnostic = match names().next() {
        Some(_) => diagnostic.also(
            Place::key(action.pointer.key(list)),
            format!("lists {}", suggest::list(names())),
        ),
        None => diagnostic,
    };
    match suggest::closest(name, names()) {
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`?"))
            .patch(place, Site::renamed(segment, near)),
        None => diagnostic.help(format!(
            "add `{name}` to `{list}`, so that people see what the action needs"
        )),
    }
}

/// A key of an input artifact that no action of this blueprint writes into an artifact of that name.
fn unknown_key(parsed: &Parsed, site: &Site<'_>, reference: &Reference) -> Option<Diagnostic> {
    let [_, artifact, part, key, ..] = reference.segments.as_slice() else {
        return None;
    };
    if &*part.name != "KeyValue" {
        return None;
    }
    let writers: Vec<_> = parsed
        .actions
        .values()
        .flat_map(|action| action.output_artifacts.iter().flatten())
        .filter(|(name, _)| name.as_str() == &*artifact.name)
        .map(|(_, artifact)| artifact)
        .collect();
    let keys = || {
        writers
            .iter()
            .flat_map(|artifact| artifact.key_value.iter().flatten().map(|(key, _)| key.as_str()))
    };
    let first = writers.first()?;
    if keys().any(|written| written == &*key.name) {
        return None;
    }
    let place = site.at(key.span);
    let diagnostic = Diagnostic::warning(
        Code::UnknownArtifactKey,
        format!(
            "no action of this blueprint writes `{}` into artifact `{}`",
            key.name, artifact.name
        ),
        place.clone(),
        "unknown key",
    )
    .also(
        Place::key(first.pointer.clone()),
        format!("the artifact has {}", suggest::list(keys())),
    );
    Some(match suggest::closest(&key.name, keys()) {
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`?"))
            .patch(place, Site::renamed(key, near)),
        None => diagnostic.help("write the key where the artifact is made, or read one that is there"),
    })
}
