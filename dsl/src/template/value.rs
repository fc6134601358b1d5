//! The values of the language: everything that Go's reflection can tell apart in a template.
//!
//! Makes values from JSON in the three ways that Kanister makes them. Must not know the language's syntax.
//! No value shows its content in `Debug`: any of them can hold a secret.

mod collections;
pub(super) mod copy;
pub(super) mod equality;

use std::fmt;
use std::sync::Arc;

use super::context;
use super::semver::Version;
use super::shape::{BYTES, StructType, TEXT, TextKind, Type, Width};
use super::time::{Time, Zone, format_duration, month_name, weekday_name};

pub use collections::{List, Map};
pub use context::Error as ContextError;

/// A value.
#[derive(Clone)]
pub enum Value {
    /// No value at all: what a missing key gives outside of strict mode, or a nil that passed through a
    /// pipeline. Prints `<no value>`.
    Absent,
    /// A nil that stands where any value may stand.
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number. The width decides what it may be passed to.
    Int(i64, Width),
    /// A number with a fraction.
    Float(f64),
    /// A number with an imaginary part. Only literals make one.
    Complex(f64, f64),
    /// A string of any bytes, or a type made of one.
    Text(Arc<[u8]>, TextKind),
    /// A list of bytes, nil or not: what a Secret holds.
    Bytes(Option<Arc<[u8]>>),
    /// A list.
    List(Arc<List>),
    /// A map from strings. Clones share it, so that `set` is seen by all.
    Map(Arc<Map>),
    /// A struct.
    Struct(Arc<Structure>),
    /// A pointer to a struct, nil or not.
    Pointer(&'static StructType, Option<Arc<Structure>>),
    /// A pointer to a boolean, nil or not.
    BoolPointer(Option<bool>),
    /// A moment.
    Time(Arc<Time>),
    /// A moment in the wrapper that Kubernetes puts around it.
    MetaTime(Arc<Time>),
    /// Nanoseconds.
    Duration(i64),
    /// January is 1.
    Month(u8),
    /// Sunday is 0.
    Weekday(u8),
    /// Where a moment is shown.
    Location(Arc<Zone>),
    /// A semantic version.
    Version(Arc<Version>),
}

/// A struct: its type and a value for each field of the type, in order.
pub struct Structure {
    /// The table of its fields.
    pub kind: &'static StructType,
    /// As many as the table has.
    pub fields: Vec<Value>,
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Value({})", self.type_name())
    }
}

impl fmt::Debug for Structure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Structure({})", self.kind.name)
    }
}

impl Value {
    /// Text that is known to be plain.
    pub fn text(text: impl AsRef<[u8]>) -> Self {
        Self::Text(text.as_ref().into(), TextKind::Plain)
    }

    /// An `int`.
    pub fn int(number: i64) -> Self {
        Self::Int(number, Width::Int)
    }

    /// An `int64`.
    pub fn int64(number: i64) -> Self {
        Self::Int(number, Width::Int64)
    }

