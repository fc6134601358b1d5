use serde_json::{Value as Json, json};

use super::*;

fn pod(status: &Json) -> Pod {
    let pod = json!({
        "metadata": {"name": "kanister-job-x", "namespace": "shop"},
        "spec": {"containers": [], "restartPolicy": "Never", "nodeName": "node-1"},
        "status": status,
    });
    serde_json::from_value(pod).unwrap()
}

fn container(name: &str, state: &Json) -> Json {
    json!({"name": name, "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state})
}

fn waiting(reason: &str, message: &str) -> Json {
    let state = json!({"waiting": {"reason": reason, "message": message}});
    json!({"phase": "Pending", "containerStatuses": [container("container", &state)]})
}

#[test]
fn obstacles() {
    let mut loops = container(
        "container",
        &json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}),
    );
    loops["lastState"] = json!({"terminated": {"exitCode": 127, "reason": "Error"}});
    let rows = [
        json!({"phase": "Pending"}),
        waiting("ContainerCreating", ""),
        waiting("PodInitializing", ""),
        waiting("ErrImagePull", "rpc error: not found"),
        waiting("ImagePullBackOff", "Back-off pulling image \"nope:1\""),
        waiting("InvalidImageName", "couldn't parse image name \"A:b:c\""),
        waiting("ErrImageNeverPull", ""),
        waiting("CreateContainerConfigError", "secret \"keys\" not found"),
        waiting("CreateContainerError", "context deadline exceeded"),
        json!({"phase": "Running", "containerStatuses": [loops]}),
        json!({
            "phase": "Pending",
            "initContainerStatuses": [container("init", &json!({"waiting": {"reason": "ErrImagePull"}}))],
        }),
        json!({
            "phase": "Pending",
            "conditions": [{
                "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                "message": "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
            }],
        }),
        json!({
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}],
        }),
    ];
    let shown: Vec<String> = rows
        .iter()
        .map(|status| match obstacle(&pod(status)) {
            Some(Obstacle {
                what,
                cause,
                patience,
                container,
            }) => format!("{what}\n  {cause:?}, patience {patience:?}, container {container:?}"),
            None => format!("nothing in {status}"),
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn ends() {
    let exited = |name: &str, code: i32| {
        container(
            name,
            &json!({"terminated": {"exitCode": code, "reason": "Error"}}),
        )
    };
    let rows = [
        json!({"phase": "Failed", "containerStatuses": [exited("container", 3)]}),
        json!({"phase": "Failed", "containerStatuses": [exited("aside", 1), exited("container", 0)]}),
        json!({"phase": "Failed", "containerStatuses": [exited("aside", 1), exited("container", 2)]}),
        json!({
            "phase": "Failed",
            "initContainerStatuses": [exited("init", 4)],
            "containerStatuses": [container("container", &json!({"waiting": {"reason": "PodInitializing"}}))],
        }),
        json!({
            "phase": "Failed",
            "containerStatuses": [container(
                "container",
                &json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}),
            )],
        }),
        json!({
            "phase": "Failed",
            "containerStatuses": [container(
                "container",
                &json!({"terminated": {
                    "exitCode": 128, "reason": "StartError",
                    "message": "exec: \"nope\": executable file not found in $PATH",
                }}),
            )],
        }),
        json!({
            "phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory.",
            "containerStatuses": [exited("container", 137)],
        }),
        json!({"phase": "Failed", "reason": "OutOfcpu"}),
        json!({"phase": "Failed"}),
        json!({"phase": "Failed", "message": "Pod was active too long"}),
    ];
    let shown: Vec<String> = rows
        .iter()
        .map(|status| {
            let End {
                what,
                container,
                exit_code,
            } = end(&pod(status), "container");
            format!("{what}\n  container {container:?}, exit code {exit_code:?}")
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn the_container_that_is_followed_may_end_before_the_pod() {
    let ended = container("container", &json!({"terminated": {"exitCode": 0}}));
    let status = json!({"phase": "Running", "containerStatuses": [ended]});
    assert!(has_ended(&pod(&status), "container"));
    assert!(!has_ended(&pod(&status), "aside"));
    assert_eq!(exit_code(&pod(&status), "container"), Some(0));
    assert_eq!(exit_code(&pod(&status), "aside"), None);
    let mut restarts = pod(&status);
    restarts.spec.as_mut().unwrap().restart_policy = Some(String::from("OnFailure"));
    assert!(!has_ended(&restarts, "container"), "it may be started again");
}

#[test]
fn nodes_are_doubted_when_their_pod_shows_no_life() {
    let ready = |value: &str| json!({"phase": "Running", "conditions": [{"type": "Ready", "status": value}]});
    assert_eq!(doubtful_node(&pod(&json!({"phase": "Pending"}))), Some("node-1"));
    assert_eq!(doubtful_node(&pod(&ready("True"))), None);
    assert_eq!(doubtful_node(&pod(&ready("False"))), Some("node-1"));
}
