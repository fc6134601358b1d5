//! `cargo xtask e2e`: the tests on real servers, on a test bed of their own or on the cluster that `KUBECONFIG` names.
//! Must not know what any test does.

use std::process::{Command, ExitCode};

use mainstay_testbed::images::Image;
use mainstay_testbed::{Folder, programs};

use crate::bed::{Bed, succeed};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Use the cluster that KUBECONFIG names and the store that the variables `MAINSTAY_S3_…` name.
    #[arg(long)]
    here: bool,
    /// Passed to `cargo test`: a test's name, `--test e2e_…`, and so on.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    test: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let program = mainstay()?;
    let mut tests = Command::new(env!("CARGO"));
    tests
        .args([
            "test",
            "--package",
            "mainstay-tests",
            "--locked",
            "--no-fail-fast",
        ])
        .args(&arguments.test);
    tests.env("MAINSTAY_PROGRAM", program);
    tokio::runtime::Runtime::new()?.block_on(async {
        tests.env(
            "MAINSTAY_HELM",
            programs::helm(&Folder::from_environment()?).await?,
        );
        if arguments.here {
            return succeed(&mut tests);
        }
        let bed = Bed::up("e2e", &Image::ALL).await?;
        let outcome = bed.environment(&mut tests).and_then(|()| succeed(&mut tests));
        bed.down().await?;
        outcome
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Builds the person's command and returns its path.
pub(crate) fn mainstay() -> anyhow::Result<std::path::PathBuf> {
    succeed(Command::new(env!("CARGO")).args(["build", "--package", "mainstay", "--locked"]))?;
    let metadata = cargo_metadata::MetadataCommand::new().no_deps().exec()?;
    Ok(metadata
        .target_directory
        .join("debug/mainstay")
        .into_std_path_buf())
}
