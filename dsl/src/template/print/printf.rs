//! `printf`: the verbs of a format and what each of them takes.

use super::{Flags, Printer};
use crate::template::Value;
use crate::template::error::Limit;
use crate::template::function::Meter;
use crate::template::runes;

/// The largest width, precision or number of an operand that Go reads.
const LARGEST: i64 = 1_000_000;

/// A text by a format.
pub(crate) fn format(format: &[u8], operands: &[Value], meter: &mut Meter) -> Result<Vec<u8>, Limit> {
    let mut out = Vec::new();
    let mut run = Run {
        printer: Printer::new(&mut out, meter),
        format,
        at: 0,
        operands,
        next: 0,
        reordered: false,
        is_good: true,
    };
    run.all()?;
    Ok(out)
}

/// A format that is being carried out.
struct Run<'f, 'p> {
    printer: Printer<'p>,
    format: &'f [u8],
    /// The next byte of the format.
    at: usize,
    operands: &'f [Value],
    /// The next operand.
    next: usize,
    /// Whether an operand was chosen by its number, so that others may stay unused.
    reordered: bool,
    /// Whether the numbers of the present verb are fine.
    is_good: bool,
}

impl Run<'_, '_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    fn all(&mut self) -> Result<(), Limit> {
        while self.at < self.format.len() {
            let rest = &self.format[self.at..];
            let plain = rest.iter().position(|byte| *byte == b'%').unwrap_or(rest.len());
            self.printer.write(&rest[..plain])?;
            self.at += plain;
            if self.at < self.format.len() {
                self.at += 1;
                self.is_good = true;
                self.directive()?;
            }
        }
        self.extra()
    }

    /// Everything after one `%`.
    fn directive(&mut self) -> Result<(), Limit> {
        self.printer.flags = Flags::default();
        self.flags();
        let after_number = self.width()?;
        let after_number = self.precision(after_number)?;
        if !after_number {
            self.operand_number();
        }
        let Some(rune) = runes::runes(&self.format[self.at..]).next() else {
            return self.printer.write("%!(NOVERB)");
        };
        let verb = rune.or_replacement();
        self.at += rune.bytes.len();
        match self.operands.get(self.next) {
            _ if verb == '%' => self.printer.write("%"),
            _ if !self.is_good => self.printer.write(format!("%!{verb}(BADINDEX)")),
            None => self.printer.write(format!("%!{verb}(MISSING)")),
            Some(operand) => {
                self.next += 1;
                self.verb(operand, verb)
            }
        }
    }

    fn verb(&mut self, operand: &Value, verb: char) -> Result<(), Limit> {
        let flags = &mut self.printer.flags;
        if matches!(verb, 'v' | 'w') {
            flags.sharp_v = std::mem::take(&mut flags.sharp);
            flags.plus_v = std::mem::take(&mut flags.plus);
        }
        // Only errors can be wrapped, and no value is one.
        if verb == 'w' {
            self.printer.report_verb(operand, verb)
        } else {
            self.printer.argument(operand, verb)
        }
    }

    fn flags(&mut self) {
        while let Some(byte) = self.peek() {
            let flags = &mut self.printer.flags;
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => return,
            }
            self.at += 1;
        }
    }

    /// Reads a width. Tells whether the number of an operand stands directly before what follows.
    fn width(&mut self) -> Result<bool, Limit> {
        let after_number = self.operand_number();
        if self.peek() == Some(b'*') {
            self.at += 1;
            match self.take_number() {
                Some(width) => {
                    let flags = &mut self.printer.flags;
                    flags.width = usize::try_from(width.unsigned_abs()).ok();
                    if width < 0 {
                        flags.minus = true;
                        flags.zero = false;
                    }
                }
                None => self.printer.write("%!(BADWIDTH)")?,
            }
            return Ok(false);
        }
        self.printer.flags.width = self.digits();
        self.is_good &= !(after_number && self.printer.flags.width.is_some());
        Ok(after_number)
    }

    fn precision(&mut self, after_number: bool) -> Result<bool, Limit> {
        if self.peek() != Some(b'.') || self.at + 1 >= self.format.len() {
            return Ok(after_number);
        }
        self.at += 1;
        self.is_good &= !after_number;
        let after_number = self.operand_number();
        if self.peek() == Some(b'*') {
            self.at += 1;
            let precision = self.take_number().and_then(|number| usize::try_from(number).ok());
            self.printer.flags.precision = precision;
            if precision.is_none() {
                self.printer.write("%!(BADPREC)")?;
            }
            return Ok(false);
        }
        self.printer.flags.precision = Some(self.digits().unwrap_or(0));
        Ok(after_number)
    }

    /// Digits of the format. A number that is too large spoils the rest of the format.
    fn digits(&mut self) -> Option<usize> {
        let mut number: Option<i64> = None;
        while let Some(byte @ b'0'..=b'9') = self.peek() {
            if number.is_some_and(|number| number > LARGEST) {
                self.at = self.format.len();
                return None;
            }
            number = Some(number.unwrap_or(0) * 10 + i64::from(byte - b'0'));
            self.at += 1;
        }
        number.and_then(|number| usize::try_from(number).ok())
    }

    /// The next operand as a whole number.
    fn take_number(&mut self) -> Option<i64> {
        let operand = self.operands.get(self.next)?;
        self.next += 1;
        let number = match operand {
            Value::Int(number, _) | Value::Duration(number) => *number,
            Value::Month(number) | Value::Weekday(number) => i64::from(*number),
            _ => return None,
        };
        (-LARGEST..=LARGEST).contains(&number).then_some(number)
    }

    /// Reads `[n]`. Tells whether it was there and could be read.
    fn operand_number(&mut self) -> bool {
        if self.peek() != Some(b'[') {
            return false;
        }
        self.reordered = true;
        let inner = &self.format[self.at + 1..];
        let Some(length) = inner
            .iter()
            .position(|byte| *byte == b']')
            .filter(|_| self.format.len() - self.at >= 3)
        else {
            self.is_good = false;
            self.at += 1;
            return false;
        };
        let number = std::str::from_utf8(&inner[..length])
            .ok()
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse::<usize>().ok());
        self.at += length + 2;
        match number {
            Some(number) if (1..=self.operands.len()).contains(&number) => self.next = number - 1,
            _ => self.is_good = false,
        }
        number.is_some()
    }

    /// Operands that no verb took.
    fn extra(&mut self) -> Result<(), Limit> {
        let left = self.operands.get(self.next..).unwrap_or_default();
        if self.reordered || left.is_empty() {
            return Ok(());
        }
        self.printer.flags = Flags::default();
        self.printer.write("%!(EXTRA ")?;
        for (position, operand) in left.iter().enumerate() {
            if position > 0 {
                self.printer.write(", ")?;
            }
            if matches!(operand, Value::Absent | Value::Nil) {
                self.printer.write("<nil>")?;
            } else {
                self.printer.write(operand.type_name())?;
                self.printer.write("=")?;
                self.printer.argument(operand, 'v')?;
            }
        }
        self.printer.write(")")
    }
}
