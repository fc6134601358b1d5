//! `cargo xtask vectors FOLDER`: runs template vectors through the language crate.
//! Must not know how a template is evaluated.

#[path = "../../dsl/tests/vectors/runner.rs"]
mod runner;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A folder with `*.jsonl` files and `contexts.json`.
    folder: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = &arguments.folder;
    let report = runner::run(folder)
        .map_err(|error| anyhow::anyhow!("failed to read the vectors of {}: {error}", folder.display()))?;
    let mut out = std::io::stdout().lock();
    for difference in &report.failed {
        writeln!(out, "{difference}")?;
    }
    writeln!(out, "{} passed, {} failed", report.passed, report.failed.len())?;
    Ok(if report.failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
