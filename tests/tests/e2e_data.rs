//! The data functions on real volumes and a real store: whatever tools a container has, and whenever the controller dies.

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use mainstay_tests::bed::Bed;
use mainstay_tests::program::Controller;
use mainstay_tests::scene::Scene;
use serde_json::{Value as Json, json};

/// Enough that reading it takes longer than noticing that it is read.
const LARGE: &str = "head -c 400000000 /dev/urandom > /data/large";

/// A StatefulSet `files` of two pods, and the blueprint for it.
struct Files {
    scene: Scene,
}

impl Files {
    async fn deploy(name: &str) -> Self {
        let bed = Bed::from_environment().await.expect("the test bed is there");
        let scene = Scene::new(bed, name).await.expect("the scene is set");
        for manifest in [
            include_str!("../fixtures/data/workload.yaml"),
            include_str!("../fixtures/data/blueprint.yaml"),
        ] {
            scene.create_all(manifest).await.expect("the manifest is created");
        }
        for pod in ["files-0", "files-1"] {
            scene
                .until("the pod answers", || async {
                    Ok(scene.shell_in(pod, Some("agent"), "/bin/true", "").await.ok())
                })
                .await
                .expect("the pod runs");
        }
        Self { scene }
    }

    /// Runs a script where there are tools.
    async fn shell(&self, pod: &str, script: &str) -> String {
        self.scene
            .shell_in(pod, Some("agent"), script, "")
            .await
            .expect("the script succeeds")
    }

    /// A few files of every sort, with what there is to know about each.
    async fn fill(&self, pod: &str) -> String {
        let script = "cd /data; mkdir -p a/b; echo $HOSTNAME > a/one; head -c 3000000 /dev/urandom > a/b/two; \
             ln -sf one a/link; ln -f a/one a/hard; touch 'a/with blank'; chmod 4711 a/one; chown 7:8 a/b/two; \
             truncate -s 5000000 a/hole";
        self.shell(pod, script).await;
        self.sum(pod).await
    }

    async fn sum(&self, pod: &str) -> String {
        let script = "cd /data; find a large -printf '%P %y %m %U:%G %s %T@ %l\\n' 2>/dev/null | sort; \
             find a large -type f -exec sha256sum {} + 2>/dev/null | sort";
        self.shell(pod, script).await
    }

    /// Asks for an action and returns the ActionSet's name.
    async fn ask(&self, action: &str, container: &str, artifacts: Option<&Json>) -> String {
        let name = format!("{}-{container}-{}", action.to_lowercase(), artifacts.is_some());
        let action_set = json!({
            "apiVersion": "cr.kanister.io/v1alpha1",
            "kind": "ActionSet",
            "metadata": {"name": name},
            "spec": {"actions": [{
                "name": action,
                "blueprint": "files",
                "object": {"kind": "StatefulSet", "name": "files", "namespace": self.scene.namespace},
                "profile": {"kind": "Profile", "name": "store", "namespace": self.scene.namespace},
                "options": {"container": container},
                "artifacts": artifacts,
            }]},
        });
        self.scene
            .create_all(&action_set.to_string())
            .await
            .expect("the action is asked for");
        name
    }

    /// Has an action done and returns its status.
    async fn run(&self, action: &str, container: &str, artifacts: Option<&Json>) -> Json {
        let name = self.ask(action, container, artifacts).await;
        let ended = self.scene.ended(&name).await.expect("the run ends");
        assert_eq!(ended["status"]["error"]["message"], "", "{action} {container}");
        assert_eq!(ended["status"]["state"], "complete");
        ended["status"]["actions"][0].clone()
    }

    /// Keys below a prefix of the bucket.
    async fn keys(&self, prefix: &str) -> Vec<String> {
        let client = self.scene.bed.store.s3();
        let listed = client
            .list_objects_v2()
            .bucket(&self.scene.namespace)
            .prefix(prefix)
            .send()
            .await;
        let listed = listed.expect("the bucket is listed");
        listed
            .contents()
            .iter()
            .filter_map(|object| object.key().map(str::to_owned))
            .collect()
    }

