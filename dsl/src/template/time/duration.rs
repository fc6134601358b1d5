//! Durations in nanoseconds, as text and back.

const SECOND: i64 = 1_000_000_000;

/// As Go writes it: `1h2m3.5s`, `1.5ms`, `0s`.
pub(crate) fn format_duration(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let magnitude = nanoseconds.unsigned_abs();
    let second = SECOND.unsigned_abs();
    if magnitude == 0 {
        return "0s".to_owned();
    }
    if magnitude < second {
        let (unit, digits) = match magnitude {
            0..1_000 => ("ns", 0),
            1_000..1_000_000 => ("µs", 3),
            _ => ("ms", 6),
        };
        return format!("{sign}{}{unit}", with_fraction(magnitude, digits));
    }
    let seconds = with_fraction(magnitude % (60 * second), 9);
    let minutes = magnitude / (60 * second);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// A number of which the last digits are a fraction, without zeros at the end.
fn with_fraction(magnitude: u64, digits: u32) -> String {
    let unit = 10u64.pow(digits);
    let fraction = magnitude % unit;
    if fraction == 0 {
        return (magnitude / unit).to_string();
    }
    let fraction = format!("{fraction:0width$}", width = digits as usize);
    format!("{}.{}", magnitude / unit, fraction.trim_end_matches('0'))
}

/// The other way; nothing if it is no duration or does not fit.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (nanoseconds, after) = parse_part(rest)?;
        total = total.checked_add(nanoseconds).filter(|total| *total <= 1 << 63)?;
        rest = after;
    }
    let total = i128::from(total);
    i64::try_from(if negative { -total } else { total }).ok()
}

/// One number with its unit, and what follows.
fn parse_part(text: &str) -> Option<(u64, &str)> {
    let is_digit = |character: char| character.is_ascii_digit();
    let end = text.find(|character| !is_digit(character)).unwrap_or(text.len());
    let (whole, mut rest) = text.split_at(end);
    let mut fraction = "";
    if let Some(after) = rest.strip_prefix('.') {
        let end = after
            .find(|character| !is_digit(character))
            .unwrap_or(after.len());
        (fraction, rest) = after.split_at(end);
    }
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let end = rest
        .find(|character: char| character == '.' || is_digit(character))
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let unit: u64 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let whole = whole.checked_mul(unit).filter(|whole| *whole <= 1 << 63)?;
    let total = whole.checked_add(scaled_fraction(fraction, unit))?;
    (total <= 1 << 63).then_some((total, rest))
}

/// The fraction of a unit in nanoseconds, rounded down in floating point as Go does it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "Go computes it this way, and the result is below one unit"
)]
fn scaled_fraction(digits: &str, unit: u64) -> u64 {
    let (mut number, mut scale) = (0u64, 1f64);
    for digit in digits.bytes() {
        let next = number
            .checked_mul(10)
            .and_then(|ten| ten.checked_add(u64::from(digit - b'0')));
        let Some(next) = next.filter(|next| *next <= 1 << 63) else {
            break;
        };
        number = next;
        scale *= 10.0;
    }
    (number as f64 * (unit as f64 / scale)) as u64
}

/// To the nearest multiple, halves away from zero.
pub(crate) fn round_duration(nanoseconds: i64, unit: i64) -> i64 {
    if unit <= 0 {
        return nanoseconds;
    }
    let (wide, unit) = (i128::from(nanoseconds), i128::from(unit));
    let rest = (wide % unit).abs();
    let down = wide - wide % unit;
    let rounded = if rest * 2 < unit {
        down
    } else {
        down + unit * wide.signum()
    };
    i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
}
