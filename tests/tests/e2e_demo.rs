//! `mainstay demo` plays both stories to their end, on a controller of the test's own.

use mainstay_tests::bed::Bed;
use mainstay_tests::program::{Controller, demonstrate};
use mainstay_tests::scene::Scene;

#[tokio::test]
async fn rows_and_files_come_back() {
    let bed = Bed::from_environment().await.expect("the test bed is there");
    let scene = Scene::new(bed, "demo").await.expect("the scene is set");
    let controller = Controller::start(&scene.namespace).expect("the controller starts");

    let report = demonstrate(&scene.namespace)
        .await
        .expect("the demonstration is played");
    assert_eq!(report["database"]["count"], 50_000);
    assert_eq!(report["database"]["before"], report["database"]["after"]);
    assert_eq!(report["files"]["count"], 523);
    assert_eq!(report["files"]["before"], report["files"]["after"]);
    controller.stop().await.expect("the controller ends when asked");
    scene.remove().await.expect("the scene is cleared");
}
