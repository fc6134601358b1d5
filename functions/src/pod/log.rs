//! Following the log of a container to its end, over as many connections as it takes: no line is lost, none comes twice.
//! Must not know what the lines mean.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::pin::pin;

use futures::{AsyncBufRead, AsyncBufReadExt as _};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use kube::api::LogParams;
use mainstay_engine::function::Error as Failure;
use serde_json::{Map, Value as Json};
use tokio::time::Instant;

use super::{Worker, state};
use crate::retry::{Pauses, patiently};
use crate::tail::Tail;
use crate::{failure, output};

/// What introduces every failure to read a log.
const NO_LOGS: &str = "Failed to fetch logs from the pod";
/// The longest line that is kept whole: an output may take that much, and some text before it.
const LONGEST_LINE: usize = 9 << 20;
/// How often reading the rest of a log is tried when its container has ended already.
const LAST_READS: usize = 5;

/// Takes pieces of a log. An error ends the following.
pub type Sink<'a> = dyn FnMut(&[u8]) -> Result<(), Failure> + Send + 'a;

/// Phase output of a container, and the last lines it printed.
#[derive(Debug)]
pub struct Printed {
    /// What its marked lines say.
    pub outputs: Map<String, Json>,
    /// The last lines.
    pub lines: Vec<String>,
}

impl Worker {
    /// Waits until the pod has started and follows one container to its end, reading phase output.
    pub async fn printed(&self, container: &str) -> Result<Printed, Failure> {
        self.ready().await?;
        let mut reader = output::Reader::default();
        let mut tail = Tail::default();
        let mut log = |line: &str| {
            tracing::info!(pod = self.name(), container, line, "printed");
        };
        let mut sink = |piece: &[u8]| {
            tail.write(piece);
            reader.write(piece, &mut log).map_err(|error| Failure {
                place: Some(self.place(container)),
                ..Failure::from(error)
            })
        };
        self.follow(container, &mut sink).await?;
        let outputs = reader.finish(&mut log).map_err(|error| Failure {
            place: Some(self.place(container)),
            ..Failure::from(error)
        })?;
        Ok(Printed {
            outputs,
            lines: tail.lines(),
        })
    }

    /// Hands every line that `container` prints to `sink`, until the container has ended. The pod must have started.
    pub async fn follow(&self, container: &str, sink: &mut Sink<'_>) -> Result<(), Failure> {
        let mut lines = Lines::default();
        let mut pauses = Pauses::default();
        let mut trouble_since: Option<Instant> = None;
        loop {
            let pod = self.look().await?;
            if state::has_ended(&pod, container) {
                break;
            }
            let delivered = lines.delivered;
            match self.read(container, Mode::Follow, &mut lines, sink).await {
                Ok(()) => {}
                Err(Broken::Sink(failure)) => return Err(failure),
                Err(Broken::Read(error)) if failure::is_forbidden(&error) => {
                    return Err(failure::of(NO_LOGS, &error));
                }
                Err(Broken::Read(_)) => match self.trouble_around(&pod).await {
                    None => trouble_since = None,
                    Some(trouble) => {
                        let since = *trouble_since.get_or_insert_with(Instant::now);
                        if since.elapsed() > self.patience {
                            return Err(self.hindered(NO_LOGS, trouble));
                        }
                    }
                },
            }
            if lines.delivered > delivered {
                pauses = Pauses::default();
            }
            if !state::has_ended(&self.look().await?, container) {
                pauses.pause().await;
            }
        }
        // A log may break off shortly before its end. Read once more, now that nothing can be added.
        self.read_rest(container, &mut lines, sink).await
    }

    async fn read_rest(
        &self,
        container: &str,
        lines: &mut Lines,
        sink: &mut Sink<'_>,
    ) -> Result<(), Failure> {
        let mut pauses = Pauses::default();
        for attempt in 1.. {
            match self.read(container, Mode::Rest, lines, sink).await {
                Ok(()) => break,
                Err(Broken::Sink(failure)) => return Err(failure),
                // A pod that was refused by its node has no log.
                Err(Broken::Read(kube::Error::Api(status))) if matches!(status.code, 400 | 404) => break,
                Err(Broken::Read(error)) if attempt == LAST_READS => {
                    return Err(Failure {
                        place: Some(self.place(container)),
                        ..failure::of(NO_LOGS, &error)
                    });
                }
                Err(Broken::Read(_)) => pauses.pause().await,
            }
        }
        lines.finish(sink)
    }

    async fn look(&self) -> Result<Pod, Failure> {
        patiently(|| self.pods.get_opt(&self.name))
            .await
            .map_err(|error| failure::of(NO_LOGS, &error))?
            .ok_or_else(|| self.gone(NO_LOGS))
    }

