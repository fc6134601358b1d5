//! Calls: the number and types of arguments, checked once for all functions and methods.

use super::{Evaluated, Run};
use crate::template::Value;
use crate::template::ast::{Number, Operand, Span, Term};
use crate::template::error::Kind;
use crate::template::function::{Arguments, Context, Form, Function, Implementation, Parameter, Stop};
use crate::template::methods::Method;
use crate::template::shape::{ANY_MAP, TextKind, Type, Width};

/// What a call needs of a declaration.
#[derive(Clone, Copy)]
struct Callee {
    name: &'static str,
    parameters: &'static [Parameter],
    rest: Option<Parameter>,
    span: Span,
}

impl Callee {
    /// The type of an argument by its position.
    fn parameter(&self, position: usize) -> Parameter {
        self.parameters
            .get(position)
            .copied()
            .or(self.rest)
            .unwrap_or(Parameter::Any)
    }
}

impl<'t> Run<'t, '_, '_> {
    /// Calls a function.
    pub(super) fn call(
        &mut self,
        function: &'static Function,
        arguments: &'t [Operand],
        piped: Option<Value>,
        dot: &Value,
        span: Span,
    ) -> Evaluated<Value> {
        let Function {
            name,
            parameters,
            rest,
            changes_data: _,
            form,
        } = function;
        let callee = Callee {
            name,
            parameters,
            rest: *rest,
            span,
        };
        let start = self.at;
        self.check_count(&callee, arguments.len(), piped.is_some())?;
        match form {
            Form::Call(implementation) => {
                let values = self.arguments(&callee, arguments, piped, dot, Vec::new())?;
                self.invoke(*implementation, &callee, &values, start)
            }
            Form::And => self.short_circuit(false, &callee, arguments, piped, dot),
            Form::Or => self.short_circuit(true, &callee, arguments, piped, dot),
        }
    }

