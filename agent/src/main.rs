//! The program inside pods: `mainstay-agent`, and `kando` when it is called by that name.
//!
//! ```text
//! argv ─ program::Program::of ─▶ who was called ─ arguments ─▶ Command ─ commands::run ─▶ Outcome ─ exit ─▶ code
//! ```

mod access;
mod arguments;
mod commands;
mod exit;
mod log;
mod phase_output;
mod program;
mod progress;
mod signals;

use std::process::ExitCode;

fn main() -> ExitCode {
    program::run(&std::env::args_os().collect::<Vec<_>>())
}