    /// Reads over one connection until it ends.
    async fn read(
        &self,
        container: &str,
        mode: Mode,
        lines: &mut Lines,
        sink: &mut Sink<'_>,
    ) -> Result<(), Broken> {
        let parameters = LogParams {
            container: Some(container.to_owned()),
            follow: mode == Mode::Follow,
            since_time: lines.since(),
            timestamps: true,
            ..LogParams::default()
        };
        lines.reconnected();
        let stream = self
            .pods
            .log_stream(&self.name, &parameters)
            .await
            .map_err(Broken::Read)?;
        lines.read(stream, sink).await
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Until the container ends.
    Follow,
    /// What is there.
    Rest,
}

/// Why reading over a connection ended early.
#[derive(Debug)]
enum Broken {
    Read(kube::Error),
    Sink(Failure),
}

/// The lines of a log that is read over several connections.
///
/// A connection is asked for what was printed since a whole second, so that the first lines of the next one are known
/// already. They are told by their time and their text.
#[derive(Debug, Default)]
struct Lines {
    /// The second of the newest line.
    second: Option<Timestamp>,
    /// The lines of that second and later, and how often each came.
    known: BTreeMap<Fingerprint, usize>,
    /// Those of `known` that this connection has not repeated yet.
    expected: BTreeMap<Fingerprint, usize>,
    /// The line under way.
    open: Vec<u8>,
    delivered: u64,
}

/// When a line was printed, and a hash of it.
type Fingerprint = (Timestamp, u64);

impl Lines {
    /// From when on the next connection is to show lines.
    fn since(&self) -> Option<Timestamp> {
        self.second
    }

    fn reconnected(&mut self) {
        self.expected.clone_from(&self.known);
        self.open.clear();
    }

    async fn read(&mut self, stream: impl AsyncBufRead, sink: &mut Sink<'_>) -> Result<(), Broken> {
        let mut stream = pin!(stream);
        loop {
            let piece = stream
                .fill_buf()
                .await
                .map_err(|error| Broken::Read(kube::Error::ReadEvents(error)))?;
            let count = piece.len();
            if count == 0 {
                return Ok(());
            }
            for part in piece.split_inclusive(|byte| *byte == b'\n') {
                let room = LONGEST_LINE.saturating_sub(self.open.len());
                match part.strip_suffix(b"\n") {
                    Some(rest) => {
                        self.open.extend_from_slice(&rest[..rest.len().min(room)]);
                        self.open.push(b'\n');
                        self.end_line(sink).map_err(Broken::Sink)?;
                    }
                    None => self.open.extend_from_slice(&part[..part.len().min(room)]),
                }
            }
            stream.consume_unpin(count);
        }
    }

    /// Hands on what stands behind the last newline, once the log is complete.
    fn finish(&mut self, sink: &mut Sink<'_>) -> Result<(), Failure> {
        if self.open.is_empty() {
            Ok(())
        } else {
            self.end_line(sink)
        }
    }

    fn end_line(&mut self, sink: &mut Sink<'_>) -> Result<(), Failure> {
        let line = std::mem::take(&mut self.open);
        let (time, text) = stamped(&line);
        if let Some(time) = time
            && self.is_known(time, text)
        {
            return Ok(());
        }
        self.delivered += 1;
        sink(text)
    }

    /// Whether the line came over an earlier connection; remembers it if not.
    fn is_known(&mut self, time: Timestamp, text: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let fingerprint = (time, hasher.finish());
        if let Some(count) = self.expected.get_mut(&fingerprint)
            && *count > 0
        {
            *count -= 1;
            return true;
        }
        let second = whole_second(time);
        if self.second.is_none_or(|newest| newest < second) {
            self.second = Some(second);
            self.known.retain(|(time, _), _| *time >= second);
        }
        if self.second.is_some_and(|newest| time >= newest) {
            *self.known.entry(fingerprint).or_default() += 1;
        }
        false
    }
}

/// A line as the API server sends it: the time, a space, what was printed.
fn stamped(line: &[u8]) -> (Option<Timestamp>, &[u8]) {
    let stamp = line
        .iter()
        .position(|byte| *byte == b' ')
        .and_then(|end| Some((std::str::from_utf8(&line[..end]).ok()?.parse().ok()?, end)));
    match stamp {
        Some((time, end)) => (Some(time), &line[end + 1..]),
        None => (None, line),
    }
}

/// The second that a moment lies in. The API takes whole seconds only, and a client that rounds up would lose lines.
fn whole_second(time: Timestamp) -> Timestamp {
    let down = TimestampRound::new()
        .smallest(Unit::Second)
        .mode(RoundMode::Floor);
    time.round(down).unwrap_or(time)
}

#[cfg(test)]
mod tests;
