//! Literal arguments against the type they are decoded to, with Kanister's leniencies: what a phase would
//! fail on for certain, and nothing else.
//! Must not know which function the argument is for.

use serde_json::Value as Json;

use crate::parsed::{describe, parse_duration};
use crate::pointer::Pointer;
use crate::signature::Kind;

/// Why a value cannot be decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    /// The part that does not fit, relative to the argument.
    pub(super) pointer: Pointer,
    /// What the argument (or its part) must be.
    pub(super) wanted: &'static str,
    /// What it is.
    pub(super) found: String,
}

/// The first part of `value` that cannot be decoded as `wanted`.
///
/// A text with a template may become any text, so only its being a text counts.
pub(super) fn misfit(wanted: Kind, value: &Json) -> Option<Misfit> {
    if value.is_null() {
        // Absent to some clients and a crash to Kanister; reported by the rule about null.
        return None;
    }
    match wanted {
        Kind::Any => None,
        Kind::Text => text(value, "a text"),
        Kind::Manifest => text(value, "a manifest as one text (`|` and indented YAML)"),
        Kind::Integer => scalar(value, "a whole number", is_integer),
        Kind::Boolean => scalar(value, "`true` or `false`", is_boolean),
        Kind::Duration => duration(value),
        Kind::TextList => text_list(value),
        Kind::TextMap => map(value, "a map from text to text", |value| text(value, "a text")),
        Kind::ObjectReference => map(value, "an object reference (a map)", |value| {
            text(value, "a text")
        }),
        Kind::PodOverride => map(value, "a part of a pod's specification (a map)", |_| None),
        Kind::Conditions => map(value, "a map with `anyOf` or `allOf`", |value| match value {
            Json::Array(_) | Json::Null => None,
            other => Some(Misfit::whole("a list of conditions", other)),
        }),
    }
}

impl Misfit {
    fn whole(wanted: &'static str, value: &Json) -> Self {
        Self {
            pointer: Pointer::root(),
            wanted,
            found: describe(value),
        }
    }

    fn below(mut self, pointer: &Pointer) -> Self {
        self.pointer = pointer.join(&self.pointer);
        self
    }
}

fn text(value: &Json, wanted: &'static str) -> Option<Misfit> {
    matches!(value, Json::Array(_) | Json::Object(_)).then(|| Misfit::whole(wanted, value))
}

/// A scalar that is decoded weakly: truth values and numbers fit each other, texts when `fits` says so.
fn scalar(value: &Json, wanted: &'static str, fits: fn(&str) -> bool) -> Option<Misfit> {
    let decodable = match value {
        Json::String(text) => text.contains("{{") || fits(text),
        Json::Number(_) | Json::Bool(_) => true,
        Json::Null | Json::Array(_) | Json::Object(_) => false,
    };
    (!decodable).then(|| Misfit::whole(wanted, value))
}

fn duration(value: &Json) -> Option<Misfit> {
    let decodable = match value {
        Json::String(text) => text.contains("{{") || parse_duration(text.trim_start_matches('-')).is_some(),
        _ => false,
    };
    (!decodable).then(|| Misfit::whole("a duration such as `1m30s`", value))
}

fn text_list(value: &Json) -> Option<Misfit> {
    let wanted = "a list of texts";
    match value {
        Json::Array(items) => items.iter().enumerate().find_map(|(at, item)| {
            text(item, "a text").map(|misfit| misfit.below(&Pointer::root().index(at)))
        }),
        Json::Object(members) if members.is_empty() => None,
        Json::Object(_) => Some(Misfit::whole(wanted, value)),
        _ => None,
    }
}

/// A map, or a list of maps, which are merged.
fn map(value: &Json, wanted: &'static str, member: fn(&Json) -> Option<Misfit>) -> Option<Misfit> {
    match value {
        Json::Object(members) => members
            .iter()
            .find_map(|(key, value)| member(value).map(|misfit| misfit.below(&Pointer::root().key(key)))),
        Json::Array(items) => items.iter().enumerate().find_map(|(at, item)| match item {
            Json::Object(_) => {
                map(item, wanted, member).map(|misfit| misfit.below(&Pointer::root().index(at)))
            }
            other => Some(Misfit::whole(wanted, other).below(&Pointer::root().index(at))),
        }),
        other => Some(Misfit::whole(wanted, other)),
    }
}

/// Go's `ParseInt(text, 0, …)`; an empty text is 0.
fn is_integer(text: &str) -> bool {
    let digits = text
        .strip_prefix(['-', '+'])
        .unwrap_or(text)
        .replace('_', "")
        .to_ascii_lowercase();
    let (digits, radix) = match digits.as_bytes() {
        [b'0', b'x', ..] => (&digits[2..], 16),
        [b'0', b'o', ..] => (&digits[2..], 8),
        [b'0', b'b', ..] => (&digits[2..], 2),
        [b'0', _, ..] => (&digits[1..], 8),
        _ => (digits.as_str(), 10),
    };
    text.is_empty() || i64::from_str_radix(digits, radix).is_ok_and(|_| !digits.starts_with(['-', '+']))
}

/// Go's `ParseBool`; an empty text is false.
fn is_boolean(text: &str) -> bool {
    matches!(
        text,
        "" | "1" | "t" | "T" | "true" | "TRUE" | "True" | "0" | "f" | "F" | "false" | "FALSE" | "False"
    )
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use crate::signature::Kind;

    use super::misfit;

    #[test]
    fn what_kanister_decodes_fits_and_the_rest_does_not() {
        let values = [
            json!("x"),
            json!("3"),
            json!("0x10"),
            json!("true"),
            json!("yes"),
            json!(""),
            json!("1m30s"),
            json!("{{ .Options.x }}"),
            json!(3),
            json!(true),
            json!([]),
            json!(["a", 1]),
            json!(["a", ["b"]]),
            json!({}),
            json!({"a": "b"}),
            json!({"a": ["b"]}),
            json!([{"a": "b"}]),
        ];
        let kinds = [
            Kind::Text,
            Kind::Integer,
            Kind::Boolean,
            Kind::TextList,
            Kind::TextMap,
            Kind::ObjectReference,
            Kind::Conditions,
            Kind::Duration,
            Kind::PodOverride,
            Kind::Manifest,
            Kind::Any,
        ];
        let table: String = kinds
            .iter()
            .flat_map(|&kind| {
                let misfits = values.iter().filter_map(move |value| {
                    let misfit = misfit(kind, value)?;
                    Some(format!(
                        "  {value}: {}: wants {}, is {}\n",
                        misfit.pointer, misfit.wanted, misfit.found
                    ))
                });
                std::iter::once(format!("{kind:?}\n")).chain(misfits)
            })
            .collect();
        assert_snapshot!(table);
    }
}
