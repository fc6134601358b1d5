//! Where log lines go and how they look.
//! Must not know who writes them.

use std::io::IsTerminal as _;

use clap::ValueEnum;
use snafu::{ResultExt, Snafu};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Why there is no log.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The level is none.
    #[snafu(display("failed to read the log level {level:?}"))]
    Level {
        /// What was given.
        level: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// There is a log already.
    #[snafu(display("failed to set the log up"))]
    Start {
        /// Why.
        source: TryInitError,
    },
}

/// Starts the log of the process, on standard error.
pub fn start(level: &str, format: Format) -> Result<(), Error> {
    // Kanister's words are logrus'; two of them are others here.
    let directives = match level {
        "warning" => "warn",
        "fatal" | "panic" => "error",
        other => other,
    };
    let filter = EnvFilter::builder()
        .parse(directives)
        .context(LevelSnafu { level })?;
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        Format::Text => log.with_ansi(std::io::stderr().is_terminal()).finish().try_init(),
        Format::Json => log.json().flatten_event(true).finish().try_init(),
    }
    .context(StartSnafu)
}
