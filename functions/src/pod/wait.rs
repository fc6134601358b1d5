//! Waiting until a pod has started, and until it has ended.
//! Must not know what the pod does.

use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{Node, PersistentVolume, PersistentVolumeClaim, Pod};
use kube::Api;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, watch_object};
use mainstay_engine::function::{Cause, Error as Failure};
use tokio::time::{Instant, interval, sleep_until};

use super::Worker;
use super::state::{self, End, Obstacle, Patience, Stage};
use crate::failure;
use crate::tail::joined;

/// What introduces every failure to start.
const NOT_READY: &str = "Failed while waiting for Pod to be ready";
/// What introduces every failure to end well.
const NOT_COMPLETE: &str = "Failed while waiting for Pod to complete";
/// How often what a pod depends on is looked at: nothing tells when a node or a claim goes bad.
const LOOK_AROUND: Duration = Duration::from_secs(2);

/// A pod that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All of its containers ended well.
    Well,
    /// It failed.
    Badly {
        /// How, in words.
        what: String,
        /// The container that made it fail, when one did.
        container: Option<String>,
        /// Its exit code.
        exit_code: Option<i32>,
    },
}

/// What a look at a pod comes to.
enum Verdict<T> {
    /// That is what was waited for.
    Done(T),
    /// Not yet.
    Wait,
    /// Not yet, and something is in the way.
    Hindered(Obstacle),
}

impl Worker {
    /// Waits until the pod has left `Pending`; a pod that has failed already counts too.
    ///
    /// What keeps it from starting is named as soon as the cluster tells.
    pub async fn ready(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + self.ready;
        let started = |pod: &Pod| match state::obstacle(pod) {
            Some(obstacle) => Verdict::Hindered(obstacle),
            None if state::stage(pod) == Stage::Starting => Verdict::Wait,
            None => Verdict::Done(()),
        };
        self.until(started, Some(deadline), NOT_READY).await
    }

    /// Waits until all containers of the pod have ended; `main` is the one whose end says most.
    pub async fn ended(&self, main: &str) -> Result<Ended, Failure> {
        let ended = |pod: &Pod| match (state::stage(pod), state::obstacle(pod)) {
            (Stage::Succeeded, _) => Verdict::Done(Ended::Well),
            (Stage::Failed, _) => Verdict::Done(badly(pod, main)),
            (Stage::Starting | Stage::Running, Some(obstacle)) => Verdict::Hindered(obstacle),
            (Stage::Starting | Stage::Running, None) => Verdict::Wait,
        };
        self.until(ended, None, NOT_COMPLETE).await
    }

    /// Waits until one container of the pod has ended, whatever others do: one that somebody added to every pod of the
    /// namespace may never end.
    pub async fn container_ended(&self, container: &str) -> Result<Ended, Failure> {
        let ended = |pod: &Pod| {
            if !state::has_ended(pod, container) {
                return match state::obstacle(pod) {
                    Some(obstacle) => Verdict::Hindered(obstacle),
                    None => Verdict::Wait,
                };
            }
            match (state::exit_code(pod, container), state::stage(pod)) {
                (Some(0), _) | (None, Stage::Succeeded) => Verdict::Done(Ended::Well),
                (Some(_) | None, _) => Verdict::Done(badly(pod, container)),
            }
        };
        self.until(ended, None, NOT_COMPLETE).await
    }

    /// Waits until the pod has ended, which must be well. `lines` are the last that `main` printed.
    pub async fn complete(&self, main: &str, lines: Vec<String>) -> Result<(), Failure> {
        match self.ended(main).await? {
            Ended::Well => Ok(()),
            Ended::Badly {
                what,
                container,
                exit_code,
            } => {
                let mut message = format!(
                    "{NOT_COMPLETE}: Pod {}/{} failed: {what}",
                    self.namespace, self.name
                );
                if !lines.is_empty() {
                    message = format!("{message}: {}", joined(&lines));
                }
                Err(Failure {
                    place: Some(self.place(container.as_deref().unwrap_or(main))),
                    exit_code,
                    last_lines: lines,
                    ..Failure::new(Cause::Failed, message)
                })
            }
        }
    }