    /// Calls a method of a value.
    pub(super) fn call_method(
        &mut self,
        method: &'static Method,
        receiver: Value,
        (arguments, piped): (&'t [Operand], Option<Value>),
        dot: &Value,
        span: Span,
    ) -> Evaluated<Value> {
        let Method {
            name,
            parameters,
            call,
        } = method;
        let callee = Callee {
            name,
            parameters,
            rest: None,
            span,
        };
        let start = self.at;
        self.check_count(&callee, arguments.len(), piped.is_some())?;
        let values = self.arguments(&callee, arguments, piped, dot, vec![receiver])?;
        self.invoke(*call, &callee, &values, start)
    }

    fn check_count(&self, callee: &Callee, written: usize, piped: bool) -> Evaluated<()> {
        let given = written + usize::from(piped);
        let wanted = callee.parameters.len();
        let at_least = callee.rest.is_some();
        if given == wanted || at_least && given > wanted {
            return Ok(());
        }
        let function = callee.name.to_owned();
        Err(self.error(
            Kind::ArgumentCount {
                function,
                wanted,
                at_least,
                got: given,
            },
            callee.span,
        ))
    }

    fn arguments(
        &mut self,
        callee: &Callee,
        arguments: &'t [Operand],
        piped: Option<Value>,
        dot: &Value,
        mut values: Vec<Value>,
    ) -> Evaluated<Vec<Value>> {
        values.reserve(arguments.len() + usize::from(piped.is_some()));
        for (position, operand) in arguments.iter().enumerate() {
            values.push(self.argument(operand, dot, callee.parameter(position), callee.name)?);
        }
        if let Some(value) = piped {
            let parameter = callee.parameter(arguments.len());
            values.push(self.accept(value, parameter, callee.name, callee.span)?);
        }
        Ok(values)
    }

    fn invoke(
        &mut self,
        implementation: Implementation,
        callee: &Callee,
        values: &[Value],
        start: u32,
    ) -> Evaluated<Value> {
        let mut context = Context {
            settings: self.settings,
            meter: &mut self.meter,
        };
        implementation(&mut context, Arguments(values)).map_err(|stop| {
            self.at = start;
            match stop {
                Stop::Limited(limit) => self.limit(limit, callee.span),
                Stop::Failed(failure) => {
                    let function = callee.name.to_owned();
                    self.error(Kind::FunctionFailed { function, failure }, callee.span)
                }
            }
        })
    }

    /// `and` and `or`: the first argument that decides, and nothing after it is evaluated.
    fn short_circuit(
        &mut self,
        decisive: bool,
        callee: &Callee,
        arguments: &'t [Operand],
        piped: Option<Value>,
        dot: &Value,
    ) -> Evaluated<Value> {
        let mut value = Value::Absent;
        for operand in arguments {
            value = self.argument(operand, dot, Parameter::Raw, callee.name)?;
            if value.is_true() == decisive {
                return Ok(value);
            }
        }
        Ok(piped.unwrap_or(value))
    }

    /// The value of an argument for a parameter.
    fn argument(
        &mut self,
        operand: &'t Operand,
        dot: &Value,
        parameter: Parameter,
        function: &str,
    ) -> Evaluated<Value> {
        self.at = operand.span.start;
        let literal = match (&operand.term, operand.path.is_empty()) {
            (Term::Nil, true) => return self.nil(operand, parameter, function),
            (Term::Bool(_) | Term::Number(_) | Term::Text(_), true) => &operand.term,
            _ => {
                let value = self.operand(operand, dot)?;
                return self.accept(value, parameter, function, operand.span);
            }
        };
        self.step(operand.span)?;
        let value = match (parameter, literal) {
            (Parameter::Any | Parameter::Raw, Term::Number(number)) => {
                Some(self.number(number, operand.span)?)
            }
            (Parameter::Any | Parameter::Raw, Term::Bool(truth)) => Some(Value::Bool(*truth)),
            (Parameter::Any | Parameter::Raw, Term::Text(text)) => {
                Some(Value::Text(text.clone(), TextKind::Plain))
            }
            (Parameter::Typed(ty), literal) => typed_literal(ty, literal),
            _ => None,
        };
        value.ok_or_else(|| {
            let source = &self.tree.source[operand.span.range()];
            self.wrong_type(function, parameter, source.to_owned(), operand.span)
        })
    }

    fn wrong_type(
        &self,
        function: &str,
        wanted: Parameter,
        got: String,
        span: Span,
    ) -> Box<crate::template::Error> {
        let kind = Kind::ArgumentType {
            function: function.to_owned(),
            wanted: wanted.to_string(),
            got,
        };
        self.error(kind, span)
    }

    /// The literal `nil` as an argument.
    fn nil(&self, operand: &Operand, parameter: Parameter, function: &str) -> Evaluated<Value> {
        match parameter {
            Parameter::Any => Ok(Value::Nil),
            Parameter::Raw => Ok(Value::Absent),
            Parameter::Typed(ty) if ty.can_be_nil() => Ok(Value::zero(ty)),
            Parameter::Typed(_) => Err(self.wrong_type(function, parameter, "nil".to_owned(), operand.span)),
        }
    }

    /// A computed value as an argument, if its type can be assigned to the parameter.
    fn accept(&self, value: Value, parameter: Parameter, function: &str, span: Span) -> Evaluated<Value> {
        let Parameter::Typed(wanted) = parameter else {
            return Ok(match (value, parameter) {
                (Value::Absent, Parameter::Any) => Value::Nil,
                (value, _) => value,
            });
        };
        match value {
            Value::Absent if wanted.can_be_nil() => Ok(Value::zero(wanted)),
            Value::BoolPointer(Some(truth)) if wanted == Type::Bool => Ok(Value::Bool(truth)),
            value if value.type_of().is_some_and(|given| is_assignable(given, wanted)) => Ok(value),
            Value::Absent => Err(self.wrong_type(function, parameter, "nothing".to_owned(), span)),
            value => Err(self.wrong_type(function, parameter, value.type_name(), span)),
        }
    }
}

/// Go assigns between types of the same shape if one of them has no name.
fn is_assignable(given: Type, wanted: Type) -> bool {
    given == wanted || given == Type::JsonMap && wanted == ANY_MAP
}

/// A literal takes the type of its parameter, if it can be written that way.
fn typed_literal(wanted: Type, literal: &Term) -> Option<Value> {
    match (wanted, literal) {
        (Type::Bool, Term::Bool(truth)) => Some(Value::Bool(*truth)),
        (Type::Text(kind), Term::Text(text)) => Some(Value::Text(text.clone(), kind)),
        (Type::Float, Term::Number(Number { float, .. })) => float.map(Value::Float),
        (Type::Complex, Term::Number(Number { complex, .. })) => {
            complex.map(|(re, im)| Value::Complex(re, im))
        }
        (Type::Int(width), Term::Number(Number { uint, .. })) if width.is_unsigned() => {
            let largest = match width {
                Width::Uint8 => u64::from(u8::MAX),
                Width::Uint32 => u64::from(u32::MAX),
                Width::Int | Width::Int64 | Width::Uint64 => u64::MAX,
            };
            // Go cuts off what does not fit.
            uint.and_then(|number| i64::try_from(number & largest).ok())
                .map(|number| Value::Int(number, width))
        }
        (Type::Int(width), Term::Number(Number { int, .. })) => int.map(|number| Value::Int(number, width)),
        (Type::Duration, Term::Number(Number { int, .. })) => int.map(Value::Duration),
        _ => None,
    }
}
