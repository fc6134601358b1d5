//! Compiles and renders one template of the Go dialect: what Kanister's blueprints are written in.
//!
//! The flow is `text → ast (parser) → Template → render → bytes`. Functions are resolved to their
//! declarations and variables to slots when the text is compiled, so what is left at rendering are mistakes
//! that only the data can show. Strictness is a parameter ([`Settings::missing_key`]), so there is one dialect.
//!
//! Must not know blueprints, YAML or Kubernetes. Time, randomness, environment and names of hosts are
//! arguments. The local time zone is UTC, as in every container.

pub mod ast;
mod base64;
mod builtins;
mod context;
mod error;
mod eval;
pub mod function;
mod json;
mod methods;
mod number;
mod parser;
mod print;
mod references;
mod regexp;
mod registry;
mod runes;
mod semver;
pub mod shape;
mod sprig;
mod time;
mod url;
pub mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use ast::Span;
pub use error::{Error, Failure, Kind, Limit, Stage};
pub use references::{Access, Reference, Segment};
pub use value::Value;

/// Which set of functions a template may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Functions {
    /// The built-in ones and Sprig 2.22.0 with Kanister's overrides: arguments, artifacts, object references and
    /// `Wait` conditions.
    Kanister,
    /// The built-in ones, `exists` and `base64decode`: `WaitV2` conditions.
    Printer,
}

/// What a field does that a map does not have. `index` gives the zero value in every mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingKey {
    /// It fails: arguments, artifacts, object references.
    Error,
    /// It gives the zero value of the map's type: `Wait` conditions.
    Zero,
    /// It gives no value, which has any field in turn: `WaitV2` conditions.
    Default,
}

/// Bounds on what one rendering may cost. Go has none; a controller needs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Steps: one for each operand, call, loop turn and element that a function visits.
    pub fuel: u64,
    /// Bytes of output, and of any single text that a function makes.
    pub output: usize,
    /// `template` actions within each other.
    pub depth: usize,
    /// Lists and maps within each other.
    pub value_depth: usize,
    /// Elements that one call of `until`, `untilStep`, `repeat`, `indent` or `rand…` may make.
    pub items: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 5_000_000,
            output: 16 << 20,
            depth: 100,
            value_depth: 100,
            items: 1 << 20,
        }
    }
}

/// All that a rendering needs besides the template and the data.
pub struct Settings<'a> {
    /// What a missing key does.
    pub missing_key: MissingKey,
    /// The present moment.
    pub now: jiff::Timestamp,
    /// The source of `rand…`, `shuffle`, `uuidv4`, keys and certificates.
    pub random: &'a mut dyn rand::CryptoRng,
    /// What `env` and `expandenv` see. Kanister shows its own environment there, which leaks secrets to
    /// whoever may write a blueprint; here only what is listed exists.
    pub environment: &'a BTreeMap<String, String>,
    /// The answer of `getHostByName` for names that are not addresses: an address, or nothing.
    pub resolve: &'a dyn Fn(&str) -> Option<String>,
    /// Bounds on the cost.
    pub limits: Limits,
}

static NO_ENVIRONMENT: BTreeMap<String, String> = BTreeMap::new();

impl<'a> Settings<'a> {
    /// The settings for arguments: a missing key is an error, there is no environment and no network.
    pub fn new(now: jiff::Timestamp, random: &'a mut dyn rand::CryptoRng) -> Self {
        Self {
            missing_key: MissingKey::Error,
            now,
            random,
            environment: &NO_ENVIRONMENT,
            resolve: &|_| None,
            limits: Limits::default(),
        }
    }
}

impl fmt::Debug for Settings<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("missing_key", &self.missing_key)
            .field("now", &self.now)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// One compiled template. Cloning shares it.
#[derive(Clone)]
pub struct Template {
    inner: Arc<ast::Tree>,
}

impl fmt::Debug for Template {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Template").field(&self.source()).finish()
    }
}

impl Template {
    /// Compiles a text. Unknown functions and variables are errors here, not when it is rendered.
    pub fn compile(text: &str, functions: Functions) -> Result<Self, Error> {
        Ok(Self {
            inner: Arc::new(parser::parse(text, functions)?),
        })
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// The tree, for whoever checks blueprints.
    pub fn ast(&self) -> &ast::Tree {
        &self.inner
    }

    /// Every path from the root that rendering may walk, in the order of the text.
    pub fn references(&self) -> Vec<Reference> {
        references::find(&self.inner)
    }

    /// Renders to text.
    pub fn render(&self, data: &Value, settings: &mut Settings<'_>) -> Result<String, Error> {
        let bytes = self.render_bytes(data, settings)?;
        String::from_utf8(bytes).map_err(|_not_text| Error {
            stage: Stage::Exec,
            kind: Kind::NotUtf8,
            span: Span::default(),
            line: 1,
        })
    }

    /// Renders to whatever bytes come out: a template can decode base64.
    pub fn render_bytes(&self, data: &Value, settings: &mut Settings<'_>) -> Result<Vec<u8>, Error> {
        eval::render(&self.inner, data, settings)
    }
}
