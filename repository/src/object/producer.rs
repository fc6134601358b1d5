//! A program whose standard output is stored. Its end is good when its exit status is 0 and only then.
//!
//! It must not know what happens to the output. Standard error goes to the log line by line, and its last lines into the fault.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};

use snafu::ResultExt as _;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::task::JoinHandle;

use crate::error::{self, Error};
use crate::watch::Watch;

/// Lines of standard error that a fault carries, and the length at which each is cut.
const KEPT_LINES: usize = 10;
const KEPT_LENGTH: usize = 500;

/// What to run: program and arguments, no shell. The environment is the caller's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Producer {
    /// Name or path of the program.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

impl Producer {
    /// Starts it with its output piped to us. It is killed when the returned value is dropped.
    pub(crate) fn start(&self) -> Result<Running, Error> {
        let program = self.program.to_string_lossy().into_owned();
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .kill_on_drop(true)
            .spawn()
            .context(error::StartSnafu { program: &program })?;
        let output = child.stdout.take();
        let stderr = child.stderr.take().expect("standard error was asked to be piped");
        let lines = tokio::spawn(follow(program.clone(), stderr));
        Ok(Running {
            program,
            child,
            output,
            lines: Some(lines),
        })
    }
}

/// A program that was started.
#[derive(Debug)]
pub(crate) struct Running {
    program: String,
    child: Child,
    output: Option<ChildStdout>,
    lines: Option<JoinHandle<Vec<String>>>,
}

impl Running {
    /// Its standard output, once.
    pub(crate) fn output(&mut self) -> impl AsyncRead + Send + Unpin + use<> {
        let output: ChildStdout = self
            .output
            .take()
            .expect("standard output was piped and is asked for once");
        output
    }

    /// Waits for its end after its output has ended; anything but status 0 is a fault.
    pub(crate) async fn finish(&mut self, watch: &Watch) -> Result<(), Error> {
        let status = tokio::select! {
            () = watch.cancelled() => return error::CancelledSnafu.fail(),
            status = self.child.wait() => status.map_err(|cause| Error::Stream { action: "read", source: cause })?,
        };
        let lines = match self.lines.take() {
            Some(lines) => lines.await.unwrap_or_default(),
            None => Vec::new(),
        };
        if status.success() {
            return Ok(());
        }
        error::ProducerSnafu {
            program: &self.program,
            status: described(status),
            lines,
        }
        .fail()
    }

    /// Stops it, whatever it is doing; one that has ended already is left alone.
    pub(crate) async fn kill(&mut self) {
        if let Err(cause) = self.child.kill().await {
            tracing::debug!(program = self.program, %cause, "the producer had ended already");
        }
    }
}

async fn follow(program: String, stderr: ChildStderr) -> Vec<String> {
    let mut kept = VecDeque::new();
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                let text = text.trim();
                if text.is_empty() {
                    continue;
                }
                tracing::info!(program, "{text}");
                if kept.len() == KEPT_LINES {
                    kept.pop_front();
                }
                kept.push_back(text.chars().take(KEPT_LENGTH).collect());
            }
        }
    }
    kept.into()
}

fn described(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown status".to_owned(),
    }
}
