//! One file per command; this file only lists them.

pub(crate) mod check;
pub(crate) mod completion;
pub(crate) mod plan;

use std::process::ExitCode;

use crate::args::{Arguments, Command};
use crate::error::Error;

/// Runs the command that was asked for.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    let Arguments { color, command } = arguments;
    match command {
        Command::Check(arguments) => check::run(&arguments, color),
        Command::Plan(arguments) => plan::run(&arguments, color),
        Command::Completion(arguments) => completion::run(&arguments),
    }
}
