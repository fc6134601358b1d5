//! `KubeExec`, `KubeExecAll`.

use serde_json::{Value as Json, json};

use crate::scene::{Scene, play};

fn command(scene: &Scene, container: Option<&str>, text: &str) -> Json {
    let mut arguments = json!({"namespace": scene.namespace, "pod": "app", "command": ["bash", "-c", text]});
    if let Some(container) = container {
        arguments["container"] = Json::from(container);
    }
    arguments
}

#[test]
fn commands_in_a_pod() {
    play("exec", |scene| async move {
        scene.idle_pod("app", &["main", "side"]).await;
        let both = "echo '###Phase-output###: {\"key\":\"host\",\"value\":\"app\"}'; echo '###Phase-output###: {\"key\":\"no\",\"value\":\"x\"}' >&2";
        let rows = [
            command(&scene, Some("main"), both),
            command(&scene, Some("main"), "true"),
            command(
                &scene,
                Some("main"),
                "for i in $(seq 12); do echo out $i; done; echo '  err  ' >&2; exit 42",
            ),
            command(&scene, Some("main"), "echo '###Phase-output###: nonsense'"),
            command(
                &scene,
                Some("main"),
                "echo '###Phase-output###: nonsense'; exit 1",
            ),
            command(&scene, None, "true"),
            command(&scene, Some("nope"), "true"),
            json!({"namespace": scene.namespace, "pod": "app", "container": "main", "command": ["nope"]}),
            json!({"namespace": scene.namespace, "pod": "nope", "command": "true"}),
            json!({"namespace": "nope", "pod": "nope", "command": "true"}),
        ];
        insta::assert_snapshot!(scene.table(&rows.map(|row| ("KubeExec", row))).await);
        let large = "head -c 20000000 /dev/zero | tr '\\0' x; echo; echo \"###Phase-output###: {\\\"key\\\":\\\"big\\\",\\\"value\\\":\\\"$(head -c 200000 /dev/zero | tr '\\0' y)\\\"}\"";
        let outcome = scene
            .perform("KubeExec", 20, &command(&scene, Some("side"), large))
            .await
            .unwrap();
        assert_eq!(outcome.unwrap()["big"].as_str().map(str::len), Some(200_000));
    });
}

#[test]
fn one_command_in_many_containers() {
    play("exec-all", |scene| async move {
        tokio::join!(
            scene.idle_pod("a", &["one", "two"]),
            scene.idle_pod("b", &["one", "two"])
        );
        let arguments = |pods: &str, text: &str| json!({"namespace": scene.namespace, "pods": pods, "containers": "one two", "command": ["bash", "-c", text]});
        let value = "echo \"###Phase-output###: {\\\"key\\\":\\\"$HOSTNAME\\\",\\\"value\\\":\\\"v\\\"}\"";
        let rows = [arguments(" a  b", value), arguments("a c", "echo wrong; exit 2")];
        insta::assert_snapshot!(scene.table(&rows.map(|row| ("KubeExecAll", row))).await);
    });
}
