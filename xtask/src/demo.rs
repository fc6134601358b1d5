//! `cargo xtask demo`: from an empty machine to restored rows. Brings the test bed up, installs mainstay with helm,
//! and runs `mainstay demo` there.
//! Must not know what the demonstration plays.

use std::process::{Command, ExitCode};

use mainstay_testbed::images::Image;

use crate::bed::{Bed, succeed};
use crate::e2e::mainstay;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Passed to `mainstay demo`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    demo: Vec<String>,
}

/// The namespace of the controller.
const NAMESPACE: &str = "mainstay";

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let program = mainstay()?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let bed = Bed::up("demo", &Image::ALL).await?;
        let outcome = play(&bed, &program, &arguments.demo).await;
        bed.down().await?;
        outcome
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn play(bed: &Bed, program: &std::path::Path, arguments: &[String]) -> anyhow::Result<()> {
    let mut helm = bed.helm().await?;
    helm.args([
        "install",
        "mainstay",
        "deploy/chart",
        "--namespace",
        NAMESPACE,
        "--create-namespace",
    ]);
    helm.args(["--values", "deploy/testbed.yaml", "--wait", "--timeout", "2m"]);
    succeed(&mut helm)?;

    let mut demo = Command::new(program);
    bed.environment(&mut demo)?;
    demo.args(["demo", "--namespace", NAMESPACE]).args(arguments);
    // Ctrl-C reaches the demonstration as well, which cleans up; this program only waits for it.
    let interrupted = tokio::signal::ctrl_c();
    let played = tokio::task::spawn_blocking(move || succeed(&mut demo));
    tokio::pin!(played);
    tokio::select! {
        outcome = &mut played => outcome?,
        _ = interrupted => played.await?,
    }
}
