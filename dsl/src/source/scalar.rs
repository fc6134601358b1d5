//! Reads plain scalars as kubectl does: YAML 1.1 for truth values and octal numbers, Go's rules for the rest.
//! Must not know where a scalar stands.
//!
//! kubectl converts YAML to JSON with `sigs.k8s.io/yaml`, whose reader is a fork of go-yaml 2.

use serde_json::{Number, Value as Json};

/// What a plain scalar is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    /// This JSON value, read alike by every YAML.
    Plain(Json),
    /// This JSON value to kubectl, a text (or another number) to YAML 1.2.
    Ambiguous(Json),
    /// A number that JSON does not have.
    NotFinite,
}

/// Reads the text of a plain scalar without a tag.
pub(super) fn resolve(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Plain(Json::Null),
        "true" | "True" | "TRUE" => Scalar::Plain(Json::Bool(true)),
        "false" | "False" | "FALSE" => Scalar::Plain(Json::Bool(false)),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Scalar::Ambiguous(Json::Bool(true)),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Scalar::Ambiguous(Json::Bool(false)),
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf"
        | "-.Inf" | "-.INF" => Scalar::NotFinite,
        _ => number(text).unwrap_or_else(|| Scalar::Plain(Json::String(text.to_owned()))),
    }
}

/// The key that a value becomes in a JSON object.
pub(super) fn key(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(truth) => Some(truth.to_string()),
        Json::Number(number) => Some(number.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn number(text: &str) -> Option<Scalar> {
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return None;
    }
    let digits = text.replace('_', "");
    let ambiguous = digits.len() != text.len();
    if let Some((value, decimal)) = integer(&digits) {
        let json = Json::Number(value);
        return Some(if ambiguous || !decimal {
            Scalar::Ambiguous(json)
        } else {
            Scalar::Plain(json)
        });
    }
    if !is_float(&digits) {
        return None;
    }
    let value: f64 = digits.parse().ok()?;
    if !value.is_finite() {
        return None;
    }
    let json = Json::Number(float(value)?);
    Some(if ambiguous {
        Scalar::Ambiguous(json)
    } else {
        Scalar::Plain(json)
    })
}

/// Go's `ParseInt(text, 0, 64)` and then `ParseUint`; and whether YAML 1.2 reads the same number.
fn integer(text: &str) -> Option<(Number, bool)> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = unsigned.to_ascii_lowercase();
    let (digits, radix, same) = if let Some(digits) = lower.strip_prefix("0x") {
        (digits, 16, true)
    } else if let Some(digits) = lower.strip_prefix("0o") {
        (digits, 8, true)
    } else if let Some(digits) = lower.strip_prefix("0b") {
        (digits, 2, false)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (&lower[1..], 8, false)
    } else {
        (lower.as_str(), 10, true)
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        let value = 0_i64.checked_sub_unsigned(magnitude)?;
        return Some((value.into(), same));
    }
    Some((magnitude.into(), same))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    mantissa_fits && exponent_fits
}

/// The number that is left after Go has written the float as JSON: without a fraction it is an integer.
fn float(value: f64) -> Option<Number> {
    let written = value.to_string();
    if value.abs() < 1e21
        && let Ok(whole) = written.parse::<i64>()
    {
        return Some(whole.into());
    }
    Number::from_f64(value)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::{Scalar, resolve};

    #[test]
    fn plain_scalars_read_as_kubectl_reads_them() {
        let table: String = [
            "",
            "~",
            "null",
            "true",
            "yes",
            "Off",
            "y",
            "nope",
            "0755",
            "0o755",
            "0x1F",
            "0b101",
            "-0b101",
            "09",
            "1_000",
            "12",
            "-7",
            "+3",
            "18446744073709551615",
            "99999999999999999999",
            "1.5",
            "1.0",
            "1e3",
            "1e30",
            ".5",
            "5.",
            ".",
            "-",
            "+",
            "1.2.3",
            "0x",
            "2026-09-30",
            "12:30:45",
            ".inf",
            "1e999",
            "_1",
            "-.5e-3",
        ]
        .iter()
        .map(|text| match resolve(text) {
            Scalar::Plain(value) => format!("{text:<22} {value}\n"),
            Scalar::Ambiguous(value) => format!("{text:<22} {value} (YAML 1.2 differs)\n"),
            Scalar::NotFinite => format!("{text:<22} not finite\n"),
        })
        .collect();
        assert_snapshot!(table);
    }
}
