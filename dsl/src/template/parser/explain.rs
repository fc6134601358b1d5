//! Says what is wrong with an action that does not parse. Never accepts anything.
//!
//! pest names the rules it expected, which for a language of bare words is of no help. So the action is cut into
//! tolerant tokens, and the first one that cannot stand where it stands is the mistake.

use pest::Parser as _;

use super::scope::Scope;
use super::{Grammar, Rule, Source, literal};
use crate::template::ast::Span;
use crate::template::error::{Error, Kind, Limit};

struct Token<'t> {
    rule: Rule,
    text: &'t str,
    span: Span,
    /// Whether white space stands before it.
    spaced: bool,
}

/// What the tokens so far amount to.
struct Reader<'t, 's> {
    source: &'s Source<'t>,
    scope: &'s Scope,
    /// Names that this action declares.
    declared: Vec<&'t str>,
    /// The word of the language that the action starts with.
    keyword: Option<&'t str>,
    /// The parentheses that are open.
    open: Vec<Span>,
    /// Whether the name of a template has to come.
    wants_name: bool,
    /// What the token before was, if it was part of a command.
    before: Before,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing: a command has to start.
    Nothing,
    /// A `|`, after which a command may start.
    Pipe,
    /// Something that fields can follow.
    Term,
    /// Something that no field can follow.
    Literal,
}

/// The mistake in the action that opens at `opening`.
pub(super) fn explain(source: &Source<'_>, scope: &Scope, opening: usize) -> Error {
    let tokens = tokens(source.text, opening);
    let mut reader = Reader {
        source,
        scope,
        declared: Vec::new(),
        keyword: None,
        open: Vec::new(),
        wants_name: false,
        before: Before::Nothing,
    };
    for (position, token) in tokens.iter().enumerate() {
        if token.rule == Rule::finish {
            return reader.finish(opening, token);
        }
        if let Err(kind) = reader.read(token, tokens.get(position + 1), position == 0) {
            return source.error(with_path(*kind, &tokens[..=position], source.text), blame(token));
        }
    }
    let end = Span::new(source.text.len(), source.text.len()).start;
    source.error_on_line_of(Kind::UnclosedAction, Span::new(opening, opening + 2), end)
}

/// The tokens of the action and of what follows it, white space left out.
fn tokens(text: &str, opening: usize) -> Vec<Token<'_>> {
    let Ok(pairs) = Grammar::parse(Rule::explain, &text[opening..]) else {
        return Vec::new();
    };
    let mut tokens = Vec::new();
    let mut spaced = true;
    for pair in pairs.flat_map(pest::iterators::Pair::into_inner) {
        let span = super::span_of(&pair, opening);
        match pair.as_rule() {
            Rule::open | Rule::EOI => {}
            Rule::space => spaced = true,
            rule => {
                tokens.push(Token {
                    rule,
                    text: pair.as_str(),
                    span,
                    spaced,
                });
                spaced = false;
            }
        }
    }
    tokens
}

type Verdict = Result<(), Box<Kind>>;

fn unexpected(token: &Token<'_>, reason: &'static str) -> Verdict {
    Err(Box::new(Kind::UnexpectedToken {
        found: token.text.to_owned(),
        reason,
    }))
}

