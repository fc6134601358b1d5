//! `mainstay completion SHELL`: the script that makes a shell complete this command.

use std::io::Write as _;
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::error::{Error, output};

/// Arguments of `completion`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Prints the script.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut crate::args::Arguments::command(),
        "mainstay",
        &mut script,
    );
    std::io::stdout()
        .lock()
        .write_all(&script)
        .map_err(|error| output(&error))?;
    Ok(ExitCode::SUCCESS)
}
