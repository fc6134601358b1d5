//! Templates that do not compile.

use crate::diagnostic::{Code, Diagnostic};
use crate::template::{Error, Functions, Kind};

use super::Rules;
use super::sites::Site;

/// Reports the mistakes within single templates.
pub(super) fn check(rules: &mut Rules<'_>, sites: &[Site<'_>]) {
    for site in sites {
        if let Err(error) = &site.text.template {
            rules.report(not_compiled(site, error, Functions::Kanister));
        }
    }
}

/// What is wrong with a template that does not compile with these functions.
pub(super) fn not_compiled(site: &Site<'_>, error: &Error, functions: Functions) -> Diagnostic {
    let place = site.at(error.span);
    match &error.kind {
        Kind::UndefinedFunction {
            name,
            suggestion,
            newer,
        } => {
            let diagnostic = Diagnostic::error(
                Code::UnknownTemplateFunction,
                format!("there is no template function `{name}`"),
                place.clone(),
                "unknown function",
            );
            match suggestion {
                _ if *newer => diagnostic
                    .note(format!(
                        "`{name}` is not part of Sprig 2.22.0, which Kanister uses"
                    ))
                    .help("do without it, or do its work in a script"),
                Some(near) => diagnostic
                    .help(format!("did you mean `{near}`?"))
                    .patch(place, *near),
                None => diagnostic.note(match functions {
                    Functions::Kanister => "there are Go's built-in functions and those of Sprig 2.22.0",
                    Functions::Printer => {
                        "a condition of `WaitV2` has Go's built-in functions, `exists` and `base64decode`"
                    }
                }),
            }
        }
        Kind::UndefinedVariable { name } => Diagnostic::error(
            Code::UndefinedVariable,
            format!("nothing declares `{name}`"),
            place,
            "not declared where this can see it",
        )
        .help(format!(
            "declare it before, outside of any block that ends before this: `{{{{ {name} := … }}}}`"
        )),
        Kind::BadCharacter {
            character: '-',
            after: Some(_),
        } => dash(site, error),
        kind => {
            let diagnostic = Diagnostic::error(
                Code::TemplateSyntax,
                kind.to_string(),
                place,
                "the template breaks here",
            );
            match kind.help().or_else(|| help(kind).map(str::to_owned)) {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            }
        }
    }
}

/// `.Options.my-key`: to the template a subtraction that there is not.
fn dash(site: &Site<'_>, error: &Error) -> Diagnostic {
    let text = site.text.written.as_str();
    let dash = error.span.range().start;
    let in_path = |character: char| character.is_alphanumeric() || matches!(character, '_' | '.' | '$');
    let start = text[..dash]
        .rfind(|character| !in_path(character))
        .map_or(0, |before| {
            before + text[before..].chars().next().map_or(0, char::len_utf8)
        });
    let end = text[dash..]
        .find(|character: char| !(character.is_alphanumeric() || matches!(character, '_' | '-')))
        .map_or(text.len(), |length| dash + length);
    let place = site.bytes(start..end);
    let diagnostic = Diagnostic::error(
        Code::TemplateSyntax,
        "a key with a dash cannot be read with a dot",
        place.clone(),
        "the template breaks at the dash",
    );
    match text[start..end].rsplit_once('.') {
        Some((path, key)) => {
            let instead = format!("(index {} \"{key}\")", if path.is_empty() { "." } else { path });
            diagnostic
                .help(format!("read it with index: `{instead}`"))
                .patch(place, instead)
        }
        None => diagnostic.help("a name holds letters, digits and `_` only"),
    }
}

/// What to do about the mistakes for which the template itself has no advice.
fn help(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::UnclosedAction => Some("close it with `}}`"),
        Kind::UnclosedBlock { .. } => Some("add `{{ end }}` where the block ends"),
        Kind::UnclosedComment => Some("close it with `*/}}`"),
        Kind::UnclosedParenthesis => Some("add the missing `)`"),
        Kind::UnterminatedLiteral => Some("close the quote; text over several lines stands in backquotes"),
        Kind::BadCharacter { character: '}', .. } => Some("close the action with `}}`"),
        Kind::BadCharacter { character: '\'', .. } => Some("texts stand in double quotes or backquotes"),
        Kind::BadCharacter { .. } => Some("remove it, or put the text in quotes"),
        Kind::BadNumber { .. } => Some("write it as Go does, or in quotes if it is a text"),
        Kind::BadLiteral { .. } => {
            Some("escape a backslash as `\\\\`, or use backquotes, where nothing is escaped")
        }
        Kind::MissingValue { .. } => Some("write a value there, or remove the whole action"),
        Kind::NonExecutableStage { .. } => Some("put a function after the `|`"),
        Kind::MisplacedKeyword { .. } => Some("remove it, or open the block that it belongs to"),
        Kind::BadDeclaration => Some("declare one variable, or write `range $key, $value := …`"),
        Kind::DuplicateDefinition { .. } => Some("give one of them another name"),
        Kind::UnexpectedToken { .. } => Some("separate values by spaces, and stages of a pipeline by `|`"),
        _ => None,
    }
}
