//! The developer's commands. One file per command; this file only lists them.
#![expect(clippy::print_stdout, reason = "these are programs for a terminal")]

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod crds;
mod tidy;
mod vectors;

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    about = "Developer commands of mainstay",
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the custom resource definitions to deploy/crds.
    Crds(crds::Arguments),
    /// Check the rules of the source tree.
    Tidy,
    /// Run every template vector of a folder and print what fails.
    Vectors(vectors::Arguments),
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().command {
        Command::Crds(arguments) => crds::run(&arguments),
        Command::Tidy => tidy::run(),
        Command::Vectors(arguments) => vectors::run(&arguments),
    }
}
