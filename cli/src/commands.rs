//! One file per command; this file only lists them.

pub mod check;
pub mod completion;

use std::process::ExitCode;

use crate::args::{Arguments, Command};
use crate::error::Error;

/// Runs the command that was asked for.
pub fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    let Arguments { color, command } = arguments;
    match command {
        Command::Check(arguments) => check::run(&arguments, color),
        Command::Completion(arguments) => completion::run(&arguments),
    }
}
