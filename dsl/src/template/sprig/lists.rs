//! Lists. Every function makes a new list and leaves the one it was given as it is.

use std::sync::Arc;

use super::conversions::{is_empty, to_int};
use crate::template::Value;
use crate::template::function::{Arguments, Context, Function, Parameter, Stop};
use crate::template::shape::Type;
use crate::template::value::List;
use crate::template::value::equality::deeply_equal;

const ANY: &[Parameter] = &[Parameter::Any];
const TWO: &[Parameter] = &[Parameter::Any, Parameter::Any];
const MANY: Option<Parameter> = Some(Parameter::Any);

/// The family.
pub(super) static FUNCTIONS: [Function; 16] = [
    Function::new("list", &[], MANY, list),
    Function::new("tuple", &[], MANY, list),
    Function::new("append", TWO, None, |context, arguments| {
        append(context, arguments, "push")
    }),
    Function::new("push", TWO, None, |context, arguments| {
        append(context, arguments, "push")
    }),
    Function::new("prepend", TWO, None, |context, arguments| {
        let mut elements = elements(context, arguments.any(0), "prepend on")?;
        elements.insert(0, arguments.any(1).clone());
        Ok(Value::list(elements))
    }),
    Function::new("first", ANY, None, |context, arguments| {
        let elements = elements(context, arguments.any(0), "find first on")?;
        Ok(elements.into_iter().next().unwrap_or(Value::Nil))
    }),
    Function::new("last", ANY, None, |context, arguments| {
        let elements = elements(context, arguments.any(0), "find last on")?;
        Ok(elements.into_iter().next_back().unwrap_or(Value::Nil))
    }),
    Function::new("rest", ANY, None, |context, arguments| {
        let mut elements = elements(context, arguments.any(0), "find rest on")?;
        if elements.is_empty() {
            return Ok(nil_list());
        }
        elements.remove(0);
        Ok(Value::list(elements))
    }),
    Function::new("initial", ANY, None, |context, arguments| {
        let mut elements = elements(context, arguments.any(0), "find initial on")?;
        Ok(elements.pop().map_or_else(nil_list, |_| Value::list(elements)))
    }),
    Function::new("reverse", ANY, None, |context, arguments| {
        let mut elements = elements(context, arguments.any(0), "find reverse on")?;
        elements.reverse();
        Ok(Value::list(elements))
    }),
    Function::new("uniq", ANY, None, |context, arguments| {
        let mut unique: Vec<Value> = Vec::new();
        for element in elements(context, arguments.any(0), "find uniq on")? {
            if !contains(context, &unique, &element)? {
                unique.push(element);
            }
        }
        Ok(Value::list(unique))
    }),
    Function::new("without", ANY, MANY, |context, arguments| {
        let mut kept = Vec::new();
        for element in elements(context, arguments.any(0), "find without on")? {
            if !contains(context, arguments.rest(1), &element)? {
                kept.push(element);
            }
        }
        Ok(Value::list(kept))
    }),
    Function::new("has", TWO, None, |context, arguments| {
        if matches!(arguments.any(1), Value::Nil) {
            return Ok(Value::Bool(false));
        }
        let elements = elements(context, arguments.any(1), "find has on")?;
        Ok(Value::Bool(contains(context, &elements, arguments.any(0))?))
    }),
    Function::new("compact", ANY, None, |context, arguments| {
        let elements = elements(context, arguments.any(0), "compact on")?;
        Ok(Value::list(
            elements
                .into_iter()
                .filter(|element| !is_empty(element))
                .collect(),
        ))
    }),
    Function::new("slice", ANY, MANY, slice),
    Function::new("concat", &[], MANY, |context, arguments| {
        let mut all = Vec::new();
        for list in arguments.rest(0) {
            all.append(&mut elements(context, list, "concat")?);
        }
        Ok(if all.is_empty() {
            nil_list()
        } else {
            Value::list(all)
        })
    }),
];

fn list(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    context.meter.spend(arguments.0.len())?;
    Ok(match arguments.rest(0) {
        // A call without arguments hands over no list at all.
        [] => Value::list(Vec::new()),
        elements => Value::list(elements.to_vec()),
    })
}

fn nil_list() -> Value {
    Value::List(Arc::new(List::nil(&Type::Any)))
}

fn append(context: &mut Context<'_, '_>, arguments: Arguments<'_>, verb: &str) -> Result<Value, Stop> {
    let mut elements = elements(context, arguments.any(0), &format!("{verb} on"))?;
    elements.push(arguments.any(1).clone());
    Ok(Value::list(elements))
}

/// The elements of a list; what is none cannot be worked on.
fn elements(context: &mut Context<'_, '_>, value: &Value, verb: &str) -> Result<Vec<Value>, Stop> {
    let elements = value
        .elements()
        .ok_or_else(|| Stop::because(format!("Cannot {verb} type {}", kind(value))))?;
    context.meter.spend(elements.len())?;
    Ok(elements)
}

fn kind(value: &Value) -> &'static str {
    value.type_of().map_or("nil", Type::kind)
}

fn contains(context: &mut Context<'_, '_>, elements: &[Value], wanted: &Value) -> Result<bool, Stop> {
    for element in elements {
        if deeply_equal(wanted, element, context.meter)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Sprig's own `slice`, which hides the built-in one: lists only, and any value as a position.
fn slice(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let list = arguments.any(0);
    let Some(elements) = list.elements() else {
        let kind = kind(list);
        return Err(Stop::because(format!(
            "list should be type of slice or array but {kind}"
        )));
    };
    context.meter.spend(elements.len())?;
    if elements.is_empty() {
        return Ok(Value::Nil);
    }
    let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    let (start, end) = match arguments.rest(1) {
        [] => (0, length),
        [start] => (to_int(start), length),
        [start, end, ..] => (to_int(start), to_int(end)),
    };
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let part = range.and_then(|(start, end)| elements.get(start..end));
    let part = part.ok_or_else(|| Stop::because("slice index out of bounds"))?;
    Ok(match list {
        Value::Bytes(Some(bytes)) => {
            let start = usize::try_from(start).unwrap_or(0);
            Value::Bytes(Some(bytes[start..start + part.len()].into()))
        }
        Value::List(list) => Value::List(Arc::new(List::new(list.element(), part.to_vec()))),
        _ => Value::list(part.to_vec()),
    })
}
