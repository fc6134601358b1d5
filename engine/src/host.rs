//! What the driver asks of its surroundings while a run goes on.
//! Must not know what a run's state is, nor how it is kept: that is the journal's.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::announcement::Announcement;
use crate::function::Error;
use crate::request::{self, Identity, ObjectReference};
use crate::scope::Scope;
use crate::sealed::Sealed;

/// The surroundings of a run: the cluster in a controller, scripted values in a test.
#[async_trait]
pub trait Host: Send + Sync + fmt::Debug {
    /// Resolves everything that templates of an action may see before its first phase. A failure fails the
    /// start of the action with the error's message.
    async fn prepare(&self, preparation: Preparation<'_>) -> Result<Prepared, Error>;

    /// Fetches a Secret that a phase names.
    async fn secret(&self, reference: &ObjectReference) -> Result<Sealed<Json>, Error>;

    /// Fetches a ConfigMap that a phase names.
    async fn config_map(&self, reference: &ObjectReference) -> Result<Json, Error>;

    /// Tells whoever watches, one announcement after the other. Must not fail the run.
    async fn announce(&self, run: &Identity, announcement: Announcement);
}

/// What [`Host::prepare`] is given.
#[derive(Clone, Copy, Debug)]
pub struct Preparation<'a> {
    /// The run.
    pub run: &'a Identity,
    /// The position of the action in the request.
    pub action: usize,
    /// What was asked for.
    pub request: &'a request::Action,
    /// When the action started, in the layout of `.Time`. The same after an interruption.
    pub time: &'a str,
    /// After an interruption, the snapshot that the first preparation returned: the target is to be shown as
    /// it was then, not as it is now.
    pub snapshot: Option<&'a Json>,
}

/// What [`Host::prepare`] yields.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    /// What templates see. Its `phases` and `defer_phase` are filled in by the driver.
    pub scope: Scope,
    /// What must be kept to prepare the same scope again after an interruption. Goes into the journal, so it
    /// holds no secrets.
    pub snapshot: Option<Json>,
}

/// A moment in the layout of `.Time`: UTC, as many digits of the second as it needs.
pub(crate) fn layout(time: Timestamp) -> String {
    time.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_digits_they_need() {
        let shown = [
            "2024-03-09T07:05:03Z",
            "2024-12-31T23:59:59.5Z",
            "2024-03-09T07:05:03.123456789Z",
        ]
        .map(|time| layout(time.parse().unwrap()));
        assert_eq!(
            shown,
            [
                "2024-03-09T07:05:03Z",
                "2024-12-31T23:59:59.5Z",
                "2024-03-09T07:05:03.123456789Z"
            ]
        );
    }
}
