//! `output`: one phase-output line.

use std::io::{self, Write as _};

use crate::exit::Failure;
use crate::phase_output;

/// Prints the line for `key` and `value`.
pub(crate) fn run(key: &str, value: &str) -> Result<(), Failure> {
    if !phase_output::is_key(key) {
        return Err(Failure::unusable(format!(
            "key {key:?} is not made of letters, digits and underscores"
        )));
    }
    print(key, value)
}

/// Prints the line for a key that is known to be one.
pub(super) fn print(key: &str, value: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    output
        .write_all(phase_output::line(key, value).as_bytes())
        .and_then(|()| output.flush())
        .map_err(Failure::stdout)
}
