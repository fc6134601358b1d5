//! From what is wrong with a YAML text to what its author can do.
//! Must not know how the text is read.

use std::ops::Range;

use serde_json::Value as Json;

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::pointer::Pointer;

use super::Node;

/// What is wrong where reading stopped. `info` is what the reader says.
pub(super) fn syntax(text: &str, at: usize, info: &str) -> Diagnostic {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let indent = &line[..line.len() - line.trim_start().len()];
    let (span, help) = if indent.contains('\t') {
        (
            line_start..line_start + indent.len(),
            "indent with spaces: YAML does not take tabs there",
        )
    } else {
        let end = text[at..]
            .chars()
            .next()
            .map_or(at, |character| at + character.len_utf8());
        (at..end, help_for(line))
    };
    Diagnostic::error(
        Code::YamlSyntax,
        format!("this is not YAML: {info}"),
        Place::text(span),
        "reading stopped here",
    )
    .help(help)
}

fn help_for(line: &str) -> &'static str {
    let value = line
        .split_once(": ")
        .map_or(line, |(_, value)| value)
        .trim_start();
    if value.starts_with(['@', '`', '%', '*', '&', '!', '|', '>', '{', '}', '[', ']', ',']) {
        "put quotes around a value that begins with a special character"
    } else if value.contains(": ") {
        "put quotes around a value that holds `: `"
    } else {
        "look at the indentation and the quotes of this line and of the one before it"
    }
}

/// A value that begins with `{{` without quotes, on the line where reading stopped or the one before.
pub(super) fn template_before(text: &str, at: usize) -> Option<Range<usize>> {
    let mut line_end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    for _ in 0..2 {
        let line_start = text[..line_end].rfind('\n').map_or(0, |newline| newline + 1);
        let line = &text[line_start..line_end];
        let value = [": {{", "- {{", "[{{", ", {{"]
            .iter()
            .filter_map(|opening| line.find(opening).map(|found| found + opening.len() - 2))
            .min();
        if let Some(value) = value {
            return Some(line_start + value..line_start + line.trim_end().len());
        }
        line_end = line_start.checked_sub(1)?;
    }
    None
}

/// A word that readers of YAML disagree about.
pub(super) fn ambiguous(text: &str, value: &Json, (pointer, span): (&Pointer, &Range<usize>)) -> Diagnostic {
    let place = place(pointer, span.clone());
    Diagnostic::warning(
        Code::AmbiguousScalar,
        format!("`{text}` is {value} to kubectl and something else to other readers of YAML"),
        place.clone(),
        format!("read as {value}"),
    )
    .help(format!(
        "write `{value}` if that is meant, and `\"{text}\"` if the text is meant"
    ))
    .patch(place, value.to_string())
}

/// A number that JSON does not have.
pub(super) fn not_finite(text: &str, (pointer, span): (&Pointer, &Range<usize>)) -> Diagnostic {
    Diagnostic::error(
        Code::InvalidValue,
        format!("`{text}` is a number that JSON, and so Kubernetes, does not have"),
        place(pointer, span.clone()),
        "not a number of JSON",
    )
    .help(format!("write `\"{text}\"` if the text is meant"))
}

fn place(pointer: &Pointer, span: Range<usize>) -> Place {
    Place {
        span: Some(span),
        ..Place::value(pointer.clone())
    }
}

/// A template that YAML takes for a map.
pub(super) fn unquoted_template(written: &str, span: Range<usize>) -> Diagnostic {
    let quoted = if !written.contains('\'') {
        format!("'{written}'")
    } else if !written.contains(['"', '\\']) {
        format!("\"{written}\"")
    } else {
        format!("'{}'", written.replace('\'', "''"))
    };
    let place = Place::text(span);
    Diagnostic::error(
        Code::UnquotedTemplate,
        "a value that begins with a template needs quotes: YAML reads `{` as the start of a map",
        place.clone(),
        "quote this",
    )
    .help(format!("write {quoted}"))
    .patch(place, quoted)
}

/// A key that stands twice.
pub(super) fn duplicate_key(name: &str, pointer: &Pointer, second: &Node, first: &Node) -> Diagnostic {
    let place = |node: &Node| Place {
        span: Some(node.span.clone()),
        ..Place::key(pointer.clone())
    };
    Diagnostic::warning(
        Code::DuplicateKey,
        format!("`{name}` stands twice in the same map; only the last one counts"),
        place(second),
        "this one counts",
    )
    .also(place(first), "this one is ignored")
    .help("remove one of them, or give it another name")
}

/// A key that cannot be one in JSON.
pub(super) fn key_not_text(key: &Json, node: &Node, pointer: &Pointer) -> Diagnostic {
    let kind = match key {
        Json::Null => "null",
        Json::Array(_) => "a list",
        _ => "a map",
    };
    Diagnostic::error(
        Code::WrongType,
        format!("a key must be a text, and this one is {kind}"),
        place(pointer, node.head()),
        "not a text",
    )
    .help("put quotes around the key if it is meant as a text")
}
