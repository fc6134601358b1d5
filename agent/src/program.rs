//! From the words of a command line to an exit code. It must not know what any command does.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _};

use crate::arguments::Arguments;
use crate::exit::{Failure, Program};
use crate::{commands, log};

/// Runs the program with `words`, the first of which is the name it was called by.
pub(crate) fn run(words: &[OsString]) -> ExitCode {
    let program = called_as(words.first().map(OsString::as_os_str));
    let command = Arguments::command().name(program.name()).bin_name(program.name());
    let arguments = command
        .try_get_matches_from(words)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    match arguments {
        Ok(arguments) => perform(program, arguments),
        Err(error) => refused(program, words, &error),
    }
}

/// Blueprints written for Kanister call `kando` and know one exit code.
fn called_as(name: Option<&OsStr>) -> Program {
    let name = name.and_then(|name| Path::new(name).file_name());
    if name == Some(OsStr::new("kando")) {
        Program::Kando
    } else {
        Program::Agent
    }
}

fn perform(program: Program, arguments: Arguments) -> ExitCode {
    let Arguments {
        verbosity,
        version,
        command,
    } = arguments;
    log::start(verbosity);
    program.exit(match command {
        _ if version => commands::print_version(),
        Some(command) => commands::run(command),
        None => print_help(program),
    })
}

fn print_help(program: Program) -> Result<(), Failure> {
    let help = Arguments::command().name(program.name()).render_help();
    write!(std::io::stdout(), "{help}").map_err(Failure::stdout)
}

/// Help was asked for, or the words make no sense.
fn refused(program: Program, words: &[OsString], error: &clap::Error) -> ExitCode {
    if error.kind() == ErrorKind::DisplayHelp {
        return program.exit(error.print().map_err(Failure::stdout));
    }
    // A profile whose secret holds a quote is torn into several words by the shell, and clap's text would show them.
    let may_show_a_secret = words.iter().any(|word| word.as_encoded_bytes().contains(&b'{'));
    program.exit(Err(Failure::unusable(if may_show_a_secret {
        format!("{}; see {} --help", error.kind(), program.name())
    } else {
        reason(&error.to_string())
    })))
}

/// The first paragraph of clap's text; what follows is usage, which the log of a pod has no room for.
fn reason(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let paragraph = text.split("\n\n").next().unwrap_or(text);
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}
