//! Commands in containers that run already.
//! Must not know what the commands do.
//!
//! A command has ended well when the container's runtime says so, and not before: a connection that breaks off without
//! a word about the end is a failure.

use std::pin::pin;
use std::task::Poll;

use futures::poll;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::api::{AttachParams, AttachedProcess};
use kube::{Api, Client};
use mainstay_engine::function::{Cause, Error as Failure};
use serde_json::{Map, Value as Json};
use snafu::{OptionExt as _, ResultExt as _, Snafu};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::tail::{Tail, joined};
use crate::{failure, output};

/// How much of either stream is on its way at a time.
const BUFFER: usize = 64 << 10;

/// Where a command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container; the only one when absent.
    pub container: Option<String>,
}

impl Target {
    fn place(&self) -> String {
        let Self {
            namespace,
            pod,
            container,
        } = self;
        match container {
            Some(container) => format!("{namespace}/{pod}/{container}"),
            None => format!("{namespace}/{pod}"),
        }
    }
}

/// Takes pieces of what a command prints. An error ends the command's connection.
pub type Sink<'a> = dyn FnMut(&[u8]) -> Result<(), Failure> + Send + 'a;

/// Why a command did not end well.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The command was not started.
    #[snafu(display("{}", failure::words(source)))]
    Start {
        /// What the cluster says.
        source: kube::Error,
    },
    /// The connection broke off before the end of the command was known. The command may run on.
    #[snafu(display(
        "the connection to the container broke off; whether the command has ended is not known"
    ))]
    BrokenOff,
    /// What the command was to read could not be written.
    #[snafu(display("the command's input could not be written: {source}"))]
    Write {
        /// Why.
        source: std::io::Error,
    },
    /// What the command prints could not be read.
    #[snafu(display("what the command prints could not be read: {source}"))]
    Read {
        /// Why.
        source: std::io::Error,
    },
    /// The command ended with an exit code other than 0.
    #[snafu(display("command terminated with exit code {code}"))]
    Exit {
        /// The code.
        code: i32,
    },
    /// The runtime could not run the command.
    #[snafu(display("{message}"))]
    Run {
        /// What the runtime says.
        message: String,
    },
    /// Whoever takes what the command prints does not take more.
    #[snafu(display("{failure}"))]
    Sink {
        /// Why.
        failure: Failure,
    },
}

/// A command that did not end well, with the last that it said.
#[derive(Debug)]
pub struct Unsuccessful {
    /// Why.
    pub error: Error,
    /// Where it ran.
    pub place: String,
    /// The last lines of its output.
    pub stdout: Vec<String>,
    /// The last lines of its errors.
    pub stderr: Vec<String>,
}

impl From<Unsuccessful> for Failure {
    fn from(unsuccessful: Unsuccessful) -> Self {
        let Unsuccessful {
            error,
            place,
            stdout,
            stderr,
        } = unsuccessful;
        let (cause, exit_code) = match &error {
            Error::Start { source } => (failure::cause(source), None),
            Error::BrokenOff | Error::Write { .. } | Error::Read { .. } => (Cause::Unreachable, None),
            Error::Exit { code } => (Cause::Failed, Some(*code)),
            Error::Run { .. } => (Cause::Failed, None),
            Error::Sink { failure } => {
                return Self {
                    place: Some(place),
                    ..failure.clone()
                };
            }
        };
        let message = format!(
            "Failed to exec command in pod: {error}.\nstdout: {}\nstderr: {}",
            joined(&stdout),
            joined(&stderr)
        );
        Self {
            place: Some(place),
            exit_code,
            last_lines: if stderr.is_empty() { stdout } else { stderr },
            ..Self::new(cause, message)
        }
    }
}

/// What a command reads.
#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// Nothing.
    None,
    /// A text, after which its input stays open for as long as it is waited for.
    Held(&'a [u8]),
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What a command reads may be secret.
        match self {
            Self::None => formatter.write_str("None"),
            Self::Held(text) => write!(formatter, "Held({} bytes)", text.len()),
        }
    }
}

/// Runs `command` and hands what it prints to `stdout` and `stderr` as it comes.
///
/// Dropping the future closes the connection; the command itself is not ended by that, but its input is.
pub async fn run(
    client: &Client,
    target: &Target,
    command: &[String],
    input: Input<'_>,
    stdout: &mut Sink<'_>,
    stderr: &mut Sink<'_>,
) -> Result<(), Box<Unsuccessful>> {
    let (mut output, mut errors) = (Tail::default(), Tail::default());
    let ended = attend(
        client,
        target,
        command,
        input,
        &mut |piece| {
            output.write(piece);
            stdout(piece)
        },
        &mut |piece| {
            errors.write(piece);
            stderr(piece)
        },
    )
    .await;
    ended.map_err(|error| {
        Box::new(Unsuccessful {
            error,
            place: target.place(),
            stdout: output.lines(),
            stderr: errors.lines(),
        })
    })
}

