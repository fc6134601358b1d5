//! Paths into objects, by the rules of `kubectl -o jsonpath`. Pure.
//! Must not know where paths are written, nor what becomes of what they find.

use std::borrow::Cow;

use serde_json::Value as Json;
use snafu::{OptionExt as _, Snafu, ensure};

mod parse;

/// Why a path finds nothing.
#[derive(Debug, PartialEq, Eq, Snafu)]
pub(super) enum Error {
    /// The text is no path.
    #[snafu(display("the path {path:?} cannot be read: {why}"))]
    Parse {
        /// The text.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// No object looked at has the field.
    #[snafu(display("{name} is not found"))]
    Missing {
        /// The field.
        name: String,
    },
    /// An index into something that is no list.
    #[snafu(display("{what} is not a list and cannot be indexed or filtered"))]
    NoList {
        /// What it is.
        what: &'static str,
    },
    /// An index that the list does not have.
    #[snafu(display("array index out of bounds: index {index}, length {length}"))]
    Bounds {
        /// The index.
        index: i64,
        /// The list's length.
        length: i64,
    },
    /// A part of a list that ends before it begins.
    #[snafu(display("starting index {from} is greater than ending index {to}"))]
    Reversed {
        /// Where it begins.
        from: i64,
        /// Where it ends.
        to: i64,
    },
    /// Two values that have no order or are never equal.
    #[snafu(display("a filter compares {left} with {right}"))]
    Incomparable {
        /// What stands on the left.
        left: &'static str,
        /// What stands on the right.
        right: &'static str,
    },
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// A member of a map.
    Field(String),
    /// A part of a list.
    Slice(Slice),
    /// Everything in a list or map.
    Wildcard,
    /// The value and everything below it.
    Recursive,
    /// What each of several paths finds.
    Union(Vec<Vec<Self>>),
    /// The items of a list for which something holds.
    Filter(Box<Filter>),
    /// A value that stands for itself.
    Literal(Json),
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Slice {
    from: Option<i64>,
    to: To,
    step: Option<i64>,
}

/// Where a part of a list ends.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum To {
    #[default]
    End,
    Before(i64),
    /// The part is one item.
    Single,
}

#[derive(Clone, Debug, PartialEq)]
struct Filter {
    left: Vec<Step>,
    /// What to compare with; an item is taken if the left side finds anything when there is nothing.
    compare: Option<(Comparison, Vec<Step>)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A path that can be followed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path(Vec<Step>);

type Found<'a> = Vec<Cow<'a, Json>>;

impl Path {
    /// Reads a path without its `$`, such as `.status.conditions[?(@.type == "Ready")].status`.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        parse::path(text).map(Self).map_err(|why| Error::Parse {
            path: text.to_owned(),
            why,
        })
    }

    /// What the path finds in an object, as text: several results are joined by spaces.
    pub(super) fn text(&self, object: &Json) -> Result<String, Error> {
        let found = walk(vec![Cow::Borrowed(object)], &self.0)?;
        let texts: Vec<String> = found.iter().map(|value| printed(value)).collect();
        Ok(texts.join(" "))
    }
}

fn walk<'a>(start: Found<'a>, steps: &[Step]) -> Result<Found<'a>, Error> {
    steps.iter().try_fold(start, take)
}

fn take<'a>(values: Found<'a>, step: &Step) -> Result<Found<'a>, Error> {
    match step {
        Step::Literal(value) => Ok(vec![Cow::Owned(value.clone())]),
        Step::Field(name) => {
            if values.is_empty() {
                return Ok(values);
            }
            let found: Found<'a> = values
                .into_iter()
                .filter_map(|value| member(value, name))
                .collect();
            ensure!(!found.is_empty(), MissingSnafu { name });
            Ok(found)
        }
        Step::Wildcard => Ok(values.into_iter().flat_map(children).collect()),
        Step::Recursive => Ok(values.into_iter().flat_map(descendants).collect()),
        Step::Union(paths) => {
            let mut found = Vec::new();
            for path in paths {
                found.extend(walk(values.clone(), path)?);
            }
            Ok(found)
        }
        Step::Slice(slice) => {
            let mut found = Vec::new();
            for value in values.into_iter().filter(|value| !value.is_null()) {
                found.extend(part(items(value)?, *slice)?);
            }
            Ok(found)
        }
        Step::Filter(filter) => {
            let mut found = Vec::new();
            for value in values.into_iter().filter(|value| !value.is_null()) {
                for item in items(value)? {
                    if filter.takes(&item)? {
                        found.push(item);
                    }
                }
            }
            Ok(found)
        }
    }
}

fn member<'a>(value: Cow<'a, Json>, name: &str) -> Option<Cow<'a, Json>> {
    match value {
        Cow::Borrowed(value) => value.get(name).map(Cow::Borrowed),
        Cow::Owned(mut value) => value.get_mut(name).map(|value| Cow::Owned(value.take())),
    }
}

