//! The tree of a template after compiling: names of functions are declarations, names of variables are slots.
//!
//! Made by the parser, read by the evaluator, by the reference finder and by whoever checks blueprints.
//! Every part keeps its span. Must not know how anything is evaluated.

mod write;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::Functions;
use super::function::Function;

/// A range of bytes in the text of the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

impl Span {
    /// The span of bytes `start..end`. Positions beyond 4 GiB do not occur: the parser refuses longer texts.
    pub fn new(start: usize, end: usize) -> Self {
        let narrow = |position: usize| u32::try_from(position).unwrap_or(u32::MAX);
        Self {
            start: narrow(start),
            end: narrow(end),
        }
    }

    /// From the start of this span to the end of the other.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self {
            start: self.start,
            end: other.end,
        }
    }

    /// As a range for slicing.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A name with the place where it stands.
pub type Name = Arc<str>;

/// The index of a variable in the frame of its template.
pub type Slot = u16;

/// A whole compiled text.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    /// The text it was made from.
    pub source: Arc<str>,
    /// The functions it may call.
    pub functions: Functions,
    /// What is rendered.
    pub root: Arc<Body>,
    /// What `template` can call.
    pub definitions: BTreeMap<Name, Arc<Body>>,
    /// Whether a function is called that changes a map in place, so that the data must be copied first.
    pub changes_data: bool,
}

/// The items of one template with the size of its frame of variables.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// What is done in order.
    pub items: Vec<Item>,
    /// How many slots the frame has. Slot 0 is `$`.
    pub slots: Slot,
}

/// One thing that is done.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Text, already trimmed.
    Text(Name),
    /// A pipeline whose value is printed unless it declares a variable.
    Action(Pipe),
    /// `if … else … end`.
    If(Branch),
    /// `with … else … end`.
    With(Branch),
    /// `range … else … end`.
    Range(Branch),
    /// `template` and the use that `block` makes of its own definition.
    Call(Call),
    /// `break`.
    Break(Span),
    /// `continue`.
    Continue(Span),
}

/// A condition or loop with its two sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// What decides.
    pub pipe: Pipe,
    /// Done if it is true, or for each element.
    pub then: Vec<Item>,
    /// Done otherwise.
    pub otherwise: Vec<Item>,
    /// The slots of variables that are declared in it and end with it.
    pub inner: Range<Slot>,
    /// The first slot after the variables of its pipeline: what is declared from here on ends with each turn of a
    /// loop.
    pub body: Slot,
    /// The action that opens it.
    pub span: Span,
}

/// A call of a defined template.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its name.
    pub name: Name,
    /// The span of the name as written.
    pub name_span: Span,
    /// What becomes its dot.
    pub argument: Option<Pipe>,
    /// The whole action.
    pub span: Span,
}

/// Commands in a row, with the variables that take the value.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipe {
    /// The variables before `:=` or `=`, at most two.
    pub variables: Vec<Variable>,
    /// Whether it is `=`.
    pub assigns: bool,
    /// At least one.
    pub commands: Vec<Command>,
    /// From the first variable or operand to the end of the last.
    pub span: Span,
}

/// An operand with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// What is evaluated or called.
    pub head: Operand,
    /// The arguments after it; a piped value comes last.
    pub arguments: Vec<Operand>,
    /// From the head to the end of the last argument.
    pub span: Span,
}

/// A term and the fields after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Operand {
    /// What the fields are looked up in.
    pub term: Term,
    /// `.a.b` after the term, each with its own span, without the dot.
    pub path: Vec<Segment>,
    /// The whole.
    pub span: Span,
}

/// One field of a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Without the dot.
    pub name: Name,
    /// Without the dot.
    pub span: Span,
}

/// The smallest expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// `.`
    Dot,
    /// `nil`
    Nil,
    /// `true` or `false`
    Bool(bool),
    /// A number or a character.
    Number(Number),
    /// Quoted text. Escapes can make any bytes.
    Text(Arc<[u8]>),
    /// `$x`
    Variable(Variable),
    /// A function.
    Function(&'static Function),
    /// `( … )`
    Parenthesis(Box<Pipe>),
}

/// A variable where it is declared, assigned or read.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// With the dollar sign.
    pub name: Name,
    /// The slots it can mean, innermost first. More than one only if an inner declaration may be skipped by
    /// `and` or `or`; none if nothing declares it, which fails when it is used.
    pub slots: Vec<Slot>,
    /// Where.
    pub span: Span,
}

/// A number in every form that its text allows.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// As written.
    pub text: Name,
    /// As a signed whole number.
    pub int: Option<i64>,
    /// As an unsigned whole number.
    pub uint: Option<u64>,
    /// With a fraction.
    pub float: Option<f64>,
    /// With a real and an imaginary part, if it was written with `i`.
    pub complex: Option<(f64, f64)>,
}
