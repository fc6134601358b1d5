//! The last lines of what a program printed: bounded, for messages.
//! Must not know where the text comes from.

use std::collections::VecDeque;

/// How many lines an error shows.
pub const LINES: usize = 10;

/// How many bytes of one line are kept. A line of base64 must not fill a status.
const LINE_BYTES: usize = 1024;

/// Keeps the last lines that are not blank, trimmed and cut to a bounded length.
///
/// Text arrives in pieces that may end anywhere.
#[derive(Clone, Debug)]
pub struct Tail {
    limit: usize,
    lines: VecDeque<String>,
    /// The beginning of a line whose end has not come yet.
    open: Vec<u8>,
}

impl Default for Tail {
    fn default() -> Self {
        Self::new(LINES)
    }
}

impl Tail {
    /// Keeps `limit` lines.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            lines: VecDeque::new(),
            open: Vec::new(),
        }
    }

    /// Takes a piece of text.
    pub fn write(&mut self, mut piece: &[u8]) {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            self.extend(&piece[..end]);
            self.end_line();
            piece = &piece[end + 1..];
        }
        self.extend(piece);
    }

    /// The lines kept so far, the open one included.
    pub fn lines(&self) -> Vec<String> {
        let mut all = self.clone();
        all.end_line();
        all.lines.into()
    }

    fn extend(&mut self, bytes: &[u8]) {
        // One byte more than is shown tells that the line goes on.
        let room = (LINE_BYTES + 1).saturating_sub(self.open.len());
        self.open.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn end_line(&mut self) {
        let whole = String::from_utf8_lossy(&self.open).into_owned();
        let line = whole.trim();
        if !line.is_empty() {
            self.lines.push_back(cut(line));
            if self.lines.len() > self.limit {
                self.lines.pop_front();
            }
        }
        self.open.clear();
    }
}

/// Joins lines as Kanister does in its messages.
pub fn joined(lines: &[String]) -> String {
    lines.join("\r\n")
}

fn cut(line: &str) -> String {
    if line.len() <= LINE_BYTES {
        return line.to_owned();
    }
    format!("{}…", &line[..line.floor_char_boundary(LINE_BYTES)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(limit: usize, pieces: &[&str], expected: &str) {
        let mut tail = Tail::new(limit);
        for piece in pieces {
            tail.write(piece.as_bytes());
        }
        assert_eq!(joined(&tail.lines()), expected);
        assert_eq!(
            joined(&tail.lines()),
            expected,
            "looking must not change anything"
        );
    }

    #[test]
    fn keeps_the_last_lines() {
        check(
            2,
            &["line 1\nline 2\nline 3\n", "line 4\n", "line 5"],
            "line 4\r\nline 5",
        );
        check(
            2,
            &["line 1\nline 2\n", "line 3\n", "line 4\r\nline 5"],
            "line 4\r\nline 5",
        );
        check(5, &["line 1\n", "line 2\n"], "line 1\r\nline 2");
        check(1, &["line 1\n", "line 2\n"], "line 2");
        check(3, &[], "");
        check(3, &["  a\t\n", "\n \n", "b"], "a\r\nb");
        check(3, &["one li", "ne\nnext"], "one line\r\nnext");
    }

    #[test]
    fn goes_on_after_it_was_looked_at() {
        let mut tail = Tail::new(2);
        tail.write(b"one\ntw");
        assert_eq!(tail.lines(), ["one", "tw"]);
        tail.write(b"o\n");
        assert_eq!(tail.lines(), ["one", "two"]);
    }

    #[test]
    fn long_lines_are_cut() {
        let mut tail = Tail::new(1);
        tail.write("ü".repeat(5000).as_bytes());
        assert_eq!(tail.lines(), [format!("{}…", "ü".repeat(LINE_BYTES / 2))]);
        tail.write(b"\n");
        tail.write("x".repeat(LINE_BYTES).as_bytes());
        assert_eq!(tail.lines(), ["x".repeat(LINE_BYTES)]);
    }
}
