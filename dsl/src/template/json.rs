//! Values as JSON, as Go's `encoding/json` writes them: structs in the order of their fields, keys sorted, and
//! whatever could end a script in HTML escaped.

use super::Value;
use super::base64;
use super::error::Limit;
use super::function::Meter;
use super::print::float;
use super::runes::{self, runes};
use super::shape::Json;
use super::value::Structure;

/// On one line. What cannot be written gives nothing at all.
pub(super) fn compact(value: &Value, meter: &mut Meter) -> Result<Vec<u8>, Limit> {
    write(value, meter, None)
}

/// With a line for each element, indented by two blanks.
pub(super) fn pretty(value: &Value, meter: &mut Meter) -> Result<Vec<u8>, Limit> {
    write(value, meter, Some(0))
}

fn write(value: &Value, meter: &mut Meter, indent: Option<usize>) -> Result<Vec<u8>, Limit> {
    let mut writer = Writer {
        out: Vec::new(),
        meter,
        indent,
    };
    match writer.value(value, 0) {
        Ok(()) => Ok(writer.out),
        Err(Unwritable::Limited(limit)) => Err(limit),
        Err(Unwritable::Unsupported) => Ok(Vec::new()),
    }
}

/// Why a value has no JSON.
enum Unwritable {
    Limited(Limit),
    /// Numbers that are not finite or have an imaginary part, and moments outside of the years 0 to 9999.
    Unsupported,
}

impl From<Limit> for Unwritable {
    fn from(limit: Limit) -> Self {
        Self::Limited(limit)
    }
}

type Written = Result<(), Unwritable>;

struct Writer<'m> {
    out: Vec<u8>,
    meter: &'m mut Meter,
    /// How deeply the present line is indented, if there are lines.
    indent: Option<usize>,
}

impl Writer<'_> {
    fn push(&mut self, bytes: impl AsRef<[u8]>) -> Written {
        self.out.extend_from_slice(bytes.as_ref());
        Ok(self.meter.check_size(self.out.len())?)
    }

    fn value(&mut self, value: &Value, depth: usize) -> Written {
        self.meter.spend(1)?;
        self.meter.check_depth(depth)?;
        match value {
            Value::Absent | Value::Nil | Value::Pointer(_, None) | Value::BoolPointer(None) => {
                self.push("null")
            }
            Value::Bool(truth) | Value::BoolPointer(Some(truth)) => self.push(truth.to_string()),
            Value::Int(number, _) | Value::Duration(number) => self.push(number.to_string()),
            Value::Month(number) | Value::Weekday(number) => self.push(number.to_string()),
            Value::Float(number) => {
                let text = number_text(*number).ok_or(Unwritable::Unsupported)?;
                self.push(text)
            }
            Value::Complex(..) => Err(Unwritable::Unsupported),
            Value::Text(text, _) => self.text(text),
            Value::Bytes(None) => self.push("null"),
            Value::Bytes(Some(bytes)) => self.text(base64::encode(bytes).as_bytes()),
            Value::List(list) if list.is_nil() => self.push("null"),
            Value::List(list) => self.surrounded("[", "]", list.items(), |writer, item| {
                writer.value(item, depth + 1)
            }),
            Value::Map(map) if map.is_nil() => self.push("null"),
            Value::Map(map) => self.surrounded("{", "}", &map.entries(), |writer, (key, value)| {
                writer.key(key)?;
                writer.value(value, depth + 1)
            }),
            Value::Struct(structure) | Value::Pointer(_, Some(structure)) => self.structure(structure, depth),
            Value::Time(time) => {
                let text = time.json().ok_or(Unwritable::Unsupported)?;
                self.text(text.as_bytes())
            }
            Value::MetaTime(time) if time.is_zero() => self.push("null"),
            Value::MetaTime(time) => {
                let text = time
                    .in_zone(super::time::Zone::Utc)
                    .format("2006-01-02T15:04:05Z07:00");
                self.text(text.as_bytes())
            }
            Value::Version(version) => self.text(version.to_string().as_bytes()),
            Value::Location(_) => self.push("{}"),
        }
    }

    fn structure(&mut self, structure: &Structure, depth: usize) -> Written {
        let fields = visible(structure);
        self.surrounded("{", "}", &fields, |writer, (name, value)| {
            writer.key(name.as_bytes())?;
            writer.value(value, depth + 1)
        })
    }

    fn key(&mut self, key: &[u8]) -> Written {
        self.text(key)?;
        self.push(if self.indent.is_some() { ": " } else { ":" })
    }

    /// Elements between brackets. Without elements the brackets stay together.
    fn surrounded<T>(
        &mut self,
        open: &str,
        close: &str,
        elements: &[T],
        mut write: impl FnMut(&mut Self, &T) -> Written,
    ) -> Written {
        self.push(open)?;
        self.indent = self.indent.map(|indent| indent + 2);
        for (position, element) in elements.iter().enumerate() {
            if position > 0 {
                self.push(",")?;
            }
            self.line()?;
            write(self, element)?;
        }
        self.indent = self.indent.map(|indent| indent - 2);
        if !elements.is_empty() {
            self.line()?;
        }
        self.push(close)
    }

    fn line(&mut self) -> Written {
        match self.indent {
            Some(indent) => self.push(format!("\n{:indent$}", "")),
            None => Ok(()),
        }
    }

    fn text(&mut self, text: &[u8]) -> Written {
        self.meter.spend(text.len() / 64)?;
        self.push("\"")?;
        for rune in runes(text) {
            let Some(character) = rune.character else {
                self.push("\\ufffd")?;
                continue;
            };
            match character {
                '"' => self.push("\\\"")?,
                '\\' => self.push("\\\\")?,
                '\u{08}' => self.push("\\b")?,
                '\u{0c}' => self.push("\\f")?,
                '\n' => self.push("\\n")?,
                '\r' => self.push("\\r")?,
                '\t' => self.push("\\t")?,
                '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    self.push(format!("\\u{:04x}", u32::from(character)))?;
                }
                _ => runes::push(&mut self.out, character),
            }
        }
        self.push("\"")
    }
}

/// The fields of a struct that JSON shows, those of inlined structs in their place.
fn visible(structure: &Structure) -> Vec<(&'static str, &Value)> {
    let mut fields = Vec::new();
    for (field, value) in structure.kind.fields.iter().zip(&structure.fields) {
        match (field.json, value) {
            (Json::Inline, Value::Struct(inner)) => fields.append(&mut visible(inner)),
            (Json::Always(name), _) => fields.push((name, value)),
            (Json::UnlessEmpty(name), _) if !is_empty(value) => fields.push((name, value)),
            (Json::UnlessEmpty(_) | Json::Inline | Json::Hidden, _) => {}
        }
    }
    fields
}

/// Whether a field that may be left out is: structs never.
fn is_empty(value: &Value) -> bool {
    !value.is_true()
}

/// A number as JavaScript writes it: with an exponent from 1e21 on and below 1e-6.
fn number_text(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    let magnitude = number.abs();
    if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        return Some(float::format(number, 'f', None));
    }
    let text = float::format(number, 'e', None);
    Some(match text.split_once("e-0") {
        Some((mantissa, exponent)) => format!("{mantissa}e-{exponent}"),
        None => text,
    })
}
