//! What a function accepts and returns, as data, so that checking needs no functions.
//! Must not know what any function does.

use std::collections::BTreeMap;

use crate::name::FunctionName;

/// One function's contract with blueprints. Checks, the reference documentation and completion derive from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// The name in a phase's `func`.
    pub function: FunctionName,
    /// One sentence for the reference.
    pub summary: &'static str,
    /// Every accepted argument, in documentation order.
    pub arguments: Vec<Argument>,
    /// What later templates see under `.Phases.<phase>.Output`.
    pub outputs: Outputs,
    /// Who renders the arguments.
    pub rendering: Rendering,
    /// Whether the action must name a profile.
    pub needs_profile: bool,
}

/// One argument of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// The key in a phase's `args`.
    pub name: &'static str,
    /// What its rendered value is decoded to.
    pub kind: Kind,
    /// Whether it must be present (an empty text counts as present).
    pub required: bool,
    /// What holds when it is absent, in words for the reference.
    pub default: Option<&'static str>,
    /// One sentence for the reference.
    pub summary: &'static str,
    /// Whether it is ours: Kanister refuses a phase that gives it.
    pub extension: bool,
}

/// The shape an argument is decoded to, with Kanister's leniencies (weak decoding).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number, or a text that holds one.
    Integer,
    /// True or false, or a text that says so.
    Boolean,
    /// A list of texts; a single text counts as a list of one.
    TextList,
    /// A map from text to text.
    TextMap,
    /// A reference to an object of the cluster.
    ObjectReference,
    /// `anyOf` and `allOf` of conditions.
    Conditions,
    /// A duration as Go writes it, such as `1m30s`.
    Duration,
    /// A part of a pod's specification.
    PodOverride,
    /// A YAML or JSON manifest as text.
    Manifest,
    /// Anything.
    Any,
}

/// The outputs of a function.
#[derive(Clone, Debug, PartialEq)]
pub enum Outputs {
    /// None ever.
    None,
    /// Exactly these keys.
    Known(Vec<Output>),
    /// Whatever the function's script prints as phase output.
    Script,
}

/// One output of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The key below `Output`.
    pub name: &'static str,
    /// One sentence for the reference.
    pub summary: &'static str,
}

/// Who renders the arguments of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendering {
    /// The engine, all of them, before the call.
    Engine,
    /// The engine renders all of them, and the function renders some again for itself (`Wait`).
    Both,
    /// The function alone (`WaitV2`).
    Function,
}

/// Every function that blueprints may call, by name.
#[derive(Clone, Debug, Default)]
pub struct Signatures(BTreeMap<FunctionName, Signature>);

impl Signatures {
    /// The signature of `function`, if there is such a function.
    pub fn get(&self, function: &FunctionName) -> Option<&Signature> {
        self.0.get(function)
    }

    /// All signatures in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Signature> {
        self.0.values()
    }
}

impl FromIterator<Signature> for Signatures {
    fn from_iter<I: IntoIterator<Item = Signature>>(signatures: I) -> Self {
        Self(
            signatures
                .into_iter()
                .map(|signature| (signature.function.clone(), signature))
                .collect(),
        )
    }
}
