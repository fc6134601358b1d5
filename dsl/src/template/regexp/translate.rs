//! Patterns from Go's syntax to that of the `regex` crate.
//!
//! `\d`, `\s`, `\w` and `\b` mean ASCII only; `\Q…\E` is literal; a brace that is no repetition is literal; two
//! repetitions in a row are an error; classes have no set operations and nothing nested. Names of groups are left
//! out and kept apart, because the crate is stricter about them.

use std::iter::Peekable;
use std::str::Chars;

/// A pattern in the other syntax.
pub(super) struct Translated {
    pub(super) text: String,
    /// The names of the groups from the first one on.
    pub(super) names: Vec<Option<String>>,
}

/// The largest number of repetitions, also when they are nested.
const MOST_REPETITIONS: u64 = 1000;

type Problem = &'static str;

const BAD_ESCAPE: Problem = "invalid escape sequence";
const BAD_CLASS: Problem = "invalid character class range";
const BAD_GROUP: Problem = "invalid or unsupported Perl syntax";
const OPEN_CLASS: Problem = "missing closing ]";
const BAD_NESTING: Problem = "invalid nested repetition operator";
const NOTHING_TO_REPEAT: Problem = "missing argument to repetition operator";
const BAD_COUNT: Problem = "invalid repeat count";

/// Translates a pattern, or says what Go does not like about it.
pub(super) fn translate(pattern: &str) -> Result<Translated, Problem> {
    let mut run = Run {
        rest: pattern.chars().peekable(),
        text: String::new(),
        names: Vec::new(),
        before: Before::Nothing,
        end: 0,
        groups: vec![1],
    };
    while let Some(character) = run.rest.next() {
        run.take(character)?;
    }
    if run.groups.len() > 1 {
        return Err("missing closing )");
    }
    Ok(Translated {
        text: run.text,
        names: run.names,
    })
}

/// What stands before the next character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing that could be repeated.
    Nothing,
    /// Something that can be repeated, with the most repetitions inside of it.
    Atom(u64),
    /// A repetition, with the most repetitions of it and inside of it.
    Repetition(u64),
}

struct Run<'p> {
    rest: Peekable<Chars<'p>>,
    text: String,
    names: Vec<Option<String>>,
    before: Before,
    /// Where a repetition has to stand: after what it repeats, also if flags follow that.
    end: usize,
    /// The most repetitions so far in each open group, the whole pattern first.
    groups: Vec<u64>,
}

