//! `--version`: kando's JSON.

use std::io::{self, Write as _};

use crate::exit::Failure;

/// Prints version, commit and date of the build. Builds that were not told theirs leave them empty.
pub(crate) fn print() -> Result<(), Failure> {
    let version = serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "gitCommit": option_env!("MAINSTAY_BUILD_COMMIT").unwrap_or_default(),
        "buildDate": option_env!("MAINSTAY_BUILD_DATE").unwrap_or_default(),
    });
    writeln!(io::stdout(), "{version}").map_err(Failure::stdout)
}
