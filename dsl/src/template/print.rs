//! Values as text, as Go's `fmt` prints them: for actions, `print`, `printf` and every function that turns a value
//! into text.
//!
//! Must not know templates. All printing is metered: a value can be nested and shared so that its text is far
//! larger than it is.

pub(super) mod float;
mod layout;
mod printf;
pub(super) mod quote;

use super::error::Limit;
use super::function::Meter;
use super::shape::{BYTES, Type};
use super::value::{List, Map, Structure};
use super::{Value, value};

use layout::{Flags, Integer};

pub(super) use printf::format as printf;

/// What stands for the address of a value inside of another. Go prints where it lies in memory, which tells
/// nothing and differs each time.
const ADDRESS: u64 = 0xc0_0000_0000;

/// Prints the value of an action: a pointer shows what it points to, and no value says so.
pub(super) fn print_action(value: &Value, out: &mut Vec<u8>, meter: &mut Meter) -> Result<(), Limit> {
    let mut printer = Printer::new(out, meter);
    match value {
        Value::Absent => printer.write("<no value>"),
        _ => printer.argument(&dereferenced(value), 'v'),
    }
}

/// What a pointer points to; anything else as it is.
pub(super) fn dereferenced(value: &Value) -> Value {
    match value {
        Value::Pointer(_, Some(structure)) => Value::Struct(structure.clone()),
        Value::BoolPointer(Some(truth)) => Value::Bool(*truth),
        _ => value.clone(),
    }
}

/// `print`: spaces only between operands of which neither is text.
pub(super) fn print(values: &[Value], meter: &mut Meter) -> Result<Vec<u8>, Limit> {
    let mut out = Vec::new();
    let mut printer = Printer::new(&mut out, meter);
    let mut after_text = false;
    for (position, value) in values.iter().enumerate() {
        let is_text = matches!(value, Value::Text(..));
        if position > 0 && !is_text && !after_text {
            printer.write(" ")?;
        }
        printer.argument(value, 'v')?;
        after_text = is_text;
    }
    Ok(out)
}

/// `println`: spaces between all operands.
pub(super) fn print_line(values: &[Value], meter: &mut Meter) -> Result<Vec<u8>, Limit> {
    let mut out = Vec::new();
    let mut printer = Printer::new(&mut out, meter);
    for (position, value) in values.iter().enumerate() {
        if position > 0 {
            printer.write(" ")?;
        }
        printer.argument(value, 'v')?;
    }
    printer.write("\n")?;
    Ok(out)
}

/// One value with `%v`.
pub(super) fn plain(value: &Value, meter: &mut Meter) -> Result<Vec<u8>, Limit> {
    let mut out = Vec::new();
    Printer::new(&mut out, meter).argument(value, 'v')?;
    Ok(out)
}

/// Prints into a buffer with the flags of one verb.
struct Printer<'p> {
    out: &'p mut Vec<u8>,
    meter: &'p mut Meter,
    flags: Flags,
    /// While a wrong verb is reported, values do not print by their methods.
    is_reporting: bool,
}

impl<'p> Printer<'p> {
    fn new(out: &'p mut Vec<u8>, meter: &'p mut Meter) -> Self {
        Self {
            out,
            meter,
            flags: Flags::default(),
            is_reporting: false,
        }
    }

    /// An operand.
    fn argument(&mut self, value: &Value, verb: char) -> Result<(), Limit> {
        self.meter.spend(1)?;
        match (value, verb) {
            (Value::Absent | Value::Nil, 'T' | 'v') => self.pad("<nil>"),
            (_, 'T') => self.text(value.type_name().as_bytes()),
            (Value::Absent | Value::Nil, _) => self.report_verb(value, verb),
            (_, 'p') => self.pointer(value, 'p'),
            (Value::Bytes(bytes), _) => self.bytes(bytes.as_deref(), verb, "[]byte"),
            _ => self.nested(value, verb, 0),
        }
    }

    /// A value inside of another, or an operand at depth 0.
    fn nested(&mut self, value: &Value, verb: char, depth: usize) -> Result<(), Limit> {
        self.meter.spend(1)?;
        self.meter.check_depth(depth)?;
        if !self.is_reporting && self.by_method(value, verb)? {
            return Ok(());
        }
        match value {
            Value::Absent | Value::Nil if self.flags.sharp_v => self.write("interface {}(nil)"),
            Value::Absent | Value::Nil => self.write("<nil>"),
            Value::Bool(truth) => match verb {
                't' | 'v' => self.pad(if *truth { "true" } else { "false" }),
                _ => self.report_verb(value, verb),
            },
            Value::Int(number, width) => self.whole(value, *number, width.is_unsigned(), verb),
            Value::Duration(number) => self.whole(value, *number, false, verb),
            Value::Month(number) | Value::Weekday(number) => {
                self.whole(value, i64::from(*number), false, verb)
            }
            Value::Float(number) => self.fraction(value, *number, verb),
            Value::Complex(real, imaginary) => self.complex(value, *real, *imaginary, verb),
            Value::Text(text, _) => self.string(value, text, verb),
            Value::Bytes(bytes) => match verb {
                's' | 'q' | 'x' | 'X' => self.bytes(bytes.as_deref(), verb, "[]uint8"),
                _ => self.list_of_bytes(bytes.as_deref(), verb, depth),
            },
            Value::List(list) => self.list(list, verb, depth),
            Value::Map(map) => self.map(map, verb, depth),
            Value::Struct(structure) => self.structure(structure, verb, depth),
            Value::Pointer(_, Some(structure)) if depth == 0 => {
                self.write("&")?;
                self.structure(structure, verb, depth + 1)
            }
            Value::Version(version) if depth == 0 => {
                self.write("&")?;
                self.structure(&version.structure(), verb, depth + 1)
            }
            Value::Time(time) => self.structure(&time.structure(), verb, depth),
            Value::MetaTime(time) => {
                self.write("{")?;
                self.nested(&Value::Time(time.clone()), verb, depth + 1)?;
                self.write("}")
            }
            Value::Pointer(..) | Value::BoolPointer(_) | Value::Version(_) | Value::Location(_) => {
                self.pointer(value, verb)
            }
        }
    }

