//! The functions that every Go template has, and the two that kubectl's printer adds.
//!
//! Sprig's `slice` hides the built-in one from blueprints; the printer has the built-in one.

mod compare;
mod escape;
mod index;

use super::Value;
use super::function::{Arguments, Context, Form, Function, Parameter, Stop};
use super::{base64, print};

const fn short_circuit(name: &'static str, form: Form) -> Function {
    Function {
        name,
        parameters: &[Parameter::Raw],
        rest: Some(Parameter::Raw),
        changes_data: false,
        form,
    }
}

const ONE: &[Parameter] = &[Parameter::Raw];
const TWO: &[Parameter] = &[Parameter::Raw, Parameter::Raw];
const MANY: Option<Parameter> = Some(Parameter::Raw);
const MANY_ANY: Option<Parameter> = Some(Parameter::Any);

/// The built-in functions.
pub(super) static FUNCTIONS: [Function; 19] = [
    short_circuit("and", Form::And),
    short_circuit("or", Form::Or),
    Function::new("not", ONE, None, |_, arguments| {
        Ok(Value::Bool(!arguments.any(0).is_true()))
    }),
    Function::new("call", ONE, MANY, call),
    Function::new("index", ONE, MANY, index::index),
    Function::new("slice", ONE, MANY, index::slice),
    Function::new("len", ONE, None, index::len),
    Function::new("print", &[], MANY_ANY, |context, arguments| {
        Ok(Value::text(print::print(arguments.rest(0), context.meter)?))
    }),
    Function::new("println", &[], MANY_ANY, |context, arguments| {
        Ok(Value::text(print::print_line(arguments.rest(0), context.meter)?))
    }),
    Function::new("printf", &[Parameter::TEXT], MANY_ANY, |context, arguments| {
        Ok(Value::text(print::printf(
            arguments.text(0),
            arguments.rest(1),
            context.meter,
        )?))
    }),
    Function::new("html", &[], MANY_ANY, escape::html),
    Function::new("js", &[], MANY_ANY, escape::js),
    Function::new("urlquery", &[], MANY_ANY, escape::url_query),
    Function::new("eq", ONE, MANY, |_, arguments| {
        Ok(Value::Bool(compare::equal(arguments)?))
    }),
    Function::new("ne", TWO, None, |_, arguments| {
        Ok(Value::Bool(!compare::equal(arguments)?))
    }),
    Function::new("lt", TWO, None, |_, arguments| {
        Ok(Value::Bool(compare::less(arguments)?))
    }),
    Function::new("le", TWO, None, |_, arguments| {
        Ok(Value::Bool(compare::less_or_equal(arguments)?))
    }),
    Function::new("gt", TWO, None, |_, arguments| {
        Ok(Value::Bool(!compare::less_or_equal(arguments)?))
    }),
    Function::new("ge", TWO, None, |_, arguments| {
        Ok(Value::Bool(!compare::less(arguments)?))
    }),
];

/// What kubectl's printer adds.
pub(super) static PRINTER_FUNCTIONS: [Function; 2] = [
    Function::new("exists", &[Parameter::Any], MANY_ANY, |_, arguments| {
        Ok(Value::Bool(index::exists(arguments)))
    }),
    Function::new("base64decode", &[Parameter::TEXT], None, |_, arguments| {
        let decoded = base64::decode(arguments.text(0));
        decoded
            .map(Value::text)
            .map_err(|error| Stop::because(format!("base64 decode failed: {error}")))
    }),
];

/// No value of a template is a function.
fn call(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    match arguments.any(0) {
        Value::Absent | Value::Nil => Err(Stop::because("call of nil")),
        value => Err(Stop::because(format!(
            "a value of type {} is no function",
            value.type_name()
        ))),
    }
}