    async fn until<T>(
        &self,
        judge: impl Fn(&Pod) -> Verdict<T>,
        deadline: Option<Instant>,
        waiting: &str,
    ) -> Result<T, Failure> {
        let mut pods = watch_object(self.pods.clone(), &self.name)
            .default_backoff()
            .boxed();
        let mut look_around = interval(LOOK_AROUND);
        let mut last: Option<Pod> = None;
        // What is in the way, and until when that is borne.
        let mut hindrance: Option<(Obstacle, Instant)> = None;
        loop {
            let obstacle = tokio::select! {
                seen = pods.next() => match seen {
                    Some(Ok(Some(pod))) => match judge(&pod) {
                        Verdict::Done(done) => return Ok(done),
                        Verdict::Wait => { last = Some(pod); None }
                        Verdict::Hindered(obstacle) => { last = Some(pod); Some(obstacle) }
                    },
                    Some(Ok(None)) | None => return Err(self.gone(waiting)),
                    Some(Err(error)) if is_final(&error) => return Err(self.unwatchable(waiting, &error)),
                    Some(Err(_)) => hindrance.take().map(|(obstacle, _)| obstacle),
                },
                _ = look_around.tick() => match &last {
                    Some(pod) => match self.trouble_around(pod).await {
                        Some(trouble) => Some(trouble),
                        None => state::obstacle(pod),
                    },
                    None => None,
                },
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    return Err(self.late(waiting, hindrance.map(|(obstacle, _)| obstacle)));
                }
            };
            hindrance = match (obstacle, hindrance) {
                (None, _) => None,
                (Some(obstacle), _) if obstacle.patience == Patience::None => {
                    return Err(self.hindered(waiting, obstacle));
                }
                (Some(obstacle), Some((_, until))) if until <= Instant::now() => {
                    return Err(self.hindered(waiting, obstacle));
                }
                (Some(obstacle), Some((_, until))) => Some((obstacle, until)),
                (Some(obstacle), None) => Some((obstacle, Instant::now() + self.patience)),
            };
        }
    }

    /// What is wrong with what the pod depends on. What may not be looked at is taken to be in order.
    pub(super) async fn trouble_around(&self, pod: &Pod) -> Option<Obstacle> {
        if let Some(node) = state::doubtful_node(pod) {
            return self.trouble_with_node(node).await;
        }
        if state::stage(pod) != Stage::Starting {
            return None;
        }
        for claim in state::claims(pod) {
            let trouble = self.trouble_with_claim(claim).await;
            if trouble.is_some() {
                return trouble;
            }
        }
        None
    }

    async fn trouble_with_node(&self, name: &str) -> Option<Obstacle> {
        let nodes: Api<Node> = Api::all(self.client.clone());
        let what = match nodes.get_opt(name).await.ok()? {
            None => format!("its node {name:?} is gone"),
            Some(node) => {
                let conditions = node.status?.conditions?;
                let ready = conditions.iter().find(|condition| condition.type_ == "Ready")?;
                if ready.status == "True" {
                    return None;
                }
                format!("its node {name:?} is not ready")
            }
        };
        Some(Obstacle {
            what,
            cause: Cause::Unreachable,
            patience: Patience::Short,
            container: None,
        })
    }

    async fn trouble_with_claim(&self, name: &str) -> Option<Obstacle> {
        let claims: Api<PersistentVolumeClaim> = Api::namespaced(self.client.clone(), &self.namespace);
        let trouble = |what: String, cause| {
            Some(Obstacle {
                what,
                cause,
                patience: Patience::None,
                container: None,
            })
        };
        let Some(claim) = claims.get_opt(name).await.ok()? else {
            return trouble(format!("its claim {name:?} does not exist"), Cause::Mistake);
        };
        let phase = claim.status.and_then(|status| status.phase).unwrap_or_default();
        match phase.as_str() {
            "Lost" => trouble(format!("its claim {name:?} has lost its volume"), Cause::Failed),
            "Pending" => {
                let volume = claim.spec?.volume_name?;
                let volumes: Api<PersistentVolume> = Api::all(self.client.clone());
                let phase = volumes.get_opt(&volume).await.ok()??.status?.phase?;
                if phase == "Failed" {
                    return trouble(
                        format!("the volume {volume:?} of its claim {name:?} has failed"),
                        Cause::Failed,
                    );
                }
                None
            }
            _ => None,
        }
    }

    pub(super) fn hindered(&self, waiting: &str, obstacle: Obstacle) -> Failure {
        let Obstacle {
            what,
            cause,
            patience: _,
            container,
        } = obstacle;
        let message = format!("{waiting}: Pod {}/{}: {what}", self.namespace, self.name);
        Failure {
            place: container.map(|container| self.place(&container)),
            ..Failure::new(cause, message)
        }
    }

    fn late(&self, waiting: &str, obstacle: Option<Obstacle>) -> Failure {
        let why = match obstacle {
            Some(obstacle) => format!(": {}", obstacle.what),
            None => String::new(),
        };
        let message = format!(
            "{waiting}: Pod failed to become ready in time: Pod did not transition into running state. \
             Timeout:{}  Namespace:{}, Name:{}{why}",
            in_words(self.ready),
            self.namespace,
            self.name
        );
        Failure::new(Cause::Unreachable, message)
    }

    pub(super) fn gone(&self, waiting: &str) -> Failure {
        let message = format!("{waiting}: Pod {}/{} was deleted", self.namespace, self.name);
        Failure::new(Cause::Failed, message)
    }

    fn unwatchable(&self, waiting: &str, error: &watcher::Error) -> Failure {
        let message = format!("{waiting}: Pod {}/{}: {error}", self.namespace, self.name);
        Failure::new(Cause::Mistake, message)
    }
}

fn badly(pod: &Pod, main: &str) -> Ended {
    let End {
        what,
        container,
        exit_code,
    } = state::end(pod, main);
    Ended::Badly {
        what,
        container,
        exit_code,
    }
}

/// Whether watching again would end the same way.
fn is_final(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error) => {
            failure::is_forbidden(error)
        }
        watcher::Error::WatchError(_)
        | watcher::Error::WatchFailed(_)
        | watcher::Error::NoResourceVersion => false,
    }
}

/// A duration as Go prints it.
fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}
