//! Upper and lower case, and the ways to write several words as one.

use crate::template::Value;
use crate::template::function::{Function, Parameter};
use crate::template::runes::{
    Rune, is_digit, is_letter, is_lower, is_number, is_title, is_upper, map, push, runes, to_lower, to_title,
    to_upper,
};

const TEXT: &[Parameter] = &[Parameter::TEXT];

/// The family.
pub(super) static FUNCTIONS: [Function; 8] = [
    Function::new("upper", TEXT, None, |_, arguments| {
        Ok(Value::text(map(arguments.text(0), to_upper)))
    }),
    Function::new("lower", TEXT, None, |_, arguments| {
        Ok(Value::text(map(arguments.text(0), to_lower)))
    }),
    Function::new("title", TEXT, None, |_, arguments| {
        Ok(Value::text(title(arguments.text(0))))
    }),
    Function::new("untitle", TEXT, None, |_, arguments| {
        Ok(Value::text(untitle(arguments.text(0))))
    }),
    Function::new("swapcase", TEXT, None, |_, arguments| {
        Ok(Value::text(swap_case(arguments.text(0))))
    }),
    Function::new("snakecase", TEXT, None, |_, arguments| {
        Ok(Value::text(joined(arguments.text(0), '_')))
    }),
    Function::new("kebabcase", TEXT, None, |_, arguments| {
        Ok(Value::text(joined(arguments.text(0), '-')))
    }),
    Function::new("camelcase", TEXT, None, |_, arguments| {
        Ok(Value::text(camel_case(arguments.text(0))))
    }),
];

/// Every word begins with a capital. Words end at everything in ASCII that is no letter, digit or underscore.
fn title(text: &[u8]) -> Vec<u8> {
    let mut before = ' ';
    let mut changed = Vec::with_capacity(text.len());
    for rune in runes(text) {
        let character = rune.or_replacement();
        push(
            &mut changed,
            if is_separator(before) {
                to_title(character)
            } else {
                character
            },
        );
        before = character;
    }
    changed
}

fn is_separator(character: char) -> bool {
    if character.is_ascii() {
        return !(character.is_ascii_alphanumeric() || character == '_');
    }
    !is_letter(character) && !is_digit(character) && character.is_whitespace()
}

/// Every word begins with a small letter. Words end at white space.
fn untitle(text: &[u8]) -> Vec<u8> {
    let mut after_space = true;
    let mut changed = Vec::with_capacity(text.len());
    for rune in runes(text) {
        let character = rune.or_replacement();
        let is_space = character.is_whitespace();
        push(
            &mut changed,
            if after_space && !is_space {
                to_lower(character)
            } else {
                character
            },
        );
        after_space = is_space;
    }
    changed
}

/// Capitals become small. Small letters become capitals, at the start of a word those of a title.
fn swap_case(text: &[u8]) -> Vec<u8> {
    let mut after_space = true;
    let mut changed = Vec::with_capacity(text.len());
    for rune in runes(text) {
        let character = rune.or_replacement();
        let swapped = if is_upper(character) || is_title(character) {
            after_space = false;
            to_lower(character)
        } else if is_lower(character) {
            if std::mem::take(&mut after_space) {
                to_title(character)
            } else {
                to_upper(character)
            }
        } else {
            after_space = character.is_whitespace();
            character
        };
        push(&mut changed, swapped);
    }
    changed
}

/// `some_words` as `SomeWords`. The last character is written as it was left, which loses a text of one.
fn camel_case(text: &[u8]) -> Vec<u8> {
    let mut characters = runes(text).map(Rune::or_replacement);
    let mut changed = Vec::with_capacity(text.len());
    let first = loop {
        match characters.next() {
            Some('_') => changed.push(b'_'),
            Some(first) => break first,
            None => return changed,
        }
    };
    let mut current = to_upper(first);
    let mut is_alone = true;
    for next in characters {
        is_alone = false;
        let before = current;
        current = next;
        match (before, next) {
            ('_', '_') => {
                changed.push(b'_');
                continue;
            }
            ('_', _) => current = to_upper(next),
            _ => current = to_lower(next),
        }
        if before != '_' {
            push(&mut changed, before);
        }
    }
    if !is_alone {
        push(&mut changed, current);
    }
    changed
}

/// `SomeWords` as `some_words`: capitals in a row are one word, of which the last begins the next; a number begins a
/// word; what stands after a single capital stays as it is.
fn joined(text: &[u8], connector: char) -> Vec<u8> {
    let mut run = Joined {
        rest: runes(text).collect(),
        at: 0,
        changed: Vec::with_capacity(text.len()),
        connector,
    };
    let mut before = connector;
    while let Some(rune) = run.next() {
        before = run.push_from(rune, before);
    }
    run.changed
}

struct Joined<'t> {
    rest: Vec<Rune<'t>>,
    at: usize,
    changed: Vec<u8>,
    connector: char,
}

impl<'t> Joined<'t> {
    fn next(&mut self) -> Option<Rune<'t>> {
        let rune = self.rest.get(self.at).copied()?;
        self.at += 1;
        Some(rune)
    }

    fn is_at_end(&self) -> bool {
        self.at == self.rest.len()
    }

    fn push(&mut self, character: char) {
        push(&mut self.changed, character);
    }

    fn connect(&mut self, before: char) {
        if before != self.connector && !is_number(before) {
            self.push(self.connector);
        }
    }

    fn is_gap(character: char) -> bool {
        matches!(character, '_' | ' ' | '-')
    }

    /// Writes a character, and the word of capitals that it begins. Gives the last character that was read.
    fn push_from(&mut self, rune: Rune<'_>, before: char) -> char {
        let character = rune.or_replacement();
        if character == char::REPLACEMENT_CHARACTER {
            self.push(character);
            return character;
        }
        if is_upper(character) {
            self.connect(before);
            self.push(to_lower(character));
            return self.push_capitals(character);
        }
        if is_number(character) {
            self.connect(before);
            self.push(character);
            return character;
        }
        let shown = if Self::is_gap(character) {
            self.connector
        } else {
            character
        };
        self.push(shown);
        shown
    }

    /// What follows a capital.
    fn push_capitals(&mut self, capital: char) -> char {
        let Some(next) = self.next().map(Rune::or_replacement) else {
            return capital;
        };
        if !is_upper(next) {
            self.push(next);
            return next;
        }
        let mut current = next;
        while !self.is_at_end() {
            let before = current;
            current = self.next().map_or(before, Rune::or_replacement);
            if is_upper(current) {
                self.push(to_lower(before));
                continue;
            }
            if current == char::REPLACEMENT_CHARACTER {
                self.push(to_lower(before));
                self.push(current);
            } else if Self::is_gap(current) {
                current = self.connector;
                self.push(to_lower(before));
            } else if is_number(current) {
                self.push(to_lower(before));
                self.push(self.connector);
                self.push(current);
            } else {
                self.push(self.connector);
                self.push(to_lower(before));
                self.push(current);
            }
            break;
        }
        // At the end the last character is written once more, also when it was written before.
        if self.is_at_end() || current == self.connector {
            self.push(to_lower(current));
        }
        current
    }
}
