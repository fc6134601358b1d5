//! The volume's part: files, a backup into a repository, destroyed files, the files again.
//! Must not know how the blueprint works.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use serde_json::json;

use crate::commands::demo::stage::{Act, Stage};
use crate::commands::demo::{Compared, compared, workload};
use crate::error::{Error, Kind};
use crate::follow::show::Show;

/// 500 small files in 20 folders, one of 32 MiB, a link and an empty folder.
const FILL: &str = "\
set -e; cd /data; mkdir -p empty
for folder in $(seq 20); do mkdir -p part-$folder
for file in $(seq 25); do head -c $((file * 997)) /dev/urandom > part-$folder/file-$file; done; done
head -c 33554432 /dev/urandom > large
ln -s part-1/file-1 link";

/// Entries, and a digest over names, links and contents of all of them.
const SUM: &str = "\
set -e; cd /data
find . -mindepth 1 | wc -l
{ find . -mindepth 1 -printf '%y %m %p %l\\n' | sort; find . -type f -print0 | sort -z | xargs -0 sha256sum; } | sha256sum | cut -c1-64";

/// Plays it and returns what was compared.
pub(crate) async fn play(stage: &Stage<'_>, show: &mut Show) -> Result<Compared, Error> {
    deploy(stage).await?;
    let pod = workload::pod(stage, "files").await?;
    script(stage, &pod, FILL).await?;
    let before = sum(stage, &pod).await?;
    show.say(&format!("   {} files, digest {}", before.0, before.1))?;

    let options = [("image", stage.arguments.tools_image.as_str())];
    let act = |action, artifacts| Act {
        blueprint: "generic-volume",
        action,
        object: ("Deployment", "files"),
        artifacts,
        options: &options,
        secrets: &[("repository", "password")],
    };
    let artifacts = stage.act(act("backup", BTreeMap::new()), show).await?;

    script(stage, &pod, "cd /data; find . -mindepth 1 -delete").await?;
    let left = script(stage, &pod, "find /data -mindepth 1 | wc -l").await?;
    if left != "0" {
        return Err(Error::new(
            Kind::Failed,
            format!("{left} files were not destroyed"),
        ));
    }
    show.say("   files destroyed")?;

    stage.act(act("restore", artifacts), show).await?;
    // The restore has stopped the workload and started it again: this is another pod.
    let pod = workload::pod(stage, "files").await?;
    compared("files", before, sum(stage, &pod).await?)
}

async fn sum(stage: &Stage<'_>, pod: &str) -> Result<(u64, String), Error> {
    let printed = script(stage, pod, SUM).await?;
    let wrong = |why: &str| {
        Error::new(
            Kind::Failed,
            format!("counting the files printed `{printed}`: {why}"),
        )
    };
    let (count, digest) = printed.split_once('\n').ok_or_else(|| wrong("it has one line"))?;
    let count = count
        .trim()
        .parse()
        .map_err(|error: std::num::ParseIntError| wrong(&error.to_string()))?;
    Ok((count, digest.trim().to_owned()))
}

async fn script(stage: &Stage<'_>, pod: &str, script: &str) -> Result<String, Error> {
    workload::exec(stage, pod, &["bash", "-c", script]).await
}

async fn deploy(stage: &Stage<'_>) -> Result<(), Error> {
    let parse = |error: serde_json::Error| {
        Error::new(
            Kind::Failed,
            format!("a manifest of the demonstration is broken: {error}"),
        )
    };
    let claim: PersistentVolumeClaim = serde_json::from_value(json!({
        "metadata": stage.metadata("files"),
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": stage.arguments.storage_class,
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }))
    .map_err(parse)?;
    stage.create(stage.namespace(), &claim).await?;
    let deployment: Deployment = serde_json::from_value(json!({
        "metadata": stage.metadata("files"),
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": {"app": "files"}},
            "template": {
                "metadata": {"labels": {"app": "files"}},
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "containers": [{
                        "name": "files",
                        "image": stage.arguments.tools_image,
                        "command": ["sh", "-c", "trap 'exit 0' TERM; sleep infinity & wait"],
                        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                    }],
                    "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "files"}}],
                },
            },
        },
    }))
    .map_err(parse)?;
    stage.create(stage.namespace(), &deployment).await
}
