//! Semantic versions.

use std::sync::Arc;

use crate::template::Value;
use crate::template::function::{Function, Parameter, Stop};
use crate::template::semver::{Constraints, Version};

/// The family.
pub(super) static FUNCTIONS: [Function; 2] = [
    Function::new("semver", &[Parameter::TEXT], None, |_, arguments| {
        Ok(Value::Version(Arc::new(version(&arguments.lossy(0))?)))
    }),
    Function::new("semverCompare", &[Parameter::TEXT; 2], None, |_, arguments| {
        let constraints = Constraints::parse(&arguments.lossy(0))
            .map_err(|part| Stop::because(format!("improper constraint: {part}")))?;
        Ok(Value::Bool(constraints.allow(&version(&arguments.lossy(1))?)))
    }),
];

fn version(text: &str) -> Result<Version, Stop> {
    Version::parse(text).ok_or_else(|| Stop::because("Invalid Semantic Version"))
}
