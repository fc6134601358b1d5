//! Weak decoding of rendered values: the conversions that blueprints have come to rely on, spelt out.
//! Must not know which argument a value belongs to.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value as Json};
use snafu::{OptionExt as _, ResultExt as _, Snafu};

/// Why a value cannot be read as what is wanted.
#[derive(Debug, PartialEq, Eq, Snafu)]
pub enum Error {
    /// A value of a kind that has no conversion.
    #[snafu(display("expected {expected}, found {found}"))]
    Mismatch {
        /// What was wanted.
        expected: &'static str,
        /// What was there.
        found: String,
    },
    /// An item of a list.
    #[snafu(display("item {position}: {source}"))]
    Item {
        /// Its position, from 0.
        position: usize,
        /// What is wrong with it.
        #[snafu(source(from(Error, Box::new)))]
        source: Box<Self>,
    },
    /// A member of a map.
    #[snafu(display("`{name}`: {source}"))]
    Member {
        /// Its key.
        name: String,
        /// What is wrong with it.
        #[snafu(source(from(Error, Box::new)))]
        source: Box<Self>,
    },
}

/// A text; truth values become `1` and `0`, numbers are written out without exponent.
pub(super) fn text(value: &Json) -> Result<String, Error> {
    match value {
        Json::String(text) => Ok(text.clone()),
        Json::Bool(truth) => Ok(String::from(if *truth { "1" } else { "0" })),
        // Rust writes a float as Go's `%f` with the fewest digits does: never an exponent.
        Json::Number(number) => Ok(whole(number).map_or_else(
            || {
                number
                    .as_f64()
                    .map_or_else(|| number.to_string(), |float| float.to_string())
            },
            |whole| whole.to_string(),
        )),
        Json::Null | Json::Array(_) | Json::Object(_) => mismatch("a text", value),
    }
}

/// A whole number; texts are read as Go literals (`0x10`, `010`), fractions are cut off, an empty text is 0.
pub(super) fn integer(value: &Json) -> Result<i64, Error> {
    const EXPECTED: &str = "a whole number";
    match value {
        Json::String(text) if text.is_empty() => Ok(0),
        Json::String(text) => literal(text).with_context(|| MismatchSnafu {
            expected: EXPECTED,
            found: format!("{text:?}"),
        }),
        Json::Bool(truth) => Ok(i64::from(*truth)),
        Json::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().and_then(truncated))
            .with_context(|| MismatchSnafu {
                expected: EXPECTED,
                found: number.to_string(),
            }),
        Json::Null | Json::Array(_) | Json::Object(_) => mismatch(EXPECTED, value),
    }
}

/// A truth value; an empty text is false, numbers are true unless 0.
pub(super) fn boolean(value: &Json) -> Result<bool, Error> {
    const EXPECTED: &str = "true or false";
    match value {
        Json::Bool(truth) => Ok(*truth),
        Json::Number(number) => Ok(number.as_f64() != Some(0.0)),
        Json::String(text) => match text.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            _ => MismatchSnafu {
                expected: EXPECTED,
                found: format!("{text:?}"),
            }
            .fail(),
        },
        Json::Null | Json::Array(_) | Json::Object(_) => mismatch(EXPECTED, value),
    }
}

/// A list of texts; anything single is a list of one, an empty map an empty list.
pub(super) fn text_list(value: &Json) -> Result<Vec<String>, Error> {
    match value {
        Json::Array(items) => items
            .iter()
            .enumerate()
            .map(|(position, item)| text(item).context(ItemSnafu { position }))
            .collect(),
        Json::Object(members) if members.is_empty() => Ok(Vec::new()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(vec![text(value)?]),
        Json::Object(_) => mismatch("a list of texts", value),
    }
}

/// A list of texts, or a text that holds one as YAML.
pub(super) fn yaml_text_list(value: &Json) -> Result<Vec<String>, Error> {
    const EXPECTED: &str = "a list of texts, or a text that holds one as YAML";
    let Json::String(text) = value else {
        return text_list(value);
    };
    match serde_yaml::from_str(text) {
        Ok(list @ Json::Array(_)) => text_list(&list),
        Ok(_) | Err(_) => mismatch(EXPECTED, value),
    }
}

/// A map from text to text; a list of maps is merged from left to right.
pub(super) fn text_map(value: &Json) -> Result<BTreeMap<String, String>, Error> {
    map(value)?
        .iter()
        .map(|(name, value)| Ok((name.clone(), text(value).context(MemberSnafu { name })?)))
        .collect()
}

/// A map; a list of maps is merged from left to right.
pub(super) fn map(value: &Json) -> Result<Map<String, Json>, Error> {
    match value {
        Json::Object(members) => Ok(members.clone()),
        Json::Array(items) => {
            let mut merged = Map::new();
            for (position, item) in items.iter().enumerate() {
                merged.extend(map(item).context(ItemSnafu { position })?);
            }
            Ok(merged)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => mismatch("a map", value),
    }
}

/// The member of a map that a field called `name` takes: letter case does not count, the exact name wins.
pub(super) fn member<'a>(members: &'a Map<String, Json>, name: &str) -> Option<&'a Json> {
    members
        .get(name)
        .or_else(|| {
            members
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        })
        .filter(|value| !value.is_null())
}

/// The text member `name` of a map, empty when absent.
pub(super) fn text_member(members: &Map<String, Json>, name: &str) -> Result<String, Error> {
    member(members, name)
        .map(text)
        .transpose()
        .context(MemberSnafu { name })
        .map(Option::unwrap_or_default)
}

/// A list of maps; a single map is a list of one.
pub(super) fn map_list(value: &Json) -> Result<Vec<Map<String, Json>>, Error> {
    match value {
        Json::Array(items) => items
            .iter()
            .enumerate()
            .map(|(position, item)| map(item).context(ItemSnafu { position }))
            .collect(),
        Json::Object(members) if members.is_empty() => Ok(Vec::new()),
        Json::Object(members) => Ok(vec![members.clone()]),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => mismatch("a list of maps", value),
    }
}

fn whole(number: &Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}

/// Cuts off the fraction of a float that fits.
fn truncated(float: f64) -> Option<i64> {
    format!("{:.0}", float.trunc()).parse().ok()
}

/// A whole number as Go writes literals: base by prefix, `_` between digits when there is a prefix.
fn literal(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.get(..2) {
        Some("0x") => (16, &lower[2..]),
        Some("0o") => (8, &lower[2..]),
        Some("0b") => (2, &lower[2..]),
        Some(prefix) if prefix.starts_with('0') => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    // A second sign would be taken by the parser.
    if digits.starts_with(['-', '+']) {
        return None;
    }
    let magnitude = i128::from_str_radix(digits, base).ok()?;
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

fn mismatch<T>(expected: &'static str, value: &Json) -> Result<T, Error> {
    let found = match value {
        Json::Null => "nothing (null)",
        Json::Bool(_) => "a truth value",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "a map",
    };
    MismatchSnafu { expected, found }.fail()
}
