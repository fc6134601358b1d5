//! References to objects of the cluster, and conditions on them, as arguments hold them.
//! Must not know how an object is fetched.

use serde_json::{Map, Value as Json};

use super::decode::{self, Error};

/// A reference to an object, as blueprints write it (`objectReference`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// The bare version, such as `v1`.
    pub api_version: String,
    /// The API group; empty for the core group.
    pub group: String,
    /// The plural resource name.
    pub resource: String,
    /// The kind; echoed, never looked at.
    pub kind: String,
    /// The object's name.
    pub name: String,
    /// The object's namespace; empty for what has none.
    pub namespace: String,
}

impl Reference {
    pub(super) fn decode(value: &Json) -> Result<Self, Error> {
        let members = decode::map(value)?;
        let text = |name| decode::text_member(&members, name);
        Ok(Self {
            api_version: text("apiVersion")?,
            group: text("group")?,
            resource: text("resource")?,
            kind: text("kind")?,
            name: text("name")?,
            namespace: text("namespace")?,
        })
    }

    /// The reference as phase output: every part, the namespace only when there is one.
    pub fn output(&self) -> Map<String, Json> {
        let Self {
            api_version,
            group,
            resource,
            kind,
            name,
            namespace,
        } = self;
        let parts = [
            ("apiVersion", api_version),
            ("group", group),
            ("resource", resource),
            ("kind", kind),
            ("name", name),
            ("namespace", namespace),
        ];
        parts
            .into_iter()
            .filter(|(key, value)| *key != "namespace" || !value.is_empty())
            .map(|(key, value)| (key.to_owned(), Json::from(value.as_str())))
            .collect()
    }
}

/// Conditions on objects: any of the first list, or all of the second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// One of these suffices.
    pub any_of: Vec<Condition>,
    /// All of these must hold.
    pub all_of: Vec<Condition>,
}

/// A template over an object that must render to `true`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// The template.
    pub condition: String,
    /// The object it is about.
    pub reference: Reference,
}

impl Conditions {
    pub(super) fn decode(value: &Json) -> Result<Self, Error> {
        let members = decode::map(value)?;
        let list = |name| {
            decode::member(&members, name)
                .map(decode::map_list)
                .transpose()?
                .unwrap_or_default()
                .iter()
                .map(Condition::decode)
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            any_of: list("anyOf")?,
            all_of: list("allOf")?,
        })
    }
}

impl Condition {
    fn decode(members: &Map<String, Json>) -> Result<Self, Error> {
        Ok(Self {
            condition: decode::text_member(members, "condition")?,
            reference: decode::member(members, "objectReference")
                .map(Reference::decode)
                .transpose()?
                .unwrap_or_default(),
        })
    }
}
