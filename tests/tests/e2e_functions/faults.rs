//! An API server that fails now and then: the same outcomes, and nothing is made twice.

use std::time::Duration;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::ListParams;
use mainstay_engine::function::Cause;
use mainstay_testbed::fault::{Fault, Pattern, Rule};
use serde_json::{Value as Json, json};

use crate::scene::{Scene, TOOLS, output, play, shown};

fn refusal(status: u16) -> Fault {
    Fault::Answer {
        status,
        retry_after: None,
    }
}

/// The pods of the scene's namespace, or something below them.
fn pods(scene: &Scene, below: &str) -> Pattern {
    Pattern::path(&format!("/api/v1/namespaces/{}/pods{below}", scene.namespace))
}

/// How many requests met a fault.
fn faults(scene: &Scene) -> usize {
    scene
        .proxy
        .seen()
        .iter()
        .filter(|seen| seen.fault.is_some())
        .count()
}

#[test]
fn a_task_bears_failures_that_pass() {
    play("faults-task", |scene| async move {
        let add = |pattern: Pattern, fault: Fault| scene.proxy.add(Rule::new(pattern, fault));
        add(pods(&scene, "").method("POST"), refusal(500));
        add(pods(&scene, "").method("POST"), refusal(429));
        // The pod is made, and nobody is told.
        add(pods(&scene, "").method("POST"), Fault::DropAfter);
        add(pods(&scene, "").method("GET"), refusal(503));
        add(pods(&scene, "").query("watch=true"), Fault::Cut { after: 10 });
        add(pods(&scene, "/*").method("GET"), refusal(504));
        add(pods(&scene, "/*/log"), refusal(500));
        add(pods(&scene, "/*/log"), Fault::DropBefore);
        add(pods(&scene, "/*/log"), Fault::Cut { after: 200 });
        add(pods(&scene, "/*/log"), Fault::Cut { after: 300 });
        add(pods(&scene, "/*").method("DELETE"), refusal(500));
        let text = String::from("for i in $(seq 40); do echo line $i; sleep 0.05; done; echo last $RANDOM\n")
            + &output("count", "$(ls /proc/1/fd | wc -l)")
            + "exit 5";
        let arguments = json!({"image": TOOLS, "command": ["bash", "-ec", text]});
        let failure = scene.perform("KubeTask", 0, &arguments).await.unwrap_err();
        assert_eq!(failure.exit_code, Some(5), "{failure}");
        let expected: Vec<String> = (33..=40).map(|number| format!("line {number}")).collect();
        assert_eq!(
            failure.last_lines[..8],
            expected,
            "no line is lost and none comes twice"
        );
        assert_eq!(scene.pods().await, Vec::<String>::new());
        assert_eq!(faults(&scene), 11, "{:?}", scene.proxy.seen());
    });
}

