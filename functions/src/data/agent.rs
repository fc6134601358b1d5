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

    /// Tells `reporter` how far the agent is, which was at `before` when this was told last. Agents that work side by
    /// side for one call add up.
    fn report(&self, before: Progress, now: Progress, reporter: &Reporter) {
        reporter.update(|report| {
            let (done, size) = match self {
                Order::Backup { .. } => (&mut report.uploaded_bytes, &mut report.upload_size),
                Order::Restore { .. } => (&mut report.downloaded_bytes, &mut report.download_size),
                Order::Delete { .. } | Order::Stats { .. } | Order::Check { .. } => return,
            };
            let bytes = moved(*done, before.bytes, now.bytes);
            let total = moved(*size, before.total, now.total);
            *done = Some(bytes);
            *size = (total > 0).then_some(total);
            report.files = Some(moved(report.files, before.files, now.files));
            report.percent = percent(bytes, total);
        });
    }
}

/// A sum after one of its parts has changed.
fn moved(sum: Option<u64>, before: u64, now: u64) -> u64 {
    sum.unwrap_or_default().saturating_sub(before).saturating_add(now)
}

/// An option with its value in one word, so that no value is taken for an option.
fn option(name: &str, value: impl Display) -> String {
    format!("--{name}={value}")
}

/// How far an agent is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
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

/// Whole percent done, when the whole is known.
fn percent(part: u64, whole: u64) -> Option<u8> {
    let percent = (u128::from(part.min(whole)) * 100).checked_div(u128::from(whole))?;
    u8::try_from(percent).ok()
}

/// Reads what an agent prints: outputs, progress, and the last lines of the rest.
pub(crate) struct Reading<'a> {
    reader: output::Reader,
    notes: Notes<'a>,
}

/// What is made of the lines that hold no output.
struct Notes<'a> {
    order: &'a Order<'a>,
    reporter: &'a Reporter,
    progress: Progress,
    tail: Tail,
}

impl<'a> Reading<'a> {
    /// Reads what an agent prints that carries out `order`, and tells `reporter` how far it is.
    pub(crate) fn new(order: &'a Order<'a>, reporter: &'a Reporter) -> Self {
        let notes = Notes {
            order,
            reporter,
            progress: Progress::default(),
            tail: Tail::default(),
        };
        Self {
            reader: output::Reader::default(),
            notes,
        }
    }

    /// Takes a piece, which may end anywhere.
    pub(crate) fn write(&mut self, piece: &[u8]) -> Result<(), output::Error> {
        let Self { reader, notes } = self;
        reader.write(piece, &mut |line| notes.take(line))
    }

    /// The outputs, and the last lines of the rest.
    pub(crate) fn finish(self) -> Result<(Map<String, Json>, Vec<String>), output::Error> {
        let Self { reader, mut notes } = self;
        let outputs = reader.finish(&mut |line| notes.take(line))?;
        Ok((outputs, notes.tail.lines()))
    }
}

impl Notes<'_> {
    fn take(&mut self, line: &str) {
        if let Some(now) = Progress::read(line) {
            self.order.report(self.progress, now, self.reporter);
            self.progress = now;
        } else {
            self.tail.write(line.as_bytes());
            self.tail.write(b"\n");
        }
    }
}

#[cfg(test)]
mod tests;
