//! Pipelines, commands and operands.

use super::{Evaluated, Run};
use crate::template::Value;
use crate::template::ast::{Command, Number, Operand, Pipe, Span, Term};
use crate::template::error::Kind;
use crate::template::shape::TextKind;

impl<'t> Run<'t, '_, '_> {
    /// The value of a pipeline. Its variables take the value as well.
    pub(super) fn pipe(&mut self, pipe: &'t Pipe, dot: &Value) -> Evaluated<Value> {
        self.at = pipe.span.start;
        let mut value = None;
        for command in &pipe.commands {
            value = Some(match self.command(command, dot, value)? {
                Value::Nil => Value::Absent,
                value => value,
            });
        }
        let value = value.unwrap_or(Value::Absent);
        for variable in &pipe.variables {
            self.bind(variable, pipe.assigns, value.clone())?;
        }
        Ok(value)
    }

    fn command(&mut self, command: &'t Command, dot: &Value, piped: Option<Value>) -> Evaluated<Value> {
        let head = &command.head;
        self.step(head.span)?;
        match &head.term {
            Term::Function(function) if head.path.is_empty() => {
                self.at = head.span.start;
                self.call(function, &command.arguments, piped, dot, command.span)
            }
            _ if !head.path.is_empty() => {
                let base = self.base(head, dot)?;
                self.walk_path(base, head, &command.arguments, piped, dot)
            }
            _ => {
                self.at = head.span.start;
                let value = match &head.term {
                    // Go looks a variable up before it complains about arguments.
                    Term::Variable(variable) => Some(self.slot(variable)?),
                    _ => None,
                };
                if !command.arguments.is_empty() || piped.is_some() {
                    let source = &self.tree.source[head.span.range()];
                    return Err(self.error(
                        Kind::NotAFunction {
                            name: source.to_owned(),
                        },
                        head.span,
                    ));
                }
                match (&head.term, value) {
                    (_, Some(slot)) => Ok(self.slots[slot].clone().unwrap_or(Value::Absent)),
                    (Term::Nil, None) => Err(self.error(Kind::NilCommand, head.span)),
                    (_, None) => self.term(head, dot),
                }
            }
        }
    }

    /// The value of an operand that is no literal, without arguments, for whatever takes any type.
    pub(super) fn operand(&mut self, operand: &'t Operand, dot: &Value) -> Evaluated<Value> {
        self.step(operand.span)?;
        if operand.path.is_empty() {
            self.at = operand.span.start;
            return self.term(operand, dot);
        }
        let base = self.base(operand, dot)?;
        self.walk_path(base, operand, &[], None, dot)
    }

    /// What the path of an operand starts from.
    fn base(&mut self, operand: &'t Operand, dot: &Value) -> Evaluated<Value> {
        self.at = match &operand.term {
            Term::Function(_) | Term::Parenthesis(_) => operand.path[0].span.start.saturating_sub(1),
            _ => operand.span.start,
        };
        self.term(operand, dot)
    }

    fn term(&mut self, operand: &'t Operand, dot: &Value) -> Evaluated<Value> {
        match &operand.term {
            Term::Dot => Ok(dot.clone()),
            Term::Nil => Ok(Value::Nil),
            Term::Bool(truth) => Ok(Value::Bool(*truth)),
            Term::Text(text) => Ok(Value::Text(text.clone(), TextKind::Plain)),
            Term::Number(number) => self.number(number, operand.span),
            Term::Variable(variable) => {
                let slot = self.slot(variable)?;
                Ok(self.slots[slot].clone().unwrap_or(Value::Absent))
            }
            Term::Function(function) => {
                self.at = operand.span.start;
                self.call(function, &[], None, dot, operand.span)
            }
            Term::Parenthesis(pipe) => self.descend(operand.span, |run| run.pipe(pipe, dot)),
        }
    }

    /// The value of a number where nothing says which type is wanted: the way it is written decides.
    pub(super) fn number(&self, number: &Number, span: Span) -> Evaluated<Value> {
        let Number {
            text,
            int,
            uint: _,
            float,
            complex,
        } = number;
        if let Some((real, imaginary)) = complex {
            return Ok(Value::Complex(*real, *imaginary));
        }
        let is_prefixed = text.starts_with("0x") || text.starts_with("0X");
        let is_hexadecimal_int = is_prefixed && text.len() > 2 && !text.contains(['p', 'P']);
        let has_fraction =
            !is_hexadecimal_int && !text.starts_with('\'') && text.contains(['.', 'e', 'E', 'p', 'P']);
        match (float, int) {
            (Some(float), _) if has_fraction => Ok(Value::Float(*float)),
            (_, Some(int)) => Ok(Value::int(*int)),
            _ => Err(self.error(
                Kind::BadConstant {
                    text: text.to_string(),
                },
                span,
            )),
        }
    }
}
