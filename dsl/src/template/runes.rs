//! Characters as Go sees them: any bytes can be text, every byte that is not UTF-8 counts as one character, and
//! case changes one character into one character.

use pest::unicode;

/// One character of a text, or one byte that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rune<'t> {
    /// Nothing for a byte that is not UTF-8.
    pub(super) character: Option<char>,
    /// As it stands in the text.
    pub(super) bytes: &'t [u8],
}

impl Rune<'_> {
    /// The character, or the one that Go puts in the place of what is none.
    pub(super) fn or_replacement(self) -> char {
        self.character.unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

/// The characters of a text.
pub(super) fn runes(text: &[u8]) -> impl Iterator<Item = Rune<'_>> {
    text.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid();
        let good = valid.char_indices().map(move |(at, character)| Rune {
            character: Some(character),
            bytes: &valid.as_bytes()[at..at + character.len_utf8()],
        });
        good.chain(chunk.invalid().chunks(1).map(|bytes| Rune {
            character: None,
            bytes,
        }))
    })
}

/// How many characters a text has.
pub(super) fn count(text: &[u8]) -> usize {
    runes(text).count()
}

/// The text with every character replaced.
pub(super) fn map(text: &[u8], change: impl Fn(char) -> char) -> Vec<u8> {
    let mut changed = Vec::with_capacity(text.len());
    for rune in runes(text) {
        push(&mut changed, change(rune.or_replacement()));
    }
    changed
}

/// Appends a character.
pub(super) fn push(text: &mut Vec<u8>, character: char) {
    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Whether Go prints it as it is between quotes.
pub(super) fn is_print(character: char) -> bool {
    match character {
        ' '..='~' => true,
        '\0'..='\u{a0}' => false,
        _ => {
            unicode::LETTER(character)
                || unicode::MARK(character)
                || unicode::NUMBER(character)
                || unicode::PUNCTUATION(character)
                || unicode::SYMBOL(character)
        }
    }
}

/// A letter of any script.
pub(super) fn is_letter(character: char) -> bool {
    unicode::LETTER(character)
}

/// A decimal digit of any script.
pub(super) fn is_digit(character: char) -> bool {
    unicode::DECIMAL_NUMBER(character)
}

/// A number of any kind, such as a fraction or a Roman one.
pub(super) fn is_number(character: char) -> bool {
    unicode::NUMBER(character)
}

/// An upper-case letter. Title case is neither upper nor lower.
pub(super) fn is_upper(character: char) -> bool {
    unicode::UPPERCASE_LETTER(character)
}

/// A lower-case letter.
pub(super) fn is_lower(character: char) -> bool {
    unicode::LOWERCASE_LETTER(character)
}

/// A letter that is a pair of which the first is upper case.
pub(super) fn is_title(character: char) -> bool {
    unicode::TITLECASE_LETTER(character)
}

/// The upper case, if it is one character.
pub(super) fn to_upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        // With several characters only Greek letters with a iota below have a single one as well; those that
        // are title case already keep it.
        _ if unicode::TITLECASE_LETTER(character) => character,
        _ => iota_below(character),
    }
}

/// The lower case, if it is one character.
pub(super) fn to_lower(character: char) -> char {
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        // The dot of this letter is a character of its own in the long form.
        _ if character == 'İ' => 'i',
        _ => character,
    }
}

/// The title case: the upper case, but for letters that are pairs and for Georgian, which has none.
pub(super) fn to_title(character: char) -> char {
    match character {
        'Ǆ' | 'ǅ' | 'ǆ' => 'ǅ',
        'Ǉ' | 'ǈ' | 'ǉ' => 'ǈ',
        'Ǌ' | 'ǋ' | 'ǌ' => 'ǋ',
        'Ǳ' | 'ǲ' | 'ǳ' => 'ǲ',
        'ა'..='ჺ' | 'ჽ'..='ჿ' => character,
        _ => to_upper(character),
    }
}

fn iota_below(character: char) -> char {
    match character {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
            char::from_u32(u32::from(character) + 8).unwrap_or(character)
        }
        '\u{1fb3}' => '\u{1fbc}',
        '\u{1fc3}' => '\u{1fcc}',
        '\u{1ff3}' => '\u{1ffc}',
        _ => character,
    }
}
