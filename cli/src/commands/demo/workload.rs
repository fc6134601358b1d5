//! Makes a workload from a manifest, waits until it is ready, and runs commands in it.
//! Must not know what the workload is for.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::{Api, AttachParams, ListParams};
use tokio::io::AsyncReadExt as _;

use crate::commands::demo::stage::{LOOK_AGAIN, Stage};
use crate::error::{Error, Kind};

/// How long a workload may take to be ready, its image pulled and its volume made.
const READY: Duration = Duration::from_mins(5);

/// The one pod of a workload, ready.
pub(crate) async fn pod(stage: &Stage<'_>, application: &str) -> Result<String, Error> {
    let api = Api::<Pod>::namespaced(stage.cluster.client.clone(), stage.namespace());
    let mine = ListParams::default().labels(&format!("app={application}"));
    let found = async {
        loop {
            let pods = api
                .list(&mine)
                .await
                .map_err(crate::cluster::refused("list pods"))?;
            if let Some(pod) = pods.items.iter().find(|pod| is_ready(pod)) {
                return Ok(pod.name_any());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    match tokio::time::timeout(READY, found).await {
        Ok(found) => found,
        Err(_) => Err(Error::new(
            Kind::Failed,
            format!("no pod of {application} was ready within 5 minutes"),
        )
        .hint(format!(
            "kubectl describe pod -n {} -l app={application}",
            stage.namespace()
        ))),
    }
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    pod.metadata.deletion_timestamp.is_none()
        && conditions.is_some_and(|conditions| {
            conditions
                .iter()
                .any(|condition| condition.type_ == "Ready" && condition.status == "True")
        })
}

/// Runs a command in a pod and returns what it printed. A failure carries what it said on standard error.
pub(crate) async fn exec(stage: &Stage<'_>, pod: &str, command: &[&str]) -> Result<String, Error> {
    let api = Api::<Pod>::namespaced(stage.cluster.client.clone(), stage.namespace());
    let what = format!("run a command in pod {pod}");
    let parameters = AttachParams::default().stdin(false).stdout(true).stderr(true);
    let mut process = api
        .exec(pod, command.iter().copied(), &parameters)
        .await
        .map_err(crate::cluster::refused(&what))?;
    let broken = |error: std::io::Error| Error::new(Kind::Cluster, format!("failed to {what}: {error}"));
    let (mut printed, mut complained) = (String::new(), String::new());
    let status = process.take_status();
    let (stdout, stderr) = (process.stdout(), process.stderr());
    let read_stdout = async {
        match stdout {
            Some(mut stdout) => stdout.read_to_string(&mut printed).await.map_err(broken),
            None => Ok(0),
        }
    };
    let read_stderr = async {
        match stderr {
            Some(mut stderr) => stderr.read_to_string(&mut complained).await.map_err(broken),
            None => Ok(0),
        }
    };
    tokio::try_join!(read_stdout, read_stderr)?;
    let status = match status {
        Some(status) => status.await,
        None => None,
    };
    match status.and_then(|status| status.status) {
        Some(result) if result == "Success" => Ok(printed.trim().to_owned()),
        Some(_) => Err(Error::new(
            Kind::Failed,
            format!("failed to {what}: {}", complained.trim()),
        )),
        None => Err(Error::new(
            Kind::Cluster,
            format!("failed to {what}: the connection was cut before it ended"),
        )),
    }
}
