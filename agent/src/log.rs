//! What the program says about its work, on standard error: kando's levels over `tracing`.

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;

/// kando's levels. The default shows what a person should know about although the command goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verbosity {
    /// Everything.
    Debug,
    /// Each step.
    Info,
    /// What a person should know.
    #[value(alias = "warn")]
    Warning,
    /// Errors.
    Error,
    /// As error.
    Fatal,
    /// As error.
    Panic,
}

/// Starts logging; called once.
pub(crate) fn start(verbosity: Verbosity) {
    let level = match verbosity {
        Verbosity::Debug => LevelFilter::DEBUG,
        Verbosity::Info => LevelFilter::INFO,
        Verbosity::Warning => LevelFilter::WARN,
        Verbosity::Error | Verbosity::Fatal | Verbosity::Panic => LevelFilter::ERROR,
    };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        // Whoever keeps the log of a pod notes the times as well.
        .without_time()
        .with_env_filter(ours(level))
        .init();
}

/// Other people's crates stay quiet: what the SDK says at its debug level holds signed addresses.
fn ours(level: LevelFilter) -> tracing_subscriber::EnvFilter {
    ["mainstay_agent", "mainstay_repository"].into_iter().fold(
        tracing_subscriber::EnvFilter::default().add_directive(LevelFilter::OFF.into()),
        |filter, target| {
            let directive = format!("{target}={level}");
            filter.add_directive(
                directive
                    .parse()
                    .expect("a crate's name and a level make a directive"),
            )
        },
    )
}
