//! Numbers and quoted text from the way they are written.

use std::sync::Arc;

use crate::template::ast::Number;
use crate::template::number::{
    float_of_int, float_of_uint, int_of_float, parse_float, parse_int, parse_uint,
};

/// The bytes that quoted text stands for; nothing if an escape does not exist.
pub(super) fn unquote(quoted: &str) -> Option<Arc<[u8]>> {
    let inner = &quoted[1..quoted.len() - 1];
    if quoted.starts_with('`') {
        return Some(inner.replace('\r', "").into_bytes().into());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while !rest.is_empty() {
        let (character, after) = unquote_one(rest, '"')?;
        match character {
            Unquoted::Byte(byte) => bytes.push(byte),
            Unquoted::Character(character) => {
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        rest = after;
    }
    Some(bytes.into())
}

/// The number of a character constant with its quotes; nothing if it is not exactly one character.
pub(super) fn unquote_character(quoted: &str) -> Option<i64> {
    let inner = &quoted[1..quoted.len() - 1];
    let (character, rest) = unquote_one(inner, '\'')?;
    if !rest.is_empty() {
        return None;
    }
    Some(match character {
        Unquoted::Byte(byte) => byte.into(),
        Unquoted::Character(character) => u32::from(character).into(),
    })
}

enum Unquoted {
    Byte(u8),
    Character(char),
}

/// The first character or escape, and what follows it.
fn unquote_one(text: &str, quote: char) -> Option<(Unquoted, &str)> {
    let mut characters = text.chars();
    let first = characters.next()?;
    if first == quote {
        return None;
    }
    if first != '\\' {
        return Some((Unquoted::Character(first), characters.as_str()));
    }
    let escape = characters.next()?;
    let rest = characters.as_str();
    let byte = |byte: u8| Some((Unquoted::Byte(byte), rest));
    match escape {
        'a' => byte(0x07),
        'b' => byte(0x08),
        'f' => byte(0x0c),
        'n' => byte(b'\n'),
        'r' => byte(b'\r'),
        't' => byte(b'\t'),
        'v' => byte(0x0b),
        '\\' => byte(b'\\'),
        '\'' | '"' if escape == quote => Some((Unquoted::Character(escape), rest)),
        'x' => {
            let (number, rest) = take_digits(rest, 2, 16)?;
            Some((Unquoted::Byte(u8::try_from(number).ok()?), rest))
        }
        'u' | 'U' => {
            let (number, rest) = take_digits(rest, if escape == 'u' { 4 } else { 8 }, 16)?;
            Some((Unquoted::Character(char::from_u32(number)?), rest))
        }
        '0'..='7' => {
            let (number, rest) = take_digits(&text[1..], 3, 8)?;
            Some((Unquoted::Byte(u8::try_from(number).ok()?), rest))
        }
        _ => None,
    }
}

fn take_digits(text: &str, count: usize, base: u32) -> Option<(u32, &str)> {
    let digits = text.get(..count)?;
    let number = digits.chars().try_fold(0u32, |number, digit| {
        number.checked_mul(base)?.checked_add(digit.to_digit(base)?)
    })?;
    Some((number, &text[count..]))
}

/// A character as a number.
pub(super) fn character(text: &str) -> Option<Number> {
    let code = unquote_character(text)?;
    Some(Number {
        text: text.into(),
        int: Some(code),
        uint: u64::try_from(code).ok(),
        float: Some(float_of_int(code)),
        complex: None,
    })
}

/// A number in all the forms that it can take; nothing if it is none.
pub(super) fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_suffix('i') {
        return complex(text, digits);
    }
    let uint = parse_uint(text, 0).ok();
    let int = parse_int(text, 0).ok();
    // `-0` has a sign and is unsigned all the same.
    let uint = if int == Some(0) { Some(0) } else { uint };
    let mut number = Number {
        text: text.into(),
        int,
        uint,
        float: None,
        complex: None,
    };
    if let Some(int) = int {
        number.float = Some(float_of_int(int));
    } else if let Some(uint) = uint {
        number.float = Some(float_of_uint(uint));
    } else {
        let float = parse_float(text)?;
        // Digits alone that do not fit are not a fraction either.
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return None;
        }
        number.float = Some(float);
        number.int = whole(float);
        number.uint = unsigned(float);
    }
    Some(number)
}

fn complex(text: &str, digits: &str) -> Option<Number> {
    // The sign of the imaginary part is the last one that does not belong to an exponent.
    let split = digits.char_indices().skip(1).filter(|(at, character)| {
        matches!(character, '+' | '-') && !digits[..*at].ends_with(['e', 'E', 'p', 'P'])
    });
    let (real, imaginary) = match split.last() {
        Some((at, _)) => (parse_float(&digits[..at])?, parse_float(&digits[at..])?),
        None => (0.0, parse_float(digits)?),
    };
    let is_real = imaginary == 0.0;
    Some(Number {
        text: text.into(),
        int: if is_real { whole(real) } else { None },
        uint: if is_real { unsigned(real) } else { None },
        float: is_real.then_some(real),
        complex: Some((real, imaginary)),
    })
}

/// The whole number that is exactly this one.
fn whole(float: f64) -> Option<i64> {
    let in_range = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float);
    (in_range && float.fract() == 0.0).then(|| int_of_float(float))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked"
)]
fn unsigned(float: f64) -> Option<u64> {
    let in_range = (0.0..18_446_744_073_709_551_616.0).contains(&float);
    (in_range && float.fract() == 0.0).then_some(float as u64)
}
