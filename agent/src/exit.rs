//! How the program ends: the table of exit codes, and the one line of standard error that says why.

use std::io::{self, Write as _};
use std::process::ExitCode;

use mainstay_repository::{Error, Exit};

/// Exit code for words that make no sense.
pub(crate) const USAGE: u8 = 1;
/// The only code that `kando` knows for failures.
const KANDO: u8 = 69;

/// The name the program was called by, which decides about its exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// `mainstay-agent`.
    Agent,
    /// `kando`.
    Kando,
}

impl Program {
    /// The name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Agent => "mainstay-agent",
            Self::Kando => "kando",
        }
    }

    /// The exit code of `result`. The last line of standard error is `Error: <message>` when there is one: whoever
    /// follows the pod's log finds the reason there.
    pub(crate) fn exit(self, result: Result<(), Failure>) -> ExitCode {
        let Err(failure) = result else {
            return ExitCode::SUCCESS;
        };
        let message = one_line(&failure.message);
        // Nobody is left to tell when standard error is closed; the code still says it.
        drop(writeln!(io::stderr(), "Error: {message}"));
        self.exit_code(failure.code)
    }

    /// The exit code for a failure that has `code` in the table.
    pub(crate) fn exit_code(self, code: u8) -> ExitCode {
        ExitCode::from(match self {
            Self::Agent => code,
            Self::Kando => KANDO,
        })
    }
}

/// Why a command failed, ready to be shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// For people, without secrets.
    message: String,
    /// The code of the table.
    code: u8,
}

impl Failure {
    /// A failure with a code of its own.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: exit.code(),
        }
    }

    /// Something in the words or files given that cannot be used.
    pub(crate) fn unusable(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: USAGE,
        }
    }

    /// Standard output is closed or full.
    #[expect(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
    pub(crate) fn stdout(cause: io::Error) -> Self {
        Self::new(
            Exit::Other,
            format!("failed to write to standard output: {cause}"),
        )
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            message: error.to_string(),
            code: error.exit().code(),
        }
    }
}

impl From<mainstay_repository::location::Error> for Failure {
    fn from(error: mainstay_repository::location::Error) -> Self {
        Self::unusable(error.to_string())
    }
}

/// Readers take the last line for the message, so it must be one.
fn one_line(message: &str) -> String {
    message
        .split(['\r', '\n'])
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
