//! Numbers from text, as Go reads them: bases by prefix, underscores between digits, hexadecimal fractions.

/// Why a text is not the number that was wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is no number.
    Syntax,
    /// It is one that does not fit. Holds what Go gives then: the nearest that fits.
    Range(i64),
}

/// A signed whole number. Base 0 reads the base from a prefix, where a leading `0` means octal, and allows
/// underscores.
pub(super) fn parse_int(text: &str, base: u32) -> Result<i64, Unreadable> {
    let (negative, digits) = split_sign(text);
    match parse_magnitude(digits, base) {
        Ok(magnitude) => {
            let number = if negative {
                -i128::from(magnitude)
            } else {
                i128::from(magnitude)
            };
            i64::try_from(number).map_err(|_beyond| Unreadable::Range(limit(negative)))
        }
        Err(Unreadable::Range(_)) => Err(Unreadable::Range(limit(negative))),
        Err(Unreadable::Syntax) => Err(Unreadable::Syntax),
    }
}

/// An unsigned whole number, without a sign, with the same bases.
pub(super) fn parse_uint(text: &str, base: u32) -> Result<u64, Unreadable> {
    parse_magnitude(text, base)
}

fn limit(negative: bool) -> i64 {
    if negative { i64::MIN } else { i64::MAX }
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

fn parse_magnitude(text: &str, base: u32) -> Result<u64, Unreadable> {
    let (base, digits, underscores) = if base == 0 {
        split_base(text)
    } else {
        (base, text, false)
    };
    if underscores && !are_underscores_placed(text) {
        return Err(Unreadable::Syntax);
    }
    let mut number: Option<u64> = Some(0);
    let mut any = false;
    for character in digits.chars() {
        if underscores && character == '_' {
            continue;
        }
        let digit = character.to_digit(base).ok_or(Unreadable::Syntax)?;
        any = true;
        number = number
            .and_then(|number| number.checked_mul(base.into()))
            .and_then(|number| number.checked_add(digit.into()));
    }
    if !any {
        return Err(Unreadable::Syntax);
    }
    number.ok_or(Unreadable::Range(i64::MAX))
}

fn split_base(text: &str) -> (u32, &str, bool) {
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.get(1).map(u8::to_ascii_lowercase)) {
        (Some(b'0'), Some(b'x')) if bytes.len() > 2 => (16, &text[2..], true),
        (Some(b'0'), Some(b'o')) if bytes.len() > 2 => (8, &text[2..], true),
        (Some(b'0'), Some(b'b')) if bytes.len() > 2 => (2, &text[2..], true),
        (Some(b'0'), Some(_)) => (8, &text[1..], true),
        _ => (10, text, true),
    }
}

/// Whether every underscore stands between digits or after the prefix of the base.
fn are_underscores_placed(text: &str) -> bool {
    let (_, text) = split_sign(text);
    let bytes = text.as_bytes();
    let prefixed =
        bytes.len() >= 2 && bytes[0] == b'0' && matches!(bytes[1].to_ascii_lowercase(), b'x' | b'o' | b'b');
    let hexadecimal = prefixed && bytes[1].eq_ignore_ascii_case(&b'x');
    let mut after_digit = prefixed;
    let mut after_underscore = false;
    for byte in &bytes[if prefixed { 2 } else { 0 }..] {
        let is_digit = byte.is_ascii_digit() || hexadecimal && byte.is_ascii_hexdigit();
        match byte {
            _ if is_digit => (after_digit, after_underscore) = (true, false),
            b'_' if after_digit => (after_digit, after_underscore) = (false, true),
            b'_' => return false,
            _ if after_underscore => return false,
            _ => after_digit = false,
        }
    }
    !after_underscore
}

/// A number with a fraction: decimal, hexadecimal, infinite or not a number. Nothing if it is none of these or
/// too large.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    if let Some(special) = parse_special(text) {
        return Some(special);
    }
    if text.contains('_') && !are_underscores_placed(text) {
        return None;
    }
    let (negative, digits) = split_sign(text);
    let digits = digits.replace('_', "");
    let magnitude = match digits.get(..2) {
        Some("0x" | "0X") => parse_hexadecimal(&digits[2..])?,
        _ => parse_decimal(&digits)?,
    };
    (!magnitude.is_infinite()).then_some(if negative { -magnitude } else { magnitude })
}

