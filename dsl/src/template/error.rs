//! What can be wrong with a template: when it is compiled and when it is rendered.
//!
//! Makes the typed errors and their texts. Must not know YAML, files or terminals: a position is a span of
//! bytes in the text of the template. No message quotes a value that a template computed, because values
//! hold secrets; only `fail`, whose text the author chose, is quoted.

use std::fmt;

use super::shape::StructType;
use super::{Span, registry};

/// The text of the errors that come from refusing what Kanister refuses for FIPS.
const NOT_FIPS: &str = "is not allowed by kanister as it is not FIPS compatible";

/// When the mistake shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The template does not compile.
    Parse,
    /// The template compiles and fails on the data it was given.
    Exec,
}

/// A template that cannot be compiled or rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// When the mistake shows.
    pub stage: Stage,
    /// What is wrong.
    pub kind: Kind,
    /// Where it is wrong: the smallest part of the text that can be blamed. Always inside one action.
    pub span: Span,
    /// The line of the template's text in which the mistake was noticed, counted from 1.
    pub line: u32,
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.stage {
            Stage::Parse => "parse",
            Stage::Exec => "render",
        };
        write!(formatter, "Failed to {verb} template: {}", self.kind)
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A character that cannot stand where it stands in an action.
    BadCharacter {
        /// The character.
        character: char,
        /// The word directly before it, if it clings to one.
        after: Option<String>,
    },
    /// A number that is not one, or is too large.
    BadNumber {
        /// As written.
        text: String,
    },
    /// Quoted text with an escape that does not exist, or a character constant of more than one character.
    BadLiteral {
        /// As written.
        text: String,
    },
    /// A quote that is never closed, or not on its line.
    UnterminatedLiteral,
    /// Something that cannot follow what stands before it.
    UnexpectedToken {
        /// As written.
        found: String,
        /// Why it cannot.
        reason: &'static str,
    },
    /// Nothing where a value is needed.
    MissingValue {
        /// Where: "an action", "if", "parentheses".
        place: &'static str,
    },
    /// `{{` without `}}`.
    UnclosedAction,
    /// `(` without `)`.
    UnclosedParenthesis,
    /// `{{/*` without `*/}}`.
    UnclosedComment,
    /// A literal after a `|`.
    NonExecutableStage {
        /// Which stage of the pipeline, counted from 1.
        stage: usize,
    },
    /// `if`, `range`, `with`, `define` or `block` without `end`.
    UnclosedBlock {
        /// The word that opens it.
        keyword: &'static str,
    },
    /// A word of the language in a place where it has no meaning.
    MisplacedKeyword {
        /// The word.
        keyword: String,
        /// Why it has none.
        reason: &'static str,
    },
    /// Two variables declared outside of `range`.
    BadDeclaration,
    /// A function that does not exist.
    UndefinedFunction {
        /// As written.
        name: String,
        /// The nearest name that exists.
        suggestion: Option<&'static str>,
        /// Whether later versions of Sprig have it.
        newer: bool,
    },
    /// A variable that is declared nowhere in reach.
    UndefinedVariable {
        /// With its dollar sign.
        name: String,
    },
    /// Two definitions of one name.
    DuplicateDefinition {
        /// The name.
        name: String,
    },
    /// A map without the key that a field names.
    MissingKey {
        /// The key.
        key: String,
    },
    /// A value that has no such field.
    NoField {
        /// What should have it, as written.
        path: String,
        /// The field.
        field: String,
        /// The type of the value, as Go calls it.
        type_name: String,
        /// The fields that exist, if it is a struct.
        structure: Option<&'static StructType>,
    },
    /// A field of something that is not set.
    NilPointer {
        /// What is not set, as written.
        path: String,
        /// The field.
        field: String,
        /// The type of what is not set, as Go calls it.
        type_name: String,
    },
    /// Arguments for something that takes none.
    NotAFunction {
        /// As written.
        name: String,
    },
    /// `nil` where a value has to be made.
    NilCommand,
    /// A whole number that does not fit.
    BadConstant {
        /// As written.
        text: String,
    },
    /// A loop over something that cannot be looped over.
    BadRange {
        /// The type of the value, as Go calls it.
        type_name: String,
    },
    /// A loop over a number with two variables.
    TwoRangeVariables,
    /// `template` with a name that is defined nowhere.
    UndefinedTemplate {
        /// The name.
        name: String,
    },
    /// Too few or too many arguments.
    ArgumentCount {
        /// The function or method.
        function: String,
        /// How many it takes.
        wanted: usize,
        /// Whether it takes more as well.
        at_least: bool,
        /// How many it was given.
        got: usize,
    },
    /// An argument of the wrong type.
    ArgumentType {
        /// The function or method.
        function: String,
        /// What it takes, as Go calls it.
        wanted: String,
        /// What it was given, as Go calls it, or the literal as written.
        got: String,
    },
    /// A function that ran and failed.
    FunctionFailed {
        /// The function or method.
        function: String,
        /// Why.
        failure: Failure,
    },
    /// A limit of [`Limits`](super::Limits) was reached.
    LimitReached {
        /// Which.
        limit: Limit,
    },
    /// The rendered text is not UTF-8, and text was asked for.
    NotUtf8,
}

