//! The chart as an operator meets it: `helm install` gives a controller that may do what it needs and no more, the story
//! plays on it, and `helm uninstall` takes it away.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use kube::api::{Api, ListParams};
use mainstay_tests::bed::Bed;
use mainstay_tests::program::{helm, mainstay};
use mainstay_tests::scene::Scene;
use serde_json::Value as Json;

/// Runs helm and returns what it printed; it must succeed.
async fn helm_succeeds(arguments: &[&str]) -> String {
    let output = helm(arguments).await.expect("helm runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "helm {arguments:?}: {told}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    told
}

/// The cluster-wide objects that the release of this scene has.
async fn cluster_wide(scene: &Scene) -> Vec<String> {
    let release =
        ListParams::default().labels("app.kubernetes.io/instance=chart,app.kubernetes.io/name=mainstay");
    let roles = Api::<ClusterRole>::all(scene.client());
    let roles = roles.list(&release).await.expect("roles can be listed");
    let bindings = Api::<ClusterRoleBinding>::all(scene.client());
    let bindings = bindings.list(&release).await.expect("bindings can be listed");
    let roles = roles.items.iter().map(kube::ResourceExt::name_any);
    roles
        .chain(bindings.items.iter().map(kube::ResourceExt::name_any))
        .collect()
}

#[tokio::test]
async fn an_installed_controller_plays_the_story() {
    let bed = Bed::from_environment().await.expect("the test bed is there");
    let scene = Scene::new(bed, "chart").await.expect("the scene is set");
    let namespace = scene.namespace.as_str();

    let values = "deploy/testbed.yaml";
    helm_succeeds(&[
        "upgrade",
        "--install",
        "chart",
        "deploy/chart",
        "-n",
        namespace,
        "-f",
        values,
        "--wait",
        "--timeout",
        "2m",
    ])
    .await;
    let deployments = Api::<Deployment>::namespaced(scene.client(), namespace);
    let deployment = deployments.get("chart").await.expect("the deployment is there");
    let pod = deployment.spec.template.spec;
    let pod = serde_json::to_value(pod).expect("a pod's specification is JSON");
    insta::assert_json_snapshot!(
        "what_the_pod_may_do",
        serde_json::json!({"pod": pod["securityContext"], "container": pod["containers"][0]["securityContext"]})
    );
    assert!(
        !cluster_wide(&scene).await.is_empty(),
        "the release has roles of its own"
    );

    let output = mainstay(&["demo", "--namespace", namespace, "--output", "json"])
        .await
        .expect("the demonstration is played");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{told}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let report: Json = told
        .lines()
        .filter_map(|line| serde_json::from_str::<Json>(line).ok())
        .find(|line| line["database"].is_object())
        .expect("the report is printed");
    assert_eq!(report["database"]["before"], report["database"]["after"]);
    assert_eq!(report["files"]["before"], report["files"]["after"]);

    helm_succeeds(&["uninstall", "chart", "-n", namespace, "--wait"]).await;
    assert_eq!(cluster_wide(&scene).await, Vec::<String>::new());
    scene.remove().await.expect("the scene is cleared");
}

#[tokio::test]
async fn the_smallest_example_runs_as_it_is() {
    let bed = Bed::from_environment().await.expect("the test bed is there");
    let scene = Scene::new(bed, "smallest").await.expect("the scene is set");
    let controller =
        mainstay_tests::program::Controller::start(&scene.namespace).expect("the controller starts");
    for file in [
        "examples/smallest/blueprint.yaml",
        "examples/smallest/actionset.yaml",
    ] {
        scene.apply(file, &[]).await.expect("the example can be applied");
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
