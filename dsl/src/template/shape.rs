//! The Go types that a template can meet, as static tables: names as Go prints them, fields, JSON names.
//!
//! One table drives field access, printing, JSON and the checks before a run. Must not know values.

use std::fmt;

use super::context;

/// The type of a value, of the elements of a list or map, or of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `interface {}`
    Any,
    /// `bool`
    Bool,
    /// A whole number.
    Int(Width),
    /// `float64`
    Float,
    /// `complex128`
    Complex,
    /// A string or a type made of one.
    Text(TextKind),
    /// A slice.
    List(&'static Self),
    /// A map from strings.
    Map(&'static Self),
    /// `v1alpha1.JSONMap`
    JsonMap,
    /// A struct.
    Struct(&'static StructType),
    /// A pointer to a struct.
    Pointer(&'static StructType),
    /// `*bool`
    BoolPointer,
    /// `time.Time`
    Time,
    /// `v1.Time`
    MetaTime,
    /// `time.Duration`
    Duration,
    /// `time.Month`
    Month,
    /// `time.Weekday`
    Weekday,
    /// `*time.Location`
    Location,
    /// `*semver.Version`
    Version,
}

/// The whole numbers that occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// `int`: literals and most results.
    Int,
    /// `int64`: JSON and arithmetic.
    Int64,
    /// `uint8`: a byte of a list of bytes.
    Uint8,
    /// `uint32`: one parameter of `derivePassword`.
    Uint32,
    /// `uint64`: inside of a moment, where only a wrong verb of `printf` shows it.
    Uint64,
}

/// The strings that occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    /// `string`
    Plain,
    /// `v1alpha1.LocationType`
    LocationType,
    /// `param.CredentialType`
    CredentialType,
    /// `v1.SecretType`
    SecretType,
}

impl TextKind {
    /// The name that Go prints.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "string",
            Self::LocationType => "v1alpha1.LocationType",
            Self::CredentialType => "param.CredentialType",
            Self::SecretType => "v1.SecretType",
        }
    }
}

impl Width {
    /// The name that Go prints.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
        }
    }

    /// Whether it has no sign.
    pub fn is_unsigned(self) -> bool {
        matches!(self, Self::Uint8 | Self::Uint32 | Self::Uint64)
    }
}

/// `string`
pub const TEXT: Type = Type::Text(TextKind::Plain);
/// `[]uint8`
pub const BYTES: Type = Type::List(&Type::Int(Width::Uint8));
/// `[]string`
pub const TEXTS: Type = Type::List(&TEXT);
/// `[]interface {}`
pub const ANYS: Type = Type::List(&Type::Any);
/// `map[string]interface {}`
pub const ANY_MAP: Type = Type::Map(&Type::Any);
/// `map[string]string`
pub const TEXT_MAP: Type = Type::Map(&TEXT);

/// A struct.
#[derive(Debug)]
pub struct StructType {
    /// As Go prints it, such as `param.Profile`.
    pub name: &'static str,
    /// In order of declaration.
    pub fields: &'static [Field],
}

/// Two struct types are the same if they are the same table.
impl PartialEq for StructType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for StructType {}

/// One field of a struct.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The Go name, which templates use.
    pub name: &'static str,
    /// The name in JSON.
    pub json: Json,
    /// Whether its own fields can be used as if they were fields of the outer struct.
    pub embedded: bool,
    /// The type of its value.
    pub ty: Type,
}

/// How a field appears in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Json {
    /// Always, under this name.
    Always(&'static str),
    /// Unless it is empty, under this name.
    UnlessEmpty(&'static str),
    /// Its own fields appear in its place.
    Inline,
    /// Never.
    Hidden,
}

impl StructType {
    /// The positions to walk to a field, through embedded structs if need be: the outermost wins.
    pub fn path_to(&self, name: &str) -> Option<(usize, Option<usize>)> {
        if let Some(position) = self.fields.iter().position(|field| field.name == name) {
            return Some((position, None));
        }
        self.fields
            .iter()
            .enumerate()
            .filter(|(_, field)| field.embedded)
            .find_map(|(outer, field)| {
                let Type::Struct(inner) = field.ty else {
                    return None;
                };
                let position = inner.fields.iter().position(|field| field.name == name)?;
                Some((outer, Some(position)))
            })
    }

    /// The type of a field, through embedded structs if need be.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        let (outer, inner) = self.path_to(name)?;
        let field = &self.fields[outer];
        match (inner, field.ty) {
            (Some(position), Type::Struct(embedded)) => Some(&embedded.fields[position]),
            _ => Some(field),
        }
    }

    /// Every name that a template may use after a value of this type.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for field in self.fields {
            names.push(field.name);
            if let (true, Type::Struct(inner)) = (field.embedded, field.ty) {
                names.extend(inner.fields.iter().map(|field| field.name));
            }
        }
        names
    }
}

impl Type {
    /// The type of what `.` is in arguments: `param.TemplateParams`.
    pub fn parameters() -> Self {
        Self::Struct(&context::TEMPLATE_PARAMS)
    }

    /// Whether nil is one of its values.
    pub fn can_be_nil(self) -> bool {
        matches!(self.kind(), "interface" | "map" | "ptr" | "slice")
    }

    /// What Go's reflection calls the kind.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Any => "interface",
            Self::Bool => "bool",
            Self::Int(width) => width.name(),
            Self::Float => "float64",
            Self::Complex => "complex128",
            Self::Text(_) => "string",
            Self::List(_) => "slice",
            Self::Map(_) | Self::JsonMap => "map",
            Self::Struct(_) | Self::Time | Self::MetaTime => "struct",
            Self::Pointer(_) | Self::BoolPointer | Self::Location | Self::Version => "ptr",
            Self::Duration => "int64",
            Self::Month | Self::Weekday => "int",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("interface {}"),
            Self::Bool => formatter.write_str("bool"),
            Self::Int(width) => formatter.write_str(width.name()),
            Self::Float => formatter.write_str("float64"),
            Self::Complex => formatter.write_str("complex128"),
            Self::Text(kind) => formatter.write_str(kind.name()),
            Self::List(element) => write!(formatter, "[]{element}"),
            Self::Map(value) => write!(formatter, "map[string]{value}"),
            Self::JsonMap => formatter.write_str("v1alpha1.JSONMap"),
            Self::Struct(kind) => formatter.write_str(kind.name),
            Self::Pointer(kind) => write!(formatter, "*{}", kind.name),
            Self::BoolPointer => formatter.write_str("*bool"),
            Self::Time => formatter.write_str("time.Time"),
            Self::MetaTime => formatter.write_str("v1.Time"),
            Self::Duration => formatter.write_str("time.Duration"),
            Self::Month => formatter.write_str("time.Month"),
            Self::Weekday => formatter.write_str("time.Weekday"),
            Self::Location => formatter.write_str("*time.Location"),
            Self::Version => formatter.write_str("*semver.Version"),
        }
    }
}
