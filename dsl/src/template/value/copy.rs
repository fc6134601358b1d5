//! Copies that share no map with the original, and what must not be inserted into a map.

use std::sync::Arc;

use super::{List, Map, Structure, Value};
use crate::template::error::Limit;
use crate::template::function::Meter;
use crate::template::shape::Type;

/// A copy of a value and of everything in it that can change.
pub(crate) fn deep(value: &Value, meter: &mut Meter) -> Result<Value, Limit> {
    copy(value, meter, 0)
}

fn copy(value: &Value, meter: &mut Meter, depth: usize) -> Result<Value, Limit> {
    meter.spend(1)?;
    meter.check_depth(depth)?;
    let mut inner = |value: &Value| copy(value, meter, depth + 1);
    Ok(match value {
        Value::List(list) if list.is_nil() => value.clone(),
        Value::List(list) => {
            let items = list.items().iter().map(inner).collect::<Result<_, _>>()?;
            Value::List(Arc::new(List::new(list.element(), items)))
        }
        Value::Map(map) if map.is_nil() => value.clone(),
        Value::Map(map) => {
            let mut entries = Vec::with_capacity(map.len());
            for (key, value) in map.entries() {
                entries.push((key, inner(&value)?));
            }
            Value::Map(Arc::new(match map.ty() {
                Type::JsonMap => Map::json(entries),
                _ => Map::new(map.value(), entries),
            }))
        }
        Value::Struct(structure) => Value::Struct(structure_copy(structure, inner)?),
        Value::Pointer(kind, Some(structure)) => {
            Value::Pointer(kind, Some(structure_copy(structure, inner)?))
        }
        _ => value.clone(),
    })
}

fn structure_copy(
    structure: &Structure,
    inner: impl FnMut(&Value) -> Result<Value, Limit>,
) -> Result<Arc<Structure>, Limit> {
    let fields = structure.fields.iter().map(inner).collect::<Result<_, _>>()?;
    Ok(Arc::new(Structure {
        kind: structure.kind,
        fields,
    }))
}

/// Whether a map is somewhere inside of a value. Inserting such a value into the map would make it contain itself,
/// and nothing that walks it would end.
pub(crate) fn contains(value: &Value, map: &Arc<Map>, meter: &mut Meter) -> Result<bool, Limit> {
    let mut pending = vec![value.clone()];
    while let Some(value) = pending.pop() {
        meter.spend(1)?;
        match value {
            Value::Map(inner) if Arc::ptr_eq(&inner, map) => return Ok(true),
            Value::Map(inner) => pending.extend(inner.entries().into_iter().map(|(_, value)| value)),
            Value::List(list) => {
                pending.extend(list.items().iter().filter(|item| item.is_collection()).cloned());
            }
            Value::Struct(structure) | Value::Pointer(_, Some(structure)) => {
                pending.extend(structure.fields.iter().cloned());
            }
            _ => {}
        }
    }
    Ok(false)
}