fn children(value: Cow<'_, Json>) -> Found<'_> {
    match value {
        Cow::Borrowed(Json::Array(items)) => items.iter().map(Cow::Borrowed).collect(),
        Cow::Borrowed(Json::Object(members)) => members.values().map(Cow::Borrowed).collect(),
        Cow::Owned(Json::Array(items)) => items.into_iter().map(Cow::Owned).collect(),
        Cow::Owned(Json::Object(members)) => {
            members.into_iter().map(|(_, value)| Cow::Owned(value)).collect()
        }
        Cow::Borrowed(_) | Cow::Owned(_) => Vec::new(),
    }
}

fn descendants(value: Cow<'_, Json>) -> Found<'_> {
    let mut found = vec![value.clone()];
    found.extend(children(value).into_iter().flat_map(descendants));
    found
}

fn items(value: Cow<'_, Json>) -> Result<Found<'_>, Error> {
    ensure!(value.is_array(), NoListSnafu { what: kind(&value) });
    Ok(children(value))
}

fn part(items: Found<'_>, slice: Slice) -> Result<Found<'_>, Error> {
    let length = signed(items.len());
    let from = from_end(slice.from.unwrap_or(0), length);
    let to = match slice.to {
        To::End => length,
        To::Before(to) => from_end(to, length),
        To::Single => from + 1,
    };
    if from == to {
        return Ok(Vec::new());
    }
    ensure!((0..length).contains(&from), BoundsSnafu { index: from, length });
    ensure!(
        (0..=length).contains(&to),
        BoundsSnafu {
            index: to - 1,
            length
        }
    );
    ensure!(from < to, ReversedSnafu { from, to });
    let step = slice.step.unwrap_or(1);
    let places = (0..).zip(items);
    let taken = places.filter(|(place, _)| (from..to).contains(place) && (place - from) % step == 0);
    Ok(taken.map(|(_, item)| item).collect())
}

fn signed(length: usize) -> i64 {
    i64::try_from(length).expect("a list in memory is not that long")
}

fn from_end(index: i64, length: i64) -> i64 {
    if index < 0 { index + length } else { index }
}

impl Filter {
    fn takes(&self, item: &Json) -> Result<bool, Error> {
        let found = walk(vec![Cow::Borrowed(item)], &self.left);
        let Some((comparison, right)) = &self.compare else {
            return Ok(found.is_ok_and(|found| !found.is_empty()));
        };
        let left = found?;
        let right = walk(vec![Cow::Borrowed(item)], right)?;
        match (left.first(), right.first()) {
            (Some(left), Some(right)) => comparison.holds(left, right),
            _ => Ok(false),
        }
    }
}

impl Comparison {
    fn holds(self, left: &Json, right: &Json) -> Result<bool, Error> {
        use std::cmp::Ordering;

        let order = match (left, right) {
            (Json::String(left), Json::String(right)) => Some(left.cmp(right)),
            (Json::Number(left), Json::Number(right)) => {
                let whole = left
                    .as_i64()
                    .zip(right.as_i64())
                    .map(|(left, right)| left.cmp(&right));
                let float = || {
                    left.as_f64()
                        .zip(right.as_f64())
                        .and_then(|(left, right)| left.partial_cmp(&right))
                };
                whole.or_else(float)
            }
            (Json::Bool(left), Json::Bool(right)) if matches!(self, Self::Equal | Self::Unequal) => {
                Some(left.cmp(right))
            }
            _ => None,
        };
        let order = order.context(IncomparableSnafu {
            left: kind(left),
            right: kind(right),
        })?;
        Ok(match self {
            Self::Equal => order == Ordering::Equal,
            Self::Unequal => order != Ordering::Equal,
            Self::Less => order == Ordering::Less,
            Self::LessOrEqual => order != Ordering::Greater,
            Self::Greater => order == Ordering::Greater,
            Self::GreaterOrEqual => order != Ordering::Less,
        })
    }
}

/// A value as kubectl prints it: lists and maps as JSON, everything else as Go does.
fn printed(value: &Json) -> String {
    match value {
        Json::Null => String::from("<nil>"),
        Json::Bool(truth) => truth.to_string(),
        Json::String(text) => text.clone(),
        Json::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => go_float(float),
            _ => number.to_string(),
        },
        Json::Array(_) | Json::Object(_) => value.to_string(),
    }
}

/// A float as Go's `%v` prints it: with an exponent from 1e6 on and below 1e-4.
fn go_float(float: f64) -> String {
    let text = format!("{float:e}");
    let (digits, exponent) = text.split_once('e').expect("it was asked for");
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => float.to_string(),
    }
}

fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a truth value",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "a map",
    }
}

#[cfg(test)]
mod tests;