    async fn until_keys(&self, prefix: &str, what: &str, is: impl Fn(usize) -> bool) {
        let seen = self
            .scene
            .until(what, || async {
                Ok(is(self.keys(prefix).await.len()).then_some(()))
            })
            .await;
        seen.expect("the bucket changes");
    }

    /// Nothing that a call made is left in the cluster.
    async fn assert_tidy(&self) {
        let tidy = self
            .scene
            .until("no pod and no Secret of a call is left", || async {
                let secrets: Api<Secret> = Api::namespaced(self.scene.client(), &self.scene.namespace);
                let ours = ListParams::default().labels("createdBy=kanister");
                let secrets = secrets.list(&ours).await.expect("Secrets are listed").items;
                Ok((secrets.is_empty() && self.scene.helpers().await?.is_empty()).then_some(()))
            });
        tidy.await.expect("it is tidied up");
    }
}

#[tokio::test]
async fn files_come_back_whatever_made_the_backup() {
    let files = Files::deploy("data-tools").await;
    let controller = Controller::start(&files.scene.namespace).expect("the controller starts");
    let before = files.fill("files-0").await;
    for container in ["agent", "restic"] {
        let backup = files.run("backup", container, None).await;
        files.shell("files-0", "rm -r /data/a").await;
        files.run("restore", container, Some(&backup["artifacts"])).await;
        assert_eq!(files.sum("files-0").await, before, "{container}");
    }
    assert_eq!(files.keys("one/snapshots/").await.len(), 2);
    assert_eq!(files.keys("one/locks/").await, Vec::<String>::new());

    let bare = files.ask("backup", "bare", None).await;
    let ended = files.scene.ended(&bare).await.expect("the run ends");
    let message = ended["status"]["error"]["message"].as_str().unwrap_or_default();
    let expected = format!(
        "Failed to backup data: container bare of pod {}/files-0 cannot make backups: it has neither mainstay-agent nor \
         bash and restic. Give the pod a container with one of them, or use CopyVolumeData",
        files.scene.namespace
    );
    assert!(message.ends_with(&expected), "{message}");

    files.assert_tidy().await;
    controller.stop().await.expect("the controller ends when asked");
    files.scene.remove().await.expect("the scene is cleared");
}

#[tokio::test]
async fn every_pod_has_a_backup_of_its_own() {
    let files = Files::deploy("data-all").await;
    let controller = Controller::start(&files.scene.namespace).expect("the controller starts");
    let before = [files.fill("files-0").await, files.fill("files-1").await];
    assert_ne!(before[0], before[1]);
    let backup = files.run("backupAll", "all", None).await;
    for pod in ["files-0", "files-1"] {
        files.shell(pod, "rm -r /data/a").await;
    }
    files.run("restoreAll", "all", Some(&backup["artifacts"])).await;
    assert_eq!([files.sum("files-0").await, files.sum("files-1").await], before);
    files.run("deleteAll", "all", Some(&backup["artifacts"])).await;
    for pod in ["files-0", "files-1"] {
        assert_eq!(
            files.keys(&format!("all/{pod}/snapshots/")).await,
            Vec::<String>::new()
        );
        assert_eq!(
            files.keys(&format!("all/{pod}/data/")).await,
            Vec::<String>::new()
        );
    }
    files.assert_tidy().await;
    controller.stop().await.expect("the controller ends when asked");
    files.scene.remove().await.expect("the scene is cleared");
}

