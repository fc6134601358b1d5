//! What is known of a template's values before there are any: the types of paths and of simple pipelines.
//! Must not know what is wrong with them.

use crate::template::ast::{Command, Operand, Pipe, Term};
use crate::template::shape::{BYTES, TEXT, Type, Width};
use crate::template::{Access, Segment};

/// What is known of the values that have no name of their own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    /// The type of `.`.
    pub(super) dot: Option<Type>,
    /// The type of `$`.
    pub(super) root: Option<Type>,
}

/// The type after one more step of a path. Nothing when no value of type `of` has such a step for certain.
pub(super) fn step(of: Type, segment: &Segment) -> Option<Type> {
    match segment.access {
        Access::Field => field(of, &segment.name),
        Access::Index => Some(element(of)),
    }
}

/// The type of a field. Nothing when no value of that type has it for certain.
fn field(of: Type, name: &str) -> Option<Type> {
    match of {
        Type::Struct(fields) | Type::Pointer(fields) => fields.field(name).map(|field| field.ty),
        Type::Map(value) => Some(*value),
        Type::Bool
        | Type::Int(_)
        | Type::Float
        | Type::Complex
        | Type::Text(_)
        | Type::List(_)
        | Type::BoolPointer => None,
        Type::Any
        | Type::JsonMap
        | Type::Time
        | Type::MetaTime
        | Type::Duration
        | Type::Month
        | Type::Weekday
        | Type::Location
        | Type::Version => Some(Type::Any),
    }
}

/// The type of an element of a list or map.
pub(super) fn element(of: Type) -> Type {
    match of {
        Type::Map(value) | Type::List(value) => *value,
        _ => Type::Any,
    }
}

/// The type in words.
pub(super) fn describe(of: Type) -> &'static str {
    match of {
        Type::Bool | Type::BoolPointer => "a truth value",
        Type::Int(Width::Uint8) => "a byte",
        Type::Int(_) | Type::Float | Type::Complex => "a number",
        Type::Text(_) => "a text",
        BYTES => "bytes",
        Type::List(_) => "a list",
        Type::Map(_) | Type::JsonMap => "a map",
        _ => "a value of its own kind",
    }
}

/// The type of a pipeline's result, as far as it can be told.
pub(super) fn of_pipe(pipe: &Pipe, scope: Scope) -> Option<Type> {
    of_command(pipe.commands.last()?, scope)
}

/// The type of a command's result.
pub(super) fn of_command(command: &Command, scope: Scope) -> Option<Type> {
    let Term::Function(function) = &command.head.term else {
        return of_operand(&command.head, scope);
    };
    match (function.name, command.arguments.as_slice()) {
        ("index", [of, keys @ ..]) => {
            let of = of_operand(of, scope)?;
            Some(keys.iter().fold(of, |of, _| element(of)))
        }
        ("toString" | "print" | "printf" | "println" | "quote" | "date", _) => Some(TEXT),
        _ => None,
    }
}

/// The type of an operand with the fields after it.
pub(super) fn of_operand(operand: &Operand, scope: Scope) -> Option<Type> {
    let base = match &operand.term {
        Term::Dot => scope.dot?,
        Term::Variable(variable) if *variable.name == *"$" => scope.root?,
        Term::Parenthesis(pipe) => of_pipe(pipe, scope)?,
        Term::Text(_) => TEXT,
        Term::Nil | Term::Bool(_) | Term::Number(_) | Term::Variable(_) | Term::Function(_) => return None,
    };
    operand
        .path
        .iter()
        .try_fold(base, |of, segment| field(of, &segment.name))
}
