//! `mainstay` as a process: the controller that a test starts, kills and starts again, and commands to their end; and
//! `helm`, which installs it.
//! Must not look inside it.

use std::path::PathBuf;
use std::process::{Output, Stdio};

use serde_json::Value as Json;
use snafu::{OptionExt as _, ResultExt as _, Snafu, ensure};
use tokio::process::{Child, Command};

use crate::bed;

/// Why the program could not be used.
#[derive(Debug, Snafu)]
pub enum Error {
    /// Nobody said where it is.
    #[snafu(transparent)]
    Place {
        /// What is not set.
        source: bed::Error,
    },
    /// It could not be started.
    #[snafu(display("failed to start {}", program.display()))]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It could not be ended, or its end not be seen.
    #[snafu(display("failed to end the controller"))]
    End {
        /// Why.
        source: std::io::Error,
    },
    /// A command failed.
    #[snafu(display("{what} failed: {told}"))]
    Failed {
        /// What it was.
        what: String,
        /// All that it printed.
        told: String,
    },
    /// A demonstration gave no report.
    #[snafu(display("there is no report in {told}"))]
    Report {
        /// All that it printed.
        told: String,
    },
    /// It ended by itself.
    #[snafu(display("the controller has ended by itself"))]
    Ended,
}

/// A controller that watches one namespace. Dropping it kills it.
#[derive(Debug)]
pub struct Controller(Child);

impl Controller {
    /// Starts one on the cluster that `KUBECONFIG` names.
    pub fn start(namespace: &str) -> Result<Self, Error> {
        let program = bed::program()?;
        let child = Command::new(&program)
            .arg("controller")
            .env("POD_NAMESPACE", namespace)
            .env("POD_SERVICE_ACCOUNT", "default")
            .env("KANISTER_TOOLS", "localhost/tools:1")
            .env("HEALTH_CHECK_PORT", "0")
            .env("LOG_LEVEL", "info")
            .kill_on_drop(true)
            .spawn()
            .context(StartSnafu { program })?;
        Ok(Self(child))
    }

    /// Ends it as a power cut would: it has no chance to do anything.
    pub async fn kill(mut self) -> Result<(), Error> {
        if self.0.try_wait().context(EndSnafu)?.is_some() {
            return EndedSnafu.fail();
        }
        self.0.kill().await.context(EndSnafu)
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    pub async fn stop(mut self) -> Result<std::process::ExitStatus, Error> {
        let id = self.0.id().context(EndedSnafu)?;
        let asked = Command::new("kill")
            .arg("-TERM")
            .arg(id.to_string())
            .status()
            .await
            .context(EndSnafu)?;
        if !asked.success() {
            return EndedSnafu.fail();
        }
        self.0.wait().await.context(EndSnafu)
    }
}

/// Runs `mainstay` with these arguments to its end.
pub async fn mainstay(arguments: &[&str]) -> Result<Output, Error> {
    output(bed::program()?, arguments).await
}

/// Plays `mainstay demo` with the controller of that namespace and returns its report.
pub async fn demonstrate(namespace: &str) -> Result<Json, Error> {
    let output = mainstay(&["demo", "--namespace", namespace, "--output", "json"]).await?;
    let told = succeeded("mainstay demo", &output)?;
    told.lines()
        .filter_map(|line| serde_json::from_str::<Json>(line).ok())
        .find(|line| line["database"].is_object())
        .context(ReportSnafu { told })
}

/// What a program printed that must have ended well.
pub fn succeeded(what: &str, output: &Output) -> Result<String, Error> {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let told = text(&output.stdout);
    ensure!(
        output.status.success(),
        FailedSnafu {
            what,
            told: format!("{told}\n{}", text(&output.stderr))
        }
    );
    Ok(told)
}

/// Runs `helm` with these arguments in the repository's folder to its end.
pub async fn helm(arguments: &[&str]) -> Result<Output, Error> {
    output(bed::helm()?, arguments).await
}

async fn output(program: PathBuf, arguments: &[&str]) -> Result<Output, Error> {
    Command::new(&program)
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stdin(Stdio::null())
        .output()
        .await
        .context(StartSnafu { program })
}