    /// A list of anything.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Arc::new(List::new(&Type::Any, items)))
    }

    /// A list of strings.
    pub fn texts<T: AsRef<[u8]>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(Arc::new(List::new(
            &TEXT,
            items.into_iter().map(Self::text).collect(),
        )))
    }

    /// A map from strings to anything.
    pub fn map(entries: impl IntoIterator<Item = (Arc<[u8]>, Self)>) -> Self {
        Self::Map(Arc::new(Map::new(&Type::Any, entries)))
    }

    /// The value of an unused slot of this type.
    pub fn zero(ty: Type) -> Self {
        match ty {
            Type::Any => Self::Nil,
            Type::Bool => Self::Bool(false),
            Type::Int(width) => Self::Int(0, width),
            Type::Float => Self::Float(0.0),
            Type::Complex => Self::Complex(0.0, 0.0),
            Type::Text(kind) => Self::Text(Arc::from([]), kind),
            Type::List(&Type::Int(Width::Uint8)) => Self::Bytes(None),
            Type::List(element) => Self::List(Arc::new(List::nil(element))),
            Type::Map(value) => Self::Map(Arc::new(Map::nil(value))),
            Type::JsonMap => Self::Map(Arc::new(Map::nil_json())),
            Type::Struct(kind) => Self::Struct(Arc::new(Structure {
                kind,
                fields: kind.fields.iter().map(|field| Self::zero(field.ty)).collect(),
            })),
            Type::Pointer(kind) => Self::Pointer(kind, None),
            Type::BoolPointer => Self::BoolPointer(None),
            Type::Time => Self::Time(Arc::new(Time::ZERO)),
            Type::MetaTime => Self::MetaTime(Arc::new(Time::ZERO)),
            Type::Duration => Self::Duration(0),
            Type::Month => Self::Month(0),
            Type::Weekday => Self::Weekday(0),
            Type::Location => Self::Location(Arc::new(Zone::Utc)),
            Type::Version => Self::Version(Arc::new(Version::default())),
        }
    }

    /// The type, which a nil has only in a typed slot.
    pub fn type_of(&self) -> Option<Type> {
        Some(match self {
            Self::Absent | Self::Nil => return None,
            Self::Bool(_) => Type::Bool,
            Self::Int(_, width) => Type::Int(*width),
            Self::Float(_) => Type::Float,
            Self::Complex(..) => Type::Complex,
            Self::Text(_, kind) => Type::Text(*kind),
            Self::Bytes(_) => BYTES,
            Self::List(list) => list.ty(),
            Self::Map(map) => map.ty(),
            Self::Struct(structure) => Type::Struct(structure.kind),
            Self::Pointer(kind, _) => Type::Pointer(kind),
            Self::BoolPointer(_) => Type::BoolPointer,
            Self::Time(_) => Type::Time,
            Self::MetaTime(_) => Type::MetaTime,
            Self::Duration(_) => Type::Duration,
            Self::Month(_) => Type::Month,
            Self::Weekday(_) => Type::Weekday,
            Self::Location(_) => Type::Location,
            Self::Version(_) => Type::Version,
        })
    }

    /// The name of the type as Go prints it; `<nil>` if there is none.
    pub fn type_name(&self) -> String {
        self.type_of()
            .map_or_else(|| "<nil>".to_owned(), |ty| ty.to_string())
    }

    /// Whether `if` takes it for true: anything but a zero, an empty collection and nil.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Absent | Self::Nil => false,
            Self::Bool(truth) => *truth,
            Self::Int(number, _) | Self::Duration(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
            Self::Text(text, _) => !text.is_empty(),
            Self::Bytes(bytes) => bytes.as_ref().is_some_and(|bytes| !bytes.is_empty()),
            Self::List(list) => !list.items().is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Pointer(_, target) => target.is_some(),
            Self::BoolPointer(target) => target.is_some(),
            Self::Month(number) | Self::Weekday(number) => *number != 0,
            Self::Struct(_) | Self::Time(_) | Self::MetaTime(_) | Self::Location(_) | Self::Version(_) => {
                true
            }
        }
    }

    /// Whether it is nil: no value, or a nil of a type that has one.
    pub fn is_nil(&self) -> bool {
        match self {
            Self::Absent | Self::Nil => true,
            Self::Bytes(bytes) => bytes.is_none(),
            Self::List(list) => list.is_nil(),
            Self::Map(map) => map.is_nil(),
            _ => self.is_nil_pointer(),
        }
    }

    /// Whether it is a pointer, or a place for anything, that holds nothing.
    pub fn is_nil_pointer(&self) -> bool {
        matches!(self, Self::Nil | Self::Pointer(_, None) | Self::BoolPointer(None))
    }

    /// Whether it is nil in an entry of a map, where pointers do not count.
    pub fn is_nil_entry(&self) -> bool {
        self.is_nil() && !matches!(self, Self::Pointer(..) | Self::BoolPointer(_))
    }

    /// Whether it can hold other values in any number.
    pub fn is_collection(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_))
    }

    /// The bytes of a plain string.
    pub fn as_text(&self) -> Option<&[u8]> {
        match self {
            Self::Text(text, TextKind::Plain) => Some(text),
            _ => None,
        }
    }

    /// The elements, if it is a list, also of bytes.
    pub fn elements(&self) -> Option<Vec<Self>> {
        match self {
            Self::List(list) => Some(list.items().to_vec()),
            Self::Bytes(bytes) => {
                let bytes = bytes.as_deref().unwrap_or_default();
                Some(
                    bytes
                        .iter()
                        .map(|byte| Self::Int((*byte).into(), Width::Uint8))
                        .collect(),
                )
            }
            _ => None,
        }
    }
}

/// What the method `String` of a value gives, for the types that have it.
pub(super) fn string_method(value: &Value) -> Option<String> {
    match value {
        Value::Time(time) | Value::MetaTime(time) => Some(time.to_string()),
        Value::Duration(nanoseconds) => Some(format_duration(*nanoseconds)),
        Value::Month(month) => Some(month_name(*month)),
        Value::Weekday(weekday) => Some(weekday_name(*weekday)),
        Value::Location(zone) => Some(zone.name()),
        Value::Version(version) => Some(version.to_string()),
        _ => None,
    }
}

impl Value {
    /// A value in which objects are maps of anything, null is nil, and a number is whole if it is written so and fits.
    pub fn from_json(json: &serde_json::Value) -> Self {
        context::from_json(json)
    }

    /// The same with every number a fraction, as `WaitV2` conditions see an object.
    pub fn printer(json: &serde_json::Value) -> Self {
        context::printer(json)
    }

    /// The data of a blueprint's templates: a `TemplateParams` from JSON whose names are those of its table. What is
    /// missing has its zero value.
    pub fn parameters(json: &serde_json::Value) -> Result<Self, ContextError> {
        context::parameters(json)
    }
}
