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
    /// A phase that the action does not have.
    UnknownPhase = "unknown-phase",
    /// Phases that wait for each other.
    DependencyCycle = "dependency-cycle",
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
