//! Renders a compiled template over data: walks the items, keeps the variables, collects the output.
//!
//! Must not know what any function does. Every rule here is Go's `text/template`, save the limits and that data
//! is copied first when the template may change it, so that nothing leaks from one rendering into the next.

#![expect(
    clippy::unnecessary_box_returns,
    reason = "errors are boxed on the way up: they are large and rare, values are small and many"
)]

mod argument;
mod command;
mod field;

use std::mem;

use super::ast::{Body, Branch, Call, Item, Span, Tree, Variable};
use super::error::{Error, Kind, Limit, Stage};
use super::function::Meter;
use super::parser::line_of;
use super::shape::TextKind;
use super::value::copy;
use super::{Settings, Value, print};

/// Renders the root of a tree.
pub(super) fn render(tree: &Tree, data: &Value, settings: &mut Settings<'_>) -> Result<Vec<u8>, Error> {
    let mut meter = Meter::new(settings.limits);
    let start = |limit| Error {
        stage: Stage::Exec,
        kind: Kind::LimitReached { limit },
        span: Span::default(),
        line: 1,
    };
    let dot = if tree.changes_data {
        copy::deep(data, &mut meter).map_err(start)?
    } else {
        data.clone()
    };
    let mut run = Run {
        tree,
        settings,
        meter,
        output: Vec::new(),
        slots: Vec::new(),
        at: 0,
        depth: 0,
    };
    run.body(&tree.root, &dot).map_err(|error| *error)?;
    Ok(run.output)
}

type Evaluated<T> = Result<T, Box<Error>>;

/// One rendering under way.
struct Run<'t, 's, 'a> {
    tree: &'t Tree,
    settings: &'s mut Settings<'a>,
    meter: Meter,
    output: Vec<u8>,
    /// The variables of the template that is being rendered. Empty where a declaration has not been reached.
    slots: Vec<Option<Value>>,
    /// The position that Go would report, of which only the line is used.
    at: u32,
    /// Blocks, parentheses and templates that are being rendered within each other.
    depth: usize,
}

/// How a list of items ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

impl<'t> Run<'t, '_, '_> {
    /// An error at a place.
    fn error(&self, kind: Kind, span: Span) -> Box<Error> {
        let line = line_of(&self.tree.source, self.at);
        Box::new(Error {
            stage: Stage::Exec,
            kind,
            span,
            line,
        })
    }

    fn limit(&self, limit: Limit, span: Span) -> Box<Error> {
        self.error(Kind::LimitReached { limit }, span)
    }

    /// Uses up one step.
    fn step(&mut self, span: Span) -> Evaluated<()> {
        self.meter.spend(1).map_err(|limit| self.limit(limit, span))
    }

