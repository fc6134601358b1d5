//! Between the wire's types and the engine's, in both directions; the only place that knows both.
//! Must not know how either is kept or sent.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use mainstay_api::actionset::{ActionSet, ActionSpec};
use mainstay_api::reference::Artifact as WireArtifact;
use mainstay_api::status as wire;
use mainstay_engine::journal::Record;
use mainstay_engine::request::{self, Identity, ObjectReference, Request};
use mainstay_engine::run::action::Stage;
use mainstay_engine::scope::Artifact;
use mainstay_engine::status::{self, Action, Phase, PhaseProgress, Progress, Sizes, State, Status};
use serde_json::{Map, Value as Json};
use snafu::{ResultExt, Snafu};

/// What stands in a status and is no status.
#[derive(Debug, Snafu)]
pub enum Error {
    /// A state that there is not.
    #[snafu(display("failed to read the status: there is no state {state:?}"))]
    UnknownState {
        /// What was written.
        state: String,
    },
    /// A record that cannot be read.
    #[snafu(display("failed to read the record in the status: {source}"))]
    UnreadableRecord {
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// What an ActionSet asks for.
pub fn request(action_set: &ActionSet) -> Request {
    let metadata = &action_set.metadata;
    let actions = action_set.spec.iter().flat_map(|spec| &spec.actions);
    Request {
        run: Identity {
            uid: metadata.uid.clone().unwrap_or_default(),
            name: metadata.name.clone().unwrap_or_default(),
            namespace: metadata.namespace.clone().unwrap_or_default(),
        },
        labels: metadata.labels.clone().unwrap_or_default(),
        actions: actions.map(action).collect(),
    }
}

fn action(spec: &ActionSpec) -> request::Action {
    let ActionSpec {
        name,
        object,
        blueprint,
        artifacts,
        config_maps,
        secrets,
        profile,
        pod_override,
        options,
        preferred_version,
        pod_labels,
        pod_annotations,
    } = spec;
    let references = |references: &BTreeMap<String, mainstay_api::ObjectReference>| {
        references
            .iter()
            .map(|(name, written)| (name.clone(), reference(written)))
            .collect()
    };
    request::Action {
        action: name.as_str().into(),
        blueprint: blueprint.clone(),
        object: reference(object),
        options: options.clone(),
        artifacts: artifacts
            .iter()
            .map(|(name, written)| (name.as_str().into(), artifact(written)))
            .collect(),
        secrets: references(secrets),
        config_maps: references(config_maps),
        profile: profile.as_ref().map(reference),
        pod_override: pod_override.clone(),
        pod_labels: pod_labels.clone(),
        pod_annotations: pod_annotations.clone(),
        preferred_version: preferred_version.clone(),
    }
}

/// A status as it goes into an ActionSet. `controller` is who writes it.
pub fn wire_status(status: &Status, controller: &str) -> wire::ActionSetStatus {
    let Status {
        state,
        actions,
        error,
        progress,
        record,
    } = status;
    wire::ActionSetStatus {
        state: state.to_string(),
        actions: actions.iter().map(wire_action).collect(),
        error: wire::Failure {
            message: error.clone(),
        },
        progress: wire_progress(progress),
        mainstay: wire_record(record, controller),
    }
}

/// The member of our record that says which controller wrote it.
pub(crate) const CONTROLLER: &str = "controller";

/// A record as it goes into a status. `controller` is who writes it.
pub fn wire_record(record: &Record, controller: &str) -> Map<String, Json> {
    let mut record = record.clone();
    for action in record
        .actions
        .iter_mut()
        .filter(|action| action.stage == Stage::Ended)
    {
        // Nobody asks for its target again.
        action.snapshot = None;
    }
    let mut members = match serde_json::to_value(record) {
        Ok(Json::Object(members)) => members,
        // A record is a struct of plain data: it has no other form, and nothing in it can fail.
        Ok(_) | Err(_) => Map::new(),
    };
    members.insert(CONTROLLER.to_owned(), controller.into());
    members
}

/// A status as it stands in an ActionSet.
pub fn status(written: &wire::ActionSetStatus) -> Result<Status, Error> {
    let record = if written.mainstay.is_empty() {
        Record::default()
    } else {
        let members = Json::Object(written.mainstay.clone());
        serde_json::from_value(members).context(UnreadableRecordSnafu)?
    };
    Ok(Status {
        state: state(&written.state)?,
        actions: written
            .actions
            .iter()
            .map(read_action)
            .collect::<Result<_, _>>()?,
        error: written.error.message.clone(),
        progress: Progress {
            running_phase: (!written.progress.running_phase.is_empty())
                .then(|| written.progress.running_phase.as_str().into()),
            percent: written.progress.percent_completed.parse().ok(),
            sizes: Sizes {
                downloaded: bytes(written.progress.size_downloaded),
                uploaded: bytes(written.progress.size_uploaded),
                to_download: bytes(written.progress.estimated_download_size),
                to_upload: bytes(written.progress.estimated_upload_size),
            },
            changed: written.progress.last_transition_time.as_ref().and_then(time),
        },
        record,
    })
}

fn wire_action(action: &Action) -> wire::ActionStatus {
    let Action {
        name,
        object,
        blueprint,
        phases,
        defer,
        artifacts,
    } = action;
    wire::ActionStatus {
        name: name.as_str().to_owned(),
        object: wire_reference(object),
        blueprint: blueprint.clone(),
        phases: phases.iter().map(wire_phase).collect(),
        artifacts: artifacts
            .iter()
            .map(|(name, artifact)| (name.as_str().to_owned(), wire_artifact(artifact)))
            .collect(),
        defer_phase: defer.as_ref().map(wire_phase).unwrap_or_default(),
    }
}

fn read_action(written: &wire::ActionStatus) -> Result<Action, Error> {
    let wire::ActionStatus {
        name,
        object,
        blueprint,
        phases,
        artifacts,
        defer_phase,
    } = written;
    // Without a deferred phase its texts are empty; one without a name still has a state.
    let defer = if defer_phase.state.is_empty() {
        None
    } else {
        Some(read_phase(defer_phase)?)
    };
    Ok(Action {
        name: name.as_str().into(),
        object: reference(object),
        blueprint: blueprint.clone(),
        phases: phases.iter().map(read_phase).collect::<Result<_, _>>()?,
        defer,
        artifacts: artifacts
            .iter()
            .map(|(name, written)| (name.as_str().into(), artifact(written)))
            .collect(),
    })
}

fn wire_phase(phase: &Phase) -> wire::PhaseStatus {
    let Phase {
        name,
        state,
        output,
        progress,
    } = phase;
    let PhaseProgress {
        percent,
        sizes,
        changed,
    } = progress;
    wire::PhaseStatus {
        name: name.as_str().to_owned(),
        state: state.to_string(),
        output: output.clone().unwrap_or_default(),
        progress: wire::PhaseProgress {
            progress_percent: percent.map(|percent| percent.to_string()).unwrap_or_default(),
            size_downloaded: wire_bytes(sizes.downloaded),
            size_uploaded: wire_bytes(sizes.uploaded),
            estimated_download_size: wire_bytes(sizes.to_download),
            estimated_upload_size: wire_bytes(sizes.to_upload),
            estimated_time_seconds: 0,
            last_transition_time: changed.map(wire_time),
        },
    }
}

fn read_phase(written: &wire::PhaseStatus) -> Result<Phase, Error> {
    let wire::PhaseStatus {
        name,
        state: written_state,
        output,
        progress,
    } = written;
    Ok(Phase {
        name: name.as_str().into(),
        state: state(written_state)?,
        // The wire does not tell no output from an empty one, and neither do templates.
        output: (!output.is_empty()).then(|| output.clone()),
        progress: PhaseProgress {
            percent: progress.progress_percent.parse().ok(),
            sizes: Sizes {
                downloaded: bytes(progress.size_downloaded),
                uploaded: bytes(progress.size_uploaded),
                to_download: bytes(progress.estimated_download_size),
                to_upload: bytes(progress.estimated_upload_size),
            },
            changed: progress.last_transition_time.as_ref().and_then(time),
        },
    })
}

fn wire_progress(progress: &Progress) -> wire::Progress {
    let Progress {
        running_phase,
        percent,
        sizes,
        changed,
    } = progress;
    wire::Progress {
        running_phase: running_phase
            .as_ref()
            .map(|phase| phase.as_str().to_owned())
            .unwrap_or_default(),
        percent_completed: percent.map(|percent| percent.to_string()).unwrap_or_default(),
        size_downloaded: wire_bytes(sizes.downloaded),
        size_uploaded: wire_bytes(sizes.uploaded),
        estimated_download_size: wire_bytes(sizes.to_download),
        estimated_upload_size: wire_bytes(sizes.to_upload),
        last_transition_time: changed.map(wire_time),
    }
}

fn state(written: &str) -> Result<State, Error> {
    match written {
        "pending" => Ok(State::Pending),
        "running" => Ok(State::Running),
        "failed" => Ok(State::Failed),
        "complete" => Ok(State::Complete),
        _ => UnknownStateSnafu { state: written }.fail(),
    }
}

fn reference(written: &mainstay_api::ObjectReference) -> ObjectReference {
    let mainstay_api::ObjectReference {
        api_version,
        group,
        resource,
        kind,
        name,
        namespace,
    } = written.clone();
    ObjectReference {
        api_version,
        group,
        resource,
        kind,
        name,
        namespace,
    }
}

fn wire_reference(reference: &ObjectReference) -> mainstay_api::ObjectReference {
    let ObjectReference {
        api_version,
        group,
        resource,
        kind,
        name,
        namespace,
    } = reference.clone();
    mainstay_api::ObjectReference {
        api_version,
        group,
        resource,
        kind,
        name,
        namespace,
    }
}

fn artifact(written: &WireArtifact) -> Artifact {
    let WireArtifact {
        key_value,
        kopia_snapshot,
    } = written.clone();
    Artifact {
        key_value,
        kopia_snapshot,
    }
}

fn wire_artifact(artifact: &Artifact) -> WireArtifact {
    let Artifact {
        key_value,
        kopia_snapshot,
    } = artifact.clone();
    WireArtifact {
        key_value,
        kopia_snapshot,
    }
}

/// A time as the wire has it, to the second.
pub(crate) fn wire_time(at: jiff::Timestamp) -> Time {
    let seconds = k8s_openapi::jiff::Timestamp::from_second(at.as_second());
    Time(seconds.unwrap_or(k8s_openapi::jiff::Timestamp::UNIX_EPOCH))
}

fn time(written: &Time) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_second(written.0.as_second()).ok()
}

fn wire_bytes(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn bytes(written: i64) -> u64 {
    u64::try_from(written).unwrap_or_default()
}

/// Whether a run of an ActionSet is still to be begun or carried on.
pub fn is_unfinished(action_set: &ActionSet) -> bool {
    let Some(written) = &action_set.status else {
        return true;
    };
    match status(written) {
        // Kanister's own status has no record: what it failed is over, as far as anybody can tell.
        Ok(read) if written.mainstay.is_empty() => {
            matches!(read.state, status::State::Pending | status::State::Running)
        }
        Ok(read) => !read.is_final(),
        Err(_) => !matches!(written.state.as_str(), "failed" | "complete"),
    }
}