impl Run<'_> {
    fn take(&mut self, character: char) -> Result<(), Problem> {
        match character {
            '\\' => self.escape(),
            '[' => self.class(),
            '(' => self.open(),
            ')' if self.groups.len() < 2 => Err("unexpected )"),
            ')' => {
                let inside = self.groups.pop().unwrap_or(1);
                self.text.push(')');
                self.atom(inside);
                Ok(())
            }
            '|' => {
                self.text.push('|');
                self.before = Before::Nothing;
                Ok(())
            }
            '*' | '+' | '?' => self.repeat(character.encode_utf8(&mut [0; 4]), 1),
            '{' => {
                if let Some((text, most)) = count(&mut self.rest)? {
                    self.repeat(&text, most)
                } else {
                    self.literal('{');
                    Ok(())
                }
            }
            '^' | '$' | '.' => {
                self.text.push(character);
                self.atom(1);
                Ok(())
            }
            _ => {
                self.literal(character);
                Ok(())
            }
        }
    }

    fn literal(&mut self, character: char) {
        push_literal(&mut self.text, character);
        self.atom(1);
    }

    /// Notes something that can be repeated.
    fn atom(&mut self, inside: u64) {
        self.before = Before::Atom(inside);
        self.end = self.text.len();
        if let Some(most) = self.groups.last_mut() {
            *most = inside.max(*most);
        }
    }

    fn repeat(&mut self, operator: &str, most: u64) -> Result<(), Problem> {
        let total = match self.before {
            Before::Nothing => return Err(NOTHING_TO_REPEAT),
            Before::Repetition(_) => return Err(BAD_NESTING),
            Before::Atom(inside) => inside.saturating_mul(most.max(1)),
        };
        if total > MOST_REPETITIONS {
            return Err(BAD_COUNT);
        }
        if let Some(most) = self.groups.last_mut() {
            *most = total.max(*most);
        }
        self.text.insert_str(self.end, operator);
        self.end += operator.len();
        if self.rest.next_if_eq(&'?').is_some() {
            self.text.insert(self.end, '?');
            self.end += 1;
        }
        self.before = Before::Repetition(total);
        Ok(())
    }

    /// A group: with or without a name, or flags.
    fn open(&mut self) -> Result<(), Problem> {
        if self.rest.next_if_eq(&'?').is_none() {
            self.text.push('(');
            self.names.push(None);
            self.enter();
            return Ok(());
        }
        let is_named = match self.rest.peek() {
            Some('P') => {
                self.rest.next();
                if self.rest.peek() != Some(&'<') {
                    return Err(BAD_GROUP);
                }
                true
            }
            next => next == Some(&'<'),
        };
        if is_named {
            self.rest.next();
            return self.open_named();
        }
        let mut flags = String::new();
        loop {
            match self.rest.next().ok_or(BAD_GROUP)? {
                flag @ ('i' | 'm' | 's' | 'U') => flags.push(flag),
                '-' if !flags.contains('-') => flags.push('-'),
                end @ (':' | ')') if !flags.ends_with('-') => {
                    self.text.push_str("(?");
                    self.text.push_str(&flags);
                    self.text.push(end);
                    if end == ':' {
                        self.enter();
                    } else if let Before::Repetition(total) = self.before {
                        // Flags are nothing by themselves: what stands before them can be repeated.
                        self.before = Before::Atom(total);
                    }
                    return Ok(());
                }
                _ => return Err(BAD_GROUP),
            }
        }
    }

    fn enter(&mut self) {
        self.groups.push(1);
        self.before = Before::Nothing;
    }

    fn open_named(&mut self) -> Result<(), Problem> {
        let mut name = String::new();
        loop {
            match self.rest.next().ok_or(BAD_GROUP)? {
                '>' => break,
                part if part.is_ascii_alphanumeric() || part == '_' => name.push(part),
                _ => return Err(BAD_GROUP),
            }
        }
        if name.is_empty() {
            return Err(BAD_GROUP);
        }
        self.text.push('(');
        self.names.push(Some(name));
        self.enter();
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Problem> {
        let escaped = *self
            .rest
            .peek()
            .ok_or("trailing backslash at end of expression")?;
        let assertion = match escaped {
            'A' => r"\A",
            'z' => r"\z",
            'b' => r"(?-u:\b)",
            'B' => r"(?-u:\B)",
            'Q' => {
                self.rest.next();
                self.quoted();
                return Ok(());
            }
            _ => {
                if let Some(set) = set(&mut self.rest)? {
                    self.text.push('[');
                    self.text.push_str(&set);
                    self.text.push(']');
                    self.atom(1);
                } else {
                    let character = character(&mut self.rest)?;
                    self.literal(character);
                }
                return Ok(());
            }
        };
        self.rest.next();
        self.text.push_str(assertion);
        self.atom(1);
        Ok(())
    }

    /// Everything up to `\E` is literal.
    fn quoted(&mut self) {
        while let Some(character) = self.rest.next() {
            if character == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            self.literal(character);
        }
    }

    fn class(&mut self) -> Result<(), Problem> {
        self.text.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.text.push('^');
        }
        let mut is_first = true;
        loop {
            match self.rest.peek().ok_or(OPEN_CLASS)? {
                ']' if !is_first => break,
                '[' => {
                    if let Some(named) = named_class(&mut self.rest)? {
                        self.text.push_str(&named);
                        is_first = false;
                        continue;
                    }
                }
                '\\' => {
                    let mut after = self.rest.clone();
                    after.next();
                    if let Some(set) = set(&mut after)? {
                        self.rest = after;
                        self.text.push_str(&set);
                        is_first = false;
                        continue;
                    }
                }
                _ => {}
            }
            self.range()?;
            is_first = false;
        }
        self.rest.next();
        self.text.push(']');
        self.atom(1);
        Ok(())
    }

    /// A character of a class, or two with a dash between.
    fn range(&mut self) -> Result<(), Problem> {
        let low = class_character(&mut self.rest)?;
        push_literal(&mut self.text, low);
        let mut after = self.rest.clone();
        if after.next() == Some('-') && after.peek().is_some_and(|next| *next != ']') {
            self.rest = after;
            let high = class_character(&mut self.rest)?;
            if high < low {
                return Err(BAD_CLASS);
            }
            self.text.push('-');
            push_literal(&mut self.text, high);
        }
        Ok(())
    }
}

/// A character as itself. Nothing that could mean something stays as it is.
fn push_literal(text: &mut String, character: char) {
    if character.is_alphanumeric() {
        text.push(character);
    } else {
        text.push_str(&hexadecimal(character));
    }
}

fn hexadecimal(character: char) -> String {
    format!("\\x{{{:x}}}", u32::from(character))
}

/// A character of a class, escaped or not.
fn class_character(rest: &mut Peekable<Chars<'_>>) -> Result<char, Problem> {
    match rest.next().ok_or(OPEN_CLASS)? {
        '\\' => character(rest),
        character => Ok(character),
    }
}

