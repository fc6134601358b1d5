//! `ScaleWorkload`, `KubeOps`, `Wait`, `WaitV2`.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::ResourceExt as _;
use kube::api::{ListParams, Patch, PatchParams};
use mainstay_engine::function::Call;
use mainstay_engine::scope::{Named, Scope, Target, Workload};
use serde_json::{Value as Json, json};

use crate::scene::{Scene, TOOLS, play, shown};

fn workload(name: &str, replicas: u32) -> Json {
    json!({
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "serviceName": name,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "containers": [{"name": "main", "image": TOOLS, "command": ["sleep", "3600"]}],
                },
            },
        },
    })
}

fn scale(scene: &Scene, kind: &str, name: &str, replicas: &Json) -> Json {
    json!({"namespace": scene.namespace, "kind": kind, "name": name, "replicas": replicas})
}

#[test]
fn workloads_are_scaled() {
    play("scale", |scene| async move {
        let mut deployment = workload("web", 2);
        deployment["spec"].as_object_mut().unwrap().remove("serviceName");
        scene.make::<Deployment>(deployment).await;
        scene.make::<StatefulSet>(workload("db", 1)).await;
        let rows = [
            scale(&scene, "Deployment", "web", &json!(2)),
            scale(&scene, "deployment", "web", &json!(0)),
            scale(&scene, "DEPLOYMENT", "web", &json!("1")),
            scale(&scene, "StatefulSet", "db", &json!(2)),
            scale(&scene, "StatefulSet", "db", &json!(0)),
            scale(&scene, "DaemonSet", "db", &json!(0)),
            scale(&scene, "Deployment", "nope", &json!(1)),
            scale(&scene, "Deployment", "web", &json!("two")),
            scale(&scene, "Deployment", "web", &json!(1.0)),
            scale(&scene, "Deployment", "web", &json!(-1)),
            json!({"replicas": 1}),
        ];
        let mut all = Vec::new();
        for (phase, arguments) in rows.iter().enumerate() {
            let outcome = scene.perform("ScaleWorkload", phase, arguments).await;
            let pods = scene.api::<Pod>().list(&ListParams::default()).await.unwrap();
            let asked = format!(
                "{} {} to {}",
                arguments["kind"], arguments["name"], arguments["replicas"]
            );
            all.push(format!(
                "{asked}, {} pods: {}",
                pods.items.len(),
                shown(&scene, &outcome)
            ));
        }
        insta::assert_snapshot!(all.join("\n"));
        let web = scene.api::<Deployment>().get("web").await.unwrap();
        assert!(
            !web.annotations().contains_key("mainstay.dev/scaled-by"),
            "settled calls leave nothing"
        );
    });
}