fn parse_special(text: &str) -> Option<f64> {
    let (negative, word) = split_sign(text);
    if word.eq_ignore_ascii_case("inf") || word.eq_ignore_ascii_case("infinity") {
        return Some(if negative {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        });
    }
    text.eq_ignore_ascii_case("nan").then_some(f64::NAN)
}

fn parse_decimal(digits: &str) -> Option<f64> {
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], Some(&digits[at + 1..])),
        None => (digits, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    if let Some(exponent) = exponent {
        let (_, exponent) = split_sign(exponent);
        if exponent.is_empty() || !all_digits(exponent) {
            return None;
        }
    }
    digits.parse().ok()
}

/// What follows `0x`: the exponent of two is obligatory.
fn parse_hexadecimal(digits: &str) -> Option<f64> {
    let at = digits.find(['p', 'P'])?;
    let (mantissa, exponent) = (&digits[..at], &digits[at + 1..]);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (negative, magnitude) = split_sign(exponent);
    if whole.is_empty() && fraction.is_empty()
        || magnitude.is_empty()
        || !magnitude.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    // Anything beyond is zero or infinite in any case.
    let magnitude = magnitude.parse::<i64>().unwrap_or(1 << 20).min(1 << 20);
    let mut scale = if negative { -magnitude } else { magnitude };
    let mut value: u64 = 0;
    let mut rest = false;
    for (position, character) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(character.to_digit(16)?);
        let in_fraction = position >= whole.len();
        if value >> 60 == 0 {
            value = value << 4 | digit;
            scale -= if in_fraction { 4 } else { 0 };
        } else {
            rest |= digit != 0;
            scale += if in_fraction { 0 } else { 4 };
        }
    }
    Some(scaled(value, rest, scale))
}

/// `value * 2^scale`, rounded to even; `rest` tells that `value` was cut off.
fn scaled(value: u64, rest: bool, scale: i64) -> f64 {
    if value == 0 {
        return 0.0;
    }
    let bits = 64 - i64::from(value.leading_zeros());
    // The exponent of the lowest bit that a number of this size keeps.
    let lowest = (bits + scale - 53).max(-1074);
    let drop = lowest - scale;
    let mantissa = match u32::try_from(drop) {
        Ok(drop) if drop >= 65 => 0,
        Ok(drop) if drop > 0 => {
            let wide = u128::from(value);
            let kept = wide >> drop;
            let half = 1u128 << (drop - 1);
            let cut = wide & ((1u128 << drop) - 1);
            let up = cut > half || cut == half && (rest || kept & 1 == 1);
            kept + u128::from(up)
        }
        _ => u128::from(value) << u32::try_from(-drop).unwrap_or(0).min(63),
    };
    let mut exact = float_of_uint(u64::try_from(mantissa).unwrap_or(u64::MAX));
    // In steps, so that no power is out of range by itself. The mantissa is already cut to what fits, so no
    // step rounds.
    let mut left = lowest.clamp(-4000, 4000);
    while left != 0 {
        let step = left.clamp(-900, 900);
        exact *= 2f64.powi(i32::try_from(step).unwrap_or(0));
        left -= step;
    }
    exact
}

/// The nearest number with a fraction.
#[expect(clippy::cast_precision_loss, reason = "Go's conversion rounds as well")]
pub(super) fn float_of_int(int: i64) -> f64 {
    int as f64
}

/// The nearest number with a fraction.
#[expect(clippy::cast_precision_loss, reason = "Go's conversion rounds as well")]
pub(super) fn float_of_uint(uint: u64) -> f64 {
    uint as f64
}

/// The whole part, as Go converts on the machines that Kubernetes runs on: what does not fit, and what is not
/// a number, is the smallest number.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
pub(super) fn int_of_float(float: f64) -> i64 {
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float) {
        float as i64
    } else {
        i64::MIN
    }
}