/// Which limit of [`Limits`](super::Limits) was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Steps of one rendering.
    Fuel,
    /// Bytes of output, or of one value.
    Output,
    /// Templates that call templates.
    Depth,
    /// Parentheses and blocks within each other.
    Nesting,
    /// Lists and maps within each other.
    ValueDepth,
    /// Elements made by one call.
    Items,
}

/// Why a function that ran has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A position that a list or text does not have.
    IndexOutOfRange {
        /// The position.
        index: i64,
    },
    /// The function `fail`.
    Asked {
        /// The author's words.
        message: String,
    },
    /// What Kanister switched off.
    NotAllowed {
        /// The use, as Kanister words it.
        usage: String,
    },
    /// Anything else.
    Because {
        /// A lower-case phrase.
        reason: String,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IndexOutOfRange { index } => write!(formatter, "index out of range: {index}"),
            Self::Asked { message } => formatter.write_str(message),
            Self::NotAllowed { usage } => write!(formatter, "sprig usage of '{usage}' {NOT_FIPS}"),
            Self::Because { reason } => formatter.write_str(reason),
        }
    }
}

impl Kind {
    /// The stable name of this kind of mistake, in lower case with dashes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadCharacter { .. } => "bad-character",
            Self::BadNumber { .. } => "bad-number",
            Self::BadLiteral { .. } => "bad-literal",
            Self::UnterminatedLiteral => "unterminated-literal",
            Self::UnexpectedToken { .. } => "unexpected-token",
            Self::MissingValue { .. } => "missing-value",
            Self::UnclosedAction | Self::UnclosedParenthesis => "unclosed-action",
            Self::UnclosedComment => "unclosed-comment",
            Self::NonExecutableStage { .. } => "non-executable-stage",
            Self::UnclosedBlock { .. } => "unexpected-eof",
            Self::MisplacedKeyword { .. } => "misplaced-keyword",
            Self::BadDeclaration => "bad-declaration",
            Self::UndefinedFunction { .. } => "undefined-function",
            Self::UndefinedVariable { .. } => "undefined-variable",
            Self::DuplicateDefinition { .. } => "duplicate-definition",
            Self::MissingKey { .. } => "missing-key",
            Self::NoField { .. } => "no-field",
            Self::NilPointer { .. } => "nil-pointer",
            Self::NotAFunction { .. } => "not-a-function",
            Self::NilCommand => "nil-command",
            Self::BadConstant { .. } => "bad-constant",
            Self::BadRange { .. } | Self::TwoRangeVariables => "bad-range",
            Self::UndefinedTemplate { .. } => "undefined-template",
            Self::ArgumentCount { .. } => "arg-count",
            Self::ArgumentType { .. } => "arg-type",
            Self::FunctionFailed { .. } => "function-error",
            Self::LimitReached { .. } => "limit-reached",
            Self::NotUtf8 => "not-utf8",
        }
    }

    /// What the author can do about it, if there is something definite.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::BadCharacter {
                character: '-',
                after: Some(word),
            } => {
                let (path, key) = word.rsplit_once('.')?;
                let path = if path.is_empty() { "." } else { path };
                Some(format!(
                    "a key with a dash needs index, as in (index {path} \"{key}-…\")"
                ))
            }
            Self::UnexpectedToken { found, .. } if found == "=" => {
                Some("compare with eq, as in (eq .a .b); declare with :=, as in $a := .b".to_owned())
            }
            Self::UndefinedFunction {
                newer: true, name, ..
            } => Some(format!("{name} is not part of Sprig 2.22.0, which Kanister uses")),
            Self::UndefinedFunction {
                suggestion: Some(near),
                ..
            } => Some(format!("did you mean `{near}`?")),
            Self::NoField {
                field,
                structure: Some(structure),
                ..
            } => {
                let known = structure.names();
                Some(match registry::nearest_of(known.iter().copied(), field) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("it has {}", known.join(", ")),
                })
            }

            Self::MissingKey { key } => Some(format!(
                "if the key is optional, read it with index, which gives an empty value: (index … \"{key}\")"
            )),
            Self::ArgumentType { wanted, got, .. } => conversion(wanted, got).map(str::to_owned),
            _ => None,
        }
    }
}

