//! What is wrong with a blueprint, as data: code, severity, places, message, what to do.
//! Must not know of terminals, colours or output formats.

mod code;

use std::fmt;
use std::ops::Range;

use crate::pointer::Pointer;

pub use code::Code;

/// One mistake, or one thing worth knowing, in a blueprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of mistake it is. Every code has a page under `docs/errors/`.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence in the blueprint's own terms, lower case, without a full stop.
    pub message: String,
    /// The places it is about; exactly one of them is primary, and it comes first.
    pub labels: Vec<Label>,
    /// Facts that help to understand it, such as the names that do exist.
    pub notes: Vec<String>,
    /// What to do, when there is something to do.
    pub help: Option<String>,
    /// The change that repairs it, when that is mechanical.
    pub patch: Option<Patch>,
}

/// How bad a diagnostic is. The worst comes first in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The blueprint cannot do what it says.
    Error,
    /// It runs, and probably not as meant.
    Warning,
    /// Worth knowing.
    Hint,
}

/// A place and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What, in a few words.
    pub text: String,
    /// Whether this is where the mistake is.
    pub primary: bool,
}

/// A place in a blueprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where in the JSON value. The root, for a text that is not YAML at all.
    pub pointer: Pointer,
    /// Which part of what stands there.
    pub part: Part,
    /// The bytes of the file's text; absent for a blueprint that has no text, and until
    /// [`Source::locate`](crate::source::Source::locate) was called.
    pub span: Option<Range<usize>>,
}

/// A part of what stands at a [`Pointer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of the value.
    Value,
    /// The key under which the value stands.
    Key,
    /// Bytes of the text that is the value, after YAML has decoded it.
    Bytes(Range<usize>),
    /// Bytes of the key, after YAML has decoded it.
    KeyBytes(Range<usize>),
}

/// A change to the text of a blueprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// What is replaced.
    pub place: Place,
    /// What it is replaced by: as it stands in the file, once
    /// [`Source::locate`](crate::source::Source::locate) was called.
    pub replacement: String,
}

impl Place {
    /// The value at `pointer`.
    pub fn value(pointer: Pointer) -> Self {
        Self {
            pointer,
            part: Part::Value,
            span: None,
        }
    }

    /// The key of the member at `pointer`.
    pub fn key(pointer: Pointer) -> Self {
        Self {
            pointer,
            part: Part::Key,
            span: None,
        }
    }

    /// Bytes of the text at `pointer`.
    pub fn bytes(pointer: Pointer, bytes: Range<usize>) -> Self {
        Self {
            pointer,
            part: Part::Bytes(bytes),
            span: None,
        }
    }

    /// Bytes of the key of the member at `pointer`.
    pub fn key_bytes(pointer: Pointer, bytes: Range<usize>) -> Self {
        Self {
            pointer,
            part: Part::KeyBytes(bytes),
            span: None,
        }
    }

    /// Bytes of the file, about nothing that has a pointer.
    pub fn text(span: Range<usize>) -> Self {
        Self {
            pointer: Pointer::root(),
            part: Part::Value,
            span: Some(span),
        }
    }
}

impl Diagnostic {
    /// A mistake that prevents a blueprint from doing what it says.
    pub fn error(code: Code, message: impl Into<String>, place: Place, label: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message.into(), place, label.into())
    }

    /// Something that probably does not do what was meant.
    pub fn warning(code: Code, message: impl Into<String>, place: Place, label: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message.into(), place, label.into())
    }

    /// Something worth knowing.
    pub fn hint(code: Code, message: impl Into<String>, place: Place, label: impl Into<String>) -> Self {
        Self::new(code, Severity::Hint, message.into(), place, label.into())
    }

    fn new(code: Code, severity: Severity, message: String, place: Place, label: String) -> Self {
        Self {
            code,
            severity,
            message,
            labels: vec![Label {
                place,
                text: label,
                primary: true,
            }],
            notes: Vec::new(),
            help: None,
            patch: None,
        }
    }

    /// Adds another place that explains the first.
    #[must_use]
    pub fn also(mut self, place: Place, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            place,
            text: text.into(),
            primary: false,
        });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says how to repair it.
    #[must_use]
    pub fn patch(mut self, place: Place, replacement: impl Into<String>) -> Self {
        self.patch = Some(Patch {
            place,
            replacement: replacement.into(),
        });
        self
    }

    /// Where the mistake is.
    pub fn place(&self) -> &Place {
        &self.labels[0].place
    }

    /// What diagnostics are sorted by: where they are, the worst first where several are.
    pub(crate) fn order(&self) -> (Option<usize>, &Pointer, Severity) {
        let place = self.place();
        (
            place.span.as_ref().map(|span| span.start),
            &place.pointer,
            self.severity,
        )
    }

    /// All places, for a source to fill in their spans.
    pub(crate) fn places_mut(&mut self) -> impl Iterator<Item = &mut Place> {
        let patch = self.patch.as_mut().map(|patch| &mut patch.place);
        self.labels.iter_mut().map(|label| &mut label.place).chain(patch)
    }
}

impl Severity {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One line for events, status and logs.
impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.place().pointer.path();
        write!(formatter, "{}[{}]: ", self.severity, self.code)?;
        if !path.is_empty() {
            write!(formatter, "{path}: ")?;
        }
        formatter.write_str(&self.message)
    }
}
