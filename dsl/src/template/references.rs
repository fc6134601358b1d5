//! Which data a template may read: every path from the root, found without rendering.
//!
//! A walk over the tree with what is known of the dot and of each variable: that it is exactly a path from the
//! root, or that nothing is known. Must not know what a path means in a blueprint.

use super::ast::{Body, Branch, Command, Item, Name, Operand, Pipe, Slot, Span, Term, Tree};
use super::function::Form;

/// One path from the root of the data that rendering may walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The keys and fields in order: `Phases`, `dump`, `Output`, `path`. Empty for the root itself.
    pub segments: Vec<Segment>,
    /// Whether rendering goes on without it: it stands under a condition that tests it, or is one of several
    /// alternatives.
    pub guarded: bool,
    /// Whether more is read below this path than can be told before rendering: it is indexed by something that
    /// is not a literal, looped over, or handed on whole.
    pub dynamic: bool,
    /// The whole path as written where it is read.
    pub span: Span,
}

impl Reference {
    /// The first segment: `Phases`, `Options`. Nothing for the root itself.
    pub fn root(&self) -> Option<&str> {
        self.segments.first().map(|segment| &*segment.name)
    }
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The field or key.
    pub name: Name,
    /// How it is read.
    pub access: Access,
    /// Where it is written: the name without its dot, or the literal with its quotes.
    pub span: Span,
}

/// How a step of a path is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `.key`: fails when the key is missing.
    Field,
    /// `index … "key"`: gives the zero value when the key is missing.
    Index,
}

/// Every path that rendering may walk, in the order of the text.
pub(super) fn find(tree: &Tree) -> Vec<Reference> {
    let mut walk = Walk {
        found: Vec::new(),
        variables: Vec::new(),
        tested: Vec::new(),
        alternative: false,
    };
    walk.body(&tree.root, &Known::root());
    for body in tree.definitions.values() {
        // Whatever it is called with is read where it is called.
        walk.body(body, &Known::Nothing);
    }
    walk.found
        .sort_by_key(|reference| (reference.span.start, reference.span.end));
    walk.found.dedup();
    walk.found
}

/// What is known of a value.
#[derive(Debug, Clone)]
enum Known {
    /// It is what stands at this path.
    Path(Vec<Segment>, Span),
    /// Nothing.
    Nothing,
}

impl Known {
    fn root() -> Self {
        Self::Path(Vec::new(), Span::default())
    }
}

struct Walk {
    found: Vec<Reference>,
    /// By slot.
    variables: Vec<Known>,
    /// The paths that the conditions around this place test.
    tested: Vec<Vec<Name>>,
    /// Whether what is read here is one of several alternatives.
    alternative: bool,
}

impl Walk {
    fn body(&mut self, body: &Body, dot: &Known) {
        self.variables = vec![Known::Nothing; usize::from(body.slots).max(1)];
        self.variables[0] = dot.clone();
        self.items(&body.items, dot);
    }

    fn items(&mut self, items: &[Item], dot: &Known) {
        for item in items {
            match item {
                Item::Text(_) | Item::Break(_) | Item::Continue(_) => {}
                Item::Action(pipe) => {
                    let value = self.pipe(pipe, dot);
                    if pipe.variables.is_empty() {
                        self.read(&value, false);
                    }
                }
                Item::If(branch) => {
                    let value = self.pipe(&branch.pipe, dot);
                    self.read(&value, false);
                    self.branch(branch, (dot, dot));
                }
                Item::With(branch) => {
                    let value = self.pipe(&branch.pipe, dot);
                    self.read(&value, false);
                    self.branch(branch, (&value, dot));
                }
                Item::Range(branch) => {
                    let value = self.pipe(&branch.pipe, dot);
                    self.read(&value, true);
                    self.branch(branch, (&Known::Nothing, dot));
                }
                Item::Call(call) => {
                    if let Some(pipe) = &call.argument {
                        let value = self.pipe(pipe, dot);
                        self.read(&value, true);
                    }
                }
            }
        }
    }

    /// Both sides of a condition or loop. `dot` is that of its pipeline and of the other side.
    fn branch(&mut self, branch: &Branch, (then, dot): (&Known, &Known)) {
        let outer = self.tested.len();
        self.tests(&branch.pipe, dot);
        if matches!(then, Known::Nothing) {
            // The variables of a loop stand for its elements.
            for variable in &branch.pipe.variables {
                self.set(&variable.slots, &Known::Nothing);
            }
        }
        let before = self.variables.clone();
        self.items(&branch.then, then);
        let after = std::mem::replace(&mut self.variables, before);
        self.items(&branch.otherwise, dot);
        self.tested.truncate(outer);
        for (variable, after) in self.variables.iter_mut().zip(after) {
            if !same(variable, &after) {
                *variable = Known::Nothing;
            }
        }
    }

    /// Remembers the paths that a condition looks at.
    fn tests(&mut self, pipe: &Pipe, dot: &Known) {
        let found = self.found.len();
        let value = self.pipe(pipe, dot);
        self.read(&value, false);
        let names = self.found.drain(found..).map(|reference| {
            reference
                .segments
                .into_iter()
                .map(|segment| segment.name)
                .collect::<Vec<_>>()
        });
        self.tested.extend(names);
    }

