//! What a pod's status says: how far it is, what keeps it from starting, how it ended. Pure.
//! Must not know how the status was obtained.

use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod, PodStatus};
use mainstay_engine::function::Cause;

/// How far a pod is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has not begun to run.
    Starting,
    /// At least one of its containers runs, or is about to again.
    Running,
    /// All of its containers have ended well.
    Succeeded,
    /// It has ended, and not well.
    Failed,
}

/// How far `pod` is.
pub(super) fn stage(pod: &Pod) -> Stage {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    match phase {
        Some("Running" | "Unknown") => Stage::Running,
        Some("Succeeded") => Stage::Succeeded,
        Some("Failed") => Stage::Failed,
        Some(_) | None => Stage::Starting,
    }
}

/// Something that keeps a pod from starting or from going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Obstacle {
    /// What it is, in words.
    pub(super) what: String,
    /// What kind of failure it is.
    pub(super) cause: Cause,
    /// Whether it may pass.
    pub(super) patience: Patience,
    /// The container it concerns.
    pub(super) container: Option<String>,
}

/// Whether an obstacle may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// It does not without somebody's doing.
    None,
    /// It may, within the time a pod is given to find its node.
    Short,
}

/// What keeps `pod` from starting, as its own status tells.
pub(super) fn obstacle(pod: &Pod) -> Option<Obstacle> {
    let status = pod.status.as_ref()?;
    containers(status)
        .find_map(container_obstacle)
        .or_else(|| unschedulable(status))
}

/// Whether the scheduler has said that no node takes the pod.
pub(super) fn unschedulable(status: &PodStatus) -> Option<Obstacle> {
    let condition = status.conditions.iter().flatten().find(|condition| {
        condition.type_ == "PodScheduled"
            && condition.status == "False"
            && condition.reason.as_deref() == Some("Unschedulable")
    })?;
    Some(Obstacle {
        what: named(
            "no node takes the pod",
            "Unschedulable",
            condition.message.as_deref(),
        ),
        cause: Cause::Unreachable,
        patience: Patience::Short,
        container: None,
    })
}

fn container_obstacle(container: &ContainerStatus) -> Option<Obstacle> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref()?;
    let (what, cause, patience) = match reason {
        "ErrImagePull" | "ImagePullBackOff" | "RegistryUnavailable" | "SignatureValidationFailed" => {
            ("its image cannot be pulled", Cause::Unreachable, Patience::None)
        }
        "InvalidImageName" | "ErrImageNeverPull" | "ImageInspectError" => {
            ("its image cannot be used", Cause::Mistake, Patience::None)
        }
        "CreateContainerConfigError" => (
            "its configuration refers to something that is not there",
            Cause::Mistake,
            Patience::None,
        ),
        "CrashLoopBackOff" => ("it ends as soon as it is started", Cause::Failed, Patience::None),
        // The runtime may be busy; where the fault is in the specification it does not pass.
        "CreateContainerError"
        | "RunContainerError"
        | "PreCreateHookError"
        | "PreStartHookError"
        | "PostStartHookError" => ("it cannot be started", Cause::Failed, Patience::Short),
        _ => return None,
    };
    let last = container
        .last_state
        .as_ref()
        .and_then(|state| state.terminated.as_ref());
    let message = match (reason, last) {
        ("CrashLoopBackOff", Some(last)) => Some(ended(last)),
        _ => waiting.message.clone(),
    };
    Some(Obstacle {
        what: format!(
            "container {:?}: {}",
            container.name,
            named(what, reason, message.as_deref())
        ),
        cause,
        patience,
        container: Some(container.name.clone()),
    })
}

/// How a pod ended that did not end well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct End {
    /// In words.
    pub(super) what: String,
    /// The container that made the pod fail, when one did.
    pub(super) container: Option<String>,
    /// Its exit code.
    pub(super) exit_code: Option<i32>,
}

