//! Durations as Go writes them: `1h30m`, `90s`, `1.5s`, `300ms`.
//! Must not know what waits that long.

use std::fmt::Write as _;
use std::time::Duration;

const UNITS: [(&str, u128); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60 * 1_000_000_000),
];
const HOUR: u128 = 3600 * 1_000_000_000;

/// Reads a duration that is not negative; nothing when the text is none, or when it is longer than Go's
/// longest (about 292 years).
pub fn parse_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let unit_at = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, after) = rest.split_at(unit_at);
        let unit_end = after
            .find(|character: char| character.is_ascii_digit() || character == '.')
            .unwrap_or(after.len());
        let (unit, following) = after.split_at(unit_end);
        total = total.checked_add(nanoseconds(number, unit_length(unit)?)?)?;
        rest = following;
    }
    let nanoseconds = u64::try_from(total)
        .ok()
        .filter(|&total| i64::try_from(total).is_ok())?;
    Some(Duration::from_nanos(nanoseconds))
}

fn unit_length(unit: &str) -> Option<u128> {
    if unit == "h" {
        return Some(HOUR);
    }
    UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|&(_, length)| length)
}

/// `number` of units that are `length` nanoseconds long.
fn nanoseconds(number: &str, length: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut total = whole.checked_mul(length)?;
    let mut scale = length;
    for digit in fraction.bytes() {
        scale /= 10;
        if !digit.is_ascii_digit() {
            return None;
        }
        total = total.checked_add(u128::from(digit - b'0') * scale)?;
    }
    Some(total)
}

/// Writes a duration in the units that need no fraction.
pub fn print_duration(duration: Duration) -> String {
    let mut rest = duration.as_nanos();
    let mut text = String::new();
    for (unit, length) in [
        ("h", HOUR),
        ("m", 60 * 1_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ] {
        if rest >= length {
            write!(text, "{}{unit}", rest / length).expect("writing to a string cannot fail");
            rest %= length;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{parse_duration, print_duration};

    #[test]
    fn reads_what_go_reads() {
        let nanoseconds = |text| parse_duration(text).map(|duration| duration.as_nanos());
        assert_eq!(nanoseconds("1h30m"), Some(5_400_000_000_000));
        assert_eq!(nanoseconds("1.5s"), Some(1_500_000_000));
        assert_eq!(nanoseconds(".5ms"), Some(500_000));
        assert_eq!(nanoseconds("1µs"), Some(1_000));
        assert_eq!(nanoseconds("0"), Some(0));
        for wrong in [
            "",
            "+",
            "5",
            "5 s",
            "1d",
            "s",
            ".s",
            "-1s",
            "1.2.3s",
            "9999999999h",
        ] {
            assert_eq!(nanoseconds(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn printed_durations_read_back(nanoseconds in 0..i64::MAX.cast_unsigned()) {
            let duration = Duration::from_nanos(nanoseconds);
            prop_assert_eq!(parse_duration(&print_duration(duration)), Some(duration));
        }
    }
}
