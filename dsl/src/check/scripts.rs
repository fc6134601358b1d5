//! What a phase's arguments do that nobody wants: a password that everyone knows, a pipe that hides failures.

use crate::checked::{Action, Phase, Tree};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::pointer::Pointer;

use super::Rules;

/// Reports what the phases of an action do by accident.
pub(super) fn check(rules: &mut Rules<'_>, action: &Action) {
    for phase in action.every_phase() {
        rules.diagnostics.extend(public_password(rules, phase));
        let below = phase.pointer.key("args");
        for (name, tree) in &phase.arguments {
            rules.diagnostics.extend(unguarded_push(tree, &below.key(name)));
        }
    }
}

/// A repository that is encrypted with the password that every installation of Kanister has.
fn public_password(rules: &Rules<'_>, phase: &Phase) -> Option<Diagnostic> {
    let signature = rules.signatures.get(&phase.function)?;
    let takes = signature
        .arguments
        .iter()
        .any(|argument| argument.name == "encryptionKey");
    let given = phase.arguments.contains_key("encryptionKey");
    (takes && !given).then(|| {
        Diagnostic::warning(
            Code::PublicPassword,
            "the repository is encrypted with a password that everyone knows",
            Place::value(phase.pointer.key("func")),
            "no `encryptionKey`",
        )
        .note("without `encryptionKey` the password is a constant of Kanister's, the same in every installation")
        .help("add `encryptionKey`, read from a Secret under the phase's `objects`")
    })
}

/// `dump | kando location push`: without `pipefail` a dump that breaks off is stored as if it were whole.
fn unguarded_push(tree: &Tree, pointer: &Pointer) -> Vec<Diagnostic> {
    let mut texts = Vec::new();
    collect(tree, pointer, &mut texts);
    if texts.iter().any(|(_, text)| text.contains("pipefail")) {
        return Vec::new();
    }
    texts
        .iter()
        .filter_map(|(pointer, text)| push_in(pointer, text))
        .collect()
}

fn push_in(pointer: &Pointer, text: &str) -> Option<Diagnostic> {
    let (pipe, end) = text.match_indices("kando").find_map(|(at, _)| {
        let before = text[..at].trim_end_matches([' ', '\t', '\n', '\\']);
        let pipe = before
            .strip_suffix('|')
            .filter(|before| !before.ends_with('|'))?
            .len();
        let words: Vec<&str> = text[at..].split_whitespace().take(3).collect();
        let end = at + text[at..].find("push")? + "push".len();
        (words == ["kando", "location", "push"]).then_some((pipe, end))
    })?;
    Some(
        Diagnostic::warning(
            Code::NoPipefail,
            "a dump that breaks off is stored as if it were whole",
            Place::bytes(pointer.clone(), pipe..end),
            "the failure of what stands before this pipe is lost",
        )
        .note("a shell takes the exit code of the last command of a pipe, and the push succeeds")
        .help("run the script with `bash -o errexit -o pipefail -c`, or begin it with `set -o pipefail`"),
    )
}

fn collect<'a>(tree: &'a Tree, pointer: &Pointer, texts: &mut Vec<(Pointer, &'a str)>) {
    match tree {
        Tree::Scalar(_) => {}
        Tree::Text(text) => texts.push((pointer.clone(), &text.written)),
        Tree::List(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(item, &pointer.index(at), texts);
            }
        }
        Tree::Map(members) => {
            for (key, value) in members {
                collect(value, &pointer.key(&key.written), texts);
            }
        }
    }
}
