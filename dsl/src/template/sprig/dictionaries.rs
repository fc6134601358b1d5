//! Maps from strings to anything. `set`, `unset`, `merge` and `mergeOverwrite` change the map they are given, for
//! everybody who holds it. Where Go walks a map in random order, here it is the order of the keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::conversions::to_text;
use super::merge::{Overwrite, merge_all};
use crate::template::Value;
use crate::template::function::{Arguments, Context, Function, Parameter, Stop};
use crate::template::value::{Map, copy};

const MAP: &[Parameter] = &[Parameter::MAP];
const MAP_AND_TEXT: &[Parameter] = &[Parameter::MAP, Parameter::TEXT];
const MAPS: Option<Parameter> = Some(Parameter::MAP);

/// The family.
pub(super) static FUNCTIONS: [Function; 11] = [
    Function::new("dict", &[], Some(Parameter::Any), dict),
    Function::new(
        "set",
        &[Parameter::MAP, Parameter::TEXT, Parameter::Any],
        None,
        |context, arguments| {
            insert(
                context,
                arguments.map(0),
                arguments.text(1).into(),
                arguments.any(2),
            )?;
            Ok(arguments.any(0).clone())
        },
    )
    .changing(),
    Function::new("unset", MAP_AND_TEXT, None, |_, arguments| {
        arguments.map(0).remove(arguments.text(1));
        Ok(arguments.any(0).clone())
    })
    .changing(),
    Function::new("hasKey", MAP_AND_TEXT, None, |_, arguments| {
        Ok(Value::Bool(arguments.map(0).get(arguments.text(1)).is_some()))
    }),
    Function::new("pluck", &[Parameter::TEXT], MAPS, |_, arguments| {
        let maps = (1..arguments.0.len()).map(|position| arguments.map(position));
        Ok(Value::list(
            maps.filter_map(|map| map.get(arguments.text(0))).collect(),
        ))
    }),
    Function::new("keys", &[], MAPS, |context, arguments| {
        let mut keys = Vec::new();
        for position in 0..arguments.0.len() {
            keys.extend(arguments.map(position).entries().into_iter().map(|(key, _)| key));
        }
        context.meter.spend(keys.len())?;
        Ok(Value::texts(keys))
    }),
    Function::new("values", MAP, None, |context, arguments| {
        let entries = arguments.map(0).entries();
        context.meter.spend(entries.len())?;
        Ok(Value::list(entries.into_iter().map(|(_, value)| value).collect()))
    }),
    Function::new("pick", MAP, Some(Parameter::TEXT), |_, arguments| {
        let keys = (1..arguments.0.len()).map(|position| arguments.text(position));
        let picked = keys.filter_map(|key| Some((key.into(), arguments.map(0).get(key)?)));
        Ok(Value::map(picked))
    }),
    Function::new("omit", MAP, Some(Parameter::TEXT), |context, arguments| {
        let mut entries: BTreeMap<_, _> = arguments.map(0).entries().into_iter().collect();
        context.meter.spend(entries.len())?;
        for position in 1..arguments.0.len() {
            entries.remove(arguments.text(position));
        }
        Ok(Value::map(entries))
    }),
    Function::new("merge", MAP, MAPS, |context, arguments| {
        merge_all(context, arguments, Overwrite::Empty)
    })
    .changing(),
    Function::new("mergeOverwrite", MAP, MAPS, |context, arguments| {
        merge_all(context, arguments, Overwrite::Always)
    })
    .changing(),
];

/// Keys and values in turn. A last key without a value has the empty string.
fn dict(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let mut entries: Vec<(Arc<[u8]>, Value)> = Vec::new();
    for pair in arguments.rest(0).chunks(2) {
        let key = to_text(&pair[0], context.meter)?;
        entries.push((
            key.into(),
            pair.get(1).cloned().unwrap_or_else(|| Value::text("")),
        ));
    }
    context.meter.spend(entries.len())?;
    Ok(Value::map(entries))
}

/// Sets an entry, unless the map would then contain itself, which nothing could print or compare any more.
pub(super) fn insert(
    context: &mut Context<'_, '_>,
    map: &Arc<Map>,
    key: Arc<[u8]>,
    value: &Value,
) -> Result<(), Stop> {
    if copy::contains(value, map, context.meter)? {
        return Err(Stop::because("the map would contain itself"));
    }
    if map.insert(key, value.clone()) {
        Ok(())
    } else {
        Err(Stop::because("assignment to entry in nil map"))
    }
}