    /// Goes one level down, for whatever is rendered or evaluated within something.
    fn descend<T>(&mut self, span: Span, work: impl FnOnce(&mut Self) -> Evaluated<T>) -> Evaluated<T> {
        if self.depth >= self.meter.limits.depth {
            return Err(self.limit(Limit::Depth, span));
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    /// Renders a template in a frame of its own.
    fn body(&mut self, body: &'t Body, dot: &Value) -> Evaluated<()> {
        let mut slots = vec![None; usize::from(body.slots)];
        slots[0] = Some(dot.clone());
        let outer = mem::replace(&mut self.slots, slots);
        self.items(&body.items, dot)?;
        self.slots = outer;
        Ok(())
    }

    fn items(&mut self, items: &'t [Item], dot: &Value) -> Evaluated<Flow> {
        for item in items {
            let flow = match item {
                Item::Text(text) => {
                    self.write(text.as_bytes())?;
                    Flow::Next
                }
                Item::Action(pipe) => {
                    self.at = pipe.span.start;
                    let value = self.pipe(pipe, dot)?;
                    if pipe.variables.is_empty() {
                        self.at = pipe.span.start;
                        self.print(&value, pipe.span)?;
                    }
                    Flow::Next
                }
                Item::If(branch) => self.descend(branch.span, |run| run.branch(branch, dot, false))?,
                Item::With(branch) => self.descend(branch.span, |run| run.branch(branch, dot, true))?,
                Item::Range(branch) => self.descend(branch.span, |run| run.range(branch, dot))?,
                Item::Call(call) => {
                    self.call_template(call, dot)?;
                    Flow::Next
                }
                Item::Break(_) => Flow::Break,
                Item::Continue(_) => Flow::Continue,
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn write(&mut self, bytes: &[u8]) -> Evaluated<()> {
        self.output.extend_from_slice(bytes);
        let size = self.meter.check_size(self.output.len());
        size.map_err(|limit| self.limit(limit, Span::new(self.at as usize, self.at as usize)))
    }

    fn print(&mut self, value: &Value, span: Span) -> Evaluated<()> {
        print::print_action(value, &mut self.output, &mut self.meter).map_err(|limit| self.limit(limit, span))
    }

    fn branch(&mut self, branch: &'t Branch, dot: &Value, sets_dot: bool) -> Evaluated<Flow> {
        self.at = branch.pipe.span.start;
        let value = self.pipe(&branch.pipe, dot)?;
        let flow = match (value.is_true(), sets_dot) {
            (true, true) => self.items(&branch.then, &value)?,
            (true, false) => self.items(&branch.then, dot)?,
            (false, _) => self.items(&branch.otherwise, dot)?,
        };
        self.forget(branch.inner.start, branch.inner.end);
        Ok(flow)
    }

    /// Ends the life of variables, so that a declaration that is skipped next time is not found.
    fn forget(&mut self, from: u16, to: u16) {
        self.slots[usize::from(from)..usize::from(to)].fill(None);
    }

    fn range(&mut self, branch: &'t Branch, dot: &Value) -> Evaluated<Flow> {
        self.at = branch.pipe.span.start;
        let value = self.pipe(&branch.pipe, dot)?;
        let (ran, flow) = self.iterate(branch, &value)?;
        let flow = if ran {
            flow
        } else {
            self.items(&branch.otherwise, dot)?
        };
        self.forget(branch.inner.start, branch.inner.end);
        Ok(flow)
    }

    /// One turn for each element. Tells whether there was any.
    fn iterate(&mut self, branch: &'t Branch, value: &Value) -> Evaluated<(bool, Flow)> {
        let mut ran = false;
        let mut turn = |run: &mut Self, key: Value, element: &Value| {
            ran = true;
            run.turn(branch, key, element)
        };
        match value {
            Value::Absent | Value::Nil => {}
            Value::Int(count, _) | Value::Duration(count) => {
                self.check_one_variable(branch)?;
                for number in 0..*count {
                    let element = match value {
                        Value::Int(_, width) => Value::Int(number, *width),
                        _ => Value::Duration(number),
                    };
                    if turn(self, Value::Absent, &element)? == Flow::Break {
                        break;
                    }
                }
            }
            Value::Month(count) | Value::Weekday(count) => {
                self.check_one_variable(branch)?;
                for number in 0..*count {
                    let element = match value {
                        Value::Month(_) => Value::Month(number),
                        _ => Value::Weekday(number),
                    };
                    if turn(self, Value::Absent, &element)? == Flow::Break {
                        break;
                    }
                }
            }
            Value::List(_) | Value::Bytes(_) => {
                let elements = value.elements().unwrap_or_default();
                for (index, element) in (0..).zip(&elements) {
                    if turn(self, Value::int(index), element)? == Flow::Break {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                for (key, element) in map.entries() {
                    if turn(self, Value::Text(key, TextKind::Plain), &element)? == Flow::Break {
                        break;
                    }
                }
            }
            Value::Bool(_)
            | Value::Float(_)
            | Value::Complex(..)
            | Value::Text(..)
            | Value::Struct(_)
            | Value::Pointer(..)
            | Value::BoolPointer(_)
            | Value::Time(_)
            | Value::MetaTime(_)
            | Value::Location(_)
            | Value::Version(_) => {
                let type_name = value.type_name();
                return Err(self.error(Kind::BadRange { type_name }, branch.pipe.span));
            }
        }
        // A loop ends its own `break`.
        Ok((ran, Flow::Next))
    }

    fn check_one_variable(&self, branch: &Branch) -> Evaluated<()> {
        if branch.pipe.variables.len() < 2 {
            return Ok(());
        }
        Err(self.error(Kind::TwoRangeVariables, branch.pipe.span))
    }

    fn turn(&mut self, branch: &'t Branch, key: Value, element: &Value) -> Evaluated<Flow> {
        self.step(branch.span)?;
        let pipe = &branch.pipe;
        match &*pipe.variables {
            [] => {}
            [one] => self.bind(one, pipe.assigns, element.clone())?,
            [first, second, ..] => {
                self.bind(first, pipe.assigns, key)?;
                self.bind(second, pipe.assigns, element.clone())?;
            }
        }
        let flow = self.items(&branch.then, element)?;
        self.forget(branch.body, branch.inner.end);
        Ok(flow)
    }

    /// Declares or assigns a variable.
    fn bind(&mut self, variable: &Variable, assigns: bool, value: Value) -> Evaluated<()> {
        let slot = if assigns {
            self.slot(variable)?
        } else {
            usize::from(variable.slots[0])
        };
        self.slots[slot] = Some(value);
        Ok(())
    }

    /// The slot that a variable means at this moment: the innermost whose declaration has been reached.
    fn slot(&self, variable: &Variable) -> Evaluated<usize> {
        let mut slots = variable.slots.iter().map(|slot| usize::from(*slot));
        slots.find(|slot| self.slots[*slot].is_some()).ok_or_else(|| {
            self.error(
                Kind::UndefinedVariable {
                    name: variable.name.to_string(),
                },
                variable.span,
            )
        })
    }

    fn call_template(&mut self, call: &'t Call, dot: &Value) -> Evaluated<()> {
        self.at = call.name_span.start;
        let tree = self.tree;
        let Some(body) = tree.definitions.get(&call.name) else {
            let name = call.name.to_string();
            return Err(self.error(Kind::UndefinedTemplate { name }, call.name_span));
        };
        let argument = match &call.argument {
            Some(pipe) => self.pipe(pipe, dot)?,
            None => Value::Absent,
        };
        self.descend(call.span, |run| run.body(body, &argument))
    }
}
