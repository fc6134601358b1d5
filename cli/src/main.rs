//! The person's command: reads arguments, runs one command, turns an error into text and an exit code.
//! Must not know how to reconcile, or how a template is evaluated.

mod args;
mod cluster;
mod commands;
mod error;
mod follow;
mod input;
mod render;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = args::read();
    let color = arguments.color;
    match commands::run(arguments) {
        Ok(code) => code,
        Err(error) => error.report(color),
    }
}
