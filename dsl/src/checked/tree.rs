//! Arguments as trees of templates, and their rendering by Kanister's rules.
//! Must not know which argument it is.

use serde_json::{Map, Value as Json};

/// An argument: a tree whose texts (keys of maps too) are templates.
#[derive(Clone, Debug)]
pub enum Tree {
    /// A text, rendered to a text.
    Text(Text),
    /// A number, a truth value or null, which stays as it is.
    Scalar(Json),
    /// A list, rendered item by item.
    List(Vec<Self>),
    /// A map, keys and values rendered.
    Map(Vec<(Text, Self)>),
}

/// A text that is a template.
#[derive(Clone, Debug)]
pub struct Text {
    /// What was written.
    pub written: String,
}

impl Text {
    /// Compiles `written`; a mistake in it is kept until it is rendered.
    pub fn new(written: impl Into<String>) -> Self {
        Self {
            written: written.into(),
        }
    }
}

impl Tree {
    /// The tree of a value as it was written.
    pub fn new(value: &Json) -> Self {
        match value {
            Json::String(text) => Self::Text(Text::new(text)),
            Json::Array(items) => Self::List(items.iter().map(Self::new).collect()),
            Json::Object(members) => Self::Map(
                members
                    .iter()
                    .map(|(key, value)| (Text::new(key), Self::new(value)))
                    .collect(),
            ),
            Json::Null | Json::Bool(_) | Json::Number(_) => Self::Scalar(value.clone()),
        }
    }

    /// The value as it was written.
    pub fn written(&self) -> Json {
        match self {
            Self::Text(text) => Json::String(text.written.clone()),
            Self::Scalar(value) => value.clone(),
            Self::List(items) => Json::Array(items.iter().map(Self::written).collect()),
            Self::Map(members) => Json::Object(
                members
                    .iter()
                    .map(|(key, value)| (key.written.clone(), value.written()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}
