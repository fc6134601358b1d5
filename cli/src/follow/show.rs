//! Shows the changes of a run: a tree with bytes and times on a terminal, lines in a pipe, JSON for programs.
//! Must not decide anything.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressStyle};
use mainstay_api::status::ActionSetStatus;

use crate::error::{Error, output};
use crate::follow::changes::{Change, moved};

/// How a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: a live tree on a terminal, lines elsewhere.
    Text,
    /// For programs: one JSON document a line on standard output.
    Json,
}

/// Where the changes of a run go.
pub(crate) enum Show {
    /// A live tree on standard error.
    Tree(Tree),
    /// Lines on standard error.
    Lines,
    /// JSON documents on standard output.
    Json,
}

/// One spinner a phase, below the name of its action.
pub(crate) struct Tree {
    bars: MultiProgress,
    phases: BTreeMap<(usize, String), ProgressBar>,
}

impl Show {
    /// The way that suits the format and the terminal.
    pub(crate) fn new(format: Format) -> Self {
        match format {
            Format::Json => Self::Json,
            Format::Text if io::stderr().is_terminal() => Self::Tree(Tree {
                bars: MultiProgress::new(),
                phases: BTreeMap::new(),
            }),
            Format::Text => Self::Lines,
        }
    }

    /// Tells what has changed.
    pub(crate) fn changes(&mut self, changes: &[Change], status: &ActionSetStatus) -> Result<(), Error> {
        match self {
            Self::Tree(tree) => {
                tree.update(status);
                Ok(())
            }
            Self::Lines => changes
                .iter()
                .map(line)
                .try_for_each(|line| writeln!(io::stderr().lock(), "{line}").map_err(|error| output(&error))),
            Self::Json => changes.iter().try_for_each(|change| {
                let mut text = serde_json::to_vec(change).map_err(|error| output(&error.into()))?;
                text.push(b'\n');
                io::stdout()
                    .lock()
                    .write_all(&text)
                    .map_err(|error| output(&error))
            }),
        }
    }

    /// Says a sentence of the program's own between two runs.
    pub(crate) fn say(&self, sentence: &str) -> Result<(), Error> {
        match self {
            Self::Tree(_) | Self::Lines => writeln!(io::stderr().lock(), "{sentence}"),
            Self::Json => writeln!(
                io::stdout().lock(),
                "{}",
                serde_json::json!({"what": "step", "text": sentence})
            ),
        }
        .map_err(|error| output(&error))
    }

    /// The run is over: what is shown stays.
    pub(crate) fn end(&mut self, status: &ActionSetStatus) -> Result<(), Error> {
        if let Self::Tree(tree) = self {
            tree.update(status);
            for bar in tree.phases.values() {
                bar.abandon();
            }
            tree.phases.clear();
            tree.bars = MultiProgress::new();
            if !status.error.message.is_empty() {
                writeln!(io::stderr().lock(), "  {}", status.error.message)
                    .map_err(|error| output(&error))?;
            }
        }
        Ok(())
    }
}

impl Tree {
    fn update(&mut self, status: &ActionSetStatus) {
        for (position, action) in status.actions.iter().enumerate() {
            let deferred = Some(&action.defer_phase).filter(|phase| !phase.state.is_empty());
            for phase in action.phases.iter().chain(deferred) {
                let bar = self
                    .phases
                    .entry((position, phase.name.clone()))
                    .or_insert_with(|| {
                        let bar = self.bars.add(ProgressBar::new_spinner());
                        bar.set_prefix(format!("{} › {}", action.name, phase.name));
                        bar
                    });
                let (bytes, total) = moved(phase);
                let bytes = match (bytes, total) {
                    (0, _) => String::new(),
                    (bytes, 0) => HumanBytes(bytes).to_string(),
                    (bytes, total) => format!("{} of {}", HumanBytes(bytes), HumanBytes(total)),
                };
                let template = match phase.state.as_str() {
                    "running" => "  {spinner} {prefix:28} {elapsed:>5} {msg}",
                    "complete" => "  ✓ {prefix:28} {elapsed:>5} {msg}",
                    "failed" => "  ✗ {prefix:28} {elapsed:>5} {msg}",
                    _ => "  · {prefix}",
                };
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style);
                }
                bar.set_message(bytes);
                match phase.state.as_str() {
                    "running" if !bar.is_finished() => {
                        if bar.position() == 0 {
                            // The clock of the line begins with the phase.
                            bar.reset_elapsed();
                            bar.set_position(1);
                        }
                        bar.enable_steady_tick(Duration::from_millis(120));
                    }
                    "complete" | "failed" => bar.abandon(),
                    _ => bar.tick(),
                }
            }
        }
    }
}

/// A change as one line.
fn line(change: &Change) -> String {
    match change {
        Change::State { state } => format!("run: {state}"),
        Change::Phase {
            name, phase, state, ..
        } => format!("{name}/{phase}: {state}"),
        Change::Bytes {
            phase,
            bytes,
            total: 0,
            ..
        } => format!("{phase}: {}", HumanBytes(*bytes)),
        Change::Bytes {
            phase, bytes, total, ..
        } => format!("{phase}: {} of {}", HumanBytes(*bytes), HumanBytes(*total)),
        Change::Failure { message } => format!("failure: {message}"),
    }
}
