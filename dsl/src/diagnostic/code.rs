//! The kinds of mistakes, by the name that stands in the output and in `docs/errors/`.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A kind of mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code there is, in the order of the enum.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as it is written.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

codes! {
    /// The text is not YAML.
    YamlSyntax = "yaml-syntax",
    /// A template stands where YAML needs quotes around it.
    UnquotedTemplate = "unquoted-template",
    /// A key stands twice in one map.
    DuplicateKey = "duplicate-key",
    /// A word that YAML 1.1 (kubectl) and YAML 1.2 read differently.
    AmbiguousScalar = "ambiguous-scalar",
    /// The document is not a blueprint.
    NotABlueprint = "not-a-blueprint",
    /// A field that no reader knows.
    UnknownField = "unknown-field",
    /// A value of another type than its field has.
    WrongType = "wrong-type",
    /// A field that must be there is not.
    MissingField = "missing-field",
    /// A field that only mainstay knows, in a blueprint that must stay portable.
    NotPortable = "not-portable",
    /// A value that its field does not take.
    InvalidValue = "invalid-value",
    /// Two phases with the same name.
    DuplicatePhase = "duplicate-phase",
    /// A function that does not exist.
    UnknownFunction = "unknown-function",
    /// An argument that the function does not take.
    UnknownArgument = "unknown-argument",
    /// An argument that the function needs and does not get.
    MissingArgument = "missing-argument",
    /// An argument that cannot be decoded to its type.
    WrongArgumentType = "wrong-argument-type",
    /// A null where an argument must have a value.
    NullArgument = "null-argument",
    /// A template that does not compile.
    TemplateSyntax = "template-syntax",
    /// A template function that does not exist.
    UnknownTemplateFunction = "unknown-template-function",
    /// A variable that nothing declares.
    UndefinedVariable = "undefined-variable",
    /// A phase that the action does not have.
    UnknownPhase = "unknown-phase",
    /// A field that the data of a template does not have.
    UnknownTemplateField = "unknown-template-field",
    /// What a phase shows, read before it has run.
    LaterPhase = "later-phase",
    /// A phase that reads its own output.
    SelfReference = "self-reference",
    /// What phases show, read when no phase has run.
    PhaseInObject = "phase-in-object",
    /// A Secret or ConfigMap that a phase does not fetch.
    UnknownObject = "unknown-object",
    /// An output that a phase does not make.
    UnknownOutput = "unknown-output",
    /// An output that may be missing when the deferred phase reads it.
    UnsureOutput = "unsure-output",
    /// An artifact, Secret or ConfigMap that the action does not list.
    UnlistedInput = "unlisted-input",
    /// A key that no artifact of that name has.
    UnknownArtifactKey = "unknown-artifact-key",
    /// A target that is not set for the action's kind of object.
    WrongTarget = "wrong-target",
    /// Phases that wait for each other.
    DependencyCycle = "dependency-cycle",
    /// A secret printed as numbers.
    BytesPrinted = "bytes-printed",
    /// The present moment where the start of the action was meant.
    DateOfText = "date-of-text",
    /// A default for a field that fails before it.
    LateDefault = "late-default",
    /// A condition that looks at nothing.
    ConditionWithoutPath = "condition-without-path",
    /// A repository with the password that every installation has.
    PublicPassword = "public-password",
    /// A pipe into a push that hides the failure of what stands before it.
    NoPipefail = "no-pipefail",
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
