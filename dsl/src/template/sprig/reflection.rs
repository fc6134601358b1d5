//! Types of values, as Go names them.

use crate::template::Value;
use crate::template::function::{Function, Parameter};
use crate::template::shape::Type;
use crate::template::value::equality::deeply_equal;

const ANY: &[Parameter] = &[Parameter::Any];
const TEXT_AND_ANY: &[Parameter] = &[Parameter::TEXT, Parameter::Any];

/// The family.
pub(super) static FUNCTIONS: [Function; 6] = [
    Function::new("typeOf", ANY, None, |_, arguments| {
        Ok(Value::text(arguments.any(0).type_name()))
    }),
    Function::new("typeIs", TEXT_AND_ANY, None, |_, arguments| {
        Ok(Value::Bool(
            arguments.text(0) == arguments.any(1).type_name().as_bytes(),
        ))
    }),
    Function::new("typeIsLike", TEXT_AND_ANY, None, |_, arguments| {
        let name = arguments.any(1).type_name();
        let wanted = arguments.text(0);
        let behind_pointer = name
            .strip_prefix('*')
            .is_some_and(|name| name.as_bytes() == wanted);
        Ok(Value::Bool(name.as_bytes() == wanted || behind_pointer))
    }),
    Function::new("kindOf", ANY, None, |_, arguments| {
        Ok(Value::text(kind(arguments.any(0))))
    }),
    Function::new("kindIs", TEXT_AND_ANY, None, |_, arguments| {
        Ok(Value::Bool(
            arguments.text(0) == kind(arguments.any(1)).as_bytes(),
        ))
    }),
    Function::new("deepEqual", &[Parameter::Any; 2], None, |context, arguments| {
        Ok(Value::Bool(deeply_equal(
            arguments.any(0),
            arguments.any(1),
            context.meter,
        )?))
    }),
];

fn kind(value: &Value) -> &'static str {
    value.type_of().map_or("invalid", Type::kind)
}
