//! The functions that make, restore and delete snapshots of volumes.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use mainstay_engine::function::Call;
use serde_json::{Value as Json, json};

use crate::scene::{Scene, TOOLS, output as printed, play, shown};

async fn filled_claim(scene: &Scene) {
    let spec = json!({
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "csi-hostpath",
        "resources": {"requests": {"storage": "16Mi"}},
    });
    let claim = json!({"metadata": {"name": "data"}, "spec": spec});
    scene.make::<PersistentVolumeClaim>(claim).await;
    run(scene, 100, "echo kept > /d/file", "data").await;
}

/// Runs a script with a claim mounted at `/d`, and returns its outputs.
async fn run(
    scene: &Scene,
    phase: usize,
    script: &str,
    claim: &str,
) -> Option<serde_json::Map<String, Json>> {
    let arguments = json!({
        "namespace": scene.namespace, "image": TOOLS, "command": ["bash", "-ec", script],
        "volumes": {claim: "/d"}, "failOnError": true,
    });
    scene.perform("PrepareData", phase, &arguments).await.unwrap()
}

fn restore(scene: &Scene, claim: &str, more: &Json) -> (&'static str, Json) {
    let mut arguments = json!({
        "name": "one", "pvc": claim, "namespace": scene.namespace, "storageClass": "csi-hostpath", "restoreSize": "16Mi",
    });
    let more = more.as_object().unwrap().clone();
    arguments.as_object_mut().unwrap().extend(more);
    ("RestoreCSISnapshot", arguments)
}

#[test]
fn a_volume_comes_back_from_its_snapshot() {
    play("snapshot", |scene| async move {
        filled_claim(&scene).await;
        let here = scene.namespace.clone();
        let take = json!({"pvc": "data", "namespace": here, "snapshotClass": "csi-hostpath", "name": "one", "labels": {"l": "v"}});
        let outcome = scene.perform("CreateCSISnapshot", 0, &take).await;
        let text = shown(&scene, &outcome);
        let output = outcome.unwrap().unwrap();
        let content = output["snapshotContent"].as_str().unwrap();
        insta::assert_snapshot!(text.replace(content, "<content>"));

        let rows = [
            restore(&scene, "again", &json!({"labels": {"r": "s"}})),
            restore(&scene, "again", &json!({})),
            restore(&scene, "other", &json!({"restoreSize": "0Gi"})),
            restore(&scene, "other", &json!({"accessModes": "ReadWriteOncePod"})),
            restore(&scene, "other", &json!({"volumeMode": "test"})),
        ];
        let text = scene.table(&rows).await;
        let kept = run(&scene, 101, &printed("file", "$(cat /d/file)"), "again").await;
        assert_eq!(kept.unwrap()["file"], "kept");

        let handle = content_handle(&scene, content).await;
        let adopt = json!({
            "name": "adopted", "namespace": here, "driver": handle.0, "snapshotHandle": handle.1,
            "snapshotClass": "csi-hostpath",
        });
        let outcome = scene
            .perform("CreateCSISnapshotStatic", 50, &adopt)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (&outcome["name"], &outcome["restoreSize"]),
            (&json!("adopted"), &output["restoreSize"])
        );

        let delete = json!({"name": "one", "namespace": here});
        let rows = [
            ("DeleteCSISnapshot", delete.clone()),
            ("DeleteCSISnapshot", delete),
            ("DeleteCSISnapshotContent", json!({"name": "nope"})),
            (
                "CreateCSISnapshot",
                json!({"pvc": "nope", "namespace": here, "snapshotClass": "csi-hostpath"}),
            ),
            (
                "CreateCSISnapshot",
                json!({"pvc": "data", "namespace": here, "snapshotClass": "nope"}),
            ),
        ];
        insta::assert_snapshot!(format!("{text}\n\n{}", scene.table(&rows).await));
    });
}

/// Driver and handle of a snapshot's content.
async fn content_handle(scene: &Scene, content: &str) -> (String, String) {
    use kube::api::{ApiResource, DynamicObject};
    use kube::core::GroupVersionKind;

    let kind = GroupVersionKind::gvk("snapshot.storage.k8s.io", "v1", "VolumeSnapshotContent");
    let resource = ApiResource::from_gvk_with_plural(&kind, "volumesnapshotcontents");
    let contents: kube::Api<DynamicObject> = kube::Api::all_with(scene.client.clone(), &resource);
    let content = contents.get(content).await.unwrap();
    let text = |pointer| {
        content
            .data
            .pointer(pointer)
            .and_then(Json::as_str)
            .unwrap()
            .to_owned()
    };
    (text("/spec/driver"), text("/status/snapshotHandle"))
}

#[test]
fn a_repeated_call_finds_its_snapshot() {
    play("snapshot-again", |scene| async move {
        filled_claim(&scene).await;
        let take = json!({"pvc": "data", "namespace": scene.namespace, "snapshotClass": "csi-hostpath"});
        let function = scene.function("CreateCSISnapshot");
        let call = scene.call(0, &take);
        let first = function.call(call.clone()).await.unwrap().unwrap();
        assert!(first["name"].as_str().unwrap().starts_with("data-snapshot-"));
        let again = function
            .call(Call {
                resumed: true,
                ..call
            })
            .await
            .unwrap()
            .unwrap();
        assert_eq!(again, first);
    });
}
