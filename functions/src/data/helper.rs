//! The pod that carries out an order of a data function: it mounts what the order needs, gets the agent from an init
//! container, and runs it as its only process, so that a controller that was restarted finds it at work.
//! Must not know which function gave the order.

use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::{
    Capabilities, Container, EmptyDirVolumeSource, PodSpec, SeccompProfile, SecurityContext,
    Volume as PodVolume, VolumeMount,
};
use mainstay_dsl::signature::{Argument, Kind};
use mainstay_engine::function::{Call, Cause, Error as Failure};
use serde_json::{Map, Value as Json};

use super::access::Access;
use super::agent::{self, Order, Reading};
use crate::arguments::optional;
use crate::context::{Context, Settings};
use crate::credential::Credential;
use crate::declaration::Work;
use crate::pod::{self, CONTAINER, Ended, Grace, Identity, Recipe, Volume, Worker, single_container};

/// The init container, and the volume that it fills. Overrides may speak of it.
const AGENT: &str = "mainstay-agent";
/// Where the agent is put. No image has such a folder.
const AGENT_FOLDER: &str = "/.mainstay/agent";
/// Where the access document is.
const ACCESS_FOLDER: &str = "/.mainstay/access";

/// A pod as a data function wants it.
pub(super) struct Helper<'a> {
    /// What its name begins with.
    pub(super) prefix: &'static str,
    /// Tells the pods of one call apart; empty where there is one.
    pub(super) part: String,
    /// Its namespace.
    pub(super) namespace: String,
    /// What its container runs on.
    pub(super) image: String,
    /// Claims to mount.
    pub(super) volumes: Vec<Volume>,
    /// What the blueprint says about pods.
    pub(super) options: pod::Options,
    /// What opens the repositories.
    pub(super) access: &'a Access,
    /// Whether any certificate is accepted.
    pub(super) insecure_tls: bool,
}

impl Helper<'_> {
    /// Carries out `order` and returns the agent's outputs. A pod that is at work on it already is found by its name.
    pub(super) async fn carry_out(
        &self,
        context: &Context,
        call: &Call,
        order: &Order<'_>,
    ) -> Result<Map<String, Json>, Failure> {
        let identity = Identity::of(&call.key).part(&self.part);
        let credential = Credential::new(&identity, "access", self.access.document());
        let recipe = self.recipe(&context.settings, call, order, &credential);
        let worker = Worker::start(context, call, &recipe).await?;
        credential.hand_over(context, &worker).await?;
        follow(&worker, call, order).await
    }

    fn recipe(&self, settings: &Settings, call: &Call, order: &Order<'_>, credential: &Credential) -> Recipe {
        let spec = self.spec(settings, order, credential);
        let namespace = self.namespace.clone();
        Recipe {
            part: self.part.clone(),
            volumes: self.volumes.clone(),
            ..Recipe::new(self.prefix, namespace, spec, self.options.clone(), &call.scope)
        }
    }

    fn spec(&self, settings: &Settings, order: &Order<'_>, credential: &Credential) -> PodSpec {
        let mut spec = single_container(&self.image, Vec::new());
        spec.init_containers = Some(vec![installer(&settings.agent_image)]);
        spec.volumes = Some(vec![PodVolume {
            name: AGENT.to_owned(),
            empty_dir: Some(EmptyDirVolumeSource::default()),
            ..PodVolume::default()
        }]);
        let document = credential.mount(&mut spec, ACCESS_FOLDER);
        if let Some(container) = spec.containers.first_mut() {
            let mut command = vec![format!("{AGENT_FOLDER}/{AGENT}")];
            command.extend(order.words(&["--access", &document], self.insecure_tls));
            container.command = Some(command);
            container.volume_mounts.get_or_insert_default().push(VolumeMount {
                read_only: Some(true),
                ..agent_mount()
            });
        }
        spec
    }
}

/// The container that copies the agent to where the other one runs it. It needs no rights at all.
fn installer(image: &str) -> Container {
    Container {
        name: AGENT.to_owned(),
        image: Some(image.to_owned()),
        image_pull_policy: Some(String::from("IfNotPresent")),
        command: Some(vec![
            AGENT.to_owned(),
            String::from("install"),
            AGENT_FOLDER.to_owned(),
        ]),
        volume_mounts: Some(vec![agent_mount()]),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities {
                drop: Some(vec![String::from("ALL")]),
                ..Capabilities::default()
            }),
            read_only_root_filesystem: Some(true),
            seccomp_profile: Some(SeccompProfile {
                type_: String::from("RuntimeDefault"),
                ..SeccompProfile::default()
            }),
            ..SecurityContext::default()
        }),
        ..Container::default()
    }
}

fn agent_mount() -> VolumeMount {
    VolumeMount {
        name: AGENT.to_owned(),
        mount_path: AGENT_FOLDER.to_owned(),
        ..VolumeMount::default()
    }
}

/// Removes the pods of a call. One that still works is asked to stop, which gives it the time to free the repository.
pub(super) fn keeps_agents(work: Work<'_>) -> BoxFuture<'_, Result<(), Failure>> {
    const NAMESPACE: Argument = optional("namespace", Kind::Text, "", "");
    Box::pin(async move {
        let namespace = pod::namespace(work.arguments, &NAMESPACE, &work.context.settings)?;
        Ok(pod::settle(work.context, &work.call.key, &namespace, Grace::Own).await?)
    })
}

async fn follow(worker: &Worker, call: &Call, order: &Order<'_>) -> Result<Map<String, Json>, Failure> {
    worker.ready().await?;
    let mut reading = Reading::new(order, &call.progress);
    worker
        .follow(CONTAINER, &mut |piece| Ok(reading.write(piece)?))
        .await?;
    let (outputs, lines) = reading.finish()?;
    match worker.container_ended(CONTAINER).await? {
        Ended::Well => Ok(outputs),
        Ended::Badly {
            what,
            container,
            exit_code,
        } => {
            let by_agent = container.as_deref() == Some(CONTAINER);
            let said = agent::message(&lines).filter(|_| by_agent);
            let message = match said {
                Some(said) => said.to_owned(),
                None => format!("Pod {}/{} failed: {what}", worker.namespace(), worker.name()),
            };
            let cause = exit_code.filter(|_| by_agent).map_or(Cause::Failed, agent::cause);
            Err(Failure {
                place: Some(worker.place(container.as_deref().unwrap_or(CONTAINER))),
                exit_code,
                last_lines: lines,
                ..Failure::new(cause, message)
            })
        }
    }
}

#[cfg(test)]
mod tests;
