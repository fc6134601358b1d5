//! Writes YAML that every reader reads alike: kubectl (YAML 1.1) and readers of YAML 1.2.
//!
//! `serde_yaml` quotes for 1.2 only, where `yes` is a text. Must not know what is written.

use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::source::is_plain_text;

/// What is written; maps keep their order.
#[derive(Debug)]
pub(super) enum Node {
    Scalar(Json),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

/// Writes `node` as one document.
pub(super) fn write(node: &Node) -> String {
    let mut writer = Writer { text: String::new() };
    writer.block(node, 0);
    writer.text
}

struct Writer {
    text: String,
}

impl Writer {
    /// Writes a value at the beginning of a line or after `- `, and ends the line.
    fn block(&mut self, node: &Node, indent: usize) {
        match node {
            Node::Scalar(value) => self.scalar(value, indent),
            Node::List(items) if items.is_empty() => self.text.push_str("[]\n"),
            Node::Map(members) if members.is_empty() => self.text.push_str("{}\n"),
            Node::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.start(at, indent);
                    self.text.push_str("- ");
                    self.block(item, indent + 2);
                }
            }
            Node::Map(members) => {
                for (at, (key, value)) in members.iter().enumerate() {
                    self.start(at, indent);
                    self.text.push_str(&one_line(key));
                    self.text.push(':');
                    self.member(value, indent);
                }
            }
        }
    }

    /// The first line of a block has been begun already.
    fn start(&mut self, at: usize, indent: usize) {
        if at > 0 {
            self.indent(indent);
        }
    }

    fn indent(&mut self, indent: usize) {
        self.text.extend(std::iter::repeat_n(' ', indent));
    }

    /// Writes the value of a key. Lists stand in the column of their key, as Kubernetes writes them.
    fn member(&mut self, node: &Node, indent: usize) {
        let below = match node {
            Node::List(items) if !items.is_empty() => Some(indent),
            Node::Map(members) if !members.is_empty() => Some(indent + 2),
            Node::Scalar(_) | Node::List(_) | Node::Map(_) => None,
        };
        if let Some(below) = below {
            self.text.push('\n');
            self.indent(below);
            self.block(node, below);
        } else {
            self.text.push(' ');
            self.block(node, indent + 2);
        }
    }

    fn scalar(&mut self, value: &Json, indent: usize) {
        match value {
            Json::String(text) if is_literal(text) => self.literal(text, indent),
            Json::String(text) => {
                self.text.push_str(&one_line(text));
                self.text.push('\n');
            }
            other => {
                self.text.push_str(&other.to_string());
                self.text.push('\n');
            }
        }
    }

    fn literal(&mut self, text: &str, indent: usize) {
        let without_last = text.strip_suffix('\n');
        self.text.push_str(match without_last {
            None => "|-\n",
            Some(rest) if rest.ends_with('\n') => "|+\n",
            Some(_) => "|\n",
        });
        for line in without_last.unwrap_or(text).split('\n') {
            if !line.is_empty() {
                self.indent(indent.max(2));
                self.text.push_str(line);
            }
            self.text.push('\n');
        }
    }
}

/// Whether a text can stand as a block under `|`.
fn is_literal(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && text
            .chars()
            .all(|character| character == '\n' || is_printable(character))
}

/// A text on one line: plain where that is safe, in quotes otherwise.
fn one_line(text: &str) -> String {
    if is_safe(text) {
        return text.to_owned();
    }
    if text.chars().all(is_printable) && (!text.contains('\'') || text.contains(['"', '\\'])) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            printable if is_printable(printable) => quoted.push(printable),
            other => write!(quoted, "\\U{:08x}", u32::from(other)).expect("writing to a string cannot fail"),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a text can stand without quotes and is a text to every reader.
fn is_safe(text: &str) -> bool {
    // A dash begins a list only when a space follows, and a document only when two more do.
    let after_dash = text
        .strip_prefix("--")
        .or_else(|| text.strip_prefix('-'))
        .unwrap_or(text);
    let first =
        after_dash.starts_with(|first: char| first.is_ascii_alphanumeric() || matches!(first, '/' | '_'));
    let rest = text
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || " _-./:,=+@%()$".contains(character));
    first && rest && !text.ends_with([' ', ':']) && !text.contains(": ") && is_plain_text(text)
}

/// Whether a character may stand in quotes and blocks as it is.
fn is_printable(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}
