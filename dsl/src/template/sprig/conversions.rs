//! How Sprig turns any value into a string, a whole number or a fraction. Not a family of its own: all use it.

use crate::template::Value;
use crate::template::error::Limit;
use crate::template::function::Meter;
use crate::template::number::{float_of_int, int_of_float, parse_float, parse_int};
use crate::template::print;
use crate::template::value::string_method;

/// As a string: what the method `String` gives, bytes as they are, anything else as `%v` prints it.
pub(super) fn to_text(value: &Value, meter: &mut Meter) -> Result<Vec<u8>, Limit> {
    match value {
        Value::Text(text, _) => Ok(text.to_vec()),
        Value::Bytes(bytes) => Ok(bytes.as_deref().unwrap_or_default().to_vec()),
        _ => match string_method(value) {
            Some(text) => Ok(text.into_bytes()),
            None => print::plain(value, meter),
        },
    }
}

/// As strings: each element of a list that is not nil, or the one value itself.
pub(super) fn to_texts(value: &Value, meter: &mut Meter) -> Result<Vec<Vec<u8>>, Limit> {
    match value.elements() {
        Some(elements) => {
            meter.spend(elements.len())?;
            let present = elements
                .iter()
                .filter(|element| !matches!(element, Value::Nil | Value::Absent));
            present.map(|element| to_text(element, meter)).collect()
        }
        None if matches!(value, Value::Nil | Value::Absent) => Ok(Vec::new()),
        None => Ok(vec![to_text(value, meter)?]),
    }
}

/// As a whole number. What is none is zero.
pub(super) fn to_int(value: &Value) -> i64 {
    match value {
        Value::Int(number, _) | Value::Duration(number) => *number,
        Value::Month(number) | Value::Weekday(number) => (*number).into(),
        Value::Float(number) => int_of_float(*number),
        Value::Bool(truth) | Value::BoolPointer(Some(truth)) => (*truth).into(),
        _ => plain_text(value)
            .and_then(|text| parse_int(text, 10).ok())
            .unwrap_or(0),
    }
}

/// As a fraction. What is none is zero.
pub(super) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Float(number) => *number,
        Value::Int(..) | Value::Duration(_) | Value::Month(_) | Value::Weekday(_) => {
            float_of_int(to_int(value))
        }
        Value::Bool(_) | Value::BoolPointer(_) => float_of_int(to_int(value)),
        _ => plain_text(value).and_then(parse_float).unwrap_or(0.0),
    }
}

fn plain_text(value: &Value) -> Option<&str> {
    value.as_text().and_then(|text| std::str::from_utf8(text).ok())
}

/// Whether Sprig takes it for unset: like a false condition, for nil of any type as well.
pub(super) fn is_empty(value: &Value) -> bool {
    !value.is_true()
}
