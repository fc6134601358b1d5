//! Flags, width and precision: what `printf` can ask for besides a verb, for whole numbers, text and fractions.

use super::{Printer, float, quote};
use crate::template::error::Limit;
use crate::template::runes;

/// What stands between `%` and the verb.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag that a format sets by itself"
)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) plus: bool,
    pub(super) minus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v`
    pub(super) plus_v: bool,
    /// `%#v`
    pub(super) sharp_v: bool,
}

/// How a whole number is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Integer {
    pub(super) magnitude: u64,
    pub(super) negative: bool,
}

impl Printer<'_> {
    pub(super) fn write(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Limit> {
        let bytes = bytes.as_ref();
        self.meter.check_size(self.out.len() + bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn write_padding(&mut self, count: usize) -> Result<(), Limit> {
        self.meter.check_size(self.out.len().saturating_add(count))?;
        let byte = if self.flags.zero && !self.flags.minus {
            b'0'
        } else {
            b' '
        };
        self.out.extend(std::iter::repeat_n(byte, count));
        Ok(())
    }

    /// Writes something in the width that was asked for.
    pub(super) fn pad(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Limit> {
        let bytes = bytes.as_ref();
        let missing = self
            .flags
            .width
            .map_or(0, |width| width.saturating_sub(runes::count(bytes)));
        if !self.flags.minus {
            self.write_padding(missing)?;
        }
        self.write(bytes)?;
        if self.flags.minus {
            self.write_padding(missing)?;
        }
        Ok(())
    }

    /// The same with blanks in any case.
    fn pad_with_blanks(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Limit> {
        let zero = std::mem::take(&mut self.flags.zero);
        let result = self.pad(bytes);
        self.flags.zero = zero;
        result
    }

    /// `%s`
    pub(super) fn text(&mut self, text: &[u8]) -> Result<(), Limit> {
        self.pad(self.truncated(text))
    }

    /// The text up to the precision, which counts characters.
    fn truncated<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let Some(precision) = self.flags.precision else {
            return text;
        };
        let kept = runes::runes(text)
            .take(precision)
            .map(|rune| rune.bytes.len())
            .sum();
        &text[..kept]
    }

    /// `%q`
    pub(super) fn quoted(&mut self, text: &[u8]) -> Result<(), Limit> {
        let text = self.truncated(text);
        if self.flags.sharp && quote::can_backquote(text) {
            return self.pad([b"`", text, b"`"].concat());
        }
        self.pad(quote::quote(text, self.flags.plus))
    }

    /// `%x` of text and bytes.
    pub(super) fn hexadecimal(&mut self, bytes: &[u8], upper: bool) -> Result<(), Limit> {
        let bytes = &bytes[..bytes.len().min(self.flags.precision.unwrap_or(usize::MAX))];
        let prefix = match (self.flags.sharp, upper) {
            (false, _) => "",
            (true, false) => "0x",
            (true, true) => "0X",
        };
        let mut text = String::new();
        for (position, byte) in bytes.iter().enumerate() {
            match (position, self.flags.space) {
                (0, _) => text.push_str(prefix),
                (_, true) => {
                    text.push(' ');
                    text.push_str(prefix);
                }
                (_, false) => {}
            }
            let digits = if upper {
                b"0123456789ABCDEF"
            } else {
                b"0123456789abcdef"
            };
            text.push(digits[usize::from(byte >> 4)].into());
            text.push(digits[usize::from(byte & 15)].into());
        }
        self.pad(text)
    }

    /// A whole number in a base from 2 to 16.
    pub(super) fn integer(&mut self, number: Integer, base: u64, verb: char) -> Result<(), Limit> {
        let flags = self.flags;
        if flags.precision == Some(0) && number.magnitude == 0 {
            let zero = std::mem::take(&mut self.flags.zero);
            let result = self.write_padding(flags.width.unwrap_or(0));
            self.flags.zero = zero;
            return result;
        }
        let mut digits = digits_of(number.magnitude, base, verb == 'X');
        let has_sign = number.negative || flags.plus || flags.space;
        let wanted = match (flags.precision, flags.width) {
            (Some(precision), _) => precision,
            (None, Some(width)) if flags.zero && !flags.minus => width.saturating_sub(usize::from(has_sign)),
            (None, _) => 0,
        };
        self.meter.check_size(wanted)?;
        if wanted > digits.len() {
            digits.insert_str(0, &"0".repeat(wanted - digits.len()));
        }
        let prefix = match (flags.sharp, base) {
            (true, 2) => "0b",
            (true, 8) if !digits.starts_with('0') => "0",
            (true, 16) if verb == 'X' => "0X",
            (true, 16) => "0x",
            _ => "",
        };
        let octal = if verb == 'O' { "0o" } else { "" };
        let sign = match (number.negative, flags.plus, flags.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            (false, false, false) => "",
        };
        self.pad_with_blanks(format!("{sign}{octal}{prefix}{digits}"))
    }

    /// `%c`
    pub(super) fn character(&mut self, code: u64) -> Result<(), Limit> {
        self.pad(character_of(code).encode_utf8(&mut [0; 4]))
    }

    /// `%q` of a whole number.
    pub(super) fn quoted_character(&mut self, code: u64) -> Result<(), Limit> {
        self.pad(quote::quote_character(character_of(code), self.flags.plus))
    }

    /// `%U`
    pub(super) fn unicode(&mut self, code: u64) -> Result<(), Limit> {
        let precision = self.flags.precision.unwrap_or(4).max(4);
        self.meter.check_size(precision)?;
        let mut text = format!("U+{code:0precision$X}");
        let character = u32::try_from(code).ok().and_then(char::from_u32);
        if let (true, Some(character)) = (self.flags.sharp, character.filter(|one| runes::is_print(*one))) {
            text = format!("{text} '{character}'");
        }
        self.pad_with_blanks(text)
    }

    /// A number with a fraction.
    pub(super) fn float(&mut self, number: f64, verb: char, precision: Option<usize>) -> Result<(), Limit> {
        let flags = self.flags;
        let precision = flags.precision.or(precision);
        self.meter.check_size(precision.unwrap_or(0))?;
        let text = float::format(number, verb, precision);
        let (sign, body) = match text.strip_prefix(['-', '+']) {
            Some(body) => (if text.starts_with('-') { "-" } else { "+" }, body),
            None => ("+", &*text),
        };
        let sign = if flags.space && sign == "+" && !flags.plus {
            " "
        } else {
            sign
        };
        let is_special = body.starts_with(['I', 'N']);
        if is_special {
            let hides_sign = body.starts_with('N') && !flags.space && !flags.plus;
            let shown = if hides_sign { "" } else { sign };
            return self.pad_with_blanks(format!("{shown}{body}"));
        }
        let body = if flags.sharp && verb != 'b' {
            with_point(body, verb, precision)
        } else {
            body.to_owned()
        };
        if !flags.plus && sign == "+" {
            return self.pad(body);
        }
        match flags.width {
            Some(width) if flags.zero && !flags.minus && width > body.len() + 1 => {
                self.write(sign)?;
                self.write_padding(width - body.len() - 1)?;
                self.write(body)
            }
            _ => self.pad(format!("{sign}{body}")),
        }
    }
}

fn character_of(code: u64) -> char {
    u32::try_from(code)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn digits_of(mut magnitude: u64, base: u64, upper: bool) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(magnitude % base).unwrap_or(0);
        digits.push(char::from_digit(digit, 16).unwrap_or('0'));
        magnitude /= base;
        if magnitude == 0 {
            break;
        }
    }
    let digits: String = digits.into_iter().rev().collect();
    if upper { digits.to_uppercase() } else { digits }
}

/// `%#g` and the like: the point is always there and zeros at the end stay.
fn with_point(body: &str, verb: char, precision: Option<usize>) -> String {
    let mut missing = match verb {
        'v' | 'g' | 'G' | 'x' => precision.map_or(6, |precision| i64::try_from(precision).unwrap_or(0)),
        _ => 0,
    };
    let is_exponent = |character: char| match character {
        'p' | 'P' => true,
        'e' | 'E' => !matches!(verb, 'x' | 'X'),
        _ => false,
    };
    let (mantissa, tail) = body.split_at(body.find(is_exponent).unwrap_or(body.len()));
    let mut seen = false;
    for character in mantissa.chars().filter(|character| *character != '.') {
        seen |= character != '0';
        missing -= i64::from(seen);
    }
    let mut text = mantissa.to_owned();
    if !mantissa.contains('.') {
        if mantissa == "0" {
            missing -= 1;
        }
        text.push('.');
    }
    text.push_str(&"0".repeat(usize::try_from(missing).unwrap_or(0)));
    text + tail
}
