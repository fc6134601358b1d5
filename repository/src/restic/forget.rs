//! Which snapshots are to go, as a value.

use super::Snapshot;

/// Snapshots that a forget removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Oldest first.
    pub snapshots: Vec<Snapshot>,
}
