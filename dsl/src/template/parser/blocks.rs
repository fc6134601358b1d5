//! Nests what the grammar leaves flat: `if`, `range`, `with`, `define` and `block` up to their `end`.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use pest::iterators::{Pair, Pairs};

use super::scope::{Mark, Scope};
use super::{DEEPEST, Rule, Source, span_of};
use crate::template::ast::{Body, Branch, Call, Item, Name, Pipe, Span, Tree};
use crate::template::error::{Error, Kind, Limit};

/// The name under which Kanister compiles every text, so that `template` can call the whole.
const WHOLE: &str = "config";

/// The tree under construction.
pub(super) struct Blocks<'t> {
    pub(super) source: &'t Source<'t>,
    pub(super) scope: Scope,
    open: Vec<Open>,
    items: Vec<Item>,
    definitions: BTreeMap<Name, Arc<Body>>,
    /// How many parentheses are open.
    pub(super) parentheses: usize,
    pub(super) changes_data: bool,
}

/// A block that is not closed yet.
struct Open {
    kind: Opened,
    /// The action that opens it.
    span: Span,
    /// The items around it.
    outside: Vec<Item>,
}

enum Opened {
    Branch {
        word: Word,
        pipe: Pipe,
        /// Before the pipeline.
        mark: Mark,
        /// The slot after the variables of the pipeline.
        body: u16,
        /// The first side, once `else` has come.
        then: Option<Vec<Item>>,
        /// Whether it was opened by `else if` or `else with`, and so ends with the block around it.
        chained: bool,
    },
    Definition {
        keyword: &'static str,
        name: Name,
        /// The variables around it, which it does not see.
        scope: Scope,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    If,
    With,
    Range,
}

impl Word {
    fn text(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::With => "with",
            Self::Range => "range",
        }
    }
}

