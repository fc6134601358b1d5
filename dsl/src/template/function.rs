//! What a function of the language is: one declaration with typed parameters, from which every error about
//! arguments follows.
//!
//! Must not know syntax. Functions see no more of the world than a [`Context`] shows them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::error::Failure;
use super::semver::Version;
use super::shape::{ANY_MAP, ANYS, TEXT, Type, Width};
use super::time::Time;
use super::value::Map;
use super::{Limit, Limits, Settings, Value};

/// A function that a template can call.
pub struct Function {
    /// As templates write it.
    pub name: &'static str,
    /// The parameters that must be given.
    pub parameters: &'static [Parameter],
    /// The type of any further arguments, if there may be some.
    pub rest: Option<Parameter>,
    /// Whether it changes its first argument, a map, for all who hold it.
    pub changes_data: bool,
    /// What it does.
    pub form: Form,
}

impl Function {
    /// A function of which all arguments are evaluated.
    pub(super) const fn new(
        name: &'static str,
        parameters: &'static [Parameter],
        rest: Option<Parameter>,
        implementation: Implementation,
    ) -> Self {
        Self {
            name,
            parameters,
            rest,
            changes_data: false,
            form: Form::Call(implementation),
        }
    }

    /// The same, for a function that changes its first argument.
    pub(super) const fn changing(self) -> Self {
        Self {
            changes_data: true,
            ..self
        }
    }
}

/// What calling a function means.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// All arguments are evaluated, then this is called.
    Call(Implementation),
    /// The first false argument, else the last.
    And,
    /// The first true argument, else the last.
    Or,
}

/// The arguments have the declared number and types.
pub type Implementation = fn(&mut Context<'_, '_>, Arguments<'_>) -> Result<Value, Stop>;

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// `interface {}`: anything, a missing value becomes nil.
    Any,
    /// `reflect.Value`: anything, a missing value stays missing.
    Raw,
    /// Exactly this type.
    Typed(Type),
}

impl Parameter {
    /// `string`
    pub const TEXT: Self = Self::Typed(TEXT);
    /// `int`
    pub const INT: Self = Self::Typed(Type::Int(Width::Int));
    /// `uint32`
    pub const UINT32: Self = Self::Typed(Type::Int(Width::Uint32));
    /// `bool`
    pub const BOOL: Self = Self::Typed(Type::Bool);
    /// `float64`
    pub const FLOAT: Self = Self::Typed(Type::Float);
    /// `map[string]interface {}`
    pub const MAP: Self = Self::Typed(ANY_MAP);
    /// `[]interface {}`
    pub const LIST: Self = Self::Typed(ANYS);
    /// `time.Time`
    pub const TIME: Self = Self::Typed(Type::Time);
}

impl fmt::Display for Parameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("interface {}"),
            Self::Raw => formatter.write_str("reflect.Value"),
            Self::Typed(ty) => ty.fmt(formatter),
        }
    }
}

/// The arguments of a call. Their number and types were checked against the declaration, so reading one as what it
/// was declared as cannot fail.
#[derive(Debug, Clone, Copy)]
pub struct Arguments<'v>(pub &'v [Value]);

const DECLARED: &str = "the argument has the declared type";

impl<'v> Arguments<'v> {
    /// An argument of any type.
    pub fn any(self, position: usize) -> &'v Value {
        &self.0[position]
    }

    /// All arguments from a position on.
    pub fn rest(self, position: usize) -> &'v [Value] {
        self.0.get(position..).unwrap_or_default()
    }

    /// A string.
    pub fn text(self, position: usize) -> &'v [u8] {
        self.any(position).as_text().expect(DECLARED)
    }

    /// A string as far as it is UTF-8; what is not becomes the replacement character.
    pub fn lossy(self, position: usize) -> Cow<'v, str> {
        String::from_utf8_lossy(self.text(position))
    }

    /// A whole number.
    pub fn int(self, position: usize) -> i64 {
        match self.any(position) {
            Value::Int(number, _) | Value::Duration(number) => Some(*number),
            _ => None,
        }
        .expect(DECLARED)
    }

    /// A number with a fraction.
    pub fn float(self, position: usize) -> f64 {
        match self.any(position) {
            Value::Float(number) => Some(*number),
            _ => None,
        }
        .expect(DECLARED)
    }

    /// `true` or `false`.
    pub fn bool(self, position: usize) -> bool {
        match self.any(position) {
            Value::Bool(truth) => Some(*truth),
            _ => None,
        }
        .expect(DECLARED)
    }

    /// A map.
    pub fn map(self, position: usize) -> &'v Arc<Map> {
        match self.any(position) {
            Value::Map(map) => Some(map),
            _ => None,
        }
        .expect(DECLARED)
    }

    /// A moment, in the wrapper or not.
    pub(super) fn time(self, position: usize) -> &'v Time {
        match self.any(position) {
            Value::Time(time) | Value::MetaTime(time) => Some(&**time),
            _ => None,
        }
        .expect(DECLARED)
    }

    /// A version.
    pub(super) fn version(self, position: usize) -> &'v Version {
        match self.any(position) {
            Value::Version(version) => Some(&**version),
            _ => None,
        }
        .expect(DECLARED)
    }
}

/// Two functions are the same if they have the same name: each set has a name once.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Function").field(&self.name).finish()
    }
}

/// Why a function stops the rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// It failed.
    Failed(Failure),
    /// It would cost too much.
    Limited(Limit),
}

impl Stop {
    /// A failure for a reason that no other variant names.
    pub fn because(reason: impl Into<String>) -> Self {
        Self::Failed(Failure::Because {
            reason: reason.into(),
        })
    }
}

impl From<Limit> for Stop {
    fn from(limit: Limit) -> Self {
        Self::Limited(limit)
    }
}

/// What is left of the limits while a template is rendered.
#[derive(Debug)]
pub struct Meter {
    fuel: u64,
    /// The limits that are compared, not used up.
    pub limits: Limits,
}

impl Meter {
    /// All of the limits.
    pub fn new(limits: Limits) -> Self {
        Self {
            fuel: limits.fuel,
            limits,
        }
    }

    /// Uses up steps.
    pub fn spend(&mut self, steps: usize) -> Result<(), Limit> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.fuel = self.fuel.checked_sub(steps).ok_or(Limit::Fuel)?;
        Ok(())
    }

    /// Whether a text of this size may be made.
    pub fn check_size(&self, bytes: usize) -> Result<(), Limit> {
        if bytes > self.limits.output {
            Err(Limit::Output)
        } else {
            Ok(())
        }
    }

    /// Whether one call may make that many elements, and uses up a step for each.
    pub fn check_items(&mut self, items: usize) -> Result<(), Limit> {
        if items > self.limits.items {
            return Err(Limit::Items);
        }
        self.spend(items)
    }

    /// Whether a value may be nested this deeply.
    pub fn check_depth(&self, depth: usize) -> Result<(), Limit> {
        if depth > self.limits.value_depth {
            Err(Limit::ValueDepth)
        } else {
            Ok(())
        }
    }
}

/// What a function sees of the world.
#[derive(Debug)]
pub struct Context<'s, 'a> {
    /// Clock, randomness, environment and names, all given by the caller.
    pub settings: &'s mut Settings<'a>,
    /// What is left of the limits.
    pub meter: &'s mut Meter,
}
