//! The agent's side of a call: the words that start it, and what its lines mean. Pure.
//! Must not know where the agent runs.

use std::fmt::Display;

use mainstay_engine::function::{Cause, Reporter};
use mainstay_repository::Exit;
use mainstay_repository::location::RepositoryPath;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::output;
use crate::tail::Tail;

/// What begins a line that says how far the agent is.
const PROGRESS: &str = "###Mainstay-progress###:";
/// What begins the last line of an agent that failed.
const ERROR: &str = "Error: ";

/// Names the agent answers to. A `kando` of Kanister's does not know the data commands.
pub(crate) const PROGRAMS: [&str; 2] = ["mainstay-agent", "kando"];
/// Asks a program whether it knows the data commands.
pub(crate) const PROBE: [&str; 2] = ["data", "probe"];

/// What the agent is to do.
#[derive(Clone, Debug)]
pub(crate) enum Order<'a> {
    /// Back up a folder or file.
    Backup {
        /// Where to.
        repository: &'a RepositoryPath,
        /// A tag that only this backup has.
        tag: &'a str,
        /// The pod, where it is not the agent's own.
        host: Option<&'a str>,
        /// The folder or file.
        path: &'a str,
    },
    /// Restore a backup.
    Restore {
        /// Where from.
        repository: &'a RepositoryPath,
        /// Which backup.
        backup: &'a Which,
        /// The folder of the backup whose content is restored; all of it when absent.
        subtree: Option<&'a str>,
        /// The folder that stands for the backup's root.
        target: &'a str,
    },
    /// Delete backups, each from the repository beside it.
    Delete {
        /// What and where.
        backups: &'a [(RepositoryPath, Which)],
        /// Whether space is given back now.
        reclaim_space: bool,
        /// Whether one that is gone already is no failure.
        allow_missing: bool,
    },
    /// Count what a backup holds.
    Stats {
        /// Where it is.
        repository: &'a RepositoryPath,
        /// Its identifier.
        id: &'a str,
        /// What to count.
        mode: &'a str,
    },
    /// See whether a repository opens.
    Check {
        /// Where it is.
        repository: &'a RepositoryPath,
    },
}

/// A backup by what the blueprint knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Its identifier.
    Id(String),
    /// Its tag.
    Tag(String),
}

impl Which {
    fn word(&self) -> String {
        match self {
            Self::Id(id) => option("snapshot", id),
            Self::Tag(tag) => option("tag", tag),
        }
    }
}

impl Order<'_> {
    /// The words behind the program's name; `access` says where the document is. None of them is secret.
    pub(crate) fn words(&self, access: &[&str], insecure_tls: bool) -> Vec<String> {
        let mut words = vec!["data".to_owned(), self.name().to_owned()];
        words.extend(access.iter().map(|&word| word.to_owned()));
        if insecure_tls {
            words.push("--insecure-tls".to_owned());
        }
        match self {
            Order::Backup {
                repository,
                tag,
                host,
                path,
            } => {
                words.extend([option("repository", repository), option("tag", tag)]);
                words.extend(host.map(|host| option("host", host)));
                words.extend(["--".to_owned(), (*path).to_owned()]);
            }
            Order::Restore {
                repository,
                backup,
                subtree,
                target,
            } => {
                words.extend([option("repository", repository), backup.word()]);
                words.extend(subtree.map(|subtree| option("subtree", subtree)));
                words.extend(["--".to_owned(), (*target).to_owned()]);
            }
            Order::Delete {
                backups,
                reclaim_space,
                allow_missing,
            } => {
                for (repository, backup) in *backups {
                    words.extend([option("repository", repository), backup.word()]);
                }
                words.extend(reclaim_space.then(|| "--reclaim-space".to_owned()));
                words.extend(allow_missing.then(|| "--allow-missing".to_owned()));
            }
            Order::Stats { repository, id, mode } => {
                words.extend([
                    option("repository", repository),
                    option("snapshot", id),
                    option("mode", mode),
                ]);
            }
            Order::Check { repository } => words.push(option("repository", repository)),
        }
        words
    }

    fn name(&self) -> &'static str {
        match self {
            Order::Backup { .. } => "backup",
            Order::Restore { .. } => "restore",
            Order::Delete { .. } => "delete",
            Order::Stats { .. } => "stats",
            Order::Check { .. } => "check",
        }
    }

    /// Tells `reporter` how far the agent is.
    pub(crate) fn report(&self, progress: Progress, reporter: &Reporter) {
        let Progress { bytes, total, files } = progress;
        let total = (total > 0).then_some(total);
        reporter.update(|report| {
            report.files = Some(files);
            report.percent = total.and_then(|total| percent(bytes, total));
            match self {
                Order::Backup { .. } => {
                    report.uploaded_bytes = Some(bytes);
                    report.upload_size = total;
                }
                Order::Restore { .. } => {
                    report.downloaded_bytes = Some(bytes);
                    report.download_size = total;
                }
                Order::Delete { .. } | Order::Stats { .. } | Order::Check { .. } => {}
            }
        });
    }
}

