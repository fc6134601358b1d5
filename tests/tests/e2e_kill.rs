//! The controller is killed in the middle of a backup and of a restore; the next one finishes the run, and every row
//! comes back.

use mainstay_tests::bed::Bed;
use mainstay_tests::database::Database;
use mainstay_tests::program::Controller;
use mainstay_tests::scene::Scene;
use serde_json::{Value as Json, json};

/// Enough that a dump takes longer than finding out that it runs.
const ROWS: usize = 400_000;

fn phase_runs(seen: &Json) -> bool {
    seen["status"]["actions"][0]["phases"][0]["state"] == "running"
}

/// Starts a controller, lets a phase of the ActionSet begin its pod, kills it, and lets another one finish.
async fn interrupted(scene: &Scene, action_set: &str) -> Json {
    let controller = Controller::start(&scene.namespace).expect("the controller starts");
    scene
        .action_set_when(action_set, "runs its phase", phase_runs)
        .await
        .expect("the phase begins");
    let pods = scene
        .until("the phase has a pod", || async {
            let pods = scene.helpers().await?;
            Ok((!pods.is_empty()).then_some(pods))
        })
        .await
        .expect("the phase makes a pod");
    controller
        .kill()
        .await
        .expect("the controller is killed while it works");

    let before = scene
        .action_set(action_set)
        .await
        .expect("the ActionSet is there");
    assert_eq!(
        before["status"]["state"], "running",
        "the run must be under way when the controller dies"
    );

    let controller = Controller::start(&scene.namespace).expect("the controller starts again");
    let ended = scene.ended(action_set).await.expect("the run ends");
    assert_eq!(ended["status"]["error"], json!({"message": ""}));
    assert_eq!(ended["status"]["state"], "complete");
    scene
        .until("no pod of the run is left", || async {
            Ok(scene.helpers().await?.is_empty().then_some(()))
        })
        .await
        .expect("the run leaves no pod");
    assert_eq!(pods.len(), 1, "one step makes one pod");
    assert!(
        controller
            .stop()
            .await
            .expect("the controller ends when asked")
            .success()
    );
    ended
}

#[tokio::test]
async fn a_killed_controller_loses_nothing() {
    let bed = Bed::from_environment().await.expect("the test bed is there");
    let scene = Scene::new(bed, "kill").await.expect("the scene is set");
    let database = Database::deploy(&scene).await.expect("the database runs");
    database.fill(ROWS).await.expect("the table is filled");
    let before = database.sum().await.expect("the rows are summed");
    scene
        .apply("blueprints/mysql/blueprint.yaml", &[])
        .await
        .expect("the blueprint is there");

    scene
        .apply("examples/mysql-on-s3/backup.yaml", &[])
        .await
        .expect("the backup is asked for");
    let backup = interrupted(&scene, "backup-shop").await;

    database.drop().await.expect("the database is dropped");
    let restore = json!({
        "apiVersion": "cr.kanister.io/v1alpha1",
        "kind": "ActionSet",
        "metadata": {"name": "restore-shop"},
        "spec": {"actions": [{
            "name": "restore",
            "blueprint": "mysql",
            "object": backup["spec"]["actions"][0]["object"],
            "profile": backup["spec"]["actions"][0]["profile"],
            "options": backup["spec"]["actions"][0]["options"],
            "artifacts": backup["status"]["actions"][0]["artifacts"],
        }]},
    });
    scene
        .create_all(&restore.to_string())
        .await
        .expect("the restore is asked for");
    interrupted(&scene, "restore-shop").await;

    assert_eq!(database.sum().await.expect("the rows are summed"), before);
    scene.remove().await.expect("the scene is cleared");
}
