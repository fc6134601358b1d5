//! Numbers with a fraction as text: decimal with and without exponent, hexadecimal, and as mantissa and exponent.

use std::fmt::Write as _;

/// The digits of a number and where its point is: `0.d1d2d3… * 10^point`.
struct Decimal {
    digits: Vec<u8>,
    point: i32,
}

/// A finite or infinite number by a verb of `printf`. Without a precision, as many digits as tell it from its
/// neighbours.
pub(crate) fn format(number: f64, verb: char, precision: Option<usize>) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    if number.is_infinite() {
        return format!("{}Inf", if sign.is_empty() { "+" } else { sign });
    }
    let number = number.abs();
    let body = match verb {
        'e' | 'E' => {
            let decimal = Decimal::new(number, precision.map(|precision| precision + 1));
            let precision = precision.unwrap_or(decimal.digits.len().saturating_sub(1));
            decimal.exponential(precision, verb)
        }
        'f' | 'F' => {
            precision.map_or_else(|| number.to_string(), |precision| format!("{number:.precision$}"))
        }
        'x' | 'X' => hexadecimal(number, precision, verb),
        'b' => binary(number),
        _ => general(number, precision, verb),
    };
    format!("{sign}{body}")
}

/// `%g`: with an exponent when it is below -4 or not below the precision.
fn general(number: f64, precision: Option<usize>, verb: char) -> String {
    let precision = precision.map(|precision| precision.max(1));
    let decimal = Decimal::new(number, precision);
    let count = decimal.length();
    let asked = precision.map(|precision| i32::try_from(precision).unwrap_or(i32::MAX));
    let threshold = match asked {
        None => 6,
        Some(asked) if asked > count && count >= decimal.point => count,
        Some(asked) => asked,
    };
    let exponent = decimal.point - 1;
    let asked = asked.unwrap_or(count);
    if exponent < -4 || exponent >= threshold {
        let precision = usize::try_from(asked.min(count) - 1).unwrap_or(0);
        return decimal.exponential(precision, if verb == 'G' { 'E' } else { 'e' });
    }
    let asked = if asked > decimal.point { count } else { asked };
    decimal.positional(usize::try_from(asked - decimal.point).unwrap_or(0))
}

impl Decimal {
    /// The shortest digits, or that many, without zeros at the end.
    fn new(number: f64, count: Option<usize>) -> Self {
        let text = match count {
            Some(count) => format!("{number:.precision$e}", precision = count.saturating_sub(1)),
            None => format!("{number:e}"),
        };
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let mut digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let point = if digits.is_empty() { 0 } else { exponent + 1 };
        Self { digits, point }
    }

    fn length(&self) -> i32 {
        i32::try_from(self.digits.len()).unwrap_or(i32::MAX)
    }

    /// `d.ddde±dd`
    fn exponential(&self, precision: usize, letter: char) -> String {
        let digit = |position: usize| char::from(self.digits.get(position).copied().unwrap_or(b'0'));
        let mut text = String::from(digit(0));
        if precision > 0 {
            text.push('.');
            text.extend((1..=precision).map(digit));
        }
        let exponent = if self.digits.is_empty() { 0 } else { self.point - 1 };
        push_exponent(&mut text, letter, exponent);
        text
    }

    /// `ddd.ddd`
    fn positional(&self, precision: usize) -> String {
        let digit = |position: i32| {
            let digit = usize::try_from(position)
                .ok()
                .and_then(|position| self.digits.get(position));
            char::from(digit.copied().unwrap_or(b'0'))
        };
        let mut text = String::new();
        if self.point > 0 {
            text.extend((0..self.point).map(digit));
        } else {
            text.push('0');
        }
        if precision > 0 {
            text.push('.');
            let precision = i32::try_from(precision).unwrap_or(i32::MAX);
            text.extend((self.point..self.point.saturating_add(precision)).map(digit));
        }
        text
    }
}

/// An exponent has a sign and at least two digits.
fn push_exponent(text: &mut String, letter: char, exponent: i32) {
    let sign = if exponent < 0 { '-' } else { '+' };
    let written = write!(text, "{letter}{sign}{:02}", exponent.unsigned_abs());
    written.expect("a string takes any text");
}

/// The mantissa as a whole number and the exponent of two that belongs to it.
fn parts(number: f64) -> (u64, i32) {
    let bits = number.to_bits();
    let exponent = i32::try_from(bits >> 52 & 0x7ff).unwrap_or(0);
    let mantissa = bits & ((1 << 52) - 1);
    if exponent == 0 {
        (mantissa, -1074)
    } else {
        (mantissa | 1 << 52, exponent - 1075)
    }
}

/// `%b`
fn binary(number: f64) -> String {
    let (mantissa, exponent) = parts(number);
    format!("{mantissa}p{exponent:+}")
}

/// `%x`: one digit before the point, which is 1 unless the number is zero.
fn hexadecimal(number: f64, precision: Option<usize>, verb: char) -> String {
    let (mut mantissa, mut exponent) = parts(number);
    if mantissa == 0 {
        exponent = 0;
    } else {
        // The leading 1 goes to bit 60, so that fifteen whole digits follow it.
        let shift = mantissa.leading_zeros() - 3;
        mantissa <<= shift;
        exponent += 60 - i32::try_from(shift).unwrap_or(0);
    }
    if let Some(precision) = precision.filter(|precision| *precision < 15) {
        let dropped = 60 - 4 * u32::try_from(precision).unwrap_or(0);
        let rest = mantissa & ((1 << dropped) - 1);
        let half = 1u64 << (dropped - 1);
        mantissa >>= dropped;
        if rest > half || rest == half && mantissa & 1 == 1 {
            mantissa += 1;
        }
        mantissa <<= dropped;
        if mantissa >> 61 != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let mut fraction = format!("{:015x}", mantissa & ((1 << 60) - 1));
    match precision {
        None => fraction.truncate(fraction.trim_end_matches('0').len()),
        Some(precision) => {
            fraction.truncate(precision);
            fraction.extend(std::iter::repeat_n('0', precision.saturating_sub(15)));
        }
    }
    let point = if fraction.is_empty() { "" } else { "." };
    let mut text = format!("0x{}{point}{fraction}", mantissa >> 60);
    push_exponent(&mut text, 'p', exponent);
    if verb == 'X' { text.to_uppercase() } else { text }
}
