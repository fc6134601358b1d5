//! Pipelines, commands and operands from what the grammar found.

use std::sync::Arc;

use pest::iterators::{Pair, Pairs};

use super::blocks::Blocks;
use super::{Rule, literal, span_of};
use crate::template::ast::{Command, Name, Operand, Pipe, Segment, Span, Term};
use crate::template::error::{Error, Kind, Limit};

impl Blocks<'_> {
    /// The name of a template.
    pub(super) fn name(&self, inner: &mut Pairs<'_, Rule>, offset: usize) -> Result<(Name, Span), Error> {
        let pair = inner.next().expect("this control holds a name");
        let span = span_of(&pair, offset);
        let text = pair.as_str();
        let name = literal::unquote(text).ok_or_else(|| self.bad_literal(text, span))?;
        // Bytes that are no text cannot name anything that another part of the template could name.
        Ok((String::from_utf8_lossy(&name).as_ref().into(), span))
    }

    fn bad_literal(&self, text: &str, span: Span) -> Error {
        self.source.error(
            Kind::BadLiteral {
                text: text.to_owned(),
            },
            span,
        )
    }

    /// A pipeline with its variables, which are in reach from here on.
    pub(super) fn pipe(&mut self, pair: Pair<'_, Rule>, offset: usize) -> Result<Pipe, Error> {
        let span = span_of(&pair, offset);
        let mut names = Vec::new();
        let mut commands = Vec::new();
        let mut assigns = None;
        let mut variables = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::variable => names.push((part.as_str(), span_of(&part, offset))),
                Rule::assign | Rule::declare => {
                    let is_assignment = part.as_rule() == Rule::assign;
                    assigns = Some(is_assignment);
                    for (name, span) in names.drain(..) {
                        variables.push(if is_assignment {
                            self.scope.assign(name, span)
                        } else {
                            let full = Kind::LimitReached {
                                limit: Limit::Nesting,
                            };
                            self.scope
                                .declare(name, span)
                                .ok_or_else(|| self.source.error(full, span))?
                        });
                    }
                }
                _ => {
                    let command = self.command(part, offset)?;
                    self.check_stage(&command, commands.len())?;
                    commands.push(command);
                }
            }
        }
        Ok(Pipe {
            variables,
            assigns: assigns.unwrap_or(false),
            commands,
            span,
        })
    }

    /// Only the first stage of a pipeline can be a plain value.
    fn check_stage(&self, command: &Command, before: usize) -> Result<(), Error> {
        let head = &command.head;
        let is_plain = match &head.term {
            Term::Dot => head.path.is_empty(),
            Term::Bool(_) | Term::Nil | Term::Number(_) | Term::Text(_) => true,
            Term::Variable(_) | Term::Function(_) | Term::Parenthesis(_) => false,
        };
        if before > 0 && is_plain {
            return Err(self
                .source
                .error(Kind::NonExecutableStage { stage: before + 1 }, head.span));
        }
        Ok(())
    }

    fn command(&mut self, pair: Pair<'_, Rule>, offset: usize) -> Result<Command, Error> {
        let span = span_of(&pair, offset);
        let mut operands = pair.into_inner();
        let head = self.operand(operands.next().expect("a command holds an operand"), offset)?;
        let arguments = operands
            .map(|operand| self.operand(operand, offset))
            .collect::<Result<_, _>>()?;
        Ok(Command {
            head,
            arguments,
            span,
        })
    }

    fn operand(&mut self, pair: Pair<'_, Rule>, offset: usize) -> Result<Operand, Error> {
        let span = span_of(&pair, offset);
        let mut parts = pair.into_inner();
        let head = parts.next().expect("an operand holds a term");
        let head_span = span_of(&head, offset);
        let text = head.as_str();
        let mut path = Vec::new();
        let term = match head.as_rule() {
            Rule::parenthesis => {
                self.check_depth(head_span)?;
                self.parentheses += 1;
                let inner = head.into_inner().next().expect("parentheses hold a pipeline");
                let pipe = self.pipe(inner, offset)?;
                self.parentheses -= 1;
                Term::Parenthesis(Box::new(pipe))
            }
            Rule::field => {
                path.push(segment(&head, offset));
                Term::Dot
            }
            Rule::variable => Term::Variable(self.scope.find(text, head_span).ok_or_else(|| {
                self.source.error(
                    Kind::UndefinedVariable {
                        name: text.to_owned(),
                    },
                    head_span,
                )
            })?),
            Rule::function => {
                let function = self.source.function(text, head_span)?;
                self.changes_data |= function.changes_data;
                Term::Function(function)
            }
            _ => self.plain(&head, head_span)?,
        };
        let fields: Vec<_> = parts.map(|field| segment(&field, offset)).collect();
        let has_fields = matches!(head_rule(&term), HeadRule::HasFields) || !path.is_empty();
        if let (false, Some(first)) = (has_fields, fields.first()) {
            let dot = Span {
                start: first.span.start - 1,
                end: first.span.end,
            };
            let kind = Kind::UnexpectedToken {
                found: format!(".{}", first.name),
                reason: "a literal has no fields",
            };
            return Err(self.source.error(kind, dot));
        }
        path.extend(fields);
        Ok(Operand { term, path, span })
    }

    /// A term that is a value by itself.
    fn plain(&self, pair: &Pair<'_, Rule>, span: Span) -> Result<Term, Error> {
        let text = pair.as_str();
        let bad_literal = || self.bad_literal(text, span);
        let bad_number = || {
            self.source.error(
                Kind::BadNumber {
                    text: text.to_owned(),
                },
                span,
            )
        };
        Ok(match pair.as_rule() {
            Rule::dot => Term::Dot,
            Rule::nil => Term::Nil,
            Rule::boolean => Term::Bool(text == "true"),
            Rule::number => Term::Number(literal::number(text).ok_or_else(bad_number)?),
            Rule::character => Term::Number(literal::character(text).ok_or_else(bad_literal)?),
            _ => Term::Text(literal::unquote(text).ok_or_else(bad_literal)?),
        })
    }
}

enum HeadRule {
    HasFields,
    Plain,
}

fn head_rule(term: &Term) -> HeadRule {
    match term {
        Term::Variable(_) | Term::Function(_) | Term::Parenthesis(_) => HeadRule::HasFields,
        Term::Dot | Term::Nil | Term::Bool(_) | Term::Number(_) | Term::Text(_) => HeadRule::Plain,
    }
}

fn segment(field: &Pair<'_, Rule>, offset: usize) -> Segment {
    let span = span_of(field, offset);
    let name: Arc<str> = field.as_str()[1..].into();
    Segment {
        name,
        span: Span {
            start: span.start + 1,
            end: span.end,
        },
    }
}
