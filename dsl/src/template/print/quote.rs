//! Text and characters between quotes, as Go's `%q` writes them.

use crate::template::runes::{self, Rune, is_print};

/// A text in double quotes.
pub(crate) fn quote(text: &[u8], ascii_only: bool) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    quoted.push(b'"');
    for rune in runes::runes(text) {
        push_escaped(&mut quoted, rune, '"', ascii_only);
    }
    quoted.push(b'"');
    quoted
}

/// A character in single quotes.
pub(super) fn quote_character(character: char, ascii_only: bool) -> Vec<u8> {
    let mut bytes = [0; 4];
    let bytes = character.encode_utf8(&mut bytes).as_bytes();
    let mut quoted = vec![b'\''];
    push_escaped(
        &mut quoted,
        Rune {
            character: Some(character),
            bytes,
        },
        '\'',
        ascii_only,
    );
    quoted.push(b'\'');
    quoted
}

/// Whether a text can stand between backquotes.
pub(super) fn can_backquote(text: &[u8]) -> bool {
    runes::runes(text).all(|rune| match rune.character {
        None | Some('\u{feff}' | '`' | '\u{7f}') => false,
        Some(character) => character >= ' ' || character == '\t',
    })
}

fn push_escaped(quoted: &mut Vec<u8>, rune: Rune<'_>, quote: char, ascii_only: bool) {
    let Some(character) = rune.character else {
        for byte in rune.bytes {
            quoted.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
        }
        return;
    };
    if character == quote || character == '\\' {
        quoted.push(b'\\');
        runes::push(quoted, character);
        return;
    }
    if is_print(character) && (character.is_ascii() || !ascii_only) {
        quoted.extend_from_slice(rune.bytes);
        return;
    }
    let code = u32::from(character);
    let escape = match character {
        '\u{07}' => "\\a".to_owned(),
        '\u{08}' => "\\b".to_owned(),
        '\u{0c}' => "\\f".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\u{0b}' => "\\v".to_owned(),
        '\0'..='\u{1f}' | '\u{7f}' => format!("\\x{code:02x}"),
        '\u{80}'..='\u{ffff}' => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    };
    quoted.extend_from_slice(escape.as_bytes());
}
