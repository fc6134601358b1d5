//! The phase-output protocol: marked lines in what a program prints become outputs of its phase.
//! Must not know where the text comes from.
//!
//! A line that holds `###Phase-output###:` anywhere carries one output as JSON behind the marker:
//! `{"key":"<key>","value":"<value>"}`. Everything else is log. A marker that is spread over two lines is none,
//! and where a piece of text ends has no influence on what is read.

use std::collections::BTreeMap;
use std::fmt;

use mainstay_engine::function::{Cause, Error as Failure};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value as Json};
use snafu::{ResultExt as _, Snafu, ensure};

/// What announces an output. Letter case counts; the space that writers put behind it does not.
const MARKER: &[u8] = b"###Phase-output###:";

/// The longest output that is read. A status of Kubernetes could not hold it anyway.
const LONGEST: usize = 8 << 20;

/// How many characters of an output that cannot be read an error shows.
const SHOWN: usize = 80;

/// How much of a line without marker is handed on as log.
const LOG_LINE_BYTES: usize = 16 << 10;

/// A marked line that cannot be read.
#[derive(Debug, Snafu)]
pub enum Error {
    /// What follows the marker is no output.
    #[snafu(display("Failed to unmarshal key-value pair: {source}: {text}"))]
    Decode {
        /// The beginning of what follows the marker.
        text: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// What follows the marker is longer than any status may be.
    #[snafu(display("Failed to read phase output: one output is longer than {LONGEST} bytes"))]
    TooLong,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(Cause::Failed, error.to_string())
    }
}

/// Reads phase output from text that arrives in pieces. Memory is bounded by the longest output.
#[derive(Debug, Default)]
pub struct Reader {
    /// The line under way: the beginning of a log line, or everything since the marker.
    line: Vec<u8>,
    /// The bytes of a log line under way that might be the beginning of a marker. Never longer than one.
    candidate: Vec<u8>,
    marked: bool,
    outputs: BTreeMap<String, String>,
}

impl Reader {
    /// Takes a piece of text; `log` receives every line without output, and the text before a marker.
    pub fn write(&mut self, piece: &[u8], log: &mut impl FnMut(&str)) -> Result<(), Error> {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            match part.strip_suffix(b"\n") {
                Some(rest) => {
                    self.extend(rest, log)?;
                    self.end_line(log)?;
                }
                None => self.extend(part, log)?,
            }
        }
        Ok(())
    }

    /// Ends the last line and hands over what was read; of a key written twice the last value.
    pub fn finish(mut self, log: &mut impl FnMut(&str)) -> Result<Map<String, Json>, Error> {
        self.end_line(log)?;
        Ok(self
            .outputs
            .into_iter()
            .map(|(key, value)| (key, Json::String(value)))
            .collect())
    }

    fn extend(&mut self, bytes: &[u8], log: &mut impl FnMut(&str)) -> Result<(), Error> {
        if self.marked {
            ensure!(self.line.len() + bytes.len() <= LONGEST, TooLongSnafu);
            self.line.extend_from_slice(bytes);
            return Ok(());
        }
        self.candidate.extend_from_slice(bytes);
        if let Some(start) = find(&self.candidate, MARKER) {
            let after = self.candidate.split_off(start + MARKER.len());
            self.candidate.truncate(start);
            self.settle(start);
            self.log_line(log);
            self.marked = true;
            return self.extend(&after, log);
        }
        self.settle(self.candidate.len() - beginning_at_end(&self.candidate));
        Ok(())
    }

    /// Moves the first bytes of the candidate to the log line, as far as that still has room.
    fn settle(&mut self, count: usize) {
        let room = LOG_LINE_BYTES.saturating_sub(self.line.len());
        self.line.extend_from_slice(&self.candidate[..count.min(room)]);
        self.candidate.drain(..count);
    }

    fn end_line(&mut self, log: &mut impl FnMut(&str)) -> Result<(), Error> {
        if self.marked {
            self.marked = false;
            let line = std::mem::take(&mut self.line);
            let text = String::from_utf8_lossy(&line);
            let text = text.trim();
            if !text.is_empty() {
                let output = serde_json::from_str(text).with_context(|_| DecodeSnafu {
                    text: beginning(text),
                });
                let Output { key, value } = output?;
                self.outputs.insert(key, value);
            }
            return Ok(());
        }
        self.settle(self.candidate.len());
        self.log_line(log);
        Ok(())
    }

    fn log_line(&mut self, log: &mut impl FnMut(&str)) {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if !text.is_empty() {
            log(text);
        }
    }
}

/// As much of a text as a message bears.
fn beginning(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        format!("{shown}…")
    } else {
        shown
    }
}

/// Where `wanted` begins.
fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// How many bytes at the end may be the beginning of a marker.
fn beginning_at_end(bytes: &[u8]) -> usize {
    (1..MARKER.len())
        .rev()
        .find(|length| bytes.ends_with(&MARKER[..*length]))
        .unwrap_or(0)
}

/// One output. Names of members are found whatever their letter case, others are ignored, what is absent or null
/// is an empty text.
#[derive(Default)]
struct Output {
    key: String,
    value: String,
}

impl<'de> Deserialize<'de> for Output {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Output;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object with `key` and `value`")
            }

            fn visit_unit<E>(self) -> Result<Output, E> {
                Ok(Output::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Output, A::Error> {
                let mut output = Output::default();
                while let Some(name) = members.next_key::<String>()? {
                    let field = match name.to_ascii_lowercase().as_str() {
                        "key" => &mut output.key,
                        "value" => &mut output.value,
                        _ => {
                            members.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    if let Some(text) = members.next_value::<Option<String>>()? {
                        *field = text;
                    }
                }
                Ok(output)
            }
        }

        deserializer.deserialize_any(Members)
    }
}

#[cfg(test)]
mod tests;
