//! Strings: searching, trimming, joining, quoting. All of them work on bytes, save where they count characters.

use super::conversions::to_text;
use crate::template::Value;
use crate::template::function::{Arguments, Context, Function, Parameter, Stop};
use crate::template::print::{self, quote};
use crate::template::runes::{self, runes};
use crate::template::shape::TEXTS;

const TEXT: &[Parameter] = &[Parameter::TEXT];
const TWO_TEXTS: &[Parameter] = &[Parameter::TEXT; 2];
const THREE_TEXTS: &[Parameter] = &[Parameter::TEXT; 3];
const ANY: &[Parameter] = &[Parameter::Any];
const MANY: Option<Parameter> = Some(Parameter::Any);

/// The family.
pub(super) static FUNCTIONS: [Function; 24] = [
    Function::new("trim", TEXT, None, |_, arguments| {
        Ok(Value::text(trim_space(arguments.text(0))))
    }),
    Function::new("trimall", TWO_TEXTS, None, |_, arguments| Ok(trim_all(arguments))),
    Function::new("trimAll", TWO_TEXTS, None, |_, arguments| Ok(trim_all(arguments))),
    Function::new("trimSuffix", TWO_TEXTS, None, |_, arguments| {
        let text = arguments.text(1);
        Ok(Value::text(text.strip_suffix(arguments.text(0)).unwrap_or(text)))
    }),
    Function::new("trimPrefix", TWO_TEXTS, None, |_, arguments| {
        let text = arguments.text(1);
        Ok(Value::text(text.strip_prefix(arguments.text(0)).unwrap_or(text)))
    }),
    Function::new("nospace", TEXT, None, |_, arguments| Ok(no_space(arguments))),
    Function::new("initials", TEXT, None, |_, arguments| {
        Ok(Value::text(initials(arguments.text(0))))
    }),
    Function::new("contains", TWO_TEXTS, None, |_, arguments| {
        Ok(Value::Bool(find(arguments.text(1), arguments.text(0)).is_some()))
    }),
    Function::new("hasPrefix", TWO_TEXTS, None, |_, arguments| {
        Ok(Value::Bool(arguments.text(1).starts_with(arguments.text(0))))
    }),
    Function::new("hasSuffix", TWO_TEXTS, None, |_, arguments| {
        Ok(Value::Bool(arguments.text(1).ends_with(arguments.text(0))))
    }),
    Function::new("quote", &[], MANY, |context, arguments| {
        quoted(context, arguments, |value, context| {
            Ok(quote::quote(&to_text(value, context.meter)?, false))
        })
    }),
    Function::new("squote", &[], MANY, |context, arguments| {
        quoted(context, arguments, |value, context| {
            Ok([b"'", &*print::plain(value, context.meter)?, b"'"].concat())
        })
    }),
    Function::new("cat", &[], MANY, cat),
    Function::new("replace", THREE_TEXTS, None, replace),
    Function::new(
        "plural",
        &[Parameter::TEXT, Parameter::TEXT, Parameter::INT],
        None,
        |_, arguments| Ok(arguments.any(usize::from(arguments.int(2) != 1)).clone()),
    ),
    Function::new("toString", ANY, None, |context, arguments| {
        Ok(Value::text(to_text(arguments.any(0), context.meter)?))
    }),
    Function::new("split", TWO_TEXTS, None, |context, arguments| {
        numbered(context, &split(arguments.text(1), arguments.text(0), -1))
    }),
    Function::new(
        "splitn",
        &[Parameter::TEXT, Parameter::INT, Parameter::TEXT],
        None,
        |context, arguments| {
            numbered(
                context,
                &split(arguments.text(2), arguments.text(0), arguments.int(1)),
            )
        },
    ),
    Function::new("splitList", TWO_TEXTS, None, |context, arguments| {
        let parts = split(arguments.text(1), arguments.text(0), -1);
        context.meter.spend(parts.len())?;
        Ok(Value::texts(parts))
    }),
    Function::new("toStrings", ANY, None, |context, arguments| {
        let value = arguments.any(0);
        // A list of strings stays what it is, also when it is nil.
        match value.type_of() {
            Some(TEXTS) => Ok(value.clone()),
            _ => Ok(Value::texts(super::conversions::to_texts(value, context.meter)?)),
        }
    }),
    Function::new(
        "join",
        &[Parameter::TEXT, Parameter::Any],
        None,
        |context, arguments| {
            let parts = super::conversions::to_texts(arguments.any(1), context.meter)?;
            let separators = arguments.text(0).len().saturating_mul(parts.len());
            context
                .meter
                .check_size(separators.saturating_add(parts.iter().map(Vec::len).sum()))?;
            Ok(Value::text(parts.join(arguments.text(0))))
        },
    ),
    Function::new("sortAlpha", ANY, None, |context, arguments| {
        let value = arguments.any(0);
        let mut parts = match value {
            Value::Nil => vec![to_text(value, context.meter)?],
            _ => super::conversions::to_texts(value, context.meter)?,
        };
        parts.sort();
        Ok(Value::texts(parts))
    }),
    Function::new("hello", &[], None, |_, _| Ok(Value::text("Hello!"))),
    Function::new("fail", TEXT, None, |_, arguments| {
        let message = arguments.lossy(0).into_owned();
        Err(Stop::Failed(crate::template::Failure::Asked { message }))
    }),
];

