//! `KubeTask`, `PrepareData`, `MultiContainerRun`.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::runtime::wait::{await_condition, conditions};
use mainstay_engine::function::Cause;
use serde_json::{Value as Json, json};

use crate::scene::{Scene, TOOLS, output, play, shown};

fn script(text: &str) -> Json {
    json!({"image": TOOLS, "command": ["bash", "-ec", text]})
}

fn with(mut arguments: Json, more: Json) -> Json {
    let more: serde_json::Map<String, Json> = serde_json::from_value(more).unwrap();
    arguments.as_object_mut().unwrap().extend(more);
    arguments
}

#[test]
fn a_task_returns_what_it_prints() {
    play("task", |scene| async move {
        let text = output("one", "1")
            + "echo noise\n"
            + &output("two", "<a href=x>")
            + "printf '###Phase-output###: {\"key\":\"last\",\"value\":\"v\"}'";
        let rows = [("KubeTask", script(&text)), ("KubeTask", script("true"))];
        insta::assert_snapshot!(scene.table(&rows).await);
        let large = output("big", "$(head -c 100000 /dev/zero | tr '\\0' x)");
        let outcome = scene.perform("KubeTask", 2, &script(&large)).await.unwrap();
        assert_eq!(outcome.unwrap()["big"].as_str().map(str::len), Some(100_000));
    });
}

#[test]
fn a_task_that_fails_says_how() {
    play("task-fails", |scene| async move {
        let lines = "for i in $(seq 12); do echo line $i; done; sleep 0.2; echo to stderr >&2; exit 3";
        let rows = [
            ("KubeTask", script(lines)),
            (
                "KubeTask",
                script("echo '###Phase-output###: {\"key\":\"x\", oops'"),
            ),
            ("KubeTask", json!({"image": TOOLS, "command": ["nope"]})),
            (
                "KubeTask",
                with(
                    script("true"),
                    json!({"podOverride": {"restartPolicy": "Sometimes"}}),
                ),
            ),
            ("KubeTask", with(script("true"), json!({"namespace": "nope"}))),
        ];
        insta::assert_snapshot!(scene.table(&rows).await);
    });
}

#[test]
fn pods_that_cannot_start_are_named_at_once() {
    play("cannot-start", |scene| async move {
        let overridden = |part: Json| with(script("true"), json!({"podOverride": part}));
        let keys = json!([{"name": "container", "envFrom": [{"secretRef": {"name": "nope"}}]}]);
        let claim = json!([{"name": "v", "persistentVolumeClaim": {"claimName": "nope"}}]);
        let rows = [
            ("KubeTask", json!({"image": "A:b:c", "command": ["true"]})),
            ("KubeTask", overridden(json!({"containers": keys}))),
            ("KubeTask", overridden(json!({"volumes": claim}))),
        ];
        insta::assert_snapshot!(scene.table(&rows).await);
        // The rest of what these say is the runtime's and the scheduler's.
        let rows = [(
            "KubeTask",
            json!({"image": "localhost/nope:1", "command": ["true"]}),
        )];
        let shown = scene.table(&rows).await;
        assert!(
            shown.contains("container \"container\": its image cannot be pulled ("),
            "{shown}"
        );
        let rows = [("KubeTask", overridden(json!({"nodeSelector": {"no": "where"}})))];
        let shown = scene.table(&rows).await;
        assert!(
            shown.contains("no node takes the pod (Unschedulable): 0/1 nodes"),
            "{shown}"
        );
    });
}

/// The name of the one pod of the namespace, once it runs.
async fn running_pod(scene: &Scene) -> String {
    let name = loop {
        if let Some(name) = scene.pods().await.pop() {
            break name;
        }
        tokio::task::yield_now().await;
    };
    await_condition(scene.api::<Pod>(), &name, conditions::is_pod_running())
        .await
        .unwrap();
    name
}

#[test]
fn a_cancelled_task_leaves_nothing() {
    play("cancel", |scene| async move {
        let function = scene.function("KubeTask");
        let call = scene.call(0, &script("sleep 3600"));
        let cancel = call.cancel.clone();
        let task = tokio::spawn(async move { function.call(call).await });
        running_pod(&scene).await;
        cancel.cancel();
        let error = task.await.unwrap().unwrap_err();
        assert_eq!(
            (error.cause, error.message.as_str()),
            (Cause::Cancelled, "KubeTask was cancelled")
        );
        assert!(scene.pods().await.is_empty());
    });
}

