//! Fields of structs, keys of maps and methods.

use super::{Evaluated, Run};
use crate::template::ast::{Operand, Segment};
use crate::template::error::{Error, Kind};
use crate::template::shape::StructType;
use crate::template::value::Structure;
use crate::template::{MissingKey, Value, methods};

impl<'t> Run<'t, '_, '_> {
    /// Walks the path of an operand. Arguments go to the last segment, which must be a method then.
    pub(super) fn walk_path(
        &mut self,
        base: Value,
        operand: &'t Operand,
        arguments: &'t [Operand],
        piped: Option<Value>,
        dot: &Value,
    ) -> Evaluated<Value> {
        let mut value = base;
        let (last, path) = operand.path.split_last().expect("the path has a segment");
        for segment in path {
            value = self.segment(value, segment, operand, (&[], None), dot)?;
        }
        self.segment(value, last, operand, (arguments, piped), dot)
    }

    fn segment(
        &mut self,
        receiver: Value,
        segment: &'t Segment,
        operand: &Operand,
        (arguments, piped): (&'t [Operand], Option<Value>),
        dot: &Value,
    ) -> Evaluated<Value> {
        if let Some(method) = methods::find(&receiver, &segment.name) {
            return self.call_method(method, receiver, (arguments, piped), dot, segment.span);
        }
        let has_arguments = !arguments.is_empty() || piped.is_some();
        match &receiver {
            Value::Absent if self.settings.missing_key == MissingKey::Error => Err(self.missing_key(segment)),
            Value::Absent => Ok(Value::Absent),
            Value::Nil => Err(self.nil_pointer(segment, operand, "interface {}".to_owned())),
            Value::Map(map) => {
                if has_arguments {
                    return Err(self.not_a_function(segment));
                }
                match (map.get(segment.name.as_bytes()), self.settings.missing_key) {
                    (Some(value), _) => Ok(value),
                    (None, MissingKey::Error) => Err(self.missing_key(segment)),
                    (None, MissingKey::Zero) => Ok(Value::zero(*map.value())),
                    (None, MissingKey::Default) => Ok(Value::Absent),
                }
            }
            Value::Struct(structure) | Value::Pointer(_, Some(structure)) => {
                let Some(value) = structure.field(&segment.name) else {
                    return Err(self.no_field(segment, operand, &receiver, Some(structure.kind)));
                };
                if has_arguments {
                    Err(self.not_a_function(segment))
                } else {
                    Ok(value)
                }
            }
            Value::Pointer(kind, None) if kind.path_to(&segment.name).is_none() => {
                Err(self.no_field(segment, operand, &receiver, Some(kind)))
            }
            Value::Pointer(_, None) | Value::BoolPointer(None) => {
                Err(self.nil_pointer(segment, operand, receiver.type_name()))
            }
            _ => Err(self.no_field(segment, operand, &receiver, None)),
        }
    }

    fn missing_key(&self, segment: &Segment) -> Box<Error> {
        self.error(
            Kind::MissingKey {
                key: segment.name.to_string(),
            },
            segment.span,
        )
    }

    /// What stands before a segment, as written.
    fn path_before(&self, segment: &Segment, operand: &Operand) -> String {
        let start = operand.span.range().start;
        let before = &self.tree.source[start..segment.span.range().start];
        match before.trim_end_matches('.') {
            "" => ".".to_owned(),
            path => path.to_owned(),
        }
    }

    fn nil_pointer(&self, segment: &Segment, operand: &Operand, type_name: String) -> Box<Error> {
        let path = self.path_before(segment, operand);
        self.error(
            Kind::NilPointer {
                path,
                field: segment.name.to_string(),
                type_name,
            },
            segment.span,
        )
    }

    fn not_a_function(&self, segment: &Segment) -> Box<Error> {
        self.error(
            Kind::NotAFunction {
                name: segment.name.to_string(),
            },
            segment.span,
        )
    }

    fn no_field(
        &self,
        segment: &Segment,
        operand: &Operand,
        receiver: &Value,
        structure: Option<&'static StructType>,
    ) -> Box<Error> {
        let kind = Kind::NoField {
            path: self.path_before(segment, operand),
            field: segment.name.to_string(),
            type_name: receiver.type_name(),
            structure,
        };
        self.error(kind, segment.span)
    }
}

impl Structure {
    /// The value of a field, through embedded structs if need be.
    pub fn field(&self, name: &str) -> Option<Value> {
        let (outer, inner) = self.kind.path_to(name)?;
        match (&self.fields[outer], inner) {
            (Value::Struct(embedded), Some(position)) => Some(embedded.fields[position].clone()),
            (value, _) => Some(value.clone()),
        }
    }
}