/// How `pod`, which has failed, came to that; `main` is the container whose end says most.
pub(super) fn end(pod: &Pod, main: &str) -> End {
    let Some(status) = &pod.status else {
        return End {
            what: String::from("the pod failed"),
            ..End::default()
        };
    };
    // Eviction, a deadline, a node's shutdown: the exit codes of the containers are only a consequence.
    if let Some(reason) = status.reason.as_deref().filter(|reason| !reason.is_empty()) {
        return End {
            what: named("the pod was ended", reason, status.message.as_deref()),
            ..End::default()
        };
    }
    let bad = |container: &&ContainerStatus| terminated(container).is_some_and(|state| state.exit_code != 0);
    let failed = containers(status)
        .filter(bad)
        .min_by_key(|container| container.name != main);
    match failed.and_then(|container| Some((container, terminated(container)?))) {
        Some((container, state)) => End {
            what: format!("container {:?} {}", container.name, ended(state)),
            container: Some(container.name.clone()),
            exit_code: Some(state.exit_code),
        },
        None => End {
            what: match &status.message {
                Some(message) => format!("the pod failed: {message}"),
                None => String::from("the pod failed"),
            },
            ..End::default()
        },
    }
}

/// Whether `container` has ended for good.
pub(super) fn has_ended(pod: &Pod, container: &str) -> bool {
    if matches!(stage(pod), Stage::Succeeded | Stage::Failed) {
        return true;
    }
    let once = pod
        .spec
        .as_ref()
        .is_some_and(|spec| spec.restart_policy.as_deref() == Some("Never"));
    let status = pod.status.as_ref();
    once && status
        .into_iter()
        .flat_map(containers)
        .any(|status| status.name == container && terminated(status).is_some())
}

/// The exit code of one container that has ended.
pub(super) fn exit_code(pod: &Pod, container: &str) -> Option<i32> {
    let status = pod.status.as_ref()?;
    let container = containers(status).find(|status| status.name == container)?;
    terminated(container).map(|state| state.exit_code)
}

/// The name of the node that should be asked about: the pod is on it and does not show signs of life.
pub(super) fn doubtful_node(pod: &Pod) -> Option<&str> {
    let node = pod
        .spec
        .as_ref()?
        .node_name
        .as_deref()
        .filter(|name| !name.is_empty())?;
    let not_ready = pod
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten())
        .any(|condition| condition.type_ == "Ready" && condition.status != "True");
    let leaving = pod.metadata.deletion_timestamp.is_some();
    (stage(pod) == Stage::Starting || not_ready || leaving).then_some(node)
}

/// The claims that a pod mounts.
pub(super) fn claims(pod: &Pod) -> impl Iterator<Item = &str> {
    pod.spec
        .iter()
        .flat_map(|spec| spec.volumes.iter().flatten())
        .filter_map(|volume| volume.persistent_volume_claim.as_ref())
        .map(|source| source.claim_name.as_str())
}

fn containers(status: &PodStatus) -> impl Iterator<Item = &ContainerStatus> {
    let init = status.init_container_statuses.iter().flatten();
    init.chain(status.container_statuses.iter().flatten())
}

fn terminated(container: &ContainerStatus) -> Option<&ContainerStateTerminated> {
    container.state.as_ref()?.terminated.as_ref()
}

fn ended(state: &ContainerStateTerminated) -> String {
    let code = match state.signal {
        Some(signal) if signal != 0 => format!("was killed by signal {signal}"),
        _ => format!("exited with code {}", state.exit_code),
    };
    match state.reason.as_deref() {
        // What every other end is called.
        None | Some("" | "Error" | "Completed") => code,
        Some(reason) => match state.message.as_deref().map(str::trim) {
            Some(message) if !message.is_empty() => format!("{code} ({reason}: {message})"),
            _ => format!("{code} ({reason})"),
        },
    }
}

fn named(what: &str, reason: &str, message: Option<&str>) -> String {
    match message {
        Some(message) if !message.is_empty() => format!("{what} ({reason}): {message}"),
        Some(_) | None => format!("{what} ({reason})"),
    }
}

#[cfg(test)]
mod tests;