    fn set(&mut self, slots: &[Slot], value: &Known) {
        for &slot in slots {
            if let Some(variable) = self.variables.get_mut(usize::from(slot)) {
                *variable = value.clone();
            }
        }
    }

    /// Records that a value is looked at; as a whole and further down when `dynamic`.
    fn read(&mut self, value: &Known, dynamic: bool) {
        let Known::Path(segments, span) = value else {
            return;
        };
        let tested = |tested: &Vec<Name>| {
            tested.len() <= segments.len()
                && tested
                    .iter()
                    .zip(segments)
                    .all(|(name, segment)| *name == segment.name)
        };
        self.found.push(Reference {
            guarded: self.alternative || self.tested.iter().any(tested),
            segments: segments.clone(),
            dynamic,
            span: *span,
        });
    }

    fn pipe(&mut self, pipe: &Pipe, dot: &Known) -> Known {
        let mut value: Option<Known> = None;
        for command in &pipe.commands {
            value = Some(self.command(command, value.as_ref(), dot));
        }
        let value = value.unwrap_or(Known::Nothing);
        for variable in &pipe.variables {
            // An assignment may be skipped or come late; a declaration is what the variable is.
            let known = if pipe.assigns {
                Known::Nothing
            } else {
                value.clone()
            };
            self.set(&variable.slots, &known);
        }
        value
    }

    fn command(&mut self, command: &Command, piped: Option<&Known>, dot: &Known) -> Known {
        let Term::Function(function) = &command.head.term else {
            let value = self.operand(&command.head, dot);
            let rest: Vec<_> = command
                .arguments
                .iter()
                .map(|argument| self.operand(argument, dot))
                .collect();
            rest.iter().chain(piped).for_each(|value| self.read(value, true));
            return value;
        };
        if function.name == "index"
            && let [of, keys @ ..] = command.arguments.as_slice()
        {
            return self.index(command.span, of, keys, piped, dot);
        }
        // What comes first is always looked at; the others only if it does not decide.
        let alternatives = matches!(function.form, Form::And | Form::Or);
        let outer = self.alternative;
        for (at, argument) in command.arguments.iter().enumerate() {
            self.alternative = outer || alternatives && at > 0;
            let value = self.operand(argument, dot);
            self.read(&value, true);
        }
        if let Some(piped) = piped {
            self.read(piped, true);
        }
        self.alternative = outer;
        Known::Nothing
    }

    fn index(
        &mut self,
        span: Span,
        of: &Operand,
        keys: &[Operand],
        piped: Option<&Known>,
        dot: &Known,
    ) -> Known {
        let of = self.operand(of, dot);
        let Known::Path(mut segments, _) = of else {
            let keys: Vec<_> = keys.iter().map(|key| self.operand(key, dot)).collect();
            keys.iter().chain(piped).for_each(|key| self.read(key, true));
            return Known::Nothing;
        };
        let mut literal = piped.is_none();
        for key in keys {
            match &key.term {
                Term::Text(text) if literal && key.path.is_empty() => match std::str::from_utf8(text) {
                    Ok(name) => {
                        segments.push(Segment {
                            name: name.into(),
                            access: Access::Index,
                            span: key.span,
                        });
                    }
                    Err(_not_text) => literal = false,
                },
                Term::Number(_) => literal = false,
                _ => {
                    literal = false;
                    let value = self.operand(key, dot);
                    self.read(&value, true);
                }
            }
        }
        if let Some(piped) = piped {
            self.read(piped, true);
        }
        let value = Known::Path(segments, span);
        if literal {
            return value;
        }
        self.read(&value, true);
        Known::Nothing
    }

    fn operand(&mut self, operand: &Operand, dot: &Known) -> Known {
        let base = match &operand.term {
            Term::Dot => dot.clone(),
            Term::Variable(variable) => match variable.slots.as_slice() {
                [slot] => self
                    .variables
                    .get(usize::from(*slot))
                    .cloned()
                    .unwrap_or(Known::Nothing),
                _ => Known::Nothing,
            },
            Term::Parenthesis(pipe) => self.pipe(pipe, dot),
            Term::Function(_) | Term::Nil | Term::Bool(_) | Term::Number(_) | Term::Text(_) => Known::Nothing,
        };
        let Known::Path(mut segments, _) = base else {
            return Known::Nothing;
        };
        segments.extend(operand.path.iter().map(|segment| Segment {
            name: segment.name.clone(),
            access: Access::Field,
            span: segment.span,
        }));
        Known::Path(segments, operand.span)
    }
}

fn same(one: &Known, other: &Known) -> bool {
    match (one, other) {
        (Known::Path(one, _), Known::Path(other, _)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.name == other.name)
        }
        (Known::Nothing, Known::Nothing) => true,
        (Known::Path(..), Known::Nothing) | (Known::Nothing, Known::Path(..)) => false,
    }
}

#[cfg(test)]
mod tests;
