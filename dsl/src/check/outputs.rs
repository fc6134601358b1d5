//! What a phase shows: outputs of built-in functions are known, those of scripts are looked for in the script.

use std::collections::BTreeSet;

use crate::checked::{Phase, Tree};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::signature::{Outputs, Signature};
use crate::suggest;
use crate::template::Segment;

use super::sites::Site;

/// Reports an output that the phase does not make. `whose` names the phase in messages.
pub(super) fn unknown(
    signature: Option<&Signature>,
    phase: &Phase,
    site: &Site<'_>,
    (segment, whose): (&Segment, String),
) -> Option<Diagnostic> {
    let signature = signature?;
    let name = &*segment.name;
    match &signature.outputs {
        Outputs::None => Some(
            Diagnostic::error(
                Code::UnknownOutput,
                format!("{whose} has no outputs"),
                site.at(segment.span),
                "never there",
            )
            .also(
                Place::value(phase.pointer.key("func")),
                format!("`{}` makes none", signature.function),
            )
            .help("read something else, or do without"),
        ),
        Outputs::Known(outputs) => {
            let names = || outputs.iter().map(|output| output.name);
            (!names().any(|known| known == name)).then(|| {
                let message = format!("`{}` has no output `{name}`", signature.function);
                not_among(Diagnostic::error, message, site, (segment, names().collect())).also(
                    Place::value(phase.pointer.key("func")),
                    "the function is called here",
                )
            })
        }
        Outputs::Script => {
            let made = made_by_script(phase)?;
            (!made.contains(name)).then(|| {
                let message = format!("the script of {whose} does not seem to make the output `{name}`");
                not_among(
                    Diagnostic::hint,
                    message,
                    site,
                    (segment, made.iter().map(String::as_str).collect()),
                )
            })
        }
    }
}

fn not_among(
    level: fn(Code, String, Place, &'static str) -> Diagnostic,
    message: String,
    site: &Site<'_>,
    (segment, names): (&Segment, Vec<&str>),
) -> Diagnostic {
    let place = site.at(segment.span);
    let diagnostic = level(Code::UnknownOutput, message, place.clone(), "unknown output")
        .note(format!("outputs: {}", suggest::list(names.iter().copied())));
    match suggest::closest(&segment.name, names.iter().copied()) {
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`?"))
            .patch(place, Site::renamed(segment, near)),
        None => diagnostic,
    }
}

/// The outputs that the phase's script names literally; nothing when some may be made in another way.
fn made_by_script(phase: &Phase) -> Option<BTreeSet<String>> {
    let mut made = BTreeSet::new();
    let mut complete = true;
    for tree in phase.arguments.values() {
        outputs_in(tree, &mut made, &mut complete);
    }
    (complete && !made.is_empty()).then_some(made)
}

fn outputs_in(tree: &Tree, made: &mut BTreeSet<String>, complete: &mut bool) {
    match tree {
        Tree::Scalar(_) => {}
        Tree::List(items) => items.iter().for_each(|item| outputs_in(item, made, complete)),
        Tree::Map(members) => members
            .iter()
            .for_each(|(_, value)| outputs_in(value, made, complete)),
        Tree::Text(text) => {
            *complete &= !text.written.contains("Phase-output");
            let words: Vec<&str> = text.written.split_whitespace().collect();
            for (at, pair) in words.windows(3).enumerate() {
                match pair {
                    ["kando", "output", name] => *complete &= add(name, made),
                    ["kando", "location", "push"] => *complete &= add(output_name(&words[at..]), made),
                    _ => {}
                }
            }
        }
    }
}

/// The output that a push makes of its snapshot.
fn output_name<'a>(words: &[&'a str]) -> &'a str {
    words
        .iter()
        .zip(words.iter().skip(1))
        .find_map(|(flag, value)| match *flag {
            "-o" | "--output-name" => Some(*value),
            flag => flag.strip_prefix("--output-name="),
        })
        .unwrap_or("kandoOutput")
}

/// Whether the name is one that the text tells.
fn add(name: &str, made: &mut BTreeSet<String>) -> bool {
    let name = name.trim_matches(['\'', '"']);
    let literal = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if literal {
        made.insert(name.to_owned());
    }
    literal
}