    /// Prints by `String` or `GoString`, for the types that have them and the verbs that use them.
    fn by_method(&mut self, value: &Value, verb: char) -> Result<bool, Limit> {
        if self.flags.sharp_v {
            if let Value::Time(time) | Value::MetaTime(time) = value {
                self.text(time.go_string().as_bytes())?;
                return Ok(true);
            }
            return Ok(false);
        }
        if !matches!(verb, 'v' | 's' | 'x' | 'X' | 'q') {
            return Ok(false);
        }
        let Some(text) = value::string_method(value) else {
            return Ok(false);
        };
        self.string(value, text.as_bytes(), verb)?;
        Ok(true)
    }

    /// What stands in the place of a value that cannot be printed with a verb.
    fn report_verb(&mut self, value: &Value, verb: char) -> Result<(), Limit> {
        self.write(format!("%!{verb}("))?;
        if matches!(value, Value::Absent | Value::Nil) {
            self.write("<nil>")?;
        } else {
            self.write(value.type_name())?;
            self.write("=")?;
            self.is_reporting = true;
            let result = self.nested(value, 'v', 0);
            self.is_reporting = false;
            result?;
        }
        self.write(")")
    }

    fn whole(&mut self, value: &Value, number: i64, unsigned: bool, verb: char) -> Result<(), Limit> {
        let integer = Integer {
            magnitude: number.unsigned_abs(),
            negative: number < 0,
        };
        // A negative number is no character; Go takes its bits for a huge one.
        let code = u64::try_from(number).unwrap_or(u64::MAX);
        match verb {
            'v' if self.flags.sharp_v && unsigned => self.address(integer.magnitude, true),
            'v' | 'd' => self.integer(integer, 10, verb),
            'b' => self.integer(integer, 2, verb),
            'o' | 'O' => self.integer(integer, 8, verb),
            'x' | 'X' => self.integer(integer, 16, verb),
            'c' => self.character(code),
            'q' => self.quoted_character(code),
            'U' => self.unicode(number.cast_unsigned()),
            _ => self.report_verb(value, verb),
        }
    }

    fn fraction(&mut self, value: &Value, number: f64, verb: char) -> Result<(), Limit> {
        match verb {
            'v' => self.float(number, 'g', None),
            'b' | 'g' | 'G' | 'x' | 'X' => self.float(number, verb, None),
            'f' | 'e' | 'E' => self.float(number, verb, Some(6)),
            'F' => self.float(number, 'f', Some(6)),
            _ => self.report_verb(value, verb),
        }
    }