#[tokio::test]
async fn a_killed_controller_loses_nothing_and_leaves_nothing() {
    let files = Files::deploy("data-kill").await;
    files.fill("files-0").await;
    files.shell("files-0", LARGE).await;
    let before = files.sum("files-0").await;

    // In the middle of a backup over an exec stream: the agent ends with the stream, and frees the repository.
    let backup = files.ask("backup", "agent", None).await;
    let controller = Controller::start(&files.scene.namespace).expect("the controller starts");
    files
        .until_keys("one/locks/", "the agent has locked the repository", |count| {
            count > 0
        })
        .await;
    controller
        .kill()
        .await
        .expect("the controller is killed while it works");
    files
        .until_keys("one/locks/", "the agent has freed the repository", |count| {
            count == 0
        })
        .await;
    assert_eq!(files.keys("one/snapshots/").await, Vec::<String>::new());
    let controller = Controller::start(&files.scene.namespace).expect("the controller starts again");
    let ended = files.scene.ended(&backup).await.expect("the run ends");
    assert_eq!(ended["status"]["error"]["message"], "");
    assert_eq!(files.keys("one/snapshots/").await.len(), 1);

    // In the middle of a restore by a pod: the pod goes on, and the next controller takes what it says.
    files.shell("files-0", "rm -r /data/a /data/large").await;
    let restore = files
        .ask(
            "restore",
            "agent",
            Some(&ended["status"]["actions"][0]["artifacts"]),
        )
        .await;
    files
        .scene
        .until("the pod restores", || async {
            let script = "ls -A /data | grep -q .";
            Ok(files
                .scene
                .shell_in("files-0", Some("agent"), script, "")
                .await
                .ok())
        })
        .await
        .expect("the restore begins");
    let pods = files.scene.helpers().await.expect("pods are listed");
    controller
        .kill()
        .await
        .expect("the controller is killed while it works");
    let controller = Controller::start(&files.scene.namespace).expect("the controller starts again");
    let ended = files.scene.ended(&restore).await.expect("the run ends");
    assert_eq!(ended["status"]["error"]["message"], "");
    assert_eq!(pods.len(), 1, "one restore makes one pod");
    assert_eq!(files.sum("files-0").await, before);
    assert_eq!(files.keys("one/locks/").await, Vec::<String>::new());

    files.assert_tidy().await;
    controller.stop().await.expect("the controller ends when asked");
    files.scene.remove().await.expect("the scene is cleared");
}

#[tokio::test]
async fn a_cancelled_run_frees_the_repository() {
    let files = Files::deploy("data-cancel").await;
    let controller = Controller::start(&files.scene.namespace).expect("the controller starts");
    files.shell("files-0", LARGE).await;
    let copy = files.ask("copy", "none", None).await;
    files
        .until_keys(
            "onlythis/locks/",
            "the agent has locked the repository",
            |count| count > 0,
        )
        .await;

    let kind = kube::core::GroupVersionKind::gvk("cr.kanister.io", "v1alpha1", "ActionSet");
    let resource = kube::core::ApiResource::from_gvk(&kind);
    let action_sets: Api<DynamicObject> =
        Api::namespaced_with(files.scene.client(), &files.scene.namespace, &resource);
    let cancel = json!({"metadata": {"annotations": {"mainstay.dev/cancel": "enough"}}});
    let asked = action_sets
        .patch(&copy, &PatchParams::default(), &Patch::Merge(&cancel))
        .await;
    asked.expect("the run is cancelled");
    let ended = files.scene.ended(&copy).await.expect("the run ends");
    assert_eq!(ended["status"]["state"], "failed");
    files
        .until_keys("onlythis/locks/", "the agent has freed the repository", |count| {
            count == 0
        })
        .await;
    assert_eq!(files.keys("onlythis/snapshots/").await, Vec::<String>::new());
    files.assert_tidy().await;

    // Once more to the end, and deleted again.
    action_sets
        .delete(&copy, &DeleteParams::default())
        .await
        .expect("the ActionSet is deleted");
    files
        .scene
        .until("the ActionSet is gone", || async {
            Ok(files.scene.action_set(&copy).await.is_err().then_some(()))
        })
        .await
        .expect("it goes");
    let backup = files.run("copy", "none", None).await;
    let deleted = files.run("delete", "none", Some(&backup["artifacts"])).await;
    assert_ne!(deleted["phases"][0]["output"]["spaceFreed"], "0 B");
    assert_eq!(files.keys("onlythis/data/").await, Vec::<String>::new());
    files.assert_tidy().await;
    controller.stop().await.expect("the controller ends when asked");
    files.scene.remove().await.expect("the scene is cleared");
}
