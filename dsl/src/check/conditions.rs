//! Conditions of `Wait` and `WaitV2`: texts that are templates of their own kind.

use crate::checked::{Action, Phase, Text, Tree};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::pointer::Pointer;
use crate::signature::{Kind, Rendering, Signature};
use crate::template::{Functions, Template};

use super::Rules;
use super::sites::{Moment, Part, Site};
use super::templates;

/// Reports the conditions of an action that mean nothing.
pub(super) fn check(rules: &mut Rules<'_>, action: &Action) {
    for phase in action.every_phase() {
        let Some(signature) = rules.signatures.get(&phase.function) else {
            continue;
        };
        for (pointer, text) in conditions(phase, signature) {
            rules.diagnostics.extend(match signature.rendering {
                Rendering::Engine => None,
                Rendering::Both => without_path(pointer, text),
                Rendering::Function => does_not_compile(pointer, text),
            });
        }
    }
}

/// The text of each condition and where it stands.
fn conditions<'a>(phase: &'a Phase, signature: &Signature) -> Vec<(Pointer, &'a Text)> {
    let mut found = Vec::new();
    for argument in signature
        .arguments
        .iter()
        .filter(|argument| argument.kind == Kind::Conditions)
    {
        let Some(Tree::Map(groups)) = phase.arguments.get(argument.name) else {
            continue;
        };
        let below = phase.pointer.key("args").key(argument.name);
        for (group, entries) in groups {
            let Tree::List(entries) = entries else { continue };
            for (at, entry) in entries.iter().enumerate() {
                let Tree::Map(fields) = entry else { continue };
                found.extend(fields.iter().filter_map(|(field, value)| match value {
                    Tree::Text(text) if field.written.eq_ignore_ascii_case("condition") => {
                        Some((below.key(&group.written).index(at).key(&field.written), text))
                    }
                    _ => None,
                }));
            }
        }
    }
    found
}

/// `Wait` replaces `{$.path}` by what stands there; without the braces the text is only a text, and true.
fn without_path(pointer: Pointer, text: &Text) -> Option<Diagnostic> {
    let written = &text.written;
    let mut braces = written
        .match_indices('{')
        .map(|(at, _)| written[at + 1..].trim_start_matches([' ', '\t']));
    if braces.any(|after| after.starts_with('$') && !after.starts_with("$ ") && after.contains('}')) {
        return None;
    }
    let bare = written.find("$.").or_else(|| written.find("$["));
    let place = match bare {
        Some(at) => Place::bytes(pointer, at..path_end(written, at)),
        None => Place::value(pointer),
    };
    let diagnostic = Diagnostic::warning(
        Code::ConditionWithoutPath,
        "this condition looks at nothing of the object",
        place.clone(),
        if bare.is_some() {
            "only a text without braces around it"
        } else {
            "no `{$.…}` in it"
        },
    )
    .note("`Wait` replaces `{$.path}` by what the object has there; everything else stays as it is written");
    Some(match bare {
        Some(at) => {
            let path = &written[at..path_end(written, at)];
            diagnostic.help(format!("write `{{{path}}}`")).patch(place, format!("{{{path}}}"))
        }
        None => diagnostic
            .help("write a condition such as `{{ if eq \"{$.status.phase}\" \"Ready\" }}true{{ else }}false{{ end }}`"),
    })
}

fn path_end(text: &str, start: usize) -> usize {
    let end =
        text[start..].find(|character: char| character.is_whitespace() || "\"'`)}|".contains(character));
    end.map_or(text.len(), |end| start + end)
}

/// `WaitV2` renders the condition on the object; one that does not compile is never true, and Kanister waits
/// for it until the time is up.
fn does_not_compile(pointer: Pointer, text: &Text) -> Option<Diagnostic> {
    let error = Template::compile(&text.written, Functions::Printer).err()?;
    let site = Site::new(pointer, text, Moment::Start, Part::Argument(""));
    Some(templates::not_compiled(&site, &error, Functions::Printer))
}
