//! Strings made longer or shorter: cutting, abbreviating, repeating, wrapping, indenting. Positions count bytes.

use crate::template::Value;
use crate::template::error::Failure;
use crate::template::function::{Arguments, Context, Function, Meter, Parameter, Stop};

const NUMBER_AND_TEXT: &[Parameter] = &[Parameter::INT, Parameter::TEXT];

/// The family.
pub(super) static FUNCTIONS: [Function; 9] = [
    Function::new("trunc", NUMBER_AND_TEXT, None, |_, arguments| {
        let (count, text) = (arguments.int(0), arguments.text(1));
        let is_short = usize::try_from(count).is_ok_and(|count| text.len() <= count);
        if is_short {
            Ok(arguments.any(1).clone())
        } else {
            slice(text, 0, count)
        }
    }),
    Function::new(
        "substr",
        &[Parameter::INT, Parameter::INT, Parameter::TEXT],
        None,
        |_, arguments| {
            let (start, end, text) = (arguments.int(0), arguments.int(1), arguments.text(2));
            let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
            match (start, end) {
                (..0, end) => slice(text, 0, end),
                (start, end) if end < 0 || end > length => slice(text, start, length),
                (start, end) => slice(text, start, end),
            }
        },
    ),
    Function::new("repeat", NUMBER_AND_TEXT, None, |context, arguments| {
        let text = arguments.text(1);
        let count = count(arguments.int(0), context.meter)?;
        context.meter.check_size(text.len().saturating_mul(count))?;
        Ok(Value::text(text.repeat(count)))
    }),
    Function::new("abbrev", NUMBER_AND_TEXT, None, |_, arguments| {
        let (width, text) = (arguments.int(0), arguments.text(1));
        Ok(if width < 4 {
            arguments.any(1).clone()
        } else {
            Value::text(abbreviate(text, 0, width))
        })
    }),
    Function::new(
        "abbrevboth",
        &[Parameter::INT, Parameter::INT, Parameter::TEXT],
        None,
        |_, arguments| {
            let (left, right, text) = (arguments.int(0), arguments.int(1), arguments.text(2));
            let is_too_narrow = right < 4 || left > 0 && right < 7;
            Ok(if is_too_narrow {
                arguments.any(2).clone()
            } else {
                Value::text(abbreviate(text, left, right))
            })
        },
    ),
    Function::new("wrap", NUMBER_AND_TEXT, None, |context, arguments| {
        wrap(context, arguments.text(1), arguments.int(0), b"", false)
    }),
    Function::new(
        "wrapWith",
        &[Parameter::INT, Parameter::TEXT, Parameter::TEXT],
        None,
        |context, arguments| {
            wrap(
                context,
                arguments.text(2),
                arguments.int(0),
                arguments.text(1),
                true,
            )
        },
    ),
    Function::new("indent", NUMBER_AND_TEXT, None, |context, arguments| {
        Ok(Value::text(indent(context, arguments)?))
    }),
    Function::new("nindent", NUMBER_AND_TEXT, None, |context, arguments| {
        Ok(Value::text([b"\n", &*indent(context, arguments)?].concat()))
    }),
];

/// A part of a text by positions that need not be there.
fn slice(text: &[u8], start: i64, end: i64) -> Result<Value, Stop> {
    let out_of_range = |index| Stop::Failed(Failure::IndexOutOfRange { index });
    let from = usize::try_from(start).map_err(|_negative| out_of_range(start))?;
    let to = usize::try_from(end)
        .ok()
        .filter(|to| *to <= text.len())
        .ok_or_else(|| out_of_range(end))?;
    text.get(from..to)
        .map(Value::text)
        .ok_or_else(|| out_of_range(start))
}

/// How often something is repeated.
fn count(number: i64, meter: &mut Meter) -> Result<usize, Stop> {
    let count =
        usize::try_from(number).map_err(|_negative| Stop::because("a negative number of repetitions"))?;
    meter.check_items(count)?;
    Ok(count)
}

/// The text from about an offset on, in a width, with dots where something was left out.
fn abbreviate(text: &[u8], offset: i64, width: i64) -> Vec<u8> {
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    if width < 4 || text.is_empty() {
        return Vec::new();
    }
    if length <= width {
        return text.to_vec();
    }
    let room = width - 3;
    let offset = offset.min(length);
    let offset = if length - offset < room {
        length - room
    } else {
        offset
    };
    let at = |position: i64| usize::try_from(position).unwrap_or(0);
    if offset <= 4 {
        return [&text[..at(room)], b"..."].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    if offset + room < length {
        return [b"...", &*abbreviate(&text[at(offset)..], 0, room)].concat();
    }
    [b"...", &text[at(length - room)..]].concat()
}

fn indent(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Vec<u8>, Stop> {
    let text = arguments.text(1);
    let width = count(arguments.int(0), context.meter)?;
    let lines: Vec<_> = text.split(|byte| *byte == b'\n').collect();
    context
        .meter
        .check_size(width.saturating_mul(lines.len()).saturating_add(text.len()))?;
    let margin = " ".repeat(width);
    let separator = format!("\n{margin}");
    Ok([margin.as_bytes(), &lines.join(separator.as_bytes())].concat())
}

/// Lines of at most so many bytes, broken at blanks. A word that is too long is broken or stays.
fn wrap(
    context: &mut Context<'_, '_>,
    text: &[u8],
    width: i64,
    line_end: &[u8],
    breaks_words: bool,
) -> Result<Value, Stop> {
    let width = usize::try_from(width.max(1)).unwrap_or(usize::MAX);
    let line_end = if line_end.is_empty() { b"\n" } else { line_end };
    let mut wrapped = Vec::new();
    let mut rest = text;
    while rest.len() > width {
        context.meter.spend(1)?;
        if rest[0] == b' ' {
            rest = &rest[1..];
            continue;
        }
        let last_blank = rest[..=width].iter().rposition(|byte| *byte == b' ');
        let (line, after) = match last_blank {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None if breaks_words => rest.split_at(width),
            None => {
                if let Some(at) = rest[width..].iter().position(|byte| *byte == b' ') {
                    (&rest[..width + at], &rest[width + at + 1..])
                } else {
                    wrapped.extend_from_slice(rest);
                    rest = &[];
                    break;
                }
            }
        };
        wrapped.extend_from_slice(line);
        wrapped.extend_from_slice(line_end);
        context.meter.check_size(wrapped.len())?;
        rest = after;
    }
    wrapped.extend_from_slice(rest);
    Ok(Value::text(wrapped))
}
