//! Null where a value must be: to Kanister a crash of the whole controller.

use serde_json::Value as Json;

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::pointer::Pointer;

use super::Rules;

/// Reports every null among the arguments.
pub(super) fn check(rules: &mut Rules<'_>) {
    let mut nulls = Vec::new();
    for action in rules.parsed.actions.values() {
        for phase in action.every_phase() {
            let below = phase.pointer.key("args");
            for (name, value) in phase.arguments.iter().flatten() {
                find(value, &below.key(name), &mut nulls);
            }
            if let Some(items) = &phase.for_each {
                find(items, &phase.pointer.key("forEach"), &mut nulls);
            }
        }
    }
    for pointer in nulls {
        rules.report(
            Diagnostic::error(
                Code::NullArgument,
                "an argument cannot be null",
                Place::value(pointer),
                "nothing stands here",
            )
            .note("the phase fails; the controller of Kanister itself crashes on it")
            .help("leave the key out to get the default, or write `\"\"` for an empty text"),
        );
    }
}

fn find(value: &Json, pointer: &Pointer, nulls: &mut Vec<Pointer>) {
    match value {
        Json::Null => nulls.push(pointer.clone()),
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                find(item, &pointer.index(at), nulls);
            }
        }
        Json::Object(members) => {
            for (key, value) in members {
                find(value, &pointer.key(key), nulls);
            }
        }
        Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