#[test]
fn a_watch_that_says_nothing_is_opened_again() {
    play("faults-watch", |scene| async move {
        scene
            .proxy
            .add(Rule::new(pods(&scene, "").query("watch=true"), refusal(410)));
        scene
            .proxy
            .add(Rule::new(pods(&scene, "").query("watch=true"), Fault::DropBefore).times(2));
        let arguments = json!({"image": TOOLS, "command": ["bash", "-ec", output("a", "b")]});
        let outcome = scene.perform("KubeTask", 0, &arguments).await;
        assert_eq!(shown(&scene, &outcome), r#"output {"a":"b"}"#);
    });
}

#[test]
fn a_command_whose_connection_breaks_off_has_failed() {
    play("faults-exec", |scene| async move {
        scene.idle_pod("app", &["main"]).await;
        let exec = pods(&scene, "/app/exec");
        scene
            .proxy
            .add(Rule::new(exec.clone(), Fault::Cut { after: 100 }));
        let command =
            |text: &str| json!({"namespace": scene.namespace, "pod": "app", "command": ["bash", "-c", text]});
        let many = command("for i in $(seq 1000); do echo line $i; done");
        let failure = scene.perform("KubeExec", 0, &many).await.unwrap_err();
        assert_eq!(failure.cause, Cause::Unreachable, "{failure}");
        assert!(
            failure
                .message
                .contains("the connection to the container broke off"),
            "{failure}"
        );

        // Cut without a word, while the command sleeps.
        let function = scene.function("KubeExec");
        let call = scene.call(1, &command("echo begun; touch /tmp/begun; sleep 3600"));
        let runs = tokio::spawn(async move { function.call(call).await });
        let begun = command("until test -e /tmp/begun; do sleep 0.05; done");
        scene.perform("KubeExec", 2, &begun).await.unwrap();
        assert!(scene.proxy.cut(&exec) > 0);
        let failure = runs.await.unwrap().unwrap_err();
        assert_eq!(failure.cause, Cause::Unreachable, "{failure}");
        assert_eq!(failure.last_lines, ["begun"]);
    });
}

#[test]
fn an_answer_that_is_lost_does_not_make_things_twice() {
    play("faults-twice", |scene| async move {
        let maps = Pattern::path(&format!("/api/v1/namespaces/{}/configmaps", scene.namespace));
        scene
            .proxy
            .add(Rule::new(maps.clone().method("POST"), Fault::DropAfter));
        let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: made-}";
        let create = json!({"operation": "create", "namespace": scene.namespace, "spec": manifest});
        let made = scene.perform("KubeOps", 0, &create).await.unwrap().unwrap();
        let there = scene
            .api::<ConfigMap>()
            .list(&ListParams::default().labels("!kubernetes.io"))
            .await
            .unwrap();
        let ours = there
            .items
            .iter()
            .filter(|map| map.metadata.name.as_deref() != Some("kube-root-ca.crt"));
        assert_eq!(ours.count(), 1);

        let map = Pattern::path(&format!("/api/v1/namespaces/{}/configmaps/*", scene.namespace));
        scene.proxy.add(Rule::new(map.method("DELETE"), Fault::DropAfter));
        let reference = json!({"apiVersion": "v1", "resource": "configmaps", "name": made["name"], "namespace": scene.namespace});
        let delete = json!({"operation": "delete", "objectReference": reference});
        scene.perform("KubeOps", 1, &delete).await.unwrap();
        assert_eq!(faults(&scene), 2, "{:?}", scene.proxy.seen());
    });
}

#[test]
fn the_replicas_before_are_known_although_an_answer_was_lost() {
    play("faults-scale", |scene| async move {
        let template = json!({
            "metadata": {"labels": {"app": "db"}},
            "spec": {
                "terminationGracePeriodSeconds": 0,
                "containers": [{"name": "main", "image": TOOLS, "command": ["sleep", "3600"]}],
            },
        });
        let set = json!({
            "metadata": {"name": "db"},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "db"}}, "template": template},
        });
        scene.make::<StatefulSet>(set).await;
        let sets = Pattern::path(&format!(
            "/apis/apps/v1/namespaces/{}/statefulsets/db",
            scene.namespace
        ));
        scene
            .proxy
            .add(Rule::new(sets.clone().method("PUT"), refusal(409)));
        scene
            .proxy
            .add(Rule::new(sets.clone().method("PUT"), Fault::DropAfter));
        scene
            .proxy
            .add(Rule::new(sets.method("GET"), refusal(500)).skip(1));
        scene
            .proxy
            .add(Rule::new(pods(&scene, "").query("watch=true"), Fault::Cut { after: 1 }).times(2));
        let down: Json =
            json!({"namespace": scene.namespace, "name": "db", "kind": "StatefulSet", "replicas": 0});
        let outcome = scene.perform("ScaleWorkload", 0, &down).await;
        assert_eq!(shown(&scene, &outcome), r#"output {"originalReplicaCount":1}"#);
        let left = scene.api::<Pod>().list(&ListParams::default()).await.unwrap();
        assert!(left.items.is_empty());
    });
}

#[test]
fn what_does_not_pass_ends_the_call() {
    play("faults-stay", |scene| async move {
        scene
            .proxy
            .add(Rule::new(pods(&scene, "").method("POST"), refusal(403)).always());
        let arguments = json!({"image": TOOLS, "command": ["true"]});
        let call = scene.perform("KubeTask", 0, &arguments);
        let failure = tokio::time::timeout(Duration::from_secs(10), call)
            .await
            .unwrap()
            .unwrap_err();
        assert_eq!(failure.cause, Cause::Mistake);
        assert!(failure.message.starts_with("Failed to create pod: "), "{failure}");
    });
}