/// What a backslash has been read for, if it is one character.
fn character(rest: &mut Peekable<Chars<'_>>) -> Result<char, Problem> {
    let escaped = rest.next().ok_or("trailing backslash at end of expression")?;
    let octal = |first: u32, rest: &mut Peekable<Chars<'_>>| {
        let mut code = first;
        for _ in 0..2 {
            match rest.peek().and_then(|next| next.to_digit(8)) {
                Some(digit) => code = code * 8 + digit,
                None => break,
            }
            rest.next();
        }
        char::from_u32(code).ok_or(BAD_ESCAPE)
    };
    match escaped {
        '0' => octal(0, rest),
        // One digit alone would be a reference to a group.
        '1'..='7' if rest.peek().is_some_and(|next| next.is_digit(8)) => {
            octal(escaped.to_digit(8).unwrap_or(0), rest)
        }
        'x' => hexadecimal_character(rest),
        'a' => Ok('\u{07}'),
        'f' => Ok('\u{0c}'),
        'n' => Ok('\n'),
        'r' => Ok('\r'),
        't' => Ok('\t'),
        'v' => Ok('\u{0b}'),
        _ if escaped.is_ascii() && !escaped.is_ascii_alphanumeric() => Ok(escaped),
        _ => Err(BAD_ESCAPE),
    }
}

fn hexadecimal_character(rest: &mut Peekable<Chars<'_>>) -> Result<char, Problem> {
    let is_braced = rest.next_if_eq(&'{').is_some();
    let mut code = 0u32;
    let mut digits = 0;
    loop {
        if !is_braced && digits == 2 {
            break;
        }
        match rest.next().ok_or(BAD_ESCAPE)? {
            '}' if is_braced && digits > 0 => break,
            digit => {
                let digit = digit.to_digit(16).ok_or(BAD_ESCAPE)?;
                code = code
                    .checked_mul(16)
                    .and_then(|code| code.checked_add(digit))
                    .ok_or(BAD_ESCAPE)?;
                digits += 1;
            }
        }
    }
    char::from_u32(code).ok_or(BAD_ESCAPE)
}

/// What a backslash has been read for, if it is a set of characters, as the inside of a class. Reads nothing
/// otherwise.
fn set(rest: &mut Peekable<Chars<'_>>) -> Result<Option<String>, Problem> {
    let Some(name) = rest.next_if(|name| matches!(name, 'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'p' | 'P'))
    else {
        return Ok(None);
    };
    let set = match name {
        'd' => "0-9",
        'D' => "[^0-9]",
        's' => r"\t\n\x0c\r ",
        'S' => r"[^\t\n\x0c\r ]",
        'w' => "0-9A-Za-z_",
        'W' => "[^0-9A-Za-z_]",
        _ => return unicode_set(name == 'P', rest).map(Some),
    };
    Ok(Some(set.to_owned()))
}

/// A set of Unicode: one letter, or a name in braces that a circumflex negates.
fn unicode_set(negated: bool, rest: &mut Peekable<Chars<'_>>) -> Result<String, Problem> {
    let mut name = String::new();
    let mut negated = negated;
    match rest.next().ok_or(BAD_CLASS)? {
        '{' => {
            if rest.next_if_eq(&'^').is_some() {
                negated = !negated;
            }
            loop {
                match rest.next().ok_or(BAD_CLASS)? {
                    '}' => break,
                    part if part.is_ascii_alphanumeric() || part == '_' => name.push(part),
                    _ => return Err(BAD_CLASS),
                }
            }
        }
        letter => name.push(letter),
    }
    let letter = if negated { 'P' } else { 'p' };
    Ok(format!("\\{letter}{{{name}}}"))
}

/// `[:alpha:]` and its kin. Reads nothing if it is none.
fn named_class(rest: &mut Peekable<Chars<'_>>) -> Result<Option<String>, Problem> {
    const NAMES: [&str; 14] = [
        "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
        "upper", "word", "xdigit",
    ];
    let text: String = rest.clone().collect();
    let Some(inner) = text.strip_prefix("[:") else {
        return Ok(None);
    };
    let Some((name, _)) = inner.split_once(":]") else {
        return Ok(None);
    };
    if !NAMES.contains(&name.strip_prefix('^').unwrap_or(name)) {
        return Err(BAD_CLASS);
    }
    let named = format!("[:{name}:]");
    for _ in named.chars() {
        rest.next();
    }
    Ok(Some(named))
}

/// `{2}`, `{2,}` or `{2,5}` after its brace, with the most repetitions. Reads nothing if it is none of these.
fn count(rest: &mut Peekable<Chars<'_>>) -> Result<Option<(String, u64)>, Problem> {
    let text: String = rest.clone().take_while(|character| *character != '}').collect();
    let (least, most) = match text.split_once(',') {
        Some((least, most)) => (least, Some(most)),
        None => (&*text, None),
    };
    let is_number = |digits: &str| {
        !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && (digits.len() == 1 || !digits.starts_with('0'))
    };
    let is_closed = rest.clone().nth(text.chars().count()) == Some('}');
    if !is_closed || !is_number(least) || most.is_some_and(|most| !most.is_empty() && !is_number(most)) {
        return Ok(None);
    }
    let number = |digits: &str| digits.parse::<u64>().unwrap_or(u64::MAX);
    let least = number(least);
    let most = match most {
        None | Some("") => least,
        Some(most) => number(most),
    };
    if least > MOST_REPETITIONS || most > MOST_REPETITIONS || most < least {
        return Err(BAD_COUNT);
    }
    for _ in text.chars() {
        rest.next();
    }
    rest.next();
    Ok(Some((format!("{{{text}}}"), most)))
}
