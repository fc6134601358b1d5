//! Values for what is unset, copies, and JSON.

use super::conversions::is_empty;
use crate::template::function::{Function, Parameter};
use crate::template::value::copy;
use crate::template::{Value, json};

const ANY: &[Parameter] = &[Parameter::Any];
const MANY: Option<Parameter> = Some(Parameter::Any);

/// The family.
pub(super) static FUNCTIONS: [Function; 7] = [
    Function::new("default", ANY, MANY, |_, arguments| {
        let given = arguments.rest(1).first().filter(|given| !is_empty(given));
        Ok(given.unwrap_or(arguments.any(0)).clone())
    }),
    Function::new("empty", ANY, None, |_, arguments| {
        Ok(Value::Bool(is_empty(arguments.any(0))))
    }),
    Function::new("coalesce", &[], MANY, |_, arguments| {
        Ok(arguments
            .rest(0)
            .iter()
            .find(|value| !is_empty(value))
            .cloned()
            .unwrap_or(Value::Nil))
    }),
    Function::new(
        "ternary",
        &[Parameter::Any, Parameter::Any, Parameter::BOOL],
        None,
        |_, arguments| Ok(arguments.any(usize::from(!arguments.bool(2))).clone()),
    ),
    Function::new("deepCopy", ANY, None, |context, arguments| {
        Ok(copy::deep(arguments.any(0), context.meter)?)
    }),
    Function::new("toJson", ANY, None, |context, arguments| {
        Ok(Value::text(json::compact(arguments.any(0), context.meter)?))
    }),
    Function::new("toPrettyJson", ANY, None, |context, arguments| {
        Ok(Value::text(json::pretty(arguments.any(0), context.meter)?))
    }),
];
