//! `merge` and `mergeOverwrite` by the rules of mergo 0.3: maps are merged into each other, anything else is taken
//! from the first map that has it or from the last.

use std::sync::Arc;

use super::dictionaries::insert;
use crate::template::Value;
use crate::template::function::{Arguments, Context, Stop};
use crate::template::shape::Type;
use crate::template::value::Map;

/// Which values of the target give way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overwrite {
    /// Those that are empty.
    Empty,
    /// All, but a map only gives way to what it is merged with.
    Always,
}

/// Merges all further maps into the first one.
pub(super) fn merge_all(
    context: &mut Context<'_, '_>,
    arguments: Arguments<'_>,
    overwrite: Overwrite,
) -> Result<Value, Stop> {
    let mut target = Arc::clone(arguments.map(0));
    for position in 1..arguments.0.len() {
        let source = arguments.map(position);
        if target.is_nil() && !source.is_nil() {
            target = Arc::new(Map::new(&Type::Any, []));
        }
        merge(context, &target, source, overwrite, 0)?;
    }
    Ok(Value::Map(target))
}

fn merge(
    context: &mut Context<'_, '_>,
    target: &Arc<Map>,
    source: &Map,
    overwrite: Overwrite,
    depth: usize,
) -> Result<(), Stop> {
    context.meter.check_depth(depth)?;
    for (key, value) in source.entries() {
        context.meter.spend(1)?;
        let present = target.get(&key);
        if value.is_nil_entry() {
            if overwrite == Overwrite::Always {
                check_types(target, source)?;
                insert(context, target, key, &value)?;
            }
            continue;
        }
        if let (Some(Value::Map(inner)), Value::Map(new)) = (&present, &value)
            && !inner.is_nil()
        {
            merge(context, inner, new, overwrite, depth + 1)?;
        }
        if let (Some(Value::Map(_)), Overwrite::Always) = (&present, overwrite)
            && matches!(value.type_of().map(Type::kind), Some("struct" | "ptr"))
        {
            let name = value.type_name();
            return Err(Stop::because(format!(
                "a map cannot be overwritten by a value of type {name}"
            )));
        }
        let is_empty = present.as_ref().is_none_or(|value| !value.is_true());
        let keeps = match value {
            Value::Map(_) => !is_empty,
            Value::List(_) | Value::Bytes(_) => !is_empty && overwrite == Overwrite::Empty,
            _ => false,
        };
        if !keeps && (is_empty || overwrite == Overwrite::Always) {
            check_types(target, source)?;
            insert(context, target, key, &value)?;
        }
    }
    Ok(())
}

/// A map of strings takes only what comes from another one: elsewhere also strings are values of any type.
fn check_types(target: &Map, source: &Map) -> Result<(), Stop> {
    let (wanted, given) = (target.value(), source.value());
    if *wanted == Type::Any || wanted == given {
        return Ok(());
    }
    Err(Stop::because(format!(
        "a map of {wanted} takes no value from a map of {given}"
    )))
}
