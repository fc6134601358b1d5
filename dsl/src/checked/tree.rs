//! Arguments as trees of templates, and their rendering by Kanister's rules.
//! Must not know which argument it is.

use serde_json::{Map, Value as Json};
use snafu::Snafu;

use crate::pointer::Pointer;
use crate::template::{self, Functions, Settings, Template, Value};

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
    /// What it compiled to. A mistake is kept: it counts when the text is rendered, as in Kanister.
    pub template: Result<Template, template::Error>,
}

/// A tree that cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, Snafu)]
pub enum Error {
    /// One of its templates does not compile, or fails on the data.
    #[snafu(display("{source}"))]
    Render {
        /// Where in the tree it stands.
        pointer: Pointer,
        /// What is wrong with it.
        source: template::Error,
    },
    /// A null: Kanister's controller ends when it meets one.
    #[snafu(display("an argument cannot be null"))]
    Null {
        /// Where in the tree it stands.
        pointer: Pointer,
    },
}

impl Error {
    /// Where in the tree the mistake is.
    pub fn pointer(&self) -> &Pointer {
        match self {
            Self::Render { pointer, .. } | Self::Null { pointer } => pointer,
        }
    }
}

impl Text {
    /// Compiles `written`.
    pub fn new(written: impl Into<String>) -> Self {
        let written = written.into();
        let template = Template::compile(&written, Functions::Kanister);
        Self { written, template }
    }

    /// Renders the text on `data`.
    ///
    /// # Errors
    /// A template that does not compile, and one that fails on the data.
    pub fn render(&self, data: &Value, settings: &mut Settings<'_>) -> Result<String, template::Error> {
        match &self.template {
            Ok(template) => template.render(data, settings),
            Err(error) => Err(error.clone()),
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

    /// Adds every text of the tree to `texts`, keys before their values.
    pub(crate) fn texts<'a>(&'a self, texts: &mut Vec<&'a Text>) {
        match self {
            Self::Scalar(_) => {}
            Self::Text(text) => texts.push(text),
            Self::List(items) => items.iter().for_each(|item| item.texts(texts)),
            Self::Map(members) => members.iter().for_each(|(key, value)| {
                texts.push(key);
                value.texts(texts);
            }),
        }
    }

    /// Renders every text of the tree on `data`: a text becomes a text, numbers and truth values stay, and of
    /// two keys that become the same the later one counts.
    ///
    /// # Errors
    /// The first text, in the order of writing, that cannot be rendered; and null, which no argument may be.
    pub fn render(&self, data: &Value, settings: &mut Settings<'_>) -> Result<Json, Error> {
        self.render_at(&Pointer::root(), data, settings)
    }

    fn render_at(&self, pointer: &Pointer, data: &Value, settings: &mut Settings<'_>) -> Result<Json, Error> {
        let text = |text: &Text, pointer: &Pointer, settings: &mut Settings<'_>| {
            text.render(data, settings).map_err(|source| Error::Render {
                pointer: pointer.clone(),
                source,
            })
        };
        match self {
            Self::Scalar(Json::Null) => Err(Error::Null {
                pointer: pointer.clone(),
            }),
            Self::Scalar(value) => Ok(value.clone()),
            Self::Text(written) => text(written, pointer, settings).map(Json::String),
            Self::List(items) => items
                .iter()
                .enumerate()
                .map(|(at, item)| item.render_at(&pointer.index(at), data, settings))
                .collect(),
            Self::Map(members) => {
                let mut rendered = Map::new();
                for (key, value) in members {
                    let below = pointer.key(&key.written);
                    let key = text(key, &below, settings)?;
                    rendered.insert(key, value.render_at(&below, data, settings)?);
                }
                Ok(Json::Object(rendered))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::{Value as Json, json};

    use super::Tree;
    use crate::template::{Settings, Value};

    /// What becomes of an argument, on an action with the option `name` = `db`.
    fn render(written: &Json) -> String {
        let data = Value::parameters(&json!({"Options": {"name": "db"}})).expect("parameters");
        let mut random = rand::rng();
        let mut settings = Settings::new(jiff::Timestamp::UNIX_EPOCH, &mut random);
        match Tree::new(written).render(&data, &mut settings) {
            Ok(value) => value.to_string(),
            Err(error) => format!("{}: {error}", error.pointer()),
        }
    }

    #[test]
    fn arguments_are_rendered_as_kanister_renders_them() {
        let table = [
            json!("{{ .Options.name }}-0"),
            json!("3"),
            json!(3),
            json!(true),
            json!(["{{ .Options.name }}", 1, ["{{ .Options.name }}"]]),
            json!({"{{ .Options.name }}": {"x": "{{ .Options.name }}"}}),
            json!({"db": 1, "{{ .Options.name }}": 2}),
            json!([]),
            json!(null),
            json!(["echo", null]),
            json!({"a": {"b": null}}),
            json!(["a", "{{ .Options.nme }}"]),
            json!(["a", "{{ .Options.name"]),
            json!({"{{ .Options.nme }}": 1}),
        ]
        .map(|written| format!("{written} -> {}", render(&written)))
        .join("\n");
        assert_snapshot!(table);
    }
}
