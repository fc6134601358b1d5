//! What has changed between two statuses. Pure.
//! Must not know how it is shown.

use mainstay_api::status::{ActionSetStatus, PhaseStatus};
use serde::Serialize;

/// One thing that has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub(crate) enum Change {
    /// The whole has another state.
    State {
        /// `pending`, `running`, `failed` or `complete`.
        state: String,
    },
    /// A phase has another state.
    Phase {
        /// Position of the action.
        action: usize,
        /// The action's name.
        name: String,
        /// The phase's name.
        phase: String,
        /// Its state.
        state: String,
    },
    /// A phase has moved bytes.
    Bytes {
        /// Position of the action.
        action: usize,
        /// The phase's name.
        phase: String,
        /// Bytes moved so far, in whichever direction.
        bytes: u64,
        /// Bytes to be moved in all; 0 is not known.
        total: u64,
    },
    /// Something failed.
    Failure {
        /// Why.
        message: String,
    },
}

/// What has changed, in the order in which it is to be told.
pub(crate) fn changes(before: &ActionSetStatus, after: &ActionSetStatus) -> Vec<Change> {
    let mut changes = Vec::new();
    if before.state != after.state && !["failed", "complete"].contains(&after.state.as_str()) {
        changes.push(Change::State {
            state: after.state.clone(),
        });
    }
    for (action, now) in after.actions.iter().enumerate() {
        let was = before.actions.get(action);
        for (position, phase) in now.phases.iter().enumerate() {
            let earlier = was.and_then(|was| was.phases.get(position));
            changes.extend(phase_changes(action, &now.name, phase, earlier));
        }
        let earlier = was.map(|was| &was.defer_phase);
        changes.extend(phase_changes(action, &now.name, &now.defer_phase, earlier));
    }
    if before.error.message != after.error.message && !after.error.message.is_empty() {
        changes.push(Change::Failure {
            message: after.error.message.clone(),
        });
    }
    if before.state != after.state && ["failed", "complete"].contains(&after.state.as_str()) {
        changes.push(Change::State {
            state: after.state.clone(),
        });
    }
    changes
}

fn phase_changes(action: usize, name: &str, now: &PhaseStatus, was: Option<&PhaseStatus>) -> Vec<Change> {
    let mut changes = Vec::new();
    let state = was.map_or("pending", |was| {
        if was.state.is_empty() {
            "pending"
        } else {
            was.state.as_str()
        }
    });
    if !now.state.is_empty() && now.state != state {
        changes.push(Change::Phase {
            action,
            name: name.to_owned(),
            phase: now.name.clone(),
            state: now.state.clone(),
        });
    }
    let (bytes, total) = moved(now);
    if bytes > 0 && Some((bytes, total)) != was.map(moved) {
        changes.push(Change::Bytes {
            action,
            phase: now.name.clone(),
            bytes,
            total,
        });
    }
    changes
}

/// Bytes a phase has moved and those it will move, in whichever direction it works.
pub(crate) fn moved(phase: &PhaseStatus) -> (u64, u64) {
    let progress = &phase.progress;
    let sum = |a: i64, b: i64| u64::try_from(a.saturating_add(b)).unwrap_or(0);
    (
        sum(progress.size_downloaded, progress.size_uploaded),
        sum(progress.estimated_download_size, progress.estimated_upload_size),
    )
}

#[cfg(test)]
mod tests {
    use mainstay_api::status::ActionSetStatus;
    use serde_json::json;

    use super::changes;

    fn status(text: serde_json::Value) -> ActionSetStatus {
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn a_run_is_told_from_its_statuses() {
        let pending = status(json!({"state": "pending", "actions": [
            {"name": "backup", "phases": [{"name": "dump", "state": "pending"}], "deferPhase": {"name": "", "state": ""}}
        ]}));
        let running = status(json!({"state": "running", "actions": [
            {"name": "backup", "phases": [
                {"name": "dump", "state": "running", "progress": {"sizeUploadedB": 1024}}
            ], "deferPhase": {"name": "", "state": ""}}
        ]}));
        let failed = status(
            json!({"state": "failed", "error": {"message": "mysqldump ended with status 2"}, "actions": [
                {"name": "backup", "phases": [
                    {"name": "dump", "state": "failed", "progress": {"sizeUploadedB": 1024}}
                ], "deferPhase": {"name": "", "state": ""}}
            ]}),
        );
        let told: Vec<_> = [
            (ActionSetStatus::default(), &pending),
            (pending.clone(), &running),
            (running.clone(), &failed),
        ]
        .into_iter()
        .flat_map(|(before, after)| changes(&before, after))
        .map(|change| serde_json::to_value(change).unwrap())
        .collect();
        assert_eq!(
            serde_json::Value::Array(told),
            json!([
                {"what": "state", "state": "pending"},
                {"what": "state", "state": "running"},
                {"what": "phase", "action": 0, "name": "backup", "phase": "dump", "state": "running"},
                {"what": "bytes", "action": 0, "phase": "dump", "bytes": 1024, "total": 0},
                {"what": "phase", "action": 0, "name": "backup", "phase": "dump", "state": "failed"},
                {"what": "failure", "message": "mysqldump ended with status 2"},
                {"what": "state", "state": "failed"},
            ])
        );
    }
}
