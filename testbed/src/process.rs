//! Other programs: running one to its end, knowing one again later, ending one.
//! Must not know what any program is for.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use snafu::{OptionExt, ResultExt, Snafu};
use tokio::process::Command;

/// How long a killed process may take to be gone.
const DEATH_LIMIT: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(10);
/// How much of what a failed program wrote is repeated.
const LAST_BYTES: usize = 4096;

/// What went wrong with another program.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum Error {
    /// It could not be started.
    #[snafu(display("failed to start {program}"))]
    Start {
        /// The program's name.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It ended with a code that is not 0.
    #[snafu(display("{program} failed ({status}): {output}"))]
    Failed {
        /// The program's name.
        program: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The last of what it wrote to its standard error, or else its standard output.
        output: String,
    },
    /// The kernel's list of processes cannot be read.
    #[snafu(display("failed to list the processes"))]
    List {
        /// Why.
        source: io::Error,
    },
    /// What the kernel says about a process cannot be read.
    #[snafu(display("failed to look at process {id}"))]
    Look {
        /// The process.
        id: i32,
        /// Why.
        source: io::Error,
    },
    /// The kernel's description of a process is not as documented.
    #[snafu(display("failed to understand /proc/{id}/stat"))]
    Understand {
        /// The process.
        id: i32,
    },
    /// It could not be told to end.
    #[snafu(display("failed to kill process {id}"))]
    Kill {
        /// The process.
        id: i32,
        /// Why.
        source: io::Error,
    },
    /// It was killed and is still there.
    #[snafu(display("process {id} was killed and is still there after {} s", DEATH_LIMIT.as_secs()))]
    Undead {
        /// The process.
        id: i32,
    },
}

/// Runs a program to its end and gives what it wrote.
pub async fn run(command: &mut Command) -> Result<Output, Error> {
    let program = name(command);
    tracing::debug!(command = ?command.as_std(), "running");
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .output()
        .await
        .context(StartSnafu { program: &program })?;
    check(&program, output)
}

/// Takes the output of a program that ended well; of another, the last it said.
pub(crate) fn check(program: &str, output: Output) -> Result<Output, Error> {
    if output.status.success() {
        return Ok(output);
    }
    let said = if output.stderr.trim_ascii().is_empty() {
        &output.stdout
    } else {
        &output.stderr
    };
    let output_end = &said[said.len().saturating_sub(LAST_BYTES)..];
    FailedSnafu {
        program,
        status: output.status,
        output: String::from_utf8_lossy(output_end).trim(),
    }
    .fail()
}

/// The program's name without its folder.
pub(crate) fn name(command: &Command) -> String {
    let path = Path::new(command.as_std().get_program());
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// A process that can be recognised: the kernel gives a number again, but not with the same time of start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub id: i32,
    /// When it was started, in clock ticks since the machine was.
    started: u64,
}

impl Process {
    /// Takes down who has this number now, or nothing when nobody has.
    pub fn find(id: i32) -> Result<Option<Self>, Error> {
        Ok(stat(id)?.filter(|stat| !stat.dead).map(|stat| Self {
            id,
            started: stat.started,
        }))
    }

    /// Finds the processes that were started with this argument, which should be one that nobody else has, like the path
    /// of a file. Nothing has to be kept on disk to find a process again, and nothing there can be out of date.
    pub fn with_argument(argument: &Path) -> Result<Vec<Self>, Error> {
        let argument = argument.as_os_str().as_encoded_bytes();
        Self::all_that(|_, arguments| arguments.contains(&argument))
    }

    /// Finds the processes of this one's process namespace that run a program: its first argument or, where the first is
    /// a program that is many, its second.
    pub(crate) fn inside(&self, program: &str) -> Result<Vec<Self>, Error> {
        let namespace = |id| fs::read_link(format!("/proc/{id}/ns/pid")).ok();
        let ours = namespace(self.id);
        let program = program.as_bytes();
        Self::all_that(|id, arguments| {
            arguments.iter().take(2).any(|each| *each == program) && namespace(id) == ours
        })
    }

    fn all_that(wanted: impl Fn(i32, &[&[u8]]) -> bool) -> Result<Vec<Self>, Error> {
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").context(ListSnafu)? {
            let name = entry.context(ListSnafu)?.file_name();
            let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // Who is not there any more, or belongs to somebody who does not show it, is not ours.
            let Ok(text) = fs::read(format!("/proc/{id}/cmdline")) else {
                continue;
            };
            let arguments: Vec<&[u8]> = text.split(|byte| *byte == 0).collect();
            if wanted(id, &arguments) {
                found.extend(Self::find(id)?);
            }
        }
        Ok(found)
    }

    /// Whether it still runs. One that has ended and waits for its parent to notice does not.
    pub fn runs(&self) -> Result<bool, Error> {
        Ok(Self::find(self.id)? == Some(*self))
    }

    /// Kills it and returns when it is gone. One that is gone already is no error.
    pub async fn kill(&self) -> Result<(), Error> {
        if !self.runs()? {
            return Ok(());
        }
        let id = rustix::process::Pid::from_raw(self.id).context(UnderstandSnafu { id: self.id })?;
        match rustix::process::kill_process(id, rustix::process::Signal::KILL) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(source) => return Err(io::Error::from(source)).context(KillSnafu { id: self.id }),
        }
        let gone = async {
            while self.runs()? {
                tokio::time::sleep(PAUSE).await;
            }
            Ok(())
        };
        match tokio::time::timeout(DEATH_LIMIT, gone).await {
            Ok(gone) => gone,
            Err(_) => UndeadSnafu { id: self.id }.fail(),
        }
    }
}

struct Stat {
    dead: bool,
    started: u64,
}

fn stat(id: i32) -> Result<Option<Stat>, Error> {
    match fs::read_to_string(format!("/proc/{id}/stat")) {
        Ok(text) => parse_stat(&text).context(UnderstandSnafu { id }).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // The process went between the opening and the reading.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => Ok(None),
        Err(source) => Err(source).context(LookSnafu { id }),
    }
}

/// The second field is the program's name in parentheses and may hold anything, so that counting begins behind the last
/// parenthesis: the state is the third field, the time of start the twenty-second (proc(5)).
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let dead = matches!(fields.next()?, "Z" | "X" | "x");
    let started = fields.nth(18)?.parse().ok()?;
    Some(Stat { dead, started })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_confuse() {
        let text = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 8 9";
        let stat = parse_stat(text).unwrap();
        assert!(!stat.dead);
        assert_eq!(stat.started, 4711);
    }

    #[tokio::test]
    async fn a_killed_process_is_gone() {
        // An argument that no other process has.
        let argument = format!("600.{}", std::process::id());
        let mut child = Command::new("sleep").arg(&argument).spawn().unwrap();
        let process = Process::find(child.id().unwrap().try_into().unwrap())
            .unwrap()
            .unwrap();
        while Process::with_argument(Path::new(&argument)).unwrap() != [process] {
            tokio::task::yield_now().await; // until the child is the program
        }
        process.kill().await.unwrap();
        assert!(!process.runs().unwrap());
        assert!(!child.wait().await.unwrap().success());
    }

    #[tokio::test]
    async fn a_failure_repeats_what_the_program_said() {
        let error = run(Command::new("sh").args(["-c", "echo out; echo why >&2; exit 3"]))
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "sh failed (exit status: 3): why");
    }
}
