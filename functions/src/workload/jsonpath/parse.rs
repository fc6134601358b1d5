//! Reads the text of a path.
//! Must not know what paths are followed in.

use serde_json::Value as Json;

use super::{Comparison, Filter, Slice, Step, To};

/// The longest path: the reader follows nested filters and unions by recursion.
const LONGEST: usize = 4096;

/// Reads a path, or says what is wrong with it.
pub(super) fn path(text: &str) -> Result<Vec<Step>, String> {
    if text.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    Reader { rest: text }.steps()
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn steps(mut self) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        while let Some(first) = self.rest.chars().next() {
            if self.rest.starts_with("[?(") {
                steps.push(self.filter()?);
                continue;
            }
            if let Some(rest) = self.rest.strip_prefix("..") {
                self.rest = rest;
                steps.push(Step::Recursive);
                // A name may follow at once.
                if rest.starts_with(|next: char| !is_terminator(next) && next != '\'' && next != '"') {
                    steps.push(self.field());
                }
                continue;
            }
            match first {
                ' ' | '\t' | '$' | '@' => self.rest = &self.rest[1..],
                '.' => {
                    self.rest = &self.rest[1..];
                    steps.push(self.field());
                }
                '[' => steps.push(self.bracket()?),
                '\'' | '"' => {
                    let text = self.quoted(first)?;
                    steps.push(Step::Literal(Json::String(text)));
                }
                '+' | '-' | '0'..='9' => steps.push(self.number()?),
                letter if letter.is_alphanumeric() || letter == '_' => steps.push(self.word()?),
                other => return Err(format!("{other:?} does not belong there")),
            }
        }
        Ok(steps)
    }

    /// A field's name, up to what ends it; `\` lets the next character belong to it.
    fn field(&mut self) -> Step {
        let mut name = String::new();
        let mut characters = self.rest.char_indices();
        let end = loop {
            match characters.next() {
                None => break self.rest.len(),
                Some((_, '\\')) => name.extend(characters.next().map(|(_, character)| character)),
                Some((end, character)) if is_terminator(character) => break end,
                Some((_, character)) => name.push(character),
            }
        };
        let wildcard = &self.rest[..end] == "*";
        self.rest = &self.rest[end..];
        if wildcard {
            Step::Wildcard
        } else {
            Step::Field(name)
        }
    }

    fn bracket(&mut self) -> Result<Step, String> {
        let end = self.rest.find(']').ok_or("a `[` is not closed")?;
        let inside = &self.rest[1..end];
        self.rest = &self.rest[end + 1..];
        let parts: Vec<&str> = inside.split(',').collect();
        if let [single] = parts[..] {
            return inside_bracket(single);
        }
        let paths = parts
            .into_iter()
            .map(|part| Ok(vec![inside_bracket(part.trim())?]));
        paths.collect::<Result<_, String>>().map(Step::Union)
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => text.extend(characters.next().map(|(_, character)| character)),
                end if end == quote => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(text);
                }
                other => text.push(other),
            }
        }
        Err(String::from("a quote is not closed"))
    }

    fn number(&mut self) -> Result<Step, String> {
        let is_part = |character: char| character.is_ascii_digit() || matches!(character, '+' | '-' | '.');
        let text = self.until(|character| !is_part(character));
        if let Ok(whole) = text.parse::<i64>() {
            return Ok(Step::Literal(Json::from(whole)));
        }
        match text.parse::<f64>() {
            Ok(float) => Ok(Step::Literal(Json::from(float))),
            Err(_) => Err(format!("{text:?} is no number")),
        }
    }

    fn word(&mut self) -> Result<Step, String> {
        match self.until(is_terminator) {
            "true" => Ok(Step::Literal(Json::Bool(true))),
            "false" => Ok(Step::Literal(Json::Bool(false))),
            other => Err(format!("{other:?} is not known")),
        }
    }

    fn filter(&mut self) -> Result<Step, String> {
        let inside = self.in_parentheses()?;
        let Some((left, comparison, right)) = comparison(inside) else {
            let left = path(inside)?;
            return Ok(Step::Filter(Box::new(Filter { left, compare: None })));
        };
        let operator = match comparison {
            "==" => Comparison::Equal,
            "!=" => Comparison::Unequal,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            other => return Err(format!("{other:?} compares nothing")),
        };
        Ok(Step::Filter(Box::new(Filter {
            left: path(left)?,
            compare: Some((operator, path(right)?)),
        })))
    }

    /// What stands between `[?(` and `)]`.
    fn in_parentheses(&mut self) -> Result<&'a str, String> {
        let start = "[?(".len();
        let mut depth = 1;
        let mut quote = None;
        let mut characters = self.rest[start..].char_indices();
        while let Some((at, character)) = characters.next() {
            match (quote, character) {
                (_, '\\') => {
                    characters.next();
                }
                (Some(open), end) if open == end => quote = None,
                (None, '\'' | '"') => quote = Some(character),
                (None, '(') => depth += 1,
                (None, ')') => depth -= 1,
                (Some(_) | None, _) => {}
            }
            if depth == 0 {
                let (inside, after) = self.rest[start..].split_at(at);
                self.rest = after[1..]
                    .strip_prefix(']')
                    .ok_or("a filter does not end with `)]`")?;
                return Ok(inside);
            }
        }
        Err(String::from("a filter is not closed"))
    }

    fn until(&mut self, is_end: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        text
    }
}

/// A key, an index or a part of a list.
fn inside_bracket(text: &str) -> Result<Step, String> {
    let unreadable = || format!("[{text}] is neither an index nor a quoted key");
    if text == "*" {
        return Ok(Step::Slice(Slice::default()));
    }
    if let Some(key) = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        return if key.contains('\'') {
            Err(unreadable())
        } else {
            Ok(Step::Field(key.to_owned()))
        };
    }
    let number = |text: &str| match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_error| unreadable()),
    };
    let parts: Vec<&str> = text.split(':').collect();
    let slice = match parts[..] {
        [index] if !index.is_empty() => Slice {
            from: number(index)?,
            to: To::Single,
            step: None,
        },
        [from, to] | [from, to, _] => Slice {
            from: number(from)?,
            to: number(to)?.map_or(To::End, To::Before),
            step: parts.get(2).map(|step| number(step)).transpose()?.flatten(),
        },
        _ => return Err(unreadable()),
    };
    if slice.step.is_some_and(|step| step <= 0) {
        return Err(String::from("the step of a slice must be above 0"));
    }
    Ok(Step::Slice(slice))
}

/// Cuts a filter at its comparison: the first run of `!`, `<`, `>`, `=` with something on both sides.
fn comparison(inside: &str) -> Option<(&str, &str, &str)> {
    let is_sign = |character: char| matches!(character, '!' | '<' | '>' | '=');
    let start = inside.find(is_sign).filter(|start| *start > 0)?;
    let (left, rest) = inside.split_at(start);
    let end = rest.find(|character| !is_sign(character))?;
    let (signs, right) = rest.split_at(end);
    Some((left, signs, right))
}

fn is_terminator(character: char) -> bool {
    matches!(
        character,
        ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}'
    )
}
