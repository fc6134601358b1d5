//! Regular expressions in Go's syntax: matched by the `regex` crate, whose own syntax is wider here and narrower
//! there.
//!
//! Makes compiled patterns, which are kept, because compiling one costs a thousand times more than using it.

mod translate;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::bytes::{Captures, Regex, RegexBuilder};

use super::runes::{is_digit, is_letter, runes};

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// The names of the groups from the first one on, where they have one.
    names: Vec<Option<String>>,
    /// Whether the pattern is the empty text.
    is_empty: bool,
}

/// How many patterns are kept. A blueprint has a handful; more come only from patterns that are computed.
const KEPT: usize = 256;

/// How large a compiled pattern may be, in bytes.
const LARGEST: usize = 2 << 20;

type Kept = HashMap<Vec<u8>, Arc<Pattern>>;

static COMPILED: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);

/// The pattern of a text, or what is wrong with it.
pub(super) fn compile(text: &[u8]) -> Result<Arc<Pattern>, String> {
    // A panic while the lock is held cannot leave the map half changed.
    let kept = COMPILED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(text)
        .cloned();
    if let Some(pattern) = kept {
        return Ok(pattern);
    }
    let pattern = Arc::new(compile_anew(text)?);
    let mut kept = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(text.to_vec(), Arc::clone(&pattern));
    Ok(pattern)
}

fn compile_anew(text: &[u8]) -> Result<Pattern, String> {
    let text = std::str::from_utf8(text).map_err(|_bytes| "the pattern is not UTF-8".to_owned())?;
    let translated = translate::translate(text).map_err(str::to_owned)?;
    let regex = RegexBuilder::new(&translated.text)
        .size_limit(LARGEST)
        .build()
        .map_err(|_error| "the pattern is too large, or names a class that does not exist".to_owned())?;
    Ok(Pattern {
        regex,
        names: translated.names,
        is_empty: text.is_empty(),
    })
}

