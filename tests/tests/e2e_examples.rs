//! The examples as a newcomer runs them.

use mainstay_tests::bed::Bed;
use mainstay_tests::program::Controller;
use mainstay_tests::scene::Scene;

#[tokio::test]
async fn the_smallest_one_keeps_what_its_task_prints() {
    let bed = Bed::from_environment().await.expect("the test bed is there");
    let scene = Scene::new(bed, "smallest").await.expect("the scene is set");
    let controller = Controller::start(&scene.namespace).expect("the controller starts");
    for file in ["blueprint", "actionset"] {
        scene
            .apply(&format!("examples/smallest/{file}.yaml"), &[])
            .await
            .expect("the example can be applied");
    }
    let ended = scene.ended("greet-world").await.expect("the run ends");
    assert_eq!(ended["status"]["state"], "complete", "{ended}");
    assert_eq!(
        ended["status"]["actions"][0]["artifacts"]["greeting"]["keyValue"]["text"],
        "hello, world"
    );
    controller.stop().await.expect("the controller ends when asked");
    scene.remove().await.expect("the scene is cleared");
}
