//! Text to tree: splits the text at `{{`, parses each action with the grammar, nests the blocks.
//!
//! Mistakes come in the order of the text, as an author fixes them: everything before a place that does not parse
//! has been understood and checked. Must not know values or data.

mod blocks;
mod explain;
mod expression;
mod literal;
mod scope;

use pest::Parser as _;
use pest::iterators::Pair;

use super::ast::{Span, Tree};
use super::error::{Error, Kind, Limit, Stage};
use super::{Functions, registry};

use blocks::Blocks;

/// What Go takes for white space in actions and next to trim markers.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// How many parentheses and blocks may stand within each other. Every part of the program that walks a tree
/// does it by recursion, so this bounds their stacks.
const DEEPEST: usize = 100;

#[derive(pest_derive::Parser)]
#[grammar = "template/go.pest"]
struct Grammar;

/// What every part of the parser needs: the text and the functions there are.
struct Source<'t> {
    text: &'t str,
    functions: Functions,
}

impl Source<'_> {
    /// An error at a place, on the line where the place begins.
    fn error(&self, kind: Kind, span: Span) -> Error {
        self.error_on_line_of(kind, span, span.start)
    }

    /// An error at a place, noticed at another.
    fn error_on_line_of(&self, kind: Kind, span: Span, noticed: u32) -> Error {
        Error {
            stage: Stage::Parse,
            kind,
            span,
            line: line_of(self.text, noticed),
        }
    }

    /// The declaration of a function.
    fn function(&self, name: &str, span: Span) -> Result<&'static super::function::Function, Error> {
        registry::find(self.functions, name).ok_or_else(|| {
            let kind = Kind::UndefinedFunction {
                name: name.to_owned(),
                suggestion: registry::nearest(self.functions, name),
                newer: self.functions == Functions::Kanister && registry::is_newer(name),
            };
            self.error(kind, span)
        })
    }
}

/// The line of a position, counted from 1.
pub(super) fn line_of(text: &str, position: u32) -> u32 {
    let before = &text.as_bytes()[..text.len().min(position as usize)];
    u32::try_from(before.split(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX)
}

/// The span of a pair that was parsed from `offset` on.
fn span_of(pair: &Pair<'_, Rule>, offset: usize) -> Span {
    let span = pair.as_span();
    Span::new(offset + span.start(), offset + span.end())
}

/// Compiles a text.
pub(super) fn parse(text: &str, functions: Functions) -> Result<Tree, Error> {
    let source = Source { text, functions };
    if u32::try_from(text.len()).is_err() {
        return Err(source.error(Kind::LimitReached { limit: Limit::Output }, Span::default()));
    }
    let mut blocks = Blocks::new(&source);
    let mut position = 0;
    let mut trim = false;
    while position < text.len() {
        let opening = text[position..]
            .find("{{")
            .map_or(text.len(), |found| position + found);
        let mut plain = &text[position..opening];
        if trim {
            plain = plain.trim_start_matches(SPACE);
        }
        if trims_before(&text[opening..]) {
            plain = plain.trim_end_matches(SPACE);
        }
        blocks.push_text(plain);
        (position, trim) = match opening {
            end if end == text.len() => (end, false),
            _ => parse_braces(&source, &mut blocks, opening)?,
        };
    }
    blocks.finish()
}

/// Whether the action that starts here removes the white space before it.
fn trims_before(action: &str) -> bool {
    action
        .strip_prefix("{{-")
        .is_some_and(|rest| rest.starts_with(SPACE))
}

/// Parses the comment or action that opens at `opening`: where it ends, and whether it removes the white space
/// after it.
fn parse_braces(
    source: &Source<'_>,
    blocks: &mut Blocks<'_>,
    opening: usize,
) -> Result<(usize, bool), Error> {
    let rest = &source.text[opening..];
    let inside = if trims_before(rest) {
        &rest[4..]
    } else {
        &rest[2..]
    };
    let is_comment = inside.starts_with("/*");
    let rule = if is_comment { Rule::comment } else { Rule::action };
    let Some(whole) = Grammar::parse(rule, rest).ok().and_then(|mut pairs| pairs.next()) else {
        return Err(if is_comment {
            source.error(Kind::UnclosedComment, Span::new(opening, opening + 2))
        } else {
            explain::explain(source, blocks.scope(), opening)
        });
    };
    let end = opening + whole.as_str().len();
    let trims_after = whole.clone().into_inner().last().is_some_and(|last| {
        last.as_rule() == Rule::rtrim || last.into_inner().any(|pair| pair.as_rule() == Rule::rtrim)
    });
    if !is_comment {
        blocks.push_action(whole, opening)?;
    }
    Ok((end, trims_after))
}
