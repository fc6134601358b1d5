//! What ends a command without a result: its kind gives the exit code, and its hint stands apart from the
//! message.

use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::args::Color;

/// The kinds of failure, each with an exit code of its own.
///
/// 2 is what clap exits with when the arguments are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What was asked for was done and found wanting: a blueprint has mistakes, a run has failed.
    Failed = 1,
    /// The arguments make no sense together, or name something that is not there.
    Usage = 2,
    /// A file cannot be read, or does not hold what it should.
    Input = 3,
    /// The result cannot be written.
    Output = 4,
    /// The cluster cannot be reached or refuses.
    Cluster = 5,
    /// Somebody pressed Ctrl-C.
    Interrupted = 130,
}

/// Why a command has no result.
#[derive(Debug)]
pub(crate) struct Error {
    /// What kind of failure it is.
    pub(crate) kind: Kind,
    /// What happened, lower case, without a full stop.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    /// Whether there is nobody to tell: the reader of a pipe has left.
    silent: bool,
}

impl Error {
    /// A failure with a message and nothing else.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            silent: false,
        }
    }

    /// Says what to do.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Tells the person, and gives the exit code.
    pub(crate) fn report(self, color: Color) -> ExitCode {
        let Self {
            kind,
            message,
            hint,
            silent,
        } = self;
        if !silent {
            let bold = anstyle::Style::new().bold();
            let red = bold.fg_color(Some(anstyle::AnsiColor::Red.into()));
            let hint = hint
                .map(|hint| format!("{bold}hint{bold:#}: {hint}\n"))
                .unwrap_or_default();
            let text = format!("{red}error{red:#}: {message}\n{hint}");
            // Nobody is left to be told when this cannot be written either; the exit code still tells.
            let written = anstream::AutoStream::new(io::stderr(), color.choice()).write_all(text.as_bytes());
            if written.is_err() {
                return ExitCode::from(Kind::Output as u8);
            }
        }
        ExitCode::from(kind as u8)
    }
}

/// A failure to write the result. A reader that has seen enough is none that anybody needs to hear of.
pub(crate) fn output(error: &io::Error) -> Error {
    Error {
        silent: error.kind() == io::ErrorKind::BrokenPipe,
        ..Error::new(Kind::Output, format!("failed to write the result: {error}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