impl<'t> Blocks<'t> {
    pub(super) fn new(source: &'t Source<'t>) -> Self {
        Self {
            source,
            scope: Scope::new(),
            open: Vec::new(),
            items: Vec::new(),
            definitions: BTreeMap::new(),
            parentheses: 0,
            changes_data: false,
        }
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Appends text. Texts that only a comment parts are one.
    pub(super) fn push_text(&mut self, text: &str) {
        match self.items.last_mut() {
            _ if text.is_empty() => {}
            Some(Item::Text(last)) => *last = [&**last, text].concat().into(),
            _ => self.items.push(Item::Text(text.into())),
        }
    }

    /// Appends an action, or opens or closes a block.
    pub(super) fn push_action(&mut self, action: Pair<'_, Rule>, offset: usize) -> Result<(), Error> {
        let span = span_of(&action, offset);
        let mut parts = action
            .into_inner()
            .filter(|part| !matches!(part.as_rule(), Rule::open | Rule::close));
        let part = parts.next().expect("an action holds a pipeline or a control");
        let here = span_of(&part, offset);
        let rule = part.as_rule();
        if rule == Rule::pipeline {
            let pipe = self.pipe(part, offset)?;
            self.items.push(Item::Action(pipe));
            return Ok(());
        }
        let mut inner = part.into_inner();
        match rule {
            Rule::if_ => self.open_branch(Word::If, inner, span, offset),
            Rule::with => self.open_branch(Word::With, inner, span, offset),
            Rule::range => self.open_branch(Word::Range, inner, span, offset),
            Rule::else_ => self.turn(None, here),
            Rule::else_if | Rule::else_with => {
                let word = if rule == Rule::else_if {
                    Word::If
                } else {
                    Word::With
                };
                self.turn(Some(word), here)?;
                self.open_branch(word, inner, span, offset)?;
                if let Some(Open {
                    kind: Opened::Branch { chained, .. },
                    ..
                }) = self.open.last_mut()
                {
                    *chained = true;
                }
                Ok(())
            }
            Rule::end => self.end(here),
            Rule::define => self.define(&mut inner, span, here, offset),
            Rule::block => self.block(&mut inner, span, offset),
            Rule::template => {
                let call = self.call(&mut inner, span, offset)?;
                self.items.push(Item::Call(call));
                Ok(())
            }
            _ => self.jump(rule == Rule::break_, here),
        }
    }

    fn misplaced(&self, keyword: &str, reason: &'static str, span: Span) -> Error {
        self.source.error(
            Kind::MisplacedKeyword {
                keyword: keyword.to_owned(),
                reason,
            },
            span,
        )
    }

    /// Fails if one more block or parenthesis would be too deep.
    pub(super) fn check_depth(&self, span: Span) -> Result<(), Error> {
        if self.open.len() + self.parentheses < DEEPEST {
            return Ok(());
        }
        Err(self.source.error(
            Kind::LimitReached {
                limit: Limit::Nesting,
            },
            span,
        ))
    }

    fn open_branch(
        &mut self,
        word: Word,
        mut inner: Pairs<'_, Rule>,
        span: Span,
        offset: usize,
    ) -> Result<(), Error> {
        self.check_depth(span)?;
        let mark = self.scope.mark();
        let pipe = self.pipe(inner.next().expect("a control holds a pipeline"), offset)?;
        if word == Word::Range {
            self.scope.loops += 1;
        }
        let body = self.scope.next();
        let kind = Opened::Branch {
            word,
            pipe,
            mark,
            body,
            then: None,
            chained: false,
        };
        self.open.push(Open {
            kind,
            span,
            outside: mem::take(&mut self.items),
        });
        Ok(())
    }

    /// Turns to the other side of the innermost block.
    fn turn(&mut self, chain: Option<Word>, here: Span) -> Result<(), Error> {
        let Some(Open {
            kind: Opened::Branch { word, then, .. },
            ..
        }) = self.open.last_mut()
        else {
            return Err(self.misplaced("else", "it belongs between if, with or range and its end", here));
        };
        let word = *word;
        if then.is_some() {
            return Err(self.misplaced("else", "this block already has one", here));
        }
        match chain {
            Some(Word::If) if word != Word::If => {
                return Err(self.misplaced("else if", "only if can be continued by it", here));
            }
            Some(_) if chain == Some(Word::With) && word != Word::With => {
                return Err(self.misplaced("else with", "only with can be continued by it", here));
            }
            _ => {}
        }
        *then = Some(mem::take(&mut self.items));
        if word == Word::Range {
            self.scope.loops -= 1;
        }
        Ok(())
    }

    fn end(&mut self, here: Span) -> Result<(), Error> {
        loop {
            let Some(Open { kind, span, outside }) = self.open.pop() else {
                return Err(self.misplaced("end", "no block is open here", here));
            };
            let inside = mem::replace(&mut self.items, outside);
            match kind {
                Opened::Branch {
                    word,
                    pipe,
                    mark,
                    body,
                    then,
                    chained,
                } => {
                    let (then, otherwise) = match then {
                        Some(then) => (then, inside),
                        None => (inside, Vec::new()),
                    };
                    let end = self.scope.release(mark);
                    let branch = Branch {
                        pipe,
                        then,
                        otherwise,
                        inner: mark.next..end,
                        body,
                        span,
                    };
                    self.items.push(match word {
                        Word::If => Item::If(branch),
                        Word::With => Item::With(branch),
                        Word::Range => Item::Range(branch),
                    });
                    if !chained {
                        return Ok(());
                    }
                }
                Opened::Definition { name, scope, .. } => {
                    let slots = mem::replace(&mut self.scope, scope).slots();
                    return self.add_definition(name, Body { items: inside, slots }, span);
                }
            }
        }
    }

    fn define(
        &mut self,
        inner: &mut Pairs<'_, Rule>,
        span: Span,
        here: Span,
        offset: usize,
    ) -> Result<(), Error> {
        if !self.open.is_empty() {
            return Err(self.misplaced("define", "templates are defined outside of all blocks", here));
        }
        let (name, _) = self.name(inner, offset)?;
        self.open_definition("define", name, span);
        Ok(())
    }

    fn block(&mut self, inner: &mut Pairs<'_, Rule>, span: Span, offset: usize) -> Result<(), Error> {
        self.check_depth(span)?;
        let call = self.call(inner, span, offset)?;
        let name = call.name.clone();
        self.items.push(Item::Call(call));
        self.open_definition("block", name, span);
        Ok(())
    }

    fn open_definition(&mut self, keyword: &'static str, name: Name, span: Span) {
        let scope = mem::replace(&mut self.scope, Scope::new());
        let kind = Opened::Definition { keyword, name, scope };
        self.open.push(Open {
            kind,
            span,
            outside: mem::take(&mut self.items),
        });
    }

    fn call(&mut self, inner: &mut Pairs<'_, Rule>, span: Span, offset: usize) -> Result<Call, Error> {
        let (name, name_span) = self.name(inner, offset)?;
        let argument = inner.next().map(|pipe| self.pipe(pipe, offset)).transpose()?;
        Ok(Call {
            name,
            name_span,
            argument,
            span,
        })
    }

    fn jump(&mut self, is_break: bool, here: Span) -> Result<(), Error> {
        if self.scope.loops == 0 {
            let keyword = if is_break { "break" } else { "continue" };
            return Err(self.misplaced(keyword, "no range is open here", here));
        }
        self.items.push(if is_break {
            Item::Break(here)
        } else {
            Item::Continue(here)
        });
        Ok(())
    }

    /// Adds a definition. One that shows nothing never replaces one that does.
    fn add_definition(&mut self, name: Name, body: Body, span: Span) -> Result<(), Error> {
        let is_new = !self.definitions.contains_key(&name);
        let was_blank = self
            .definitions
            .get(&name)
            .is_some_and(|known| is_blank(&known.items));
        if is_new || was_blank {
            self.definitions.insert(name, Arc::new(body));
        } else if !is_blank(&body.items) {
            return Err(self.source.error(
                Kind::DuplicateDefinition {
                    name: name.to_string(),
                },
                span,
            ));
        }
        Ok(())
    }

    /// The whole tree, if every block is closed.
    pub(super) fn finish(mut self) -> Result<Tree, Error> {
        if let Some(open) = self.open.iter().rev().find(|open| !open.is_chained()) {
            let keyword = match &open.kind {
                Opened::Branch { word, .. } => word.text(),
                Opened::Definition { keyword, .. } => keyword,
            };
            let end = Span::new(self.source.text.len(), self.source.text.len()).start;
            return Err(self
                .source
                .error_on_line_of(Kind::UnclosedBlock { keyword }, open.span, end));
        }
        let items = mem::take(&mut self.items);
        let body = Body {
            items,
            slots: self.scope.slots(),
        };
        self.add_definition(WHOLE.into(), body, Span::default())?;
        let root = Arc::clone(&self.definitions[WHOLE]);
        Ok(Tree {
            source: self.source.text.into(),
            functions: self.source.functions,
            root,
            definitions: self.definitions,
            changes_data: self.changes_data,
        })
    }
}

impl Open {
    fn is_chained(&self) -> bool {
        matches!(self.kind, Opened::Branch { chained: true, .. })
    }
}

/// Whether a template shows nothing but white space.
fn is_blank(items: &[Item]) -> bool {
    items
        .iter()
        .all(|item| matches!(item, Item::Text(text) if text.trim().is_empty()))
}
