//! `eq`, `lt` and their kin: what can be compared with what.

use std::sync::Arc;

use crate::template::Value;
use crate::template::function::{Arguments, Stop};
use crate::template::shape::Type;
use crate::template::value::Structure;

/// Values that are compared by what they are rather than by their type.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Basic<'v> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Complex(f64, f64),
    Text(&'v [u8]),
}

fn basic(value: &Value) -> Option<Basic<'_>> {
    Some(match value {
        Value::Bool(truth) => Basic::Bool(*truth),
        Value::Int(number, width) if width.is_unsigned() => Basic::Uint(number.cast_unsigned()),
        Value::Int(number, _) | Value::Duration(number) => Basic::Int(*number),
        Value::Month(number) | Value::Weekday(number) => Basic::Int((*number).into()),
        Value::Float(number) => Basic::Float(*number),
        Value::Complex(real, imaginary) => Basic::Complex(*real, *imaginary),
        Value::Text(text, _) => Basic::Text(text),
        _ => return None,
    })
}

fn incompatible(one: &Value, other: &Value) -> Stop {
    let (one, other) = (one.type_name(), other.type_name());
    Stop::because(format!("incompatible types for comparison: {one} and {other}"))
}

/// Whether the first argument equals one of the others.
pub(super) fn equal(arguments: Arguments<'_>) -> Result<bool, Stop> {
    let one = arguments.any(0);
    if arguments.rest(1).is_empty() {
        return Err(Stop::because("missing argument for comparison"));
    }
    for other in arguments.rest(1) {
        if equal_to(one, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn equal_to(one: &Value, other: &Value) -> Result<bool, Stop> {
    let is_valid = |value: &Value| value.type_of().is_some();
    match (basic(one), basic(other)) {
        (Some(Basic::Int(signed)), Some(Basic::Uint(unsigned)))
        | (Some(Basic::Uint(unsigned)), Some(Basic::Int(signed))) => {
            Ok(u64::try_from(signed) == Ok(unsigned))
        }
        (Some(Basic::Bool(one)), Some(Basic::Bool(other))) => Ok(one == other),
        (Some(Basic::Int(one)), Some(Basic::Int(other))) => Ok(one == other),
        (Some(Basic::Uint(one)), Some(Basic::Uint(other))) => Ok(one == other),
        #[expect(clippy::float_cmp, reason = "the language compares exactly")]
        (Some(Basic::Float(one)), Some(Basic::Float(other))) => Ok(one == other),
        (Some(one @ Basic::Complex(..)), Some(other @ Basic::Complex(..))) => Ok(one == other),
        (Some(Basic::Text(one)), Some(Basic::Text(other))) => Ok(one == other),
        (None, None) => same(one, other),
        _ if is_valid(one) && is_valid(other) => Err(incompatible(one, other)),
        _ => Ok(false),
    }
}

/// Equality of what has no order: nil, pointers, structs.
fn same(one: &Value, other: &Value) -> Result<bool, Stop> {
    let kind = |value: &Value| value.type_of().map(Type::kind);
    let (kind_one, kind_other) = (kind(one), kind(other));
    if kind_one != kind_other && kind_one.is_some() && kind_other.is_some() {
        return Err(incompatible(one, other));
    }
    if one.is_nil() || other.is_nil() {
        return Ok(one.is_nil() == other.is_nil());
    }
    identical(one, other).ok_or_else(|| Stop::because(format!("non-comparable type {}", other.type_name())))
}

/// Go's `==` on values of any type; nothing if the type of the second has none.
fn identical(one: &Value, other: &Value) -> Option<bool> {
    Some(match (one, other) {
        (_, Value::List(_) | Value::Map(_) | Value::Bytes(_)) => return None,
        (_, Value::Struct(structure)) if !is_comparable(structure) => return None,
        (Value::Struct(one), Value::Struct(other)) => {
            let mut pairs = one.fields.iter().zip(&other.fields);
            one.kind == other.kind && pairs.all(|(one, other)| field_equals(one, other))
        }
        (Value::Pointer(_, Some(one)), Value::Pointer(_, Some(other))) => Arc::ptr_eq(one, other),
        (Value::Version(one), Value::Version(other)) => Arc::ptr_eq(one, other),
        (Value::Location(one), Value::Location(other)) => one == other,
        (Value::Time(one), Value::Time(other)) | (Value::MetaTime(one), Value::MetaTime(other)) => {
            one == other
        }
        _ => false,
    })
}

fn is_comparable(structure: &Structure) -> bool {
    structure.fields.iter().all(|field| match field {
        Value::List(_) | Value::Map(_) | Value::Bytes(_) => false,
        Value::Struct(inner) => is_comparable(inner),
        _ => true,
    })
}

fn field_equals(one: &Value, other: &Value) -> bool {
    match (basic(one), basic(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one.is_nil() && other.is_nil() || identical(one, other).unwrap_or(false),
    }
}

/// Whether the first argument is less than the second.
pub(super) fn less(arguments: Arguments<'_>) -> Result<bool, Stop> {
    let (one, other) = (arguments.any(0), arguments.any(1));
    let (Some(basic_one), Some(basic_other)) = (basic(one), basic(other)) else {
        return Err(Stop::because("invalid type for comparison"));
    };
    match (basic_one, basic_other) {
        (Basic::Int(one), Basic::Uint(other)) => {
            Ok(u64::try_from(one).is_ok_and(|one| one < other) || one < 0)
        }
        (Basic::Uint(one), Basic::Int(other)) => Ok(u64::try_from(other).is_ok_and(|other| one < other)),
        (Basic::Int(one), Basic::Int(other)) => Ok(one < other),
        (Basic::Uint(one), Basic::Uint(other)) => Ok(one < other),
        (Basic::Float(one), Basic::Float(other)) => Ok(one < other),
        (Basic::Text(one), Basic::Text(other)) => Ok(one < other),
        (Basic::Bool(_), Basic::Bool(_)) | (Basic::Complex(..), Basic::Complex(..)) => {
            Err(Stop::because("invalid type for comparison"))
        }
        _ => Err(incompatible(one, other)),
    }
}

/// Whether the first argument is less than the second or equal to it.
pub(super) fn less_or_equal(arguments: Arguments<'_>) -> Result<bool, Stop> {
    Ok(less(arguments)? || equal(arguments)?)
}
