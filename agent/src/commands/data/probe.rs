//! `data probe`: tells whoever is about to send work that this program takes it. Kanister's kando fails instead.

use std::io::{self, Write as _};

use crate::exit::Failure;

/// Grows when the data commands change in a way that older callers cannot know.
const PROTOCOL: u32 = 1;

/// Prints the protocol's number as JSON.
pub(super) fn run() -> Result<(), Failure> {
    writeln!(io::stdout(), "{}", serde_json::json!({"protocol": PROTOCOL})).map_err(Failure::stdout)
}
