//! `index`, `slice`, `len` and `exists`: parts of values by position and key.

use std::sync::Arc;

use crate::template::Value;
use crate::template::error::Failure;
use crate::template::function::{Arguments, Context, Stop};
use crate::template::print::dereferenced;
use crate::template::shape::{TextKind, Width};
use crate::template::value::List;

/// A part of a part of a value.
pub(super) fn index(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let mut item = arguments.any(0).clone();
    if matches!(item, Value::Absent | Value::Nil) {
        return Err(Stop::because("index of untyped nil"));
    }
    for index in arguments.rest(1) {
        item = part(&item, index)?;
    }
    Ok(item)
}

fn part(item: &Value, index: &Value) -> Result<Value, Stop> {
    if item.is_nil_pointer() {
        return Err(Stop::because("index of nil pointer"));
    }
    match item {
        Value::List(list) => {
            let at = position(index, list.items().len())?;
            list.items().get(at).cloned().ok_or_else(|| out_of_range(index))
        }
        Value::Bytes(bytes) => byte(bytes.as_deref().unwrap_or_default(), index),
        Value::Text(text, _) => byte(text, index),
        Value::Map(map) => {
            let key = match index {
                Value::Text(key, TextKind::Plain) => key,
                Value::Absent | Value::Nil => {
                    return Err(Stop::because("value is nil; should be of type string"));
                }
                _ => {
                    let given = index.type_name();
                    return Err(Stop::because(format!("value has type {given}; should be string")));
                }
            };
            Ok(map.get(key).unwrap_or_else(|| Value::zero(*map.value())))
        }
        _ => Err(Stop::because(format!(
            "can't index item of type {}",
            dereferenced(item).type_name()
        ))),
    }
}

fn byte(bytes: &[u8], index: &Value) -> Result<Value, Stop> {
    let at = position(index, bytes.len())?;
    let byte = bytes.get(at).ok_or_else(|| out_of_range(index))?;
    Ok(Value::Int((*byte).into(), Width::Uint8))
}

/// A whole number as a position from 0 to the length, which is itself no element.
fn position(index: &Value, length: usize) -> Result<usize, Stop> {
    let number = whole(index).ok_or_else(|| match index {
        Value::Absent | Value::Nil => Stop::because("cannot index slice/array with nil"),
        _ => Stop::because(format!(
            "cannot index slice/array with type {}",
            index.type_name()
        )),
    })?;
    let position = usize::try_from(number)
        .ok()
        .filter(|position| *position <= length);
    position.ok_or_else(|| out_of_range(index))
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number, _) | Value::Duration(number) => Some(*number),
        Value::Month(number) | Value::Weekday(number) => Some((*number).into()),
        _ => None,
    }
}

fn out_of_range(index: &Value) -> Stop {
    Stop::Failed(Failure::IndexOutOfRange {
        index: whole(index).unwrap_or(0),
    })
}

/// The built-in `slice`: from a position to another, and for lists a third that bounds what may be appended,
/// which means nothing here.
pub(super) fn slice(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let item = arguments.any(0);
    let indexes = arguments.rest(1);
    if matches!(item, Value::Absent | Value::Nil) {
        return Err(Stop::because("slice of untyped nil"));
    }
    if item.is_nil_pointer() {
        return Err(Stop::because("slice of nil pointer"));
    }
    if indexes.len() > 3 {
        return Err(Stop::because(format!(
            "too many slice indexes: {}",
            indexes.len()
        )));
    }
    let length = match item {
        Value::Text(..) if indexes.len() == 3 => return Err(Stop::because("cannot 3-index slice a string")),
        Value::Text(text, _) => text.len(),
        Value::Bytes(bytes) => bytes.as_ref().map_or(0, |bytes| bytes.len()),
        Value::List(list) => list.items().len(),
        _ => {
            return Err(Stop::because(format!(
                "can't slice item of type {}",
                item.type_name()
            )));
        }
    };
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, length)?;
    }
    let [from, to, most] = bounds;
    if from > to || to > most {
        return Err(Stop::because(format!("invalid slice index: {from} > {to}")));
    }
    Ok(match item {
        Value::Text(text, kind) => Value::Text(text[from..to].into(), *kind),
        Value::Bytes(Some(bytes)) => Value::Bytes(Some(bytes[from..to].into())),
        Value::List(list) if !list.is_nil() => Value::List(Arc::new(List::new(
            list.element(),
            list.items()[from..to].to_vec(),
        ))),
        nil => nil.clone(),
    })
}

/// How many elements, entries or bytes there are.
pub(super) fn len(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let item = arguments.any(0);
    let length = match item {
        Value::Text(text, _) => text.len(),
        Value::Bytes(bytes) => bytes.as_ref().map_or(0, |bytes| bytes.len()),
        Value::List(list) => list.items().len(),
        Value::Map(map) => map.len(),
        Value::Nil => return Err(Stop::because("len of nil pointer")),
        _ if item.is_nil_pointer() => return Err(Stop::because("len of nil pointer")),
        _ => {
            return Err(Stop::because(format!(
                "len of type {}",
                dereferenced(item).type_name()
            )));
        }
    };
    Ok(Value::int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// Whether `index` with the same arguments would find something that is not nil.
pub(super) fn exists(arguments: Arguments<'_>) -> bool {
    let mut item = arguments.any(0).clone();
    let indexes = arguments.rest(1);
    if indexes.is_empty() {
        // Go sees no difference between no value and a value here.
        return matches!(item, Value::Nil) || !item.is_nil_pointer();
    }
    for index in indexes {
        // No key at all is the empty key here.
        let index = match (&item, index) {
            (Value::Map(_), Value::Absent | Value::Nil) => &Value::text(""),
            _ => index,
        };
        match part(&item, index) {
            Ok(part) => item = part,
            Err(_) => return false,
        }
    }
    !matches!(item, Value::Nil) && !item.is_nil_pointer()
}
