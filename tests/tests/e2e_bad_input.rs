//! What users get wrong and what breaks under a run: each ends in a failed ActionSet that says what, where and why, leaves
//! nothing in the bucket that claims success, and no secret in what people read.

use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{Api, DeleteParams, ListParams};
use mainstay_tests::bed::Bed;
use mainstay_tests::database::Database;
use mainstay_tests::program::Controller;
use mainstay_tests::replay::normalise::{Run, normalise};
use mainstay_tests::scene::Scene;
use serde_json::{Value as Json, json};

/// The password of `examples/mysql-on-s3`.
const PASSWORD: &str = "change-me-please";

/// One action that pushes what a command prints; the command and the image are options.
const PUSH: &str = "
apiVersion: cr.kanister.io/v1alpha1
kind: Blueprint
metadata: {name: push}
actions:
  push:
    phases:
    - func: KubeTask
      name: push
      args:
        namespace: '{{ .Namespace.Name }}'
        image: '{{ .Options.image }}'
        mountProfile: true
        command: [bash, -ec, 'mainstay-agent stream push --path pushed -- {{ .Options.command }}']
";

/// Runs one action to its end and returns how it ended: state, phases, message.
async fn outcome(scene: &Scene, name: &str, action: Json) -> Json {
    let request = json!({
        "apiVersion": "cr.kanister.io/v1alpha1",
        "kind": "ActionSet",
        "metadata": {"name": name},
        "spec": {"actions": [action]},
    });
    scene
        .create_all(&request.to_string())
        .await
        .expect("the action is asked for");
    let ended = scene.ended(name).await.expect("the run ends");
    no_secret(scene, name, &ended).await;
    let status = &ended["status"];
    let phases = status["actions"][0]["phases"].as_array().into_iter().flatten();
    let shown = json!({
        "state": status["state"],
        "phases": phases.map(|phase| json!([phase["name"], phase["state"]])).collect::<Vec<_>>(),
        "message": status["error"]["message"],
    });
    normalise(
        &shown,
        &Run {
            store: Some(scene.bed.store.clone()),
            namespace: String::new(),
        },
    )
}

async fn no_secret(scene: &Scene, name: &str, ended: &Json) {
    let events = Api::<Event>::namespaced(scene.client(), &scene.namespace);
    let about = ListParams::default().fields(&format!("involvedObject.name={name}"));
    let events = events.list(&about).await.expect("events can be listed").items;
    let told = format!("{ended}{events:?}");
    for secret in [PASSWORD, &scene.bed.store.secret_key, "not-the-secret-key"] {
        assert!(!told.contains(secret), "{name} tells a secret");
    }
}

fn push(scene: &Scene, profile: &str, image: &str, command: &str) -> Json {
    json!({
        "name": "push",
        "blueprint": "push",
        "object": {"kind": "Namespace", "name": scene.namespace, "namespace": scene.namespace},
        "profile": {"kind": "Profile", "name": profile, "namespace": scene.namespace},
        "options": {"image": image, "command": command},
    })
}

#[tokio::test]
async fn mistakes_are_named_and_nothing_half_done_is_left() {
    let bed = Bed::from_environment().await.expect("the test bed is there");
    let scene = Scene::new(bed, "bad-input").await.expect("the scene is set");
    scene.create_all(PUSH).await.expect("the blueprint is there");
    let store = "examples/mysql-on-s3/profile.yaml";
    let wrong_key = [
        ("name: store", "name: wrong-key"),
        ("SECRET-KEY", "not-the-secret-key"),
    ];
    scene
        .apply(store, &wrong_key)
        .await
        .expect("a profile with a wrong key is there");
    let elsewhere = [
        ("name: store", "name: no-bucket"),
        ("shop-backups", "no-such-bucket"),
    ];
    scene
        .apply(store, &elsewhere)
        .await
        .expect("a profile without its bucket is there");
    let controller = Controller::start(&scene.namespace).expect("the controller starts");

    let tools = "localhost/tools:1";
    let cases = [
        ("wrong-key", push(&scene, "wrong-key", tools, "echo data")),
        ("missing-bucket", push(&scene, "no-bucket", tools, "echo data")),
        ("missing-profile", push(&scene, "nowhere", tools, "echo data")),
        (
            "missing-image",
            push(&scene, "store", "localhost/nothing:1", "echo data"),
        ),
        (
            "dead-producer",
            push(&scene, "store", tools, "bash -c \"echo half; kill -9 \\$\\$\""),
        ),
        ("missing-option", {
            let mut action = push(&scene, "store", tools, "echo data");
            action["options"] = json!({"image": tools});
            action
        }),
    ];
    let mut shown = serde_json::Map::new();
    for (name, action) in cases {
        shown.insert(name.to_owned(), outcome(&scene, name, action).await);
    }
    insta::assert_json_snapshot!(shown);
    assert_eq!(
        scene.keys().await.expect("the bucket can be listed"),
        Vec::<String>::new()
    );

    controller.stop().await.expect("the controller ends when asked");
    scene.remove().await.expect("the scene is cleared");
}

#[tokio::test]
async fn a_database_that_dies_under_its_dump_leaves_no_dump() {
    let bed = Bed::from_environment().await.expect("the test bed is there");
    let scene = Scene::new(bed, "dead-database").await.expect("the scene is set");
    let database = Database::deploy(&scene).await.expect("the database runs");
    database.fill(400_000).await.expect("the table is filled");
    scene
        .apply("blueprints/mysql/blueprint.yaml", &[])
        .await
        .expect("the blueprint is there");
    let controller = Controller::start(&scene.namespace).expect("the controller starts");

    scene
        .apply("examples/mysql-on-s3/backup.yaml", &[])
        .await
        .expect("the backup is asked for");
    scene
        .until("the dump streams", || async {
            Ok((scene.running_helpers().await? > 0).then_some(()))
        })
        .await
        .expect("the dump begins");
    let pods = Api::<Pod>::namespaced(scene.client(), &scene.namespace);
    pods.delete("mysql-0", &DeleteParams::default().grace_period(0))
        .await
        .expect("the database is killed");

    let ended = scene.ended("backup-shop").await.expect("the run ends");
    no_secret(&scene, "backup-shop", &ended).await;
    assert_eq!(ended["status"]["state"], "failed");
    assert_eq!(ended["status"]["actions"][0]["phases"][0]["state"], "failed");
    assert_eq!(
        scene.keys().await.expect("the bucket can be listed"),
        Vec::<String>::new()
    );

    controller.stop().await.expect("the controller ends when asked");
    scene.remove().await.expect("the scene is cleared");
}
