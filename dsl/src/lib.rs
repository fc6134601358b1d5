//! Blueprint text in, checked blueprint out: `Source` → `Parsed` → `Checked`, or diagnostics.
//!
//! Must not know that Kubernetes, time or randomness exists: what a template may see of them comes in as
//! arguments.

pub mod checked;
pub mod name;
pub mod signature;
