//! Kanister's way into a container without our agent: its own `restic`, run by its own `bash`.
//!
//! Scripts and what their output means; pure. Must not know how a script reaches the container, save that it does so
//! on standard input: what it exports is never part of a command line.

mod log;
mod script;

pub(crate) use log::{Backup, is_without_repository, snapshot_ids};
pub(crate) use script::{COMMAND, Script};
