//! The developer's commands. One file per command; this file only lists them.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod vectors;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Developer commands of mainstay", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run every template vector of a folder and print what fails.
    Vectors(vectors::Arguments),
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().command {
        Command::Vectors(arguments) => vectors::run(&arguments),
    }
}
