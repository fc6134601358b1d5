//! The command line: kando's commands and flags, and ours beside them. The only place that knows their spelling.

mod data;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use mainstay_repository::Secret;

pub(crate) use data::{Access, Data, Doomed, OneRepository, OneSnapshot};

use crate::log::Verbosity;

/// Moves data between a pod and its store.
#[derive(Debug, Parser)]
#[command(disable_version_flag = true, max_term_width = 100)]
pub(crate) struct Arguments {
    /// How much to say on standard error
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        ignore_case = true,
        default_value = "warning"
    )]
    pub(crate) verbosity: Verbosity,
    /// Print the version as JSON
    #[arg(long)]
    pub(crate) version: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Push, pull and delete plain objects
    Location(Location),
    /// Hand a value to later phases
    Output {
        /// Letters, digits and underscores
        key: String,
        /// Any text
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Store what a program writes, only if it ends well
    #[command(subcommand)]
    Stream(Stream),
    /// Back up and restore folders with a repository
    #[command(subcommand)]
    Data(Data),
    /// Copy this program into a folder, as mainstay-agent and kando
    Install {
        /// The folder
        directory: PathBuf,
    },
}

/// `location`.
#[derive(Debug, Args)]
pub(crate) struct Location {
    /// Where.
    #[command(flatten)]
    pub(crate) place: Place,
    /// What to do there.
    #[command(subcommand)]
    pub(crate) command: LocationCommand,
}

/// Where plain objects are.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Profile as JSON, or @FILE
    #[arg(short, long, global = true, env = "MAINSTAY_PROFILE", hide_env_values = true)]
    pub(crate) profile: Option<Secret>,
    /// Path of the object below the profile's prefix
    #[arg(
        short = 's',
        long,
        global = true,
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) path: String,
    /// A folder to be used instead of the profile's bucket
    #[arg(long, global = true, conflicts_with = "profile")]
    pub(crate) directory: Option<PathBuf>,
}

/// What to do with plain objects.
#[derive(Debug, Subcommand)]
pub(crate) enum LocationCommand {
    /// Write a file, or standard input, to an object
    Push {
        /// The file; - for standard input
        source: PathBuf,
        /// Name of the output of Kopia locations; accepted and not used
        #[arg(short, long, default_value = "kandoOutput")]
        output_name: String,
        /// Bytes to come, where they cannot be seen from the source
        #[arg(long)]
        size: Option<u64>,
    },
    /// Write an object to a file, or to standard output
    Pull {
        /// The file; - for standard output
        target: PathBuf,
        /// Snapshot of a Kopia location; accepted and not used
        #[arg(short, long)]
        kopia_snapshot: Option<String>,
    },
    /// Remove an object and everything below its path
    Delete {
        /// Snapshot of a Kopia location; accepted and not used
        #[arg(short, long)]
        kopia_snapshot: Option<String>,
        /// Remove everything whose key begins with the path, as Kanister does: a/ab goes with a/a
        #[arg(long, env = "MAINSTAY_DELETE_BY_PREFIX")]
        by_prefix: bool,
    },
}

/// `stream`.
#[derive(Debug, Subcommand)]
pub(crate) enum Stream {
    /// Run a program and store its standard output once it has ended with status 0
    Push {
        /// Where.
        #[command(flatten)]
        place: Place,
        /// The program and its arguments
        #[arg(last = true, required = true)]
        program: Vec<std::ffi::OsString>,
    },
}