fn is_space(rune: runes::Rune<'_>) -> bool {
    rune.character.is_some_and(char::is_whitespace)
}

/// A text without the characters at both ends that a condition picks.
fn trimmed(text: &[u8], goes: impl Fn(runes::Rune<'_>) -> bool) -> &[u8] {
    let mut kept: Option<(usize, usize)> = None;
    let mut at = 0;
    for rune in runes(text) {
        let end = at + rune.bytes.len();
        if !goes(rune) {
            kept = Some((kept.map_or(at, |(start, _)| start), end));
        }
        at = end;
    }
    kept.map_or(&[], |(start, end)| &text[start..end])
}

fn trim_space(text: &[u8]) -> &[u8] {
    trimmed(text, is_space)
}

fn trim_all(arguments: Arguments<'_>) -> Value {
    let cut: Vec<char> = runes(arguments.text(0))
        .map(runes::Rune::or_replacement)
        .collect();
    Value::text(trimmed(arguments.text(1), |rune| {
        cut.contains(&rune.or_replacement())
    }))
}

/// Without white space. As soon as there is some, every byte of the rest counts as a character by itself.
fn no_space(arguments: Arguments<'_>) -> Value {
    let text = arguments.text(0);
    let kept: Vec<char> = text
        .iter()
        .map(|byte| char::from(*byte))
        .filter(|one| !one.is_whitespace())
        .collect();
    if kept.len() == text.len() {
        arguments.any(0).clone()
    } else {
        Value::text(String::from_iter(kept))
    }
}

/// The first byte of each word, as a character.
fn initials(text: &[u8]) -> String {
    let mut after_gap = true;
    let mut initials = String::new();
    for byte in text {
        let character = char::from(*byte);
        if character.is_whitespace() {
            after_gap = true;
        } else if std::mem::take(&mut after_gap) {
            initials.push(character);
        }
    }
    initials
}

/// Every argument that is not nil, quoted, with blanks between.
fn quoted(
    context: &mut Context<'_, '_>,
    arguments: Arguments<'_>,
    quote: impl Fn(&Value, &mut Context<'_, '_>) -> Result<Vec<u8>, Stop>,
) -> Result<Value, Stop> {
    let present = arguments
        .rest(0)
        .iter()
        .filter(|value| !matches!(value, Value::Nil));
    let quoted: Vec<_> = present
        .map(|value| quote(value, context))
        .collect::<Result<_, _>>()?;
    Ok(Value::text(quoted.join(&b' ')))
}

fn cat(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let present = arguments
        .rest(0)
        .iter()
        .filter(|value| !matches!(value, Value::Nil));
    let parts: Vec<_> = present
        .map(|value| print::plain(value, context.meter))
        .collect::<Result<_, _>>()?;
    Ok(Value::text(parts.join(&b' ')))
}

/// Where a text occurs in another for the first time.
pub(super) fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    if wanted.is_empty() {
        return Some(0);
    }
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn replace(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let (old, new, text) = (arguments.text(0), arguments.text(1), arguments.text(2));
    let parts = if old.is_empty() {
        // Nothing is found before every character and at the end.
        let mut parts: Vec<&[u8]> = vec![&[]];
        parts.extend(runes(text).map(|rune| rune.bytes));
        parts.push(&[]);
        parts
    } else {
        split(text, old, -1)
    };
    context.meter.spend(parts.len())?;
    context
        .meter
        .check_size(new.len().saturating_mul(parts.len()).saturating_add(text.len()))?;
    Ok(Value::text(parts.join(new)))
}

/// The parts between separators, at most so many, of which the last is the rest. Without a separator, the
/// characters.
fn split<'t>(text: &'t [u8], separator: &[u8], limit: i64) -> Vec<&'t [u8]> {
    let limit = match limit {
        0 => return Vec::new(),
        limit => usize::try_from(limit).unwrap_or(usize::MAX),
    };
    let mut parts = Vec::new();
    let mut rest = text;
    if separator.is_empty() {
        for rune in runes(text) {
            if parts.len() + 1 == limit {
                parts.push(rest);
                break;
            }
            let (part, after) = rest.split_at(rune.bytes.len());
            parts.push(part);
            rest = after;
        }
        return parts;
    }
    while parts.len() + 1 < limit {
        let Some(at) = find(rest, separator) else { break };
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len()..];
    }
    parts.push(rest);
    parts
}

/// A map from `_0`, `_1`, … to the parts.
fn numbered(context: &mut Context<'_, '_>, parts: &[&[u8]]) -> Result<Value, Stop> {
    use crate::template::shape;
    context.meter.spend(parts.len())?;
    let entries = parts
        .iter()
        .enumerate()
        .map(|(position, part)| (format!("_{position}").into_bytes().into(), Value::text(part)));
    Ok(Value::Map(
        crate::template::value::Map::new(&shape::TEXT, entries).into(),
    ))
}
