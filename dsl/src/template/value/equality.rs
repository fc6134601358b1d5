//! Deep equality: the same types, and the same all the way down.

use super::{List, Map, Structure, Value};
use crate::template::error::Limit;
use crate::template::function::Meter;

/// Whether two values are of the same type and equal in all their parts.
pub(crate) fn deeply_equal(one: &Value, other: &Value, meter: &mut Meter) -> Result<bool, Limit> {
    equal(one, other, meter, 0)
}

fn equal(one: &Value, other: &Value, meter: &mut Meter, depth: usize) -> Result<bool, Limit> {
    meter.spend(1)?;
    meter.check_depth(depth)?;
    Ok(match (one, other) {
        (Value::Absent | Value::Nil, Value::Absent | Value::Nil) => true,
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Int(one, width), Value::Int(other, other_width)) => one == other && width == other_width,
        #[expect(clippy::float_cmp, reason = "the language compares exactly")]
        (Value::Float(one), Value::Float(other)) => one == other,
        #[expect(clippy::float_cmp, reason = "the language compares exactly")]
        (Value::Complex(one, imaginary), Value::Complex(other, other_imaginary)) => {
            one == other && imaginary == other_imaginary
        }
        (Value::Text(one, kind), Value::Text(other, other_kind)) => one == other && kind == other_kind,
        (Value::Bytes(one), Value::Bytes(other)) => one == other,
        (Value::List(one), Value::List(other)) => lists(one, other, meter, depth)?,
        (Value::Map(one), Value::Map(other)) => maps(one, other, meter, depth)?,
        (Value::Struct(one), Value::Struct(other)) => structures(one, other, meter, depth)?,
        (Value::Pointer(kind, one), Value::Pointer(other_kind, other)) => {
            kind == other_kind
                && match (one, other) {
                    (Some(one), Some(other)) => structures(one, other, meter, depth)?,
                    (one, other) => one.is_none() && other.is_none(),
                }
        }
        (Value::BoolPointer(one), Value::BoolPointer(other)) => one == other,
        (Value::Time(one), Value::Time(other)) | (Value::MetaTime(one), Value::MetaTime(other)) => {
            one == other
        }
        (Value::Duration(one), Value::Duration(other)) => one == other,
        (Value::Month(one), Value::Month(other)) | (Value::Weekday(one), Value::Weekday(other)) => {
            one == other
        }
        (Value::Location(one), Value::Location(other)) => one == other,
        (Value::Version(one), Value::Version(other)) => one == other,
        _ => false,
    })
}

fn lists(one: &List, other: &List, meter: &mut Meter, depth: usize) -> Result<bool, Limit> {
    let same_shape =
        one.ty() == other.ty() && one.is_nil() == other.is_nil() && one.items().len() == other.items().len();
    if !same_shape {
        return Ok(false);
    }
    for (one, other) in one.items().iter().zip(other.items()) {
        if !equal(one, other, meter, depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn maps(one: &Map, other: &Map, meter: &mut Meter, depth: usize) -> Result<bool, Limit> {
    if one.ty() != other.ty() || one.is_nil() != other.is_nil() || one.len() != other.len() {
        return Ok(false);
    }
    for ((key, value), (other_key, other_value)) in one.entries().iter().zip(other.entries().iter()) {
        if key != other_key || !equal(value, other_value, meter, depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn structures(one: &Structure, other: &Structure, meter: &mut Meter, depth: usize) -> Result<bool, Limit> {
    if one.kind != other.kind {
        return Ok(false);
    }
    for (one, other) in one.fields.iter().zip(&other.fields) {
        if !equal(one, other, meter, depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}