    fn complex(&mut self, value: &Value, real: f64, imaginary: f64, verb: char) -> Result<(), Limit> {
        if !matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') {
            return self.report_verb(value, verb);
        }
        self.write("(")?;
        self.fraction(value, real, verb)?;
        let plus = std::mem::replace(&mut self.flags.plus, true);
        self.fraction(value, imaginary, verb)?;
        self.flags.plus = plus;
        self.write("i)")
    }

    fn string(&mut self, value: &Value, text: &[u8], verb: char) -> Result<(), Limit> {
        match verb {
            'v' if self.flags.sharp_v => self.quoted(text),
            'v' | 's' => self.text(text),
            'x' | 'X' => self.hexadecimal(text, verb == 'X'),
            'q' => self.quoted(text),
            _ => self.report_verb(value, verb),
        }
    }

    fn bytes(&mut self, bytes: Option<&[u8]>, verb: char, type_name: &str) -> Result<(), Limit> {
        let text = bytes.unwrap_or_default();
        self.meter.spend(text.len())?;
        match verb {
            'v' | 'd' if self.flags.sharp_v => {
                self.write(type_name)?;
                if bytes.is_none() {
                    return self.write("(nil)");
                }
                self.surrounded("{", ", ", "}", text, |printer, byte| {
                    printer.address((*byte).into(), true)
                })
            }
            'v' | 'd' => self.surrounded("[", " ", "]", text, |printer, byte| {
                printer.integer(
                    Integer {
                        magnitude: (*byte).into(),
                        negative: false,
                    },
                    10,
                    verb,
                )
            }),
            's' => self.text(text),
            'x' | 'X' => self.hexadecimal(text, verb == 'X'),
            'q' => self.quoted(text),
            _ => self.list_of_bytes(bytes, verb, 0),
        }
    }

    fn list_of_bytes(&mut self, bytes: Option<&[u8]>, verb: char, depth: usize) -> Result<(), Limit> {
        let elements = Value::Bytes(bytes.map(Into::into)).elements().unwrap_or_default();
        self.elements(BYTES, bytes.is_none(), &elements, verb, depth)
    }

    fn list(&mut self, list: &List, verb: char, depth: usize) -> Result<(), Limit> {
        self.elements(list.ty(), list.is_nil(), list.items(), verb, depth)
    }

    fn elements(
        &mut self,
        ty: Type,
        is_nil: bool,
        elements: &[Value],
        verb: char,
        depth: usize,
    ) -> Result<(), Limit> {
        if !self.flags.sharp_v {
            let print = |printer: &mut Self, element: &Value| printer.nested(element, verb, depth + 1);
            return self.surrounded("[", " ", "]", elements, print);
        }
        self.write(ty.to_string())?;
        if is_nil {
            return self.write("(nil)");
        }
        let print = |printer: &mut Self, element: &Value| printer.nested(element, verb, depth + 1);
        self.surrounded("{", ", ", "}", elements, print)
    }

    fn map(&mut self, map: &Map, verb: char, depth: usize) -> Result<(), Limit> {
        let is_source = self.flags.sharp_v;
        let (open, separator, close) = if is_source {
            ("{", ", ", "}")
        } else {
            ("map[", " ", "]")
        };
        if is_source {
            self.write(map.ty().to_string())?;
            if map.is_nil() {
                return self.write("(nil)");
            }
        }
        self.surrounded(open, separator, close, &map.entries(), |printer, (key, value)| {
            let name = Value::Text(key.clone(), super::shape::TextKind::Plain);
            printer.nested(&name, verb, depth + 1)?;
            printer.write(":")?;
            printer.nested(value, verb, depth + 1)
        })
    }

    fn structure(&mut self, structure: &Structure, verb: char, depth: usize) -> Result<(), Limit> {
        let (is_source, has_names) = (self.flags.sharp_v, self.flags.sharp_v || self.flags.plus_v);
        if is_source {
            self.write(structure.kind.name)?;
        }
        let fields: Vec<_> = structure.kind.fields.iter().zip(&structure.fields).collect();
        let separator = if is_source { ", " } else { " " };
        self.surrounded("{", separator, "}", &fields, |printer, (field, value)| {
            if has_names {
                printer.write(field.name)?;
                printer.write(":")?;
            }
            printer.nested(value, verb, depth + 1)
        })
    }

    fn surrounded<T>(
        &mut self,
        open: &str,
        separator: &str,
        close: &str,
        elements: &[T],
        mut print: impl FnMut(&mut Self, &T) -> Result<(), Limit>,
    ) -> Result<(), Limit> {
        self.write(open)?;
        for (position, element) in elements.iter().enumerate() {
            if position > 0 {
                self.write(separator)?;
            }
            print(self, element)?;
        }
        self.write(close)
    }

    /// A pointer, or the place of a list or map for `%p`.
    fn pointer(&mut self, value: &Value, verb: char) -> Result<(), Limit> {
        let is_nil = match value {
            Value::Pointer(_, target) => target.is_none(),
            Value::BoolPointer(target) => target.is_none(),
            Value::Map(map) => map.is_nil(),
            Value::List(list) => list.is_nil(),
            Value::Bytes(bytes) => bytes.is_none(),
            Value::Version(_) | Value::Location(_) => false,
            _ => return self.report_verb(value, verb),
        };
        let address = if is_nil { 0 } else { ADDRESS };
        match verb {
            'v' if self.flags.sharp_v => {
                self.write(format!("({})(", value.type_name()))?;
                if is_nil {
                    self.write("nil")?;
                } else {
                    self.address(address, true)?;
                }
                self.write(")")
            }
            'v' if is_nil => self.pad("<nil>"),
            'v' | 'p' => self.address(address, !self.flags.sharp),
            'b' | 'o' | 'd' | 'x' | 'X' => {
                let base = match verb {
                    'b' => 2,
                    'o' => 8,
                    'd' => 10,
                    _ => 16,
                };
                self.integer(
                    Integer {
                        magnitude: address,
                        negative: false,
                    },
                    base,
                    verb,
                )
            }
            _ => self.report_verb(value, verb),
        }
    }

    fn address(&mut self, number: u64, prefixed: bool) -> Result<(), Limit> {
        let sharp = std::mem::replace(&mut self.flags.sharp, prefixed);
        let result = self.integer(
            Integer {
                magnitude: number,
                negative: false,
            },
            16,
            'v',
        );
        self.flags.sharp = sharp;
        result
    }
}
