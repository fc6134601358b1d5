//! From a byte of a decoded scalar back to the bytes of the text that it was written with.
//!
//! The text is followed character by character by the rules of its style, and compared with the value on the
//! way; when the two ever disagree there is no answer rather than a wrong one. Must not know what the value
//! means.

use std::ops::Range;

use super::node::Style;

/// The bytes of `text` that became `wanted` of `decoded`. `span` is where the scalar stands.
pub(super) fn locate(
    text: &str,
    span: &Range<usize>,
    style: Style,
    decoded: &str,
    wanted: &Range<usize>,
) -> Option<Range<usize>> {
    let mut follower = Follower::new(text, span, style, decoded)?;
    let mut start = None;
    let mut end = follower.at;
    for (offset, character) in decoded.char_indices() {
        if offset >= wanted.end && start.is_some() {
            break;
        }
        let written = follower.step(character, &decoded[offset..])?;
        if offset + character.len_utf8() > wanted.start && start.is_none() {
            start = Some(written.start);
        }
        end = written.end;
    }
    let start = start.unwrap_or(end);
    Some(start..end.max(start))
}

/// A position in the text that moves on as the characters of the value are named.
struct Follower<'a> {
    text: &'a str,
    at: usize,
    end: usize,
    style: Style,
    /// Line breaks of the value that the text has already been followed past.
    owed: usize,
}

impl<'a> Follower<'a> {
    fn new(text: &'a str, span: &Range<usize>, style: Style, decoded: &str) -> Option<Self> {
        let quoted = matches!(style, Style::SingleQuoted | Style::DoubleQuoted);
        let (at, end) = if quoted {
            (span.start + 1, span.end.checked_sub(1)?)
        } else {
            (span.start, text.len())
        };
        // A block starts at its first character that is not a line break; those before it are part of the value.
        let block = matches!(style, Style::Literal { .. } | Style::Folded { .. });
        let owed = if block {
            decoded.len() - decoded.trim_start_matches('\n').len()
        } else {
            0
        };
        (at <= end && end <= text.len()).then_some(Self {
            text,
            at,
            end,
            style,
            owed,
        })
    }

    /// Passes the next character of the value. `remaining` is the value from that character on.
    fn step(&mut self, character: char, remaining: &str) -> Option<Range<usize>> {
        if self.owed > 0 && character == '\n' {
            self.owed -= 1;
            return Some(self.at..self.at);
        }
        match self.style {
            Style::Plain => self.flow(character),
            Style::SingleQuoted => match self.rest().strip_prefix("''") {
                Some(_) if character == '\'' => self.take(2),
                _ => self.flow(character),
            },
            Style::DoubleQuoted => {
                self.joins();
                if self.rest().starts_with('\\') {
                    self.escape(character)
                } else {
                    self.flow(character)
                }
            }
            Style::Literal { indent } => self.literal(character, indent),
            Style::Folded { indent } => self.folded(character, indent, remaining),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..self.end]
    }

    fn take(&mut self, length: usize) -> Option<Range<usize>> {
        let start = self.at;
        self.at = start + length;
        (self.at <= self.end).then_some(start..self.at)
    }

    /// A character that stands for itself.
    fn same(&mut self, character: char) -> Option<Range<usize>> {
        if self.rest().starts_with(character) {
            self.take(character.len_utf8())
        } else {
            None
        }
    }

    /// Plain and quoted scalars: a line break with the white space around it is a space, *n* of them are
    /// *n* − 1 line breaks.
    fn flow(&mut self, character: char) -> Option<Range<usize>> {
        if matches!(character, ' ' | '\n') {
            let rest = self.rest();
            let run = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            let breaks = rest[..run].matches('\n').count();
            match (breaks, character) {
                (0, _) => {}
                (1, ' ') => return self.take(run),
                (2.., '\n') => {
                    self.owed = breaks - 2;
                    return self.take(run);
                }
                _ => return None,
            }
        }
        self.same(character)
    }

    /// Passes the line breaks that a backslash at the end of a line takes away.
    fn joins(&mut self) {
        loop {
            let rest = self.rest();
            let Some(after) = rest.strip_prefix("\\\n").or_else(|| rest.strip_prefix("\\\r\n")) else {
                return;
            };
            self.at += rest.len() - after.trim_start_matches([' ', '\t']).len();
        }
    }

    fn escape(&mut self, character: char) -> Option<Range<usize>> {
        let rest = self.rest();
        let code = rest.chars().nth(1)?;
        let hexadecimal = |digits: usize| {
            let value = u32::from_str_radix(rest.get(2..2 + digits)?, 16).ok()?;
            Some((char::from_u32(value)?, 2 + digits))
        };
        let (meaning, length) = match code {
            '0' => ('\0', 2),
            'a' => ('\x07', 2),
            'b' => ('\x08', 2),
            't' | '\t' => ('\t', 2),
            'n' => ('\n', 2),
            'v' => ('\x0b', 2),
            'f' => ('\x0c', 2),
            'r' => ('\r', 2),
            'e' => ('\x1b', 2),
            'N' => ('\u{85}', 2),
            '_' => ('\u{a0}', 2),
            'L' => ('\u{2028}', 2),
            'P' => ('\u{2029}', 2),
            'x' => hexadecimal(2)?,
            'u' => hexadecimal(4)?,
            'U' => hexadecimal(8)?,
            other => (other, 1 + other.len_utf8()),
        };
        if meaning == character {
            self.take(length)
        } else {
            None
        }
    }

    fn literal(&mut self, character: char, indent: usize) -> Option<Range<usize>> {
        if character == '\n' {
            self.line_break(indent)
        } else {
            self.same(character)
        }
    }

    /// A line break and the columns of the next line that are not part of the value. The last one may be
    /// missing at the end of the file.
    fn line_break(&mut self, indent: usize) -> Option<Range<usize>> {
        let start = self.at;
        let rest = self.rest();
        let after = match rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')) {
            Some(after) => after,
            None if rest.is_empty() => rest,
            None => return None,
        };
        let end = start + (rest.len() - after.len());
        let columns = after
            .bytes()
            .take(indent)
            .take_while(|&byte| byte == b' ')
            .count();
        self.at = end + columns;
        Some(start..end)
    }

    /// A folded block is a literal one in which a space may be a line break, and a run of line breaks may
    /// have lost its first.
    fn folded(&mut self, character: char, indent: usize, remaining: &str) -> Option<Range<usize>> {
        let at_break = self.rest().starts_with(['\n', '\r']);
        match character {
            ' ' if at_break => self.line_break(indent),
            '\n' if at_break => {
                let wanted = remaining.len() - remaining.trim_start_matches('\n').len();
                let mut ahead = Self { owed: 0, ..*self };
                let mut there = 0;
                while ahead.rest().starts_with(['\n', '\r']) {
                    ahead.line_break(indent)?;
                    there += 1;
                }
                if there == wanted + 1 {
                    self.line_break(indent)?;
                }
                self.line_break(indent)
            }
            _ => self.literal(character, indent),
        }
    }
}

#[cfg(test)]
mod tests;
