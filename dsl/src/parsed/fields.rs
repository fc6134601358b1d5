//! Takes the fields of one JSON object, each with its type, and reports what does not fit.
//! Must not know which object it is.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::pointer::Pointer;
use crate::suggest;

/// The fields of one object.
///
/// A field of the wrong type is reported and then counts as absent, so that the rest is still read.
pub(super) struct Fields<'a> {
    /// What the object is, for messages: "a phase".
    what: &'static str,
    pointer: Pointer,
    members: &'a Map<String, Json>,
    known: Vec<&'static str>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl<'a> Fields<'a> {
    /// The fields of `value`, or nothing when it is no object. Null counts as an object without fields.
    pub(super) fn of(
        what: &'static str,
        value: &'a Json,
        pointer: &Pointer,
        diagnostics: &'a mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let Json::Object(members) = value else {
            diagnostics.push(wrong_type(what, "a map", value, pointer.clone()));
            return None;
        };
        Some(Self {
            what,
            pointer: pointer.clone(),
            members,
            known: Vec::new(),
            diagnostics,
        })
    }

    pub(super) fn pointer(&self) -> &Pointer {
        &self.pointer
    }

    pub(super) fn diagnostics(&mut self) -> &mut Vec<Diagnostic> {
        self.diagnostics
    }

    /// The field as it stands; null counts as absent, as the API server treats it.
    pub(super) fn value(&mut self, field: &'static str) -> Option<(&'a Json, Pointer)> {
        self.known.push(field);
        let value = self.members.get(field).filter(|value| !value.is_null())?;
        Some((value, self.pointer.key(field)))
    }

    pub(super) fn text(&mut self, field: &'static str) -> Option<String> {
        let (value, pointer) = self.value(field)?;
        text(&format!("`{field}`"), value, pointer, self.diagnostics)
    }

    pub(super) fn texts(&mut self, field: &'static str) -> Option<Vec<String>> {
        let items = self.list(field)?;
        let item = format!("an item of `{field}`");
        Some(
            items
                .into_iter()
                .filter_map(|(value, pointer)| text(&item, value, pointer, self.diagnostics))
                .collect(),
        )
    }

    pub(super) fn text_map(&mut self, field: &'static str) -> Option<BTreeMap<String, String>> {
        let (members, pointer) = self.map(field)?;
        let mut texts = BTreeMap::new();
        for (key, value) in members {
            let what = format!("`{key}`");
            if let Some(text) = text(&what, value, pointer.key(key), self.diagnostics) {
                texts.insert(key.clone(), text);
            }
        }
        Some(texts)
    }

    pub(super) fn list(&mut self, field: &'static str) -> Option<Vec<(&'a Json, Pointer)>> {
        let (value, pointer) = self.value(field)?;
        if let Json::Array(items) = value {
            return Some(
                items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| (item, pointer.index(at)))
                    .collect(),
            );
        }
        self.diagnostics
            .push(wrong_type(&format!("`{field}`"), "a list", value, pointer));
        None
    }

    pub(super) fn map(&mut self, field: &'static str) -> Option<(&'a Map<String, Json>, Pointer)> {
        let (value, pointer) = self.value(field)?;
        if let Json::Object(members) = value {
            return Some((members, pointer));
        }
        self.diagnostics
            .push(wrong_type(&format!("`{field}`"), "a map", value, pointer));
        None
    }

    /// Reports the members that nobody asked for. A near miss of a field is an error, because what was meant
    /// is lost; anything else is only ignored.
    pub(super) fn finish(self) {
        for name in self
            .members
            .keys()
            .filter(|name| !self.known.contains(&name.as_str()))
        {
            let place = Place::key(self.pointer.key(name));
            let known = suggest::list(self.known.iter().copied());
            let near = suggest::closest(name, self.known.iter().copied());
            let message = format!("{} has no field `{name}`", self.what);
            let diagnostic = match near {
                Some(near) => Diagnostic::error(
                    Code::UnknownField,
                    message,
                    place.clone(),
                    "the cluster drops this without a word",
                )
                .help(format!("did you mean `{near}`?"))
                .patch(place, near),
                None => Diagnostic::warning(Code::UnknownField, message, place, "nobody reads this")
                    .help("remove it, or move it to where it belongs"),
            };
            self.diagnostics
                .push(diagnostic.note(format!("fields of {}: {known}", self.what)));
        }
    }
}

fn text(what: &str, value: &Json, pointer: Pointer, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    if let Json::String(text) = value {
        return Some(text.clone());
    }
    let mut diagnostic = wrong_type(what, "a text", value, pointer.clone());
    if matches!(value, Json::Bool(_) | Json::Number(_)) {
        let quoted = format!("\"{value}\"");
        diagnostic = diagnostic
            .help(format!(
                "write `{quoted}`: without quotes YAML reads {}",
                describe(value)
            ))
            .patch(Place::value(pointer), quoted);
    }
    diagnostics.push(diagnostic);
    None
}

/// What `what` should be and is not.
pub(super) fn wrong_type(what: &str, wanted: &str, value: &Json, pointer: Pointer) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::WrongType,
        format!("{what} must be {wanted}, and this is {}", describe(value)),
        Place::value(pointer),
        format!("expected {wanted}"),
    );
    diagnostic.help(match wanted {
        "a list" => "write a list: one line for each item, and `- ` before it",
        "a map" => "write a map: a line `key: value` for each member, indented below",
        _ => "write a text; put it in quotes when it looks like something else",
    })
}

/// What a JSON value is, in words: with its article, or as it stands when that is short.
pub(crate) fn describe(value: &Json) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(truth) => format!("the truth value `{truth}`"),
        Json::Number(number) => format!("the number `{number}`"),
        Json::String(text) if text.len() <= 40 && !text.contains('\n') => format!("the text `{text}`"),
        Json::String(_) => "a text".to_owned(),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "a map".to_owned(),
    }
}
