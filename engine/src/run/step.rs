//! One step of a run: its states, its attempts and how far it has come.
//! Must not know any other step.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::function::{Error, Outputs, Progress};
use crate::journal::Attempt;
use crate::status::{PhaseProgress, Sizes};

/// How far a step has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Not begun.
    Pending,
    /// Its `if` is being evaluated.
    Deciding,
    /// A call is under way.
    Running,
    /// A call has had its time and was asked to end.
    TimingOut,
    /// A call was asked to end because the run is cancelled.
    Cancelling,
    /// An attempt has failed; the next one comes when the pause is over.
    Waiting,
    /// Ended well.
    Complete,
    /// Left out, because its `if` was false.
    Skipped,
    /// Ended badly.
    Failed,
}

impl State {
    /// Whether something is still to come of it without anybody starting it.
    pub fn is_under_way(self) -> bool {
        match self {
            Self::Deciding | Self::Running | Self::TimingOut | Self::Cancelling | Self::Waiting => true,
            Self::Pending | Self::Complete | Self::Skipped | Self::Failed => false,
        }
    }

    /// Whether a call is under way.
    pub fn is_calling(self) -> bool {
        match self {
            Self::Running | Self::TimingOut | Self::Cancelling => true,
            Self::Pending
            | Self::Deciding
            | Self::Waiting
            | Self::Complete
            | Self::Skipped
            | Self::Failed => false,
        }
    }

    /// Whether what waits for it may start.
    pub fn is_done(self) -> bool {
        match self {
            Self::Complete | Self::Skipped => true,
            Self::Pending
            | Self::Deciding
            | Self::Running
            | Self::TimingOut
            | Self::Cancelling
            | Self::Waiting
            | Self::Failed => false,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pending => "pending",
            Self::Deciding => "deciding",
            Self::Running => "running",
            Self::TimingOut => "timing out",
            Self::Cancelling => "cancelling",
            Self::Waiting => "waiting",
            Self::Complete => "complete",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        })
    }
}

/// The attempts that are kept of a step; of a step that is tried more often, the last ones.
const KEPT_ATTEMPTS: usize = 10;

/// One step of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// How far it has come.
    pub state: State,
    /// The attempts made, the last one last.
    pub attempts: Vec<Attempt>,
    /// How often calls of it were under way when a controller died.
    pub interrupted: u32,
    /// Whether the call under way is one of Kanister's, which cannot be found again by its key.
    pub foreign: bool,
    /// The pod that works for it.
    pub pod: Option<String>,
    /// When it is tried again, while it waits.
    pub retry_at: Option<Timestamp>,
    /// Its outputs, once it is complete.
    pub output: Outputs,
    /// How far the current call has come.
    pub progress: PhaseProgress,
}

impl Step {
    pub(super) fn new() -> Self {
        Self {
            state: State::Pending,
            attempts: Vec::new(),
            interrupted: 0,
            foreign: false,
            pod: None,
            retry_at: None,
            output: None,
            progress: PhaseProgress::default(),
        }
    }

    /// The number of the current or last attempt; 0 before the first.
    pub fn attempt(&self) -> u32 {
        self.attempts.last().map_or(0, |attempt| attempt.number)
    }

    /// Begins the next attempt and returns its number.
    pub(super) fn begin(&mut self, at: Timestamp) -> u32 {
        let number = self.attempt() + 1;
        if self.attempts.len() == KEPT_ATTEMPTS {
            self.attempts.remove(0);
        }
        self.attempts.push(Attempt {
            number,
            started: at,
            ended: None,
            failure: None,
        });
        self.state = State::Running;
        self.pod = None;
        self.retry_at = None;
        if self.progress != PhaseProgress::default() {
            self.progress = PhaseProgress {
                changed: Some(at),
                ..PhaseProgress::default()
            };
        }
        number
    }

    /// Takes a report of the current call. The time of the last change moves only if something changed.
    pub(super) fn report(&mut self, at: Timestamp, progress: Progress) {
        let Progress {
            uploaded_bytes,
            downloaded_bytes,
            upload_size,
            download_size,
            files: _,
            pod,
            percent,
        } = progress;
        let known = &self.progress;
        let next = PhaseProgress {
            // Kanister's tools read 100 as success, and the step has not ended yet.
            percent: percent.map(|percent| percent.min(99)).or(known.percent),
            sizes: Sizes {
                downloaded: downloaded_bytes.unwrap_or(known.sizes.downloaded),
                uploaded: uploaded_bytes.unwrap_or(known.sizes.uploaded),
                to_download: download_size.unwrap_or(known.sizes.to_download),
                to_upload: upload_size.unwrap_or(known.sizes.to_upload),
            },
            changed: known.changed,
        };
        if next != self.progress {
            self.progress = PhaseProgress {
                changed: Some(at),
                ..next
            };
        }
        if pod.is_some() {
            self.pod = pod;
        }
    }

    /// Ends the current attempt well.
    pub(super) fn succeed(&mut self, at: Timestamp, output: Outputs) {
        self.close(at, None);
        self.state = State::Complete;
        self.output = output;
        self.progress.percent = Some(100);
        self.progress.changed = Some(at);
    }

    /// Ends the step without a call.
    pub(super) fn skip(&mut self, at: Timestamp) {
        self.state = State::Skipped;
        self.progress.percent = Some(100);
        self.progress.changed = Some(at);
    }

    /// Ends the current attempt, if one is open.
    pub(super) fn close(&mut self, at: Timestamp, failure: Option<Error>) {
        if let Some(attempt) = self.attempts.last_mut()
            && attempt.ended.is_none()
        {
            attempt.ended = Some(at);
            attempt.failure = failure;
        }
    }
}