/// An option with its value in one word, so that no value is taken for an option.
fn option(name: &str, value: impl Display) -> String {
    format!("--{name}={value}")
}

/// How far an agent is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Progress {
    bytes: u64,
    #[serde(default)]
    total: u64,
    #[serde(default)]
    files: u64,
}

impl Progress {
    /// Reads a progress line; any other line is none.
    pub(crate) fn read(line: &str) -> Option<Self> {
        serde_json::from_str(line.trim().strip_prefix(PROGRESS)?).ok()
    }
}

/// The message of a failed agent among its last lines.
pub(crate) fn message(lines: &[String]) -> Option<&str> {
    lines.iter().rev().find_map(|line| line.strip_prefix(ERROR))
}

/// What kind of failure an exit code of the agent means.
pub(crate) fn cause(exit_code: i32) -> Cause {
    let is = |exit: Exit| exit_code == i32::from(exit.code());
    // Who cancels a run does not ask the agent why it ended. One that was stopped by somebody else, because its node is
    // to be emptied for instance, may be started again.
    if is(Exit::Unreachable) || is(Exit::Locked) || is(Exit::Cancelled) {
        Cause::Unreachable
    } else {
        Cause::Failed
    }
}

fn percent(part: u64, whole: u64) -> Option<u8> {
    u8::try_from(u128::from(part.min(whole)) * 100 / u128::from(whole)).ok()
}

/// Reads what an agent prints: outputs, progress, and the last lines of the rest.
pub(crate) struct Reading<'a> {
    order: &'a Order<'a>,
    reporter: &'a Reporter,
    reader: output::Reader,
    tail: Tail,
}

impl<'a> Reading<'a> {
    /// Reads what an agent prints that carries out `order`, and tells `reporter` how far it is.
    pub(crate) fn new(order: &'a Order<'a>, reporter: &'a Reporter) -> Self {
        Self {
            order,
            reporter,
            reader: output::Reader::default(),
            tail: Tail::default(),
        }
    }

    /// Takes a piece, which may end anywhere.
    pub(crate) fn write(&mut self, piece: &[u8]) -> Result<(), output::Error> {
        let Self {
            order,
            reporter,
            reader,
            tail,
        } = self;
        reader.write(piece, &mut |line| note(line, order, reporter, tail))
    }

    /// The outputs, and the last lines of the rest.
    pub(crate) fn finish(self) -> Result<(Map<String, Json>, Vec<String>), output::Error> {
        let Self {
            order,
            reporter,
            reader,
            mut tail,
        } = self;
        let outputs = reader.finish(&mut |line| note(line, order, reporter, &mut tail))?;
        Ok((outputs, tail.lines()))
    }
}

fn note(line: &str, order: &Order<'_>, reporter: &Reporter, tail: &mut Tail) {
    if let Some(progress) = Progress::read(line) {
        order.report(progress, reporter);
    } else {
        tail.write(line.as_bytes());
        tail.write(b"\n");
    }
}

#[cfg(test)]
mod tests;