#[test]
fn the_workload_of_the_action_is_scaled_once() {
    play("scale-again", |scene| async move {
        scene.make::<StatefulSet>(workload("db", 2)).await;
        let target = Workload {
            named: Named {
                name: String::from("db"),
                namespace: scene.namespace.clone(),
            },
            ..Workload::default()
        };
        let call = Call {
            scope: Arc::new(Scope {
                target: Some(Target::StatefulSet(target)),
                ..Scope::default()
            }),
            ..scene.call(0, &json!({"replicas": "0", "waitForReady": "false"}))
        };
        let function = scene.function("ScaleWorkload");
        let first = function.call(call.clone()).await;
        assert_eq!(shown(&scene, &first), r#"output {"originalReplicaCount":2}"#);
        // A crash before the outcome was recorded: what it was is still known.
        let again = function
            .call(Call {
                resumed: true,
                ..call.clone()
            })
            .await;
        assert_eq!(shown(&scene, &again), r#"output {"originalReplicaCount":2}"#);
        function.settle(&call).await;
        let other = Call {
            key: scene.call(1, &json!({})).key,
            ..call
        };
        let other = function.call(other).await;
        assert_eq!(shown(&scene, &other), r#"output {"originalReplicaCount":0}"#);
    });
}

/// A scaled workload whose pods cannot start says why, in the end.
#[test]
fn a_workload_that_does_not_become_ready_says_why() {
    play("scale-stuck", |scene| async move {
        let mut scene = Arc::into_inner(scene).unwrap();
        scene.context.settings.pod_ready = std::time::Duration::from_secs(6);
        let mut stuck = workload("db", 0);
        stuck["spec"]["template"]["spec"]["containers"][0]["image"] = json!("localhost/nope:1");
        scene.make::<StatefulSet>(stuck).await;
        let outcome = scene
            .perform("ScaleWorkload", 0, &scale(&scene, "StatefulSet", "db", &json!(1)))
            .await;
        let shown = shown(&scene, &outcome);
        assert!(shown.contains("0 of 1 replicas are ready"), "{shown}");
        assert!(
            shown.contains("pod db-0: container \"main\": its image cannot be pulled"),
            "{shown}"
        );
    });
}

#[test]
fn objects_are_created_patched_and_deleted() {
    play("ops", |scene| async move {
        let here = scene.namespace.clone();
        let group = format!("{here}.example.org");
        let reference = |resource: &str, name: &str, namespace: Option<&str>| {
            let mut reference = json!({"apiVersion": "v1", "group": "", "resource": resource, "name": name});
            if let Some(namespace) = namespace {
                reference["namespace"] = json!(namespace);
            }
            reference
        };
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made, labels: {by: me}}\n\
                   data: {a: '1', mode: 0644}";
        let definition = format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: foos.{group}}}\nspec:\n  group: {group}\n  scope: Namespaced\n  names: {{plural: foos, kind: Foo}}\n  versions:\n  - {{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}}}\n"
        );
        let foo = format!(
            "apiVersion: {group}/v1\nkind: Foo\nmetadata: {{name: one}}\nspec: {{list: [1], keep: 1}}"
        );
        let foo_reference =
            json!({"apiVersion": "v1", "group": group, "resource": "foos", "name": "one", "namespace": here});
        let definition_reference = json!({"apiVersion": "v1", "group": "apiextensions.k8s.io", "resource": "customresourcedefinitions", "name": format!("foos.{group}")});
        let rows = [
            json!({"operation": "create", "namespace": here, "spec": map.replace(", mode: 0644", "")}),
            json!({"operation": "create", "namespace": here, "spec": map}),
            json!({"operation": "patch", "objectReference": reference("configmaps", "made", Some(&here)), "spec": "data: {b: '2', a: null}"}),
            json!({"operation": "delete", "objectReference": reference("configmaps", "made", Some(&here))}),
            json!({"operation": "delete", "objectReference": reference("configmaps", "made", Some(&here))}),
            json!({"operation": "patch", "objectReference": reference("configmaps", "made", Some(&here)), "spec": "data: {b: '2'}"}),
            json!({"operation": "create", "spec": format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: one, namespace: {here}}}\n---\n---\napiVersion: v1\nkind: Secret\nmetadata: {{generateName: two-, namespace: {here}}}\n")}),
            json!({"operation": "create", "spec": definition}),
            json!({"operation": "delete", "objectReference": reference("configmaps", "one", None), "namespace": here}),
            json!({"operation": "create", "namespace": here, "spec": "just: [text"}),
            json!({"operation": "create", "namespace": here, "spec": "just: text"}),
            json!({"operation": "create", "namespace": here, "spec": "apiVersion: example.org/v1\nkind: Nothing\nmetadata: {name: one}"}),
            json!({"operation": "create", "namespace": here}),
            json!({"operation": "delete", "objectReference": {"apiVersion": "v1", "resource": "nothings", "name": "one"}}),
            json!({"operation": "delete", "objectReference": {"apiVersion": "v1", "resource": "configmaps"}}),
            json!({"operation": "delete"}),
            json!({"operation": "replace", "namespace": here, "spec": "{}"}),
        ];
        let mut all = scene.table(&rows.map(|row| ("KubeOps", row))).await;
        // A kind of the user's own is served a moment after its definition is taken.
        let served = json!({
            "timeout": "20s",
            "conditions": {"allOf": [{
                "condition": "{{ if eq \"{$.status.conditions[?(@.type == 'Established')].status}\" \"True\" }}true{{ end }}",
                "objectReference": definition_reference,
            }]},
        });
        scene.perform("Wait", 30, &served).await.unwrap();
        let rows = [
            json!({"operation": "create", "namespace": here, "spec": foo}),
            json!({"operation": "patch", "objectReference": foo_reference, "spec": "spec: {list: [2]}"}),
            json!({"operation": "delete", "objectReference": foo_reference}),
            json!({"operation": "delete", "objectReference": definition_reference}),
        ];
        all = format!(
            "{all}\n\n{}",
            scene.table(&rows.map(|row| ("KubeOps", row))).await
        );
        insta::assert_snapshot!(all);
    });
}

