//! Where a run's status is kept, and the part of it that only we write.
//! Must not know where that is: in a cluster, in a file, in a test's memory.
//!
//! The status is the journal: it is recorded before the next command with an effect is performed, and a run
//! that was interrupted anywhere is resumed from the last one that was recorded.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_dsl::name::PhaseName;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use snafu::Snafu;

use crate::run::action::Stage;
use crate::run::step::State;
use crate::status::Status;

/// Keeps the status of one run.
#[async_trait]
pub trait Journal: Send + Sync + fmt::Debug {
    /// Keeps `status` in place of the one recorded before. When this returns well, a reader finds it even if
    /// everything stops at once.
    async fn record(&self, status: &Status) -> Result<(), Error>;
}

/// Why a status was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Snafu)]
#[snafu(visibility(pub))]
pub enum Error {
    /// Somebody else has recorded since: another controller has taken the run over. Stop without a trace.
    #[snafu(display("another controller has taken over the run"))]
    Superseded,
    /// The request is gone; there is nothing to record in. Calls are cancelled, nothing else starts.
    #[snafu(display("the request no longer exists"))]
    Gone,
    /// It could not be reached; it is tried again.
    #[snafu(display("failed to reach the journal: {message}"))]
    Unavailable {
        /// What the attempt said.
        message: String,
    },
    /// It will never take this status, for example because it is too large.
    #[snafu(display("the journal refuses the status: {message}"))]
    Refused {
        /// What it said.
        message: String,
    },
}

/// The version of [`Record`] that this program writes.
pub const VERSION: u32 = 1;

/// Our own part of a status: what Kanister's fields cannot say but a resumed run must know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The version of this layout.
    pub version: u32,
    /// When the run started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When its last action ended. While absent, the run is still to be carried on, failed or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Why it is being cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<String>,
    /// Its actions, in the order of the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ActionRecord>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            version: VERSION,
            started: None,
            ended: None,
            cancelled: None,
            actions: Vec::new(),
        }
    }
}

/// What is kept of one action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionRecord {
    /// How far it has come.
    pub stage: Stage,
    /// When it started: `.Time` of its templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Whether the artifacts in the status are the rendered ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rendered: bool,
    /// What the host keeps of the target as it was when the action started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Json>,
    /// Its steps: the phases as written, then the deferred phase when there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepRecord>,
}

/// What is kept of one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepRecord {
    /// The phase's name.
    pub name: PhaseName,
    /// How far it has come.
    pub state: State,
    /// How often calls of it were under way when a controller died.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub interrupted: u32,
    /// The pod that works for it, as `namespace/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// When it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// Its attempts; of many, the last ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
}

/// One attempt of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Its number, from 1.
    pub number: u32,
    /// When it was called.
    pub started: Timestamp,
    /// When the call ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<crate::function::Error>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes what it may leave out by reference"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
