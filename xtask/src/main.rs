//! The developer's commands. One file per command; this file only lists them.
#![expect(clippy::print_stdout, reason = "these are programs for a terminal")]

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bed;
mod ci;
mod cluster;
mod crds;
mod demo;
mod e2e;
mod images;
mod replay;
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
    /// Run every check and every test.
    Ci,
    /// Bring a real one-node Kubernetes up and down.
    Cluster(cluster::Arguments),
    /// Write the custom resource definitions to deploy/crds.
    Crds(crds::Arguments),
    /// Show the main job on a test bed: a backup and a restore of a database and of files.
    Demo(demo::Arguments),
    /// Run the tests on real servers.
    E2e(e2e::Arguments),
    /// Make container images without a registry.
    Images(images::Arguments),
    /// Play recorded ActionSets with our controller.
    Replay(replay::Arguments),
    /// Check the rules of the source tree.
    Tidy,
    /// Run every template vector of a folder and print what fails.
    Vectors(vectors::Arguments),
}

fn main() -> anyhow::Result<ExitCode> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .init();
    match Arguments::parse().command {
        Command::Ci => ci::run(),
        Command::Cluster(arguments) => cluster::run(&arguments),
        Command::Crds(arguments) => crds::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::E2e(arguments) => e2e::run(&arguments),
        Command::Images(arguments) => images::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Tidy => tidy::run(),
        Command::Vectors(arguments) => vectors::run(&arguments),
    }
}