impl Pattern {
    /// Whether it matches anywhere.
    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        self.regex.is_match(text)
    }

    /// The matches from left to right, as Go counts them: an empty one never directly after another, and never
    /// inside of a character.
    fn matches<'r, 't>(&'r self, text: &'t [u8]) -> impl Iterator<Item = Captures<'t>> + use<'r, 't> {
        let mut next = Some(0);
        let mut previous = None;
        std::iter::from_fn(move || {
            loop {
                let start = next?;
                let captures = self.regex.captures_at(text, start)?;
                let (from, to) = captures.get(0).map(|whole| (whole.start(), whole.end()))?;
                if from == to && is_inside_character(text, from) {
                    next = after_character(text, from);
                    continue;
                }
                next = if to == start {
                    after_character(text, to)
                } else {
                    Some(to)
                };
                let is_repeated = from == to && previous == Some(from);
                previous = Some(to);
                if !is_repeated {
                    return Some(captures);
                }
            }
        })
    }

    /// The first match.
    pub(super) fn find<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        Some(self.matches(text).next()?.get(0)?.as_bytes())
    }

    /// The matches from left to right, at most so many; a negative number is no limit.
    pub(super) fn find_all<'t>(&self, text: &'t [u8], limit: i64) -> Vec<&'t [u8]> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let wholes = self.matches(text).filter_map(|captures| captures.get(0));
        wholes.take(limit).map(|whole| whole.as_bytes()).collect()
    }

    /// The text with every match replaced by what a function makes of it. Nothing if it would be longer than that.
    fn replace(
        &self,
        text: &[u8],
        most: usize,
        mut replacement: impl FnMut(&Captures<'_>, &mut Vec<u8>),
    ) -> Option<Vec<u8>> {
        let mut replaced = Vec::with_capacity(text.len());
        let mut end = 0;
        for captures in self.matches(text) {
            let Some(whole) = captures.get(0) else { continue };
            replaced.extend_from_slice(&text[end..whole.start()]);
            replacement(&captures, &mut replaced);
            end = whole.end();
            if replaced.len() > most {
                return None;
            }
        }
        replaced.extend_from_slice(&text[end..]);
        (replaced.len() <= most).then_some(replaced)
    }

    /// The text with every match replaced. Nothing if it would be longer than that.
    pub(super) fn replace_literal(&self, text: &[u8], replacement: &[u8], most: usize) -> Option<Vec<u8>> {
        self.replace(text, most, |_, replaced| replaced.extend_from_slice(replacement))
    }

    /// The text with every match replaced by a template in which `$1` and `${name}` are groups. Nothing if it would
    /// be longer than that.
    pub(super) fn replace_template(&self, text: &[u8], template: &[u8], most: usize) -> Option<Vec<u8>> {
        self.replace(text, most, |captures, replaced| {
            self.expand(captures, template, replaced);
        })
    }

    fn expand(&self, captures: &Captures<'_>, template: &[u8], expanded: &mut Vec<u8>) {
        let mut rest = template;
        while let Some(at) = rest.iter().position(|byte| *byte == b'$') {
            expanded.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(b"$") {
                expanded.push(b'$');
                rest = after;
                continue;
            }
            let Some((name, after)) = group_name(rest) else {
                // It names nothing, so it is plain text.
                expanded.push(b'$');
                continue;
            };
            rest = after;
            if let Some(group) = self.group(captures, name) {
                expanded.extend_from_slice(group);
            }
        }
        expanded.extend_from_slice(rest);
    }

    /// What a group matched, by its number or name.
    fn group<'t>(&self, captures: &Captures<'t>, name: &[u8]) -> Option<&'t [u8]> {
        let name = std::str::from_utf8(name).ok()?;
        let is_number =
            name.bytes().all(|byte| byte.is_ascii_digit()) && (name.len() == 1 || !name.starts_with('0'));
        if is_number {
            return Some(captures.get(name.parse().ok()?)?.as_bytes());
        }
        let named = self
            .names
            .iter()
            .enumerate()
            .filter(|(_, known)| known.as_deref() == Some(name));
        named
            .filter_map(|(position, _)| captures.get(position + 1))
            .map(|group| group.as_bytes())
            .next()
    }

    /// The parts between matches, at most so many; a negative number is no limit. Zero is no parts at all.
    pub(super) fn split<'t>(&self, text: &'t [u8], limit: i64) -> Option<Vec<&'t [u8]>> {
        if limit == 0 {
            return None;
        }
        if !self.is_empty && text.is_empty() {
            return Some(vec![text]);
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut parts = Vec::new();
        let (mut start, mut end) = (0, 0);
        for found in self
            .matches(text)
            .filter_map(|captures| captures.get(0))
            .take(limit)
        {
            if parts.len() + 1 == limit {
                break;
            }
            end = found.start();
            if found.end() != 0 {
                parts.push(&text[start..end]);
            }
            start = found.end();
        }
        if end != text.len() {
            parts.push(&text[start..]);
        }
        Some(parts)
    }
}

/// Whether a position lies between the bytes of one character.
fn is_inside_character(text: &[u8], position: usize) -> bool {
    text.get(position).is_some_and(|byte| byte & 0xc0 == 0x80)
}

/// Where the character at a position ends; nothing at the end of the text.
fn after_character(text: &[u8], position: usize) -> Option<usize> {
    let rest = text.get(position + 1..)?;
    let inside = rest.iter().take_while(|byte| **byte & 0xc0 == 0x80).count();
    Some(position + 1 + inside)
}

/// The name after a dollar sign, in braces or not, and what follows it.
fn group_name(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let braced = text.strip_prefix(b"{");
    let text = braced.unwrap_or(text);
    let is_part = |character: char| is_letter(character) || is_digit(character) || character == '_';
    let length = runes(text)
        .take_while(|rune| rune.character.is_some_and(is_part))
        .map(|rune| rune.bytes.len())
        .sum::<usize>();
    let (name, rest) = text.split_at(length);
    match (name.is_empty(), braced) {
        (true, _) => None,
        (false, None) => Some((name, rest)),
        (false, Some(_)) => Some((name, rest.strip_prefix(b"}")?)),
    }
}
