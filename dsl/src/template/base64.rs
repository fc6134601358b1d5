//! Base64 as Go decodes it: line ends are skipped, padding is obligatory, and an error tells the byte.

use std::fmt;

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;

/// The first byte that does not belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Corrupt(usize);

impl fmt::Display for Corrupt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "illegal base64 data at input byte {}", self.0)
    }
}

/// Bytes as text.
pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Text as bytes.
pub(super) fn decode(text: &[u8]) -> Result<Vec<u8>, Corrupt> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut symbols = text
        .iter()
        .enumerate()
        .filter(|(_, byte)| !matches!(byte, b'\r' | b'\n'))
        .peekable();
    while symbols.peek().is_some() {
        let mut sextets = [0u8; 4];
        let mut count = 0;
        while count < 4 {
            match symbols.next() {
                // The group is cut off: Go blames its first byte.
                None => return Err(Corrupt(text.len() - count)),
                Some((at, b'=')) => {
                    finish(text, at, count, &mut symbols)?;
                    break;
                }
                Some((at, byte)) => {
                    sextets[count] = sextet(*byte).ok_or(Corrupt(at))?;
                    count += 1;
                }
            }
        }
        let [a, b, c, d] = sextets;
        let all = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
        bytes.extend_from_slice(&all[..count - 1]);
    }
    Ok(bytes)
}

/// The padding: one or two signs, and nothing after it.
fn finish<'t>(
    text: &[u8],
    at: usize,
    count: usize,
    symbols: &mut impl Iterator<Item = (usize, &'t u8)>,
) -> Result<(), Corrupt> {
    if count < 2 {
        return Err(Corrupt(at));
    }
    if count == 2 {
        match symbols.next() {
            None => return Err(Corrupt(text.len())),
            Some((_, b'=')) => {}
            Some((at, _)) => return Err(Corrupt(at - 1)),
        }
    }
    match symbols.next() {
        None => Ok(()),
        Some((at, _)) => Err(Corrupt(at)),
    }
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}
