//! The last lines of what a program complains about, bounded. Pure, save for the log.

use std::collections::VecDeque;

/// Bytes of a line that are looked at together; a longer one counts as several.
pub(super) const LINE: u64 = 4 << 10;

/// Lines that a fault carries, and the length at which each is cut.
const KEPT_LINES: usize = 10;
const KEPT_LENGTH: usize = 500;

/// The lines so far.
pub(super) struct Tail {
    program: String,
    kept: VecDeque<String>,
}

impl Tail {
    pub(super) fn new(program: String) -> Self {
        Self {
            program,
            kept: VecDeque::new(),
        }
    }

    /// Logs a line and keeps it; blank ones are left out.
    pub(super) fn add(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        tracing::info!(program = self.program, "{text}");
        if self.kept.len() == KEPT_LINES {
            self.kept.pop_front();
        }
        self.kept.push_back(text.chars().take(KEPT_LENGTH).collect());
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        self.kept.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_is_kept() {
        let mut tail = Tail::new("dump".to_owned());
        for number in 0..20 {
            tail.add(format!("line {number}\n").as_bytes());
            tail.add(b" \r\n");
        }
        tail.add("é".repeat(600).as_bytes());
        tail.add(b"\xff\n");
        let lines = tail.into_lines();
        assert_eq!(lines.len(), KEPT_LINES);
        assert_eq!(
            (lines[0].as_str(), lines[7].as_str(), lines[9].as_str()),
            ("line 12", "line 19", "\u{fffd}")
        );
        assert_eq!(lines[8].chars().count(), KEPT_LENGTH);
    }
}
