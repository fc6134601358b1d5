//! Numbers of bytes as restic writes them, since `BackupData`'s `size` and `phySize` are read by people and blueprints in that form.

const UNITS: [(&str, u64); 4] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];

/// `1.234 GiB`, `68.363 KiB`, `512 B`: three decimals from 1 KiB on, none below.
pub fn text(bytes: u64) -> String {
    for (unit, factor) in UNITS {
        if bytes >= factor {
            return format!("{:.3} {unit}", quotient(bytes, factor));
        }
    }
    format!("{bytes} B")
}

/// The bytes that such a text means, rounded down; `None` when it is not of the form restic prints.
///
/// One space, a point only between digits, and no other units (`kanister-vectors.md` L07, L19, L20).
pub fn parse(text: &str) -> Option<u64> {
    let (number, unit) = text.split_once(' ')?;
    let factor = match unit {
        "B" => 1,
        unit => UNITS.iter().find(|(name, _)| *name == unit)?.1,
    };
    let (whole, fraction) = number
        .split_once('.')
        .map_or((number, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !fraction.is_none_or(digits) {
        return None;
    }
    let number: f64 = number.parse().ok()?;
    Some(truncated(number, factor))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "three decimals are shown; 53 bits are more than enough"
)]
fn quotient(bytes: u64, factor: u64) -> f64 {
    bytes as f64 / factor as f64
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is not negative, and the cast saturates above u64::MAX"
)]
fn truncated(number: f64, factor: u64) -> u64 {
    (number * factor as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_as_restic_does() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.000 KiB"),
            (70_004, "68.363 KiB"),
            (1_325_000_000, "1.234 GiB"),
            (1 << 40, "1.000 TiB"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(text(bytes), expected);
        }
    }

    #[test]
    fn read_as_kanister_does() {
        let cases = [
            ("11235 B", Some(11_235)),
            ("11235 KiB", Some(11_235 << 10)),
            ("1.1 GiB", Some(1_181_116_006)),
            ("1.1235 GiB", Some(1_206_348_939)),
            ("0 KiB", Some(0)),
            ("11235 KB", None),
            ("", None),
            ("asdf", None),
            ("11235", None),
            ("-1.1235 GiB", None),
            (" 1 GiB", None),
            ("1 GiB ", None),
            ("1  GiB", None),
            ("GiB 1.1235", None),
            ("11. KiB", None),
            (".111 KiB", None),
            (". KiB", None),
            ("1 PiB", None),
            ("0 Bogus", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }
}