/// Runs `command` and returns the phase output among what it prints; what it prints as errors is not looked at.
///
/// A command that fails has failed, whatever it printed; an output that cannot be read fails one that ended well.
pub(crate) async fn outputs(
    client: &Client,
    target: &Target,
    command: &[String],
) -> Result<Map<String, Json>, Failure> {
    let mut log = |line: &str| {
        tracing::info!(pod = target.pod, container = target.container, line, "printed");
    };
    let mut reader = output::Reader::default();
    let mut unreadable = None;
    let mut sink = |piece: &[u8]| {
        if unreadable.is_none() {
            unreadable = reader.write(piece, &mut log).err();
        }
        Ok(())
    };
    let ended = run(client, target, command, Input::None, &mut sink, &mut |_| Ok(())).await;
    ended.map_err(|unsuccessful| Failure::from(*unsuccessful))?;
    let outputs = match unreadable {
        Some(error) => Err(error),
        None => reader.finish(&mut log),
    };
    outputs.map_err(|error| Failure {
        place: Some(target.place()),
        ..Failure::from(error)
    })
}

async fn attend(
    client: &Client,
    target: &Target,
    command: &[String],
    input: Input<'_>,
    stdout: &mut Sink<'_>,
    stderr: &mut Sink<'_>,
) -> Result<(), Error> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), &target.namespace);
    let parameters = AttachParams {
        container: target.container.clone(),
        stdin: matches!(input, Input::Held(_)),
        max_stdin_buf_size: Some(BUFFER),
        max_stdout_buf_size: Some(BUFFER),
        max_stderr_buf_size: Some(BUFFER),
        ..AttachParams::default()
    };
    let mut process = pods
        .exec(&target.pod, command, &parameters)
        .await
        .context(StartSnafu)?;
    let mut status = pin!(process.take_status().expect("it is taken once"));
    let output = process.stdout().expect("it was asked for");
    let errors = process.stderr().expect("it was asked for");
    let mut streams = pin!(async {
        tokio::try_join!(
            feed(&mut process, input),
            drain(output, stdout),
            drain(errors, stderr)
        )
    });
    tokio::select! {
        biased;
        ended = &mut streams => {
            let (_held, (), ()) = ended?;
            // Both streams have ended: the status has come, or it never will.
            conclude(status.await.context(BrokenOffSnafu)?)
        }
        known = &mut status => match known {
            Some(known) => {
                let (_held, (), ()) = streams.await?;
                conclude(known)
            }
            // The connection is gone, and its streams do not end by that. What has arrived is still taken.
            None => match poll!(streams) {
                Poll::Ready(Err(error)) => Err(error),
                Poll::Ready(Ok(_)) | Poll::Pending => BrokenOffSnafu.fail(),
            },
        },
    }
}

/// Writes what the command reads, and returns what holds its input open.
async fn feed(
    process: &mut AttachedProcess,
    input: Input<'_>,
) -> Result<Option<impl AsyncWrite + use<>>, Error> {
    let (Input::Held(text), Some(mut stdin)) = (input, process.stdin()) else {
        return Ok(None);
    };
    match stdin.write_all(text).await {
        Ok(()) => Ok(Some(stdin)),
        // A command that ends without reading everything says itself whether that is well.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Some(stdin)),
        Err(error) => Err(error).context(WriteSnafu),
    }
}

async fn drain(mut stream: impl AsyncRead + Unpin, sink: &mut Sink<'_>) -> Result<(), Error> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match stream.read(&mut buffer).await.context(ReadSnafu)? {
            0 => return Ok(()),
            count => sink(&buffer[..count]).map_err(|failure| Error::Sink { failure })?,
        }
    }
}

/// What the runtime says about the end.
fn conclude(status: Status) -> Result<(), Error> {
    if status.status.as_deref() == Some("Success") {
        return Ok(());
    }
    let causes = status
        .details
        .and_then(|details| details.causes)
        .unwrap_or_default();
    let code: Option<i32> = causes
        .iter()
        .find(|cause| cause.reason.as_deref() == Some("ExitCode"))
        .and_then(|cause| cause.message.as_deref()?.parse().ok());
    match code {
        Some(code) => ExitSnafu { code }.fail(),
        None => RunSnafu {
            message: status
                .message
                .unwrap_or_else(|| String::from("the command could not be run")),
        }
        .fail(),
    }
}