#[test]
fn a_resumed_task_goes_on_with_its_pod() {
    play("resume", |scene: Arc<Scene>| async move {
        let text = output("first", "1")
            + "echo before\nuntil test -e /tmp/go; do sleep 0.1; done\n"
            + &output("id", "$RANDOM");
        let function = scene.function("KubeTask");
        let call = scene.call(0, &script(&text));
        let first = tokio::spawn({
            let (function, call) = (Arc::clone(&function), call.clone());
            async move { function.call(call).await }
        });
        let name = running_pod(&scene).await;
        // As when the controller dies.
        first.abort();
        let resumed = mainstay_engine::function::Call {
            resumed: true,
            ..call
        };
        let second = tokio::spawn({
            let (function, call) = (Arc::clone(&function), resumed.clone());
            async move { function.call(call).await }
        });
        let go = json!({"namespace": scene.namespace, "pod": name, "command": ["touch", "/tmp/go"]});
        scene.perform("KubeExec", 1, &go).await.unwrap();
        let outputs = second.await.unwrap().unwrap().unwrap();
        assert_eq!(outputs["first"], "1", "the log is read from its beginning");
        assert_eq!(
            scene.pods().await,
            [name],
            "its pod stays until the outcome is recorded"
        );
        // A crash before that: the same outcome once more, and nothing is done twice.
        let again = function.call(resumed.clone()).await.unwrap().unwrap();
        assert_eq!(again, outputs);
        function.settle(&resumed).await;
        assert!(scene.pods().await.is_empty());
    });
}

#[test]
fn a_deleted_pod_is_noticed() {
    play("deleted", |scene| async move {
        let function = scene.function("KubeTask");
        let call = scene.call(0, &script("sleep 3600"));
        let task = tokio::spawn(async move { function.call(call).await });
        let name = running_pod(&scene).await;
        let at_once = kube::api::DeleteParams::default().grace_period(0);
        scene.api::<Pod>().delete(&name, &at_once).await.unwrap();
        let outcome = tokio::time::timeout(Duration::from_secs(20), task)
            .await
            .unwrap()
            .unwrap();
        let shown = shown(&scene, &outcome);
        assert!(shown.ends_with("was deleted"), "{shown}");
    });
}

async fn claim(scene: &Scene, name: &str) {
    let spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}});
    scene
        .make::<PersistentVolumeClaim>(json!({"metadata": {"name": name}, "spec": spec}))
        .await;
}

#[test]
fn data_is_prepared_on_volumes() {
    play("prepare", |scene| async move {
        claim(&scene, "one").await;
        let on = |text: &str, more: Json| {
            let here = json!({"namespace": scene.namespace});
            ("PrepareData", with(with(script(text), here), more))
        };
        let read = output("text", "$(cat /other/file)") + "exit 4";
        let rows = [
            on("echo text > /mnt/d/file", json!({"volumes": {"one": "/mnt/d"}})),
            on(&read, json!({"volumes": {"one": "/other"}})),
            on(
                &read,
                json!({"volumes": {"one": "/other"}, "failOnError": "true"}),
            ),
            on("true", json!({"volumes": {"nope": "/mnt/d"}})),
            on("true", json!({})),
        ];
        insta::assert_snapshot!(scene.table(&rows).await);
    });
}

#[test]
fn two_containers_share_a_folder() {
    play("multi", |scene| async move {
        let both = |background: &str, foreground: &str| {
            let arguments = json!({
                "initImage": TOOLS, "initCommand": ["bash", "-ec", "echo init > /tmp/init"],
                "backgroundImage": TOOLS, "backgroundCommand": ["bash", "-ec", background],
                "outputImage": TOOLS, "outputCommand": ["bash", "-ec", foreground],
                "sharedVolumeMedium": "Memory", "sharedVolumeSizeLimit": "1Mi",
            });
            ("MultiContainerRun", arguments)
        };
        let show = String::from("until test -e /tmp/made; do sleep 0.1; done\n")
            + &output("made", "$(cat /tmp/init /tmp/made | tr '\\n' ' ')");
        let rows = [
            both("echo made > /tmp/.made; mv /tmp/.made /tmp/made", &show),
            both("exit 7", "echo wrong; sleep 0.5"),
        ];
        insta::assert_snapshot!(scene.table(&rows).await);
    });
}