/// How to turn a value of one type into one of another.
fn conversion(wanted: &str, got: &str) -> Option<&'static str> {
    match (wanted, got) {
        ("string", "[]uint8") => Some("what a Secret holds is bytes: put toString before it"),
        ("string", "v1alpha1.LocationType" | "param.CredentialType" | "v1.SecretType") => {
            Some("it is a type of its own: put toString before it")
        }
        ("string", "int" | "int64" | "float64" | "bool") => Some("put toString before it"),
        ("int", "int64" | "float64" | "string") => Some("put int before it"),
        ("map[string]interface {}", "map[string]string") => {
            Some("this function takes maps of anything, not of text: read single keys with index")
        }
        _ => None,
    }
}

impl fmt::Display for Kind {
    #[expect(clippy::too_many_lines, reason = "a table: one text for each kind")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadCharacter {
                character,
                after: Some(word),
            } => {
                write!(f, "bad character {character:?} after \"{word}\"")
            }
            Self::BadCharacter {
                character,
                after: None,
            } => write!(f, "bad character {character:?}"),
            Self::BadNumber { text } => write!(f, "{text} is not a number, or too large"),
            Self::BadLiteral { text } => {
                write!(f, "{text} has an escape that does not exist, or is too long")
            }
            Self::UnterminatedLiteral => f.write_str("a quote is not closed on its line"),
            Self::UnexpectedToken { found, reason } => write!(f, "unexpected {found}: {reason}"),
            Self::MissingValue { place } => write!(f, "a value is missing in {place}"),
            Self::UnclosedAction => f.write_str("this {{ is never closed with }}"),
            Self::UnclosedParenthesis => f.write_str("this parenthesis is never closed"),
            Self::UnclosedComment => f.write_str("this comment does not end with */}}"),
            Self::NonExecutableStage { stage } => {
                write!(
                    f,
                    "stage {stage} of the pipeline is a plain value and cannot take the piped one"
                )
            }
            Self::UnclosedBlock { keyword } => write!(f, "this {{{{{keyword}}}}} has no {{{{end}}}}"),
            Self::MisplacedKeyword { keyword, reason } => write!(f, "unexpected {keyword}: {reason}"),
            Self::BadDeclaration => f.write_str("only range can declare two variables at once"),
            Self::UndefinedFunction { name, .. } => write!(f, "function \"{name}\" not defined"),
            Self::UndefinedVariable { name } => write!(f, "undefined variable \"{name}\""),
            Self::DuplicateDefinition { name } => write!(f, "template \"{name}\" is defined twice"),
            Self::MissingKey { key } => write!(f, "\"{key}\" not found"),
            Self::NoField {
                path,
                field,
                type_name,
                ..
            } => {
                write!(
                    f,
                    "{path} has no field \"{field}\": can't evaluate field {field} in type {type_name}"
                )
            }
            Self::NilPointer {
                path,
                field,
                type_name,
            } => {
                write!(f, "{path} is not set: nil pointer evaluating {type_name}.{field}")
            }
            Self::NotAFunction { name } => write!(f, "{name} is not a function and takes no arguments"),
            Self::NilCommand => f.write_str("nil cannot stand alone"),
            Self::BadConstant { text } => write!(f, "{text} does not fit into a 64-bit whole number"),
            Self::BadRange { type_name } => {
                write!(f, "range can't iterate over a value of type {type_name}")
            }
            Self::TwoRangeVariables => f.write_str("range over a number has one variable, not two"),
            Self::UndefinedTemplate { name } => write!(f, "template \"{name}\" not defined"),
            Self::ArgumentCount {
                function,
                wanted,
                at_least,
                got,
            } => {
                let least = if *at_least { "at least " } else { "" };
                write!(
                    f,
                    "wrong number of args for {function}: want {least}{wanted} got {got}"
                )
            }
            Self::ArgumentType {
                function,
                wanted,
                got,
            } => {
                write!(
                    f,
                    "wrong type for an argument of {function}: expected {wanted}, got {got}"
                )
            }
            Self::FunctionFailed { function, failure } => write!(f, "error calling {function}: {failure}"),
            Self::LimitReached { limit } => write!(f, "the template {limit}"),
            Self::NotUtf8 => f.write_str("the result is not text: it holds bytes that are not UTF-8"),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Fuel => "takes too many steps",
            Self::Output => "makes too much text",
            Self::Depth => "calls templates within templates too deeply",
            Self::Nesting => "has too many parentheses or blocks within each other",
            Self::ValueDepth => "nests lists and maps too deeply",
            Self::Items => "makes too many elements at once",
        })
    }
}
