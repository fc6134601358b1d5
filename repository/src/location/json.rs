//! Reads JSON as Go's `encoding/json` does where profiles depend on it: member names in any case, unknown members ignored, null
//! the same as absent, a wrong type refused. It must not know which members a profile has.

use serde_json::{Map, Value};
use snafu::OptionExt as _;

use super::profile::{Error, WrongTypeSnafu};

/// One object and the path that leads to it, for messages.
pub(super) struct Object<'a> {
    members: Option<&'a Map<String, Value>>,
    path: String,
}

impl<'a> Object<'a> {
    /// Takes `value` as an object; null and absent count as an empty one.
    pub(super) fn new(value: &'a Value, path: impl Into<String>) -> Result<Self, Error> {
        let path = path.into();
        match value {
            Value::Null => Ok(Self { members: None, path }),
            Value::Object(members) => Ok(Self {
                members: Some(members),
                path,
            }),
            _ => WrongTypeSnafu {
                path,
                expected: "an object",
            }
            .fail(),
        }
    }

    /// True when the object was null or absent.
    pub(super) fn is_absent(&self) -> bool {
        self.members.is_none()
    }

    /// The object below `name`.
    pub(super) fn object(&self, name: &str) -> Result<Self, Error> {
        Self::new(self.member(name).unwrap_or(&Value::Null), self.path_of(name))
    }

    /// The text below `name`, empty when absent.
    pub(super) fn text(&self, name: &str) -> Result<String, Error> {
        match self.member(name) {
            None => Ok(String::new()),
            Some(value) => {
                let text = value.as_str().context(WrongTypeSnafu {
                    path: self.path_of(name),
                    expected: "a text",
                })?;
                Ok(text.to_owned())
            }
        }
    }

    /// The truth value below `name`, false when absent.
    pub(super) fn truth(&self, name: &str) -> Result<bool, Error> {
        match self.member(name) {
            None => Ok(false),
            Some(value) => value.as_bool().context(WrongTypeSnafu {
                path: self.path_of(name),
                expected: "true or false",
            }),
        }
    }

    /// All members as texts, names as they are: the `data` of a Secret is a map, and a map's names are not folded.
    pub(super) fn texts(&self) -> Result<Vec<(String, String)>, Error> {
        let mut texts = Vec::new();
        for (name, value) in self.members.into_iter().flatten() {
            let text = match value {
                Value::Null => String::new(),
                value => {
                    let text = value.as_str();
                    text.context(WrongTypeSnafu {
                        path: self.path_of(name),
                        expected: "a text",
                    })?
                    .to_owned()
                }
            };
            texts.push((name.clone(), text));
        }
        Ok(texts)
    }

    /// The exact spelling wins over others, so that the answer does not depend on an order that JSON does not promise.
    fn member(&self, name: &str) -> Option<&'a Value> {
        let members = self.members?;
        let folded = || {
            members
                .iter()
                .find(|(given, _)| given.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        };
        members.get(name).or_else(folded).filter(|value| !value.is_null())
    }

    fn path_of(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }
}