impl<'t> Reader<'t, '_> {
    /// Takes one token, or says why it cannot stand here.
    fn read(&mut self, token: &Token<'t>, next: Option<&Token<'t>>, is_first: bool) -> Verdict {
        check_text(token)?;
        if token.rule == Rule::word {
            return self.read_word(token, is_first);
        }
        if matches!(self.keyword, Some("else" | "end" | "break" | "continue")) {
            return unexpected(token, "only }} can follow this word");
        }
        if self.wants_name {
            self.wants_name = false;
            return match token.rule {
                Rule::string | Rule::raw => Ok(()),
                _ => unexpected(token, "the name of a template has to stand here, in quotes"),
            };
        }
        if self.keyword == Some("define") {
            return unexpected(token, "only }} can follow the name");
        }
        match token.rule {
            Rule::pipe => match self.before {
                Before::Nothing | Before::Pipe => unexpected(token, "there is no value before it"),
                Before::Term | Before::Literal => {
                    self.before = Before::Pipe;
                    Ok(())
                }
            },
            Rule::left => {
                self.check_parted(token)?;
                self.open.push(token.span);
                self.before = Before::Nothing;
                Ok(())
            }
            Rule::right => self.read_right(token),
            Rule::variable if self.before == Before::Nothing => self.read_first_variable(token, next),
            Rule::comma => unexpected(token, "arguments are parted by spaces"),
            Rule::declare | Rule::assign if self.before == Before::Nothing && !self.declared.is_empty() => {
                Ok(())
            }
            Rule::declare | Rule::assign => unexpected(
                token,
                "only a variable at the start of a pipeline can be declared or assigned",
            ),
            _ => self.read_operand(token),
        }
    }

    fn read_word(&mut self, token: &Token<'t>, is_first: bool) -> Verdict {
        let continues = self.keyword == Some("else") && matches!(token.text, "if" | "with");
        if !is_first && !continues {
            let reason = "this word belongs at the start of an action";
            return Err(Box::new(Kind::MisplacedKeyword {
                keyword: token.text.to_owned(),
                reason,
            }));
        }
        self.keyword = Some(token.text);
        self.wants_name = matches!(token.text, "define" | "template" | "block");
        Ok(())
    }

    fn read_right(&mut self, token: &Token<'t>) -> Verdict {
        if self.open.pop().is_none() {
            return unexpected(token, "no parenthesis is open");
        }
        if self.before == Before::Nothing {
            return Err(Box::new(Kind::MissingValue { place: "parentheses" }));
        }
        self.before = Before::Term;
        Ok(())
    }

    /// A variable at the start of a pipeline, where it can be declared.
    fn read_first_variable(&mut self, token: &Token<'t>, next: Option<&Token<'t>>) -> Verdict {
        match next.map(|next| next.rule) {
            Some(Rule::declare | Rule::assign) => {
                self.declared.push(token.text);
                Ok(())
            }
            Some(Rule::comma) if self.keyword == Some("range") && self.declared.is_empty() => {
                self.declared.push(token.text);
                Ok(())
            }
            Some(Rule::comma) => Err(Box::new(Kind::BadDeclaration)),
            _ => self.read_operand(token),
        }
    }

    fn read_operand(&mut self, token: &Token<'t>) -> Verdict {
        let clings = !token.spaced && matches!(self.before, Before::Term | Before::Literal);
        if token.rule == Rule::field && clings && self.before == Before::Term {
            return Ok(());
        }
        self.check_parted(token)?;
        match token.rule {
            Rule::function => {
                if let Err(error) = self.source.function(token.text, token.span) {
                    return Err(Box::new(error.kind));
                }
            }
            Rule::variable => {
                let known =
                    self.declared.contains(&token.text) || self.scope.find(token.text, token.span).is_some();
                if !known {
                    return Err(Box::new(Kind::UndefinedVariable {
                        name: token.text.to_owned(),
                    }));
                }
            }
            _ => {}
        }
        let is_term = matches!(token.rule, Rule::field | Rule::variable | Rule::function);
        self.before = if is_term { Before::Term } else { Before::Literal };
        Ok(())
    }

    /// Operands need a space between them.
    fn check_parted(&self, token: &Token<'t>) -> Verdict {
        match self.before {
            Before::Nothing | Before::Pipe => Ok(()),
            Before::Term | Before::Literal if token.spaced => Ok(()),
            Before::Literal if token.rule == Rule::field => unexpected(token, "a literal has no fields"),
            Before::Term | Before::Literal => unexpected(token, "a space has to stand before it"),
        }
    }

    /// All tokens up to the end of the action can stand where they stand: something is missing.
    fn finish(self, opening: usize, finish: &Token<'t>) -> Error {
        let whole = Span::new(opening, finish.span.end as usize);
        if let Some(open) = self.open.last() {
            return self
                .source
                .error_on_line_of(Kind::UnclosedParenthesis, *open, finish.span.start);
        }
        let place = match self.keyword {
            None => "an action",
            Some("if") => "if",
            Some("with") => "with",
            Some("range") => "range",
            Some("template") => "template: the name in quotes",
            Some("define") => "define: the name in quotes",
            Some(_) => "block: the name in quotes and what becomes its dot",
        };
        let kind = match self.before {
            Before::Nothing => Kind::MissingValue { place },
            // Nothing is wrong but the depth: the grammar gave up before the stack ended.
            Before::Pipe | Before::Term | Before::Literal => Kind::LimitReached {
                limit: Limit::Nesting,
            },
        };
        self.source.error_on_line_of(kind, whole, finish.span.start)
    }
}

/// A bad character is said to stand after the whole path that it clings to, not after its last name alone.
fn with_path(kind: Kind, tokens: &[Token<'_>], text: &str) -> Kind {
    let Kind::BadCharacter {
        character,
        after: Some(_),
    } = kind
    else {
        return kind;
    };
    let clings = |pair: &[Token<'_>]| {
        !pair[1].spaced && matches!(pair[0].rule, Rule::field | Rule::variable | Rule::function)
    };
    let joined = tokens.windows(2).rev().take_while(|pair| clings(pair)).count();
    let (Some(first), Some(last)) = (tokens.get(tokens.len() - 1 - joined), tokens.last()) else {
        return kind;
    };
    let path = &text[first.span.range().start..last.span.range().end - character.len_utf8()];
    Kind::BadCharacter {
        character,
        after: Some(path.to_owned()),
    }
}

/// The part of a token that is to be pointed at.
fn blame(token: &Token<'_>) -> Span {
    let (start, end) = (token.span.start as usize, token.span.end as usize);
    match token.rule {
        // The last character is the one that does not belong to the name.
        Rule::bad_name => Span::new(
            end - token.text.chars().next_back().map_or(0, char::len_utf8),
            end,
        ),
        Rule::open_quote => Span::new(start, start + 1),
        _ => token.span,
    }
}

/// Whether the token is well formed by itself.
fn check_text(token: &Token<'_>) -> Verdict {
    let text = token.text;
    let kind = match token.rule {
        Rule::open_quote => Kind::UnterminatedLiteral,
        Rule::bad_number => Kind::BadNumber {
            text: text.to_owned(),
        },
        Rule::bad_name => {
            let mut characters = text.chars();
            let character = characters.next_back().unwrap_or_default();
            Kind::BadCharacter {
                character,
                after: Some(characters.as_str().to_owned()),
            }
        }
        Rule::stray => Kind::BadCharacter {
            character: text.chars().next().unwrap_or_default(),
            after: None,
        },
        Rule::number if literal::number(text).is_none() => Kind::BadNumber {
            text: text.to_owned(),
        },
        Rule::character if literal::character(text).is_none() => Kind::BadLiteral {
            text: text.to_owned(),
        },
        Rule::string if literal::unquote(text).is_none() => Kind::BadLiteral {
            text: text.to_owned(),
        },
        _ => return Ok(()),
    };
    Err(Box::new(kind))
}
