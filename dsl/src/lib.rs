//! Blueprint text in, checked blueprint out: `Source` → `Parsed` → `Checked`, or diagnostics.
//!
//! ```text
//! text          source   Source     JSON value and where each part of it stands
//!   parse       parsed   Parsed     what was written, field by field      + diagnostics
//!   check       checked  Checked    what it means; templates compiled     + diagnostics
//! ```
//!
//! Must not know that Kubernetes, time or randomness exists: what a template may see of them comes in as
//! arguments.

pub mod check;
pub mod checked;
pub mod diagnostic;
pub mod name;
pub mod parsed;
pub mod pointer;
pub mod signature;
pub mod source;
pub mod suggest;

pub use check::{Check, Mode, check};
pub use checked::Checked;
pub use diagnostic::Diagnostic;
pub use parsed::{Parsed, parse};
pub use signature::Signatures;
pub use source::Source;
