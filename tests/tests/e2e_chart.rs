//! The chart as an operator meets it: `helm install` gives a controller with the rights that it needs and not those that
//! it must not have, the story plays on it, and `helm uninstall` takes it away.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::authorization::v1::SubjectAccessReview;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use kube::ResourceExt;
use kube::api::{Api, ListParams, PostParams};
use mainstay_tests::bed::Bed;
use mainstay_tests::program::{demonstrate, helm, succeeded};
use mainstay_tests::scene::Scene;
use serde_json::json;

const INSTALL: &str =
    "install chart deploy/chart --values deploy/testbed.yaml --wait --timeout 2m --namespace";

/// What the controller is asked about: verb, group, resource, and whether it is in its own namespace or in another.
const RIGHTS: &[(&str, &str, &str, bool)] = &[
    ("patch", "cr.kanister.io", "actionsets", true),
    ("patch", "cr.kanister.io", "actionsets", false),
    ("delete", "cr.kanister.io", "actionsets", true),
    ("create", "apps", "controllerrevisions", true),
    ("create", "", "pods", false),
    ("create", "", "pods/exec", false),
    ("update", "apps", "deployments/scale", false),
    ("delete", "apps", "deployments", false),
    ("delete", "", "namespaces", false),
    ("get", "", "nodes/proxy", false),
    ("create", "rbac.authorization.k8s.io", "clusterroles", false),
    ("create", "", "serviceaccounts/token", false),
    ("impersonate", "", "users", false),
];

/// Runs helm on the scene's namespace; it must succeed.
async fn helm_succeeds(command: &str, scene: &Scene) {
    let mut arguments: Vec<_> = command.split(' ').collect();
    arguments.push(&scene.namespace);
    let output = helm(&arguments).await.expect("helm runs");
    succeeded(&format!("helm {command}"), &output).expect("helm succeeds");
}

/// The cluster-wide objects that the release of this scene has.
async fn cluster_wide(scene: &Scene) -> Vec<String> {
    let release =
        ListParams::default().labels("app.kubernetes.io/instance=chart,app.kubernetes.io/name=mainstay");
    let roles = Api::<ClusterRole>::all(scene.client());
    let roles = roles.list(&release).await.expect("roles can be listed");
    let bindings = Api::<ClusterRoleBinding>::all(scene.client());
    let bindings = bindings.list(&release).await.expect("bindings can be listed");
    let roles = roles.items.iter().map(ResourceExt::name_any);
    roles
        .chain(bindings.items.iter().map(ResourceExt::name_any))
        .collect()
}

/// What the API server says to each of [`RIGHTS`].
async fn rights(scene: &Scene) -> String {
    let reviews = Api::<SubjectAccessReview>::all(scene.client());
    let mut said = Vec::new();
    for (verb, group, written, own) in RIGHTS {
        let (resource, subresource) = written.split_once('/').unwrap_or((written, ""));
        let (namespace, place) = if *own {
            (scene.namespace.as_str(), "its own namespace")
        } else {
            ("default", "another namespace")
        };
        let review = json!({
            "metadata": {},
            "spec": {
                "user": format!("system:serviceaccount:{}:chart", scene.namespace),
                "resourceAttributes": {
                    "verb": verb,
                    "group": group,
                    "resource": resource,
                    "subresource": subresource,
                    "namespace": namespace,
                },
            },
        });
        let review = serde_json::from_value(review).expect("a review");
        let answer = reviews
            .create(&PostParams::default(), &review)
            .await
            .expect("the API server answers");
        let allowed = answer.status.expect("a review has an answer").allowed;
        let word = if allowed { "may" } else { "may not" };
        said.push(format!("{word} {verb} {written} in {place}"));
    }
    said.join("\n")
}

#[tokio::test]
async fn an_installed_controller_plays_the_story() {
    let bed = Bed::from_environment().await.expect("the test bed is there");
    let scene = Scene::new(bed, "chart").await.expect("the scene is set");

    helm_succeeds(INSTALL, &scene).await;
    let deployments = Api::<Deployment>::namespaced(scene.client(), &scene.namespace);
    let deployment = deployments.get("chart").await.expect("the deployment is there");
    let pod = deployment.spec.template.spec;
    let pod = serde_json::to_value(pod).expect("a pod's specification is JSON");
    insta::assert_json_snapshot!(
        "what_the_pod_may_do",
        json!({"pod": pod["securityContext"], "container": pod["containers"][0]["securityContext"]})
    );
    insta::assert_snapshot!("what_the_controller_may_do", rights(&scene).await);
    assert_eq!(
        cluster_wide(&scene).await.len(),
        4,
        "two roles and their bindings"
    );

    let report = demonstrate(&scene.namespace)
        .await
        .expect("the demonstration is played");
    assert_eq!(report["database"]["count"], 50_000);
    assert_eq!(report["database"]["before"], report["database"]["after"]);
    assert_eq!(report["files"]["count"], 523);
    assert_eq!(report["files"]["before"], report["files"]["after"]);

    helm_succeeds("uninstall chart --wait --namespace", &scene).await;
    assert_eq!(cluster_wide(&scene).await, Vec::<String>::new());
    scene.remove().await.expect("the scene is cleared");
}