#[test]
fn a_repeated_creation_finds_what_the_first_one_made() {
    play("ops-again", |scene| async move {
        let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}";
        let arguments = json!({"operation": "create", "namespace": scene.namespace, "spec": manifest});
        let function = scene.function("KubeOps");
        let call = scene.call(0, &arguments);
        let first = function.call(call.clone()).await.unwrap();
        let refused = function.call(scene.call(1, &arguments)).await.unwrap_err();
        assert_eq!(refused.message, "configmaps \"made\" already exists");
        let again = function
            .call(Call {
                resumed: true,
                ..call
            })
            .await
            .unwrap();
        assert_eq!(again, first);
        let delete = json!({"operation": "delete", "objectReference": {"apiVersion": "v1", "resource": "configmaps", "name": "gone", "namespace": scene.namespace}});
        let gone = Call {
            resumed: true,
            ..scene.call(2, &delete)
        };
        function.call(gone).await.unwrap();
    });
}

fn wait(scene: &Scene, timeout: &str, list: &str, conditions: &[(&str, &str)]) -> Json {
    let conditions: Vec<Json> = conditions
        .iter()
        .map(|(name, condition)| {
            let reference = json!({"apiVersion": "v1", "group": "", "resource": "configmaps", "name": name, "namespace": scene.namespace});
            json!({"condition": condition, "objectReference": reference})
        })
        .collect();
    json!({"timeout": timeout, "conditions": {list: conditions}})
}

#[test]
fn conditions_are_waited_for() {
    play("wait", |scene| async move {
        scene
            .make::<ConfigMap>(json!({"metadata": {"name": "map"}, "data": {"mode": "fast"}}))
            .await;
        let slow = r#"{{ if eq "{ $.data.mode }" "slow" }}true{{ end }}"#;
        let fast = r#"{{ if eq "{ $.data.mode }" "fast" }} true {{ end }}"#;
        let nothing = r#"{{ if eq "{ $.data.nope }" "x" }}true{{ end }}"#;
        let by_path = [
            wait(&scene, "1s", "anyOf", &[("map", slow), ("map", fast)]),
            wait(&scene, "1s", "allOf", &[("map", slow), ("map", fast)]),
            wait(&scene, "1s", "allOf", &[("map", nothing)]),
            wait(&scene, "1s", "allOf", &[("nope", "true")]),
            wait(
                &scene,
                "1s",
                "allOf",
                &[("map", r#"{{ if "$.data.nope" }}true{{ end }}"#)],
            ),
            wait(&scene, "soon", "allOf", &[("map", "true")]),
        ];
        let over_object = [
            wait(&scene, "1s", "anyOf", &[("nope", "true"), ("map", "true")]),
            wait(
                &scene,
                "1s",
                "anyOf",
                &[(
                    "map",
                    r#"{{ if eq .data.mode "slow" }}true{{ else }}false{{ end }}"#,
                )],
            ),
            wait(
                &scene,
                "1s",
                "allOf",
                &[("map", r#"{{ if eq .data.mode "fast" }}true{{ end }}"#)],
            ),
            wait(&scene, "1s", "allOf", &[("map", "{{ if }}")]),
            wait(&scene, "1s", "allOf", &[("{{ .Options.nope }}", "true")]),
        ];
        let by_path = by_path.map(|row| ("Wait", row));
        let over_object = over_object.map(|row| ("WaitV2", row));
        let rows: Vec<_> = by_path.into_iter().chain(over_object).collect();
        insta::assert_snapshot!(scene.table(&rows).await);

        let function = scene.function("Wait");
        let call = scene.call(20, &wait(&scene, "1m", "allOf", &[("map", slow)]));
        let waits = tokio::spawn(async move { function.call(call).await });
        let change = Patch::Merge(json!({"data": {"mode": "slow"}}));
        scene
            .api::<ConfigMap>()
            .patch("map", &PatchParams::default(), &change)
            .await
            .unwrap();
        waits.await.unwrap().unwrap();
    });
}
