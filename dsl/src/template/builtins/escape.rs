//! `html`, `js` and `urlquery`: text made safe for somewhere else.

use crate::template::Value;
use crate::template::function::{Arguments, Context, Stop};
use crate::template::print::{dereferenced, print};
use crate::template::runes::{is_print, runes};

/// The arguments as one text: as `print` joins them, with pointers followed.
fn joined(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Vec<u8>, Stop> {
    let values: Vec<_> = arguments
        .rest(0)
        .iter()
        .map(|value| match dereferenced(value) {
            // A nil becomes the text that an action shows for it.
            Value::Nil | Value::Absent => Value::text("<no value>"),
            value => value,
        })
        .collect();
    Ok(print(&values, context.meter)?)
}

/// Safe in HTML.
pub(super) fn html(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let text = joined(context, arguments)?;
    let mut safe = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            0 => safe.extend_from_slice("\u{fffd}".as_bytes()),
            b'"' => safe.extend_from_slice(b"&#34;"),
            b'\'' => safe.extend_from_slice(b"&#39;"),
            b'&' => safe.extend_from_slice(b"&amp;"),
            b'<' => safe.extend_from_slice(b"&lt;"),
            b'>' => safe.extend_from_slice(b"&gt;"),
            _ => safe.push(byte),
        }
    }
    Ok(Value::text(safe))
}

/// Safe in a string of JavaScript.
pub(super) fn js(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let text = joined(context, arguments)?;
    let mut safe = Vec::with_capacity(text.len());
    for rune in runes(&text) {
        let character = rune.or_replacement();
        match character {
            '\\' => safe.extend_from_slice(b"\\\\"),
            '\'' => safe.extend_from_slice(b"\\'"),
            '"' => safe.extend_from_slice(b"\\\""),
            '\0'..=' ' | '<' | '>' | '&' | '=' if character != ' ' => {
                safe.extend_from_slice(format!("\\u{:04X}", u32::from(character)).as_bytes());
            }
            // What is no UTF-8 stays as it is, because its replacement can be printed.
            _ if character.is_ascii() || is_print(character) => safe.extend_from_slice(rune.bytes),
            _ => safe.extend_from_slice(format!("\\u{:04X}", u32::from(character)).as_bytes()),
        }
    }
    Ok(Value::text(safe))
}

/// Safe as a value in the query of a URL.
pub(super) fn url_query(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let text = joined(context, arguments)?;
    let mut safe = String::with_capacity(text.len());
    for byte in text {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => safe.push(byte.into()),
            b' ' => safe.push('+'),
            _ => push_percent(&mut safe, byte),
        }
    }
    Ok(Value::text(safe))
}

/// Appends a byte as URLs write what they cannot hold.
pub(crate) fn push_percent(text: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    text.push('%');
    text.push(DIGITS[usize::from(byte >> 4)].into());
    text.push(DIGITS[usize::from(byte & 15)].into());
}
