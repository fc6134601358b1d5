//! `cargo xtask vectors FOLDER`: runs template vectors through the language crate.
//! Must not know how a template is evaluated.

use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A folder with `*.jsonl` files and `contexts.json`.
    folder: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("no vector runner yet for {}", arguments.folder.display())
}
