//! Why a request cannot be planned, in Kanister's words where it has them.
//! Must not know how a refusal is published.

use jiff::Timestamp;
use mainstay_dsl::name::{ActionName, PhaseName};
use snafu::Snafu;

use super::Reason;
use crate::announcement::Announcement;
use crate::journal::Record;
use crate::status::{Progress, State, Status};

/// A request that cannot be planned. The first action at fault ends the search, as in Kanister.
#[derive(Clone, Debug, PartialEq, Eq, Snafu)]
pub enum Refusal {
    /// The action names no blueprint.
    #[snafu(display("Blueprint is not specified for action"))]
    Unnamed {
        /// The position of the action.
        action: usize,
    },
    /// The blueprint was not found.
    #[snafu(display("Failed to query blueprint: {message}"))]
    Missing {
        /// The position of the action.
        action: usize,
        /// What the look-up said.
        message: String,
    },
    /// The blueprint lacks the action.
    #[snafu(display("Action {name} for object kind {kind} not found in blueprint {blueprint}"))]
    NoAction {
        /// The position of the action.
        action: usize,
        /// Its name.
        name: ActionName,
        /// The kind of object it was asked for.
        kind: String,
        /// The blueprint.
        blueprint: String,
    },
    /// A phase depends on one that the action does not have.
    #[snafu(display(
        "Phase {phase} of action {name} depends on {missing}, which is no phase of this action"
    ))]
    NoPhase {
        /// The position of the action.
        action: usize,
        /// Its name.
        name: ActionName,
        /// The phase that depends.
        phase: PhaseName,
        /// The phase that there is not.
        missing: PhaseName,
    },
    /// A phase is to be repeated, which this version cannot.
    #[snafu(display("Phase {phase} of action {name} says forEach, which this version does not run"))]
    ForEach {
        /// The position of the action.
        action: usize,
        /// Its name.
        name: ActionName,
        /// The phase.
        phase: PhaseName,
    },
    /// Phases wait for each other.
    #[snafu(display("Phases of action {name} wait for each other: {}", circle(edges)))]
    Cycle {
        /// The position of the action.
        action: usize,
        /// Its name.
        name: ActionName,
        /// The edges of one circle: who waits, for whom, and why.
        edges: Vec<(PhaseName, PhaseName, Reason)>,
    },
}

fn circle(edges: &[(PhaseName, PhaseName, Reason)]) -> String {
    let told: Vec<_> = edges
        .iter()
        .map(|(waiting, awaited, reason)| format!("{waiting} waits for {awaited} ({reason})"))
        .collect();
    told.join(", ")
}

impl Refusal {
    /// The status of the refused request: failed, without actions.
    pub fn status(&self, at: Timestamp) -> Status {
        Status {
            state: State::Failed,
            actions: Vec::new(),
            error: self.to_string(),
            progress: Progress::default(),
            record: Record {
                ended: Some(at),
                ..Record::default()
            },
        }
    }

    /// What watchers are told.
    pub fn announcement(&self) -> Announcement {
        match self {
            Self::Unnamed { action } => Announcement::warning(
                *action,
                "Blueprint not specified",
                format!("Could not get blueprint: {self}"),
            ),
            Self::Missing { action, .. } => {
                Announcement::warning(*action, "Error", format!("Could not get blueprint: {self}"))
            }
            Self::NoAction { action, name, .. } => Announcement::warning(
                *action,
                format!("ActionSetFailed Action: {name}"),
                format!("Could not get initial action: {self}"),
            ),
            Self::NoPhase { action, name, .. }
            | Self::ForEach { action, name, .. }
            | Self::Cycle { action, name, .. } => Announcement::warning(
                *action,
                format!("ActionSetFailed Action: {name}"),
                format!("Could not plan the action: {self}"),
            ),
        }
    }
}
