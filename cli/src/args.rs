//! Flags and environment; nothing else reads them. One enum lists the commands.

use clap::{Parser, Subcommand, ValueEnum};

use crate::commands;

/// Backup and restore for applications on Kubernetes.
#[derive(Debug, Parser)]
#[command(
    name = "mainstay",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
pub(crate) struct Arguments {
    /// When to colour what people read.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What mainstay can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find mistakes in blueprints without a cluster.
    Check(commands::check::Arguments),
    /// Show what an action of a blueprint would do, in which order and why, without a cluster.
    Plan(commands::plan::Arguments),
    /// Make an ActionSet and follow it to its end.
    Run(commands::run::Arguments),
    /// Follow an ActionSet to its end.
    Watch(commands::watch::Arguments),
    /// Play backup and restore on a cluster, in a namespace of its own.
    Demo(commands::demo::Arguments),
    /// Run the controller, which carries ActionSets out.
    Controller(Box<commands::controller::Arguments>),
    /// Print the completion script of a shell.
    Completion(commands::completion::Arguments),
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// The choice for streams that strip colours where they are not wanted.
    pub(crate) fn choice(self) -> anstream::ColorChoice {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
    }
}

/// The arguments of this process. Prints help or a mistake, and ends the process, where clap does.
pub(crate) fn read() -> Arguments {
    Arguments::parse()
}
