//! Regular expressions. `regexMatch` takes a bad pattern for one that does not match; the others fail.

use std::sync::Arc;

use crate::template::Value;
use crate::template::error::Limit;
use crate::template::function::{Arguments, Context, Function, Parameter, Stop};
use crate::template::regexp::{self, Pattern};
use crate::template::shape::TEXT;
use crate::template::value::List;

const TWO_TEXTS: &[Parameter] = &[Parameter::TEXT; 2];
const THREE_TEXTS: &[Parameter] = &[Parameter::TEXT; 3];
const TEXTS_AND_COUNT: &[Parameter] = &[Parameter::TEXT, Parameter::TEXT, Parameter::INT];

/// The family. The pattern always comes first.
pub(super) static FUNCTIONS: [Function; 6] = [
    Function::new("regexMatch", TWO_TEXTS, None, |context, arguments| {
        context.meter.spend(arguments.text(1).len() / 16)?;
        let pattern = regexp::compile(arguments.text(0));
        Ok(Value::Bool(
            pattern.is_ok_and(|pattern| pattern.is_match(arguments.text(1))),
        ))
    }),
    Function::new("regexFind", TWO_TEXTS, None, |context, arguments| {
        let found = pattern(context, arguments)?.find(arguments.text(1));
        Ok(Value::text(found.unwrap_or_default()))
    }),
    Function::new("regexFindAll", TEXTS_AND_COUNT, None, |context, arguments| {
        let found = pattern(context, arguments)?.find_all(arguments.text(1), arguments.int(2));
        context.meter.spend(found.len())?;
        Ok(if found.is_empty() {
            nil_texts()
        } else {
            Value::texts(found)
        })
    }),
    Function::new("regexReplaceAll", THREE_TEXTS, None, |context, arguments| {
        let most = context.meter.limits.output;
        let pattern = pattern(context, arguments)?;
        let replaced = pattern.replace_template(arguments.text(1), arguments.text(2), most);
        Ok(Value::text(replaced.ok_or(Limit::Output)?))
    }),
    Function::new(
        "regexReplaceAllLiteral",
        THREE_TEXTS,
        None,
        |context, arguments| {
            let most = context.meter.limits.output;
            let pattern = pattern(context, arguments)?;
            let replaced = pattern.replace_literal(arguments.text(1), arguments.text(2), most);
            Ok(Value::text(replaced.ok_or(Limit::Output)?))
        },
    ),
    Function::new("regexSplit", TEXTS_AND_COUNT, None, |context, arguments| {
        let parts = pattern(context, arguments)?.split(arguments.text(1), arguments.int(2));
        context.meter.spend(parts.as_ref().map_or(0, Vec::len))?;
        Ok(parts.map_or_else(nil_texts, Value::texts))
    }),
];

fn pattern(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Arc<Pattern>, Stop> {
    context.meter.spend(arguments.text(1).len() / 16)?;
    let compiled = regexp::compile(arguments.text(0));
    compiled.map_err(|problem| Stop::because(format!("error parsing regexp: {problem}")))
}

fn nil_texts() -> Value {
    Value::List(Arc::new(List::nil(&TEXT)))
}
