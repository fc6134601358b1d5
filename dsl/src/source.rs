//! One blueprint as it was handed in: its JSON value, and where in the text each part of it stands.
//!
//! A blueprint that comes from the API server has a value and no text; everything after this module works on
//! the value alone, so both are checked alike. Must not know what a blueprint looks like inside.

mod node;
mod offset;
mod scalar;
mod yaml;

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::diagnostic::{Diagnostic, Part, Place, Severity};
use crate::pointer::Pointer;
use crate::suggest;

use node::Node;

/// A blueprint before anything is known about it.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    value: Json,
    text: Option<Arc<str>>,
    root: Option<Node>,
    diagnostics: Vec<Diagnostic>,
}

impl Source {
    /// The blueprints among the documents of a YAML text, in order; other kinds of objects are passed over.
    ///
    /// `name` is what to call the text in messages, usually a path.
    ///
    /// # Errors
    /// What keeps the text from being YAML.
    pub fn from_yaml(name: &str, text: &str) -> Result<Vec<Self>, Vec<Diagnostic>> {
        let text: Arc<str> = text.into();
        let documents = yaml::load(&text)?;
        Ok(documents
            .into_iter()
            .filter(|document| is_blueprint(&document.value))
            .map(|document| Self {
                name: name.to_owned(),
                value: document.value,
                text: Some(Arc::clone(&text)),
                root: Some(document.root),
                diagnostics: document.diagnostics,
            })
            .collect())
    }

    /// A blueprint that is a JSON value already, as the API server gives it.
    pub fn from_json(name: &str, value: Json) -> Self {
        Self {
            name: name.to_owned(),
            value,
            text: None,
            root: None,
            diagnostics: Vec::new(),
        }
    }

    /// What the blueprint is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text it stands in, with all its documents.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The blueprint as the API server would see it.
    pub fn value(&self) -> &Json {
        &self.value
    }

    /// What is worth saying about how the text was read.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Fills in where in the text the places of `diagnostic` are, as far as there is a text.
    #[must_use]
    pub fn locate(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        for place in diagnostic.places_mut() {
            if place.span.is_none() {
                place.span = self.span(&place.pointer, &place.part);
            }
        }
        if let Some(patch) = &mut diagnostic.patch {
            patch.replacement = self.encode(&patch.place, std::mem::take(&mut patch.replacement));
        }
        diagnostic
    }

    /// What replaces a part of a scalar, as it has to be written in the style of that scalar.
    fn encode(&self, place: &Place, replacement: String) -> String {
        let Some(root) = self
            .root
            .as_ref()
            .filter(|_| matches!(place.part, Part::Bytes(_)))
        else {
            return replacement;
        };
        root.find(&place.pointer).node.encode(replacement)
    }

    /// The bytes of the text where `part` of the value at `pointer` stands. A value that is not there is
    /// sought at the closest one around it.
    pub fn span(&self, pointer: &Pointer, part: &Part) -> Option<Range<usize>> {
        let (root, text) = (self.root.as_ref()?, self.text.as_deref()?);
        let found = root.find(pointer);
        let value = || found.node.head();
        let key = || found.key.map_or_else(value, Node::head);
        Some(match part {
            Part::Bytes(bytes) if found.complete => {
                let decoded = self.value.pointer(pointer.as_str()).and_then(Json::as_str);
                found.node.bytes(text, decoded, bytes)
            }
            Part::KeyBytes(bytes) if found.complete => {
                let decoded = pointer.tokens().last();
                found
                    .key
                    .map_or_else(value, |key| key.bytes(text, decoded.as_deref(), bytes))
            }
            Part::Value | Part::Bytes(_) => value(),
            Part::Key | Part::KeyBytes(_) => key(),
        })
    }

    /// The place as `line` and `column`, both from 1 and the column in characters, of a byte of the text.
    pub fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
        let before = &text[..floor_boundary(text, byte)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }
}

/// The values of all documents of a YAML text, whatever they describe, read as kubectl reads them.
///
/// # Errors
/// What keeps the text from being YAML.
pub fn documents(text: &str) -> Result<Vec<Json>, Vec<Diagnostic>> {
    let mut values = Vec::new();
    for document in yaml::load(text)? {
        let mut errors = document.diagnostics;
        errors.retain(|diagnostic| diagnostic.severity == Severity::Error);
        if !errors.is_empty() {
            return Err(errors);
        }
        values.push(document.value);
    }
    Ok(values)
}

/// Whether `text` without quotes is that same text to every reader of YAML, as far as its type goes.
pub(crate) fn is_plain_text(text: &str) -> bool {
    scalar::resolve(text) == scalar::Scalar::Plain(Json::String(text.to_owned()))
}

/// The last character boundary at or before `byte`.
fn floor_boundary(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

/// Whether a document is meant as a blueprint. A mistyped or missing kind must not make its mistakes disappear.
fn is_blueprint(value: &Json) -> bool {
    match value.get("kind").and_then(Json::as_str) {
        Some("Blueprint") => true,
        Some(kind) => value.get("actions").is_some() && suggest::closest(kind, ["Blueprint"]).is_some(),
        None => value.get("actions").is_some(),
    }
}

impl Place {
    /// The line and column of this place in `text`, when its span is known.
    pub fn line_and_column(&self, text: &str) -> Option<(usize, usize)> {
        self.span
            .as_ref()
            .map(|span| Source::line_and_column(text, span.start))
    }
}
