//! The arguments of a function: how they are declared, and how rendered values become typed ones.
//! Must not know any function, nor how templates are rendered.

use std::collections::BTreeMap;

use mainstay_dsl::signature::{Argument, Kind, Signature};
use mainstay_engine::function::{Cause, Error as Failure};
use serde_json::{Map, Value as Json};
use snafu::{OptionExt as _, ResultExt as _, Snafu};

mod decode;
mod reference;

pub use reference::{Condition, Conditions, Reference};

/// What is wrong with the arguments of a call.
#[derive(Debug, PartialEq, Eq, Snafu)]
pub enum Error {
    /// A required argument is not there.
    #[snafu(display("Required args missing for function {function}: Required arg missing: {argument}"))]
    Missing {
        /// The function called.
        function: String,
        /// The argument that is not there.
        argument: &'static str,
    },
    /// The function has no such argument.
    #[snafu(display(
        "Checking supported args for function {function}.: argument {argument} is not supported"
    ))]
    Unsupported {
        /// The function called.
        function: String,
        /// The argument it does not have.
        argument: String,
    },
    /// A value cannot be read as what the argument holds.
    #[snafu(display("Failed to decode arg `{argument}`: {source}"))]
    Decode {
        /// The argument.
        argument: &'static str,
        /// What was expected and what was found.
        source: decode::Error,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(Cause::Mistake, error.to_string())
    }
}

/// Declares an argument that must be present.
pub(crate) const fn required(name: &'static str, kind: Kind, summary: &'static str) -> Argument {
    Argument {
        name,
        kind,
        required: true,
        default: None,
        summary,
        extension: false,
    }
}

/// Declares an argument that may be absent; `default` says in words what holds then.
pub(crate) const fn optional(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    summary: &'static str,
) -> Argument {
    Argument {
        name,
        kind,
        required: false,
        default: Some(default),
        summary,
        extension: false,
    }
}

/// Declares an argument that may be absent and that Kanister does not know.
pub(crate) const fn extension(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    summary: &'static str,
) -> Argument {
    Argument {
        extension: true,
        ..optional(name, kind, default, summary)
    }
}

/// `podOverride` of the functions that make pods.
pub(crate) const POD_OVERRIDE: Argument = optional(
    "podOverride",
    Kind::PodOverride,
    "none",
    "A part of a pod's spec, merged into the pod; the ActionSet's `podOverride` wins over it.",
);

/// `podLabels` of the functions that make pods.
pub(crate) const POD_LABELS: Argument = optional(
    "podLabels",
    Kind::TextMap,
    "none",
    "Labels of the pod; they win over the ActionSet's.",
);

/// `podAnnotations` of the functions that make pods.
pub(crate) const POD_ANNOTATIONS: Argument = optional(
    "podAnnotations",
    Kind::TextMap,
    "none",
    "Annotations of the pod; they win over the ActionSet's.",
);

/// The rendered arguments of one call.
///
/// An argument whose value is null counts as absent.
#[derive(Debug)]
pub struct Arguments<'a>(&'a Map<String, Json>);

impl<'a> Arguments<'a> {
    /// The arguments of a call, once every required one is there and none is unknown.
    pub fn of(signature: &Signature, arguments: &'a Map<String, Json>) -> Result<Self, Error> {
        let function = signature.function.as_str();
        let given = Self(arguments);
        for argument in signature.arguments.iter().filter(|argument| argument.required) {
            given.value(argument).context(MissingSnafu {
                function,
                argument: argument.name,
            })?;
        }
        let known = |name: &str| signature.arguments.iter().any(|argument| argument.name == name);
        match arguments.keys().find(|name| !known(name)) {
            Some(argument) => UnsupportedSnafu { function, argument }.fail(),
            None => Ok(given),
        }
    }

    /// Arguments as they were written, for functions that render for themselves. Their names have been looked at.
    pub(crate) fn written(arguments: &'a Map<String, Json>) -> Self {
        Self(arguments)
    }

    /// The value as it was rendered.
    pub fn value(&self, argument: &Argument) -> Option<&'a Json> {
        self.0.get(argument.name).filter(|value| !value.is_null())
    }

    /// A text.
    pub fn text(&self, argument: &Argument) -> Result<Option<String>, Error> {
        self.decoded(argument, decode::text)
    }

    /// A text that is not empty: blueprints leave an argument out by rendering it to nothing.
    pub fn filled_text(&self, argument: &Argument) -> Result<Option<String>, Error> {
        Ok(self.text(argument)?.filter(|text| !text.is_empty()))
    }

    /// A text, empty when absent.
    pub fn text_or_empty(&self, argument: &Argument) -> Result<String, Error> {
        Ok(self.text(argument)?.unwrap_or_default())
    }

    /// A truth value.
    pub fn boolean(&self, argument: &Argument) -> Result<Option<bool>, Error> {
        self.decoded(argument, decode::boolean)
    }

    /// A whole number.
    pub fn integer(&self, argument: &Argument) -> Result<Option<i64>, Error> {
        self.decoded(argument, decode::integer)
    }

    /// A list of texts, empty when absent.
    pub fn text_list(&self, argument: &Argument) -> Result<Vec<String>, Error> {
        Ok(self.decoded(argument, decode::text_list)?.unwrap_or_default())
    }

    /// A map from text to text, empty when absent.
    pub fn text_map(&self, argument: &Argument) -> Result<BTreeMap<String, String>, Error> {
        Ok(self.decoded(argument, decode::text_map)?.unwrap_or_default())
    }

    /// A map of anything.
    pub fn map(&self, argument: &Argument) -> Result<Option<Map<String, Json>>, Error> {
        self.decoded(argument, decode::map)
    }

    /// A list of texts, or a text that holds one as YAML; empty when absent.
    pub fn yaml_text_list(&self, argument: &Argument) -> Result<Vec<String>, Error> {
        Ok(self
            .decoded(argument, decode::yaml_text_list)?
            .unwrap_or_default())
    }

    /// A reference to an object of the cluster.
    pub fn reference(&self, argument: &Argument) -> Result<Option<Reference>, Error> {
        self.decoded(argument, Reference::decode)
    }

    /// Conditions on objects of the cluster, none when absent.
    pub fn conditions(&self, argument: &Argument) -> Result<Conditions, Error> {
        Ok(self.decoded(argument, Conditions::decode)?.unwrap_or_default())
    }

    fn decoded<T>(
        &self,
        argument: &Argument,
        decode: impl FnOnce(&Json) -> Result<T, decode::Error>,
    ) -> Result<Option<T>, Error> {
        self.value(argument).map(decode).transpose().context(DecodeSnafu {
            argument: argument.name,
        })
    }
}

#[cfg(test)]
mod tests;
