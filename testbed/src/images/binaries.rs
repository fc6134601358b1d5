//! Our own programs, built static so that they run in any image.
//! Must not know into which image they go.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use snafu::{OptionExt, ResultExt};
use tokio::process::Command;

use super::{BuildSnafu, Error, NoExecutableSnafu};
use crate::process;

/// How our programs are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Quickly: for tests.
    Development,
    /// Slowly, and small: for use.
    Release,
}

/// The part of cargo's messages that says what was built.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
}

/// Builds a program of this workspace and gives the path of the executable.
///
/// Only the program itself is linked in this way, so that everything it uses is shared with other builds. glibc has had its
/// name services `files` and `dns` built in since 2.34: a static program finds hosts without loading a library.
pub(crate) async fn build(package: &str, program: &'static str, profile: Profile) -> Result<PathBuf, Error> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    tracing::info!(program, "building");
    let mut command = Command::new("cargo");
    command.args(["rustc", "--quiet", "--package", package, "--bin", program]);
    command.arg("--message-format=json-render-diagnostics");
    match profile {
        Profile::Development => {}
        Profile::Release => {
            command.arg("--release");
        }
    }
    command
        .args(["--", "-Ctarget-feature=+crt-static", "-Cstrip=symbols"])
        .current_dir(workspace);
    let output = process::run(&mut command).await.context(BuildSnafu { program })?;
    let messages = String::from_utf8_lossy(&output.stdout);
    let mut executables = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter_map(|message| message.executable);
    executables.next_back().context(NoExecutableSnafu { program })
}
