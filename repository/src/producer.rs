//! A program whose standard output is stored. Its end is good when its exit status is 0 and only then.
//!
//! It must not know what happens to the output. Standard error goes to the log line by line, and its last lines into the fault.

mod blocking;
mod tail;

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use snafu::ResultExt as _;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::task::JoinHandle;

use self::tail::{LINE, Tail};
use crate::error::{self, Error};
use crate::watch::Watch;

/// How long after a program's end its last words are waited for: something it started may hold its standard error open.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What to run: program and arguments, no shell. The environment is the caller's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Producer {
    /// Name or path of the program.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

impl Producer {
    /// Starts it with its output piped to us, in a process group of its own, so that what it starts is stopped with it.
    pub(crate) fn start(&self) -> Result<Running, Error> {
        let program = self.name();
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).process_group(0).kill_on_drop(true);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().context(error::StartSnafu { program: &program })?;
        let output = child.stdout.take();
        let stderr = child.stderr.take();
        let lines = stderr.map(|stderr| tokio::spawn(follow(program.clone(), stderr)));
        Ok(Running {
            program,
            child,
            output,
            lines,
        })
    }

    /// Its name for messages.
    fn name(&self) -> String {
        self.program.to_string_lossy().into_owned()
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
        let output: Option<ChildStdout> = self.output.take();
        output.expect("standard output was piped and is asked for once")
    }

    /// Waits for its end after its output has ended; anything but status 0 is a fault.
    pub(crate) async fn finish(&mut self, watch: &Watch) -> Result<(), Error> {
        let status = tokio::select! {
            () = watch.cancelled() => return error::CancelledSnafu.fail(),
            status = self.child.wait() => status.map_err(|source| Error::Stream { action: "read", source })?,
        };
        let lines = match self.lines.take() {
            Some(lines) => tokio::time::timeout(LAST_WORDS, lines)
                .await
                .map(Result::unwrap_or_default),
            None => Ok(Vec::new()),
        };
        judged(&self.program, status, lines.unwrap_or_default())
    }

    /// Stops it and what it started, whatever they are doing; one that has ended already is left alone.
    pub(crate) async fn kill(&mut self) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        kill_group(&self.program, id);
        if let Err(cause) = self.child.kill().await {
            tracing::debug!(program = self.program, %cause, "the producer had ended already");
        }
    }
}

async fn follow(program: String, stderr: ChildStderr) -> Vec<String> {
    let mut tail = Tail::new(program);
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut reader).take(LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return tail.into_lines(),
            Ok(_) => tail.add(&line),
        }
    }
}

/// Whether an end was good.
fn judged(program: &str, status: ExitStatus, lines: Vec<String>) -> Result<(), Error> {
    if status.success() {
        return Ok(());
    }
    let status = match (status.code(), status.signal()) {
        (Some(code), _) => format!("status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown status".to_owned(),
    };
    error::ProducerSnafu {
        program,
        status,
        lines,
    }
    .fail()
}

fn kill_group(program: &str, id: Option<i32>) {
    if let Some(group) = id.and_then(Pid::from_raw)
        && let Err(cause) = kill_process_group(group, Signal::KILL)
    {
        tracing::debug!(program, %cause, "the producer had ended already");
    }
}
