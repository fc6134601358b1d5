//! One file per command; this file only lists them.

pub(crate) mod check;
pub(crate) mod completion;
pub(crate) mod controller;
pub(crate) mod demo;
pub(crate) mod plan;
pub(crate) mod run;
pub(crate) mod watch;

use std::process::ExitCode;

use crate::args::{Arguments, Command};
use crate::error::{Error, Kind};

/// Runs the command that was asked for.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    let Arguments { color, command } = arguments;
    match command {
        Command::Check(arguments) => check::run(&arguments, color),
        Command::Plan(arguments) => plan::run(&arguments, color),
        Command::Run(arguments) => wait_for(run::run(&arguments)),
        Command::Watch(arguments) => wait_for(watch::run(&arguments)),
        Command::Demo(arguments) => wait_for(demo::run(&arguments)),
        Command::Controller(arguments) => wait_for(controller::run(*arguments)),
        Command::Completion(arguments) => completion::run(&arguments),
    }
}

/// Runs a command that talks to a cluster.
fn wait_for(command: impl Future<Output = Result<ExitCode, Error>>) -> Result<ExitCode, Error> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Error::new(Kind::Failed, format!("failed to start: {error}")))?;
    runtime.block_on(command)
}
