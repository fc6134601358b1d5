//! What an action starts with, read from a scripted API server: what is asked, what templates see, and what is
//! said when something is missing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use mainstay_controller::events::Recorder;
use mainstay_controller::host::{InCluster, Subjects};
use mainstay_engine::clock::System;
use mainstay_engine::host::{Host, Preparation, Prepared};
use mainstay_engine::request::{self, Identity};
use mainstay_tests::script::Script;
use serde_json::{Value as Json, json};

/// What an action, written as in a request, starts with.
async fn prepare(script: &Script, action: Json, snapshot: Option<&Json>) -> Result<Prepared, String> {
    let action: request::Action = serde_json::from_value(action).unwrap();
    let events = Recorder::new(script.client(), Arc::new(System));
    let labels = BTreeMap::from([("kanister.io/JobID".to_owned(), "j1".to_owned())]);
    let host = InCluster::new(script.client(), events, Subjects::default(), labels);
    let preparation = Preparation {
        run: &Identity::default(),
        action: 0,
        request: &action,
        time: "2026-09-01T12:00:00.25Z",
        snapshot,
    };
    host.prepare(preparation)
        .await
        .map_err(|error| format!("{:?}: {error}", error.cause))
}

/// What templates see of an action's start, and what was asked for it.
async fn check(script: &Script, action: Json) -> Json {
    let prepared = prepare(script, action, None).await.unwrap();
    json!({
        "parameters": prepared.scope.parameters(),
        "snapshot": prepared.snapshot,
        "requests": script.requests(),
    })
}

async fn check_failure(script: &Script, action: Json) -> String {
    prepare(script, action, None).await.unwrap_err()
}

fn pod(name: &str, owner: &str, phase: &str) -> Json {
    json!({
        "metadata": {
            "name": name,
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Owner", "name": "o", "uid": owner}],
        },
        "spec": {
            "initContainers": [{"name": "before", "volumeMounts": [{"name": "v", "mountPath": "/init"}]}],
            "containers": [
                {"name": "main", "volumeMounts": [
                    {"name": "v", "mountPath": "/one"},
                    {"name": "v", "mountPath": "/sub", "subPath": "s"},
                    {"name": "token", "mountPath": "/token"},
                ]},
                {"name": "aside", "volumeMounts": [{"name": "v", "mountPath": "/two"}]},
            ],
            "volumes": [
                {"name": "v", "persistentVolumeClaim": {"claimName": format!("data-{name}")}},
                {"name": "unmounted", "persistentVolumeClaim": {"claimName": "other"}},
                {"name": "token", "secret": {"secretName": "t"}},
            ],
        },
        "status": {
            "phase": phase,
            "containerStatuses": [
                {"name": "aside", "image": "", "imageID": "", "ready": true, "restartCount": 0},
                {"name": "main", "image": "", "imageID": "", "ready": true, "restartCount": 0},
            ],
        },
    })
}

fn replica_set(name: &str, owner: &str, revision: &str) -> Json {
    json!({
        "metadata": {
            "name": name,
            "uid": name,
            "annotations": {"deployment.kubernetes.io/revision": revision},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": owner}],
        },
        "spec": {"selector": {}},
    })
}

fn with_deployment() -> Script {
    Script::new()
        .has(
            "/apis/apps/v1/namespaces/shop/deployments/web",
            json!({
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {
                    "name": "web",
                    "namespace": "shop",
                    "uid": "d1",
                    "annotations": {"deployment.kubernetes.io/revision": "2"},
                    "managedFields": [{"manager": "somebody"}],
                },
                "spec": {
                    "replicas": 2,
                    "selector": {
                        "matchLabels": {"app": "web"},
                        "matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}],
                    },
                },
            }),
        )
        .lists(
            "/apis/apps/v1/namespaces/shop/replicasets",
            &[
                replica_set("web-old", "d1", "1"),
                replica_set("web-other", "d2", "2"),
                replica_set("web-new", "d1", "2"),
            ],
        )
        .lists(
            "/api/v1/namespaces/shop/pods",
            &[
                pod("web-new-a", "web-new", "Running"),
                pod("web-new-b", "web-new", "Pending"),
                pod("web-new-c", "web-new", "Running"),
                pod("web-old-a", "web-old", "Running"),
            ],
        )
}

#[tokio::test]
async fn a_deployment_shows_the_running_pods_of_its_revision() {
    let action = json!({"object": {"kind": "dEPLOYMENT", "name": "web", "namespace": "shop"}});
    insta::assert_json_snapshot!(check(&with_deployment(), action).await);
}

#[tokio::test]
async fn a_deployment_without_its_revision_cannot_be_shown() {
    let script = with_deployment().lists("/apis/apps/v1/namespaces/shop/replicasets", &[]);
    // The first answer to the list still has the ReplicaSets.
    let action = || json!({"object": {"kind": "deployment", "name": "web", "namespace": "shop"}});
    prepare(&script, action(), None).await.unwrap();
    insta::assert_snapshot!(check_failure(&script, action()).await);
}

#[tokio::test]
async fn a_stateful_set_shows_the_running_pods_that_it_owns() {
    let script = Script::new()
        .has(
            "/apis/apps/v1/namespaces/shop/statefulsets/db",
            json!({
                "apiVersion": "apps/v1",
                "kind": "StatefulSet",
                "metadata": {"name": "db", "namespace": "shop", "uid": "s1"},
                "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "db"}}},
            }),
        )
        .lists(
            "/api/v1/namespaces/shop/pods",
            &[
                pod("db-0", "s1", "Running"),
                pod("db-1", "s1", "Running"),
                pod("db-x", "s2", "Running"),
            ],
        );
    let action = json!({"object": {"kind": "StatefulSet", "name": "db", "namespace": "shop"}});
    insta::assert_json_snapshot!(check(&script, action).await);
}

#[tokio::test]
async fn a_deployment_config_shows_the_running_pods_of_its_version() {
    let mut controller = replica_set("web-3", "c1", "");
    controller["metadata"]["annotations"] = json!({"openshift.io/deployment-config.latest-version": "3"});
    let script = Script::new()
        .has(
            "/apis/apps.openshift.io/v1/namespaces/shop/deploymentconfigs/web",
            json!({
                "apiVersion": "apps.openshift.io/v1",
                "kind": "DeploymentConfig",
                "metadata": {"name": "web", "namespace": "shop", "uid": "c1"},
                "spec": {"selector": {"app": "web"}},
                "status": {"latestVersion": 3},
            }),
        )
        .lists("/api/v1/namespaces/shop/replicationcontrollers", &[controller])
        .lists(
            "/api/v1/namespaces/shop/pods",
            &[pod("web-3-a", "web-3", "Running")],
        );
    let action = json!({"object": {"kind": "DeploymentConfig", "name": "web", "namespace": "shop"}});
    insta::assert_json_snapshot!(check(&script, action).await);
}

#[tokio::test]
async fn a_namespace_is_shown_by_the_namespace_of_the_reference() {
    let script = Script::new().has(
        "/api/v1/namespaces/shop",
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}),
    );
    let both = json!({"object": {"kind": "Namespace", "name": "shop", "namespace": "other"}});
    insta::assert_json_snapshot!(check(&script, both).await);
    let name_only = json!({"object": {"kind": "Namespace", "name": "shop"}});
    insta::assert_json_snapshot!(check(&script, name_only).await);
}

#[tokio::test]
async fn any_other_object_is_found_by_its_resource() {
    let script = Script::new().has(
        "/apis/example.org/v2/namespaces/shop/things/one",
        json!({"apiVersion": "example.org/v2", "kind": "Thing", "metadata": {"name": "one"}, "data": {"a": 1.5}}),
    );
    // kanctl writes the group with a slash.
    let action = json!({"object": {
        "group": "example.org/", "apiVersion": "v2", "resource": "things",
        "kind": "whatever", "name": "one", "namespace": "shop",
    }});
    insta::assert_json_snapshot!(check(&script, action).await);
}

fn with_profile(credential: &Json) -> Script {
    let secret = |name: &str, type_: &str, data: Json| {
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": type_, "data": data,
            "metadata": {"name": name, "namespace": "vault"},
        })
    };
    let place = |name: &str| format!("/api/v1/namespaces/vault/secrets/{name}");
    Script::new()
        .has(
            "/apis/cr.kanister.io/v1alpha1/namespaces/vault/profiles/store",
            json!({
                "apiVersion": "cr.kanister.io/v1alpha1",
                "kind": "Profile",
                "metadata": {"name": "store", "namespace": "vault"},
                "location": {"type": "s3Compliant", "bucket": "b", "prefix": "p"},
                "credential": credential,
                "skipSSLVerify": true,
            }),
        )
        .has(
            &place("keys"),
            secret(
                "keys",
                "Opaque",
                json!({"id": "QUs=", "key": "U0s=", "empty": ""}),
            ),
        )
        .has(
            &place("aws"),
            secret(
                "aws",
                "secrets.kanister.io/aws",
                json!({"aws_access_key_id": "QUs=", "aws_secret_access_key": "U0s=", "role": "cg=="}),
            ),
        )
        .has(
            &place("aws-extra"),
            secret(
                "aws-extra",
                "secrets.kanister.io/aws",
                json!({"aws_session_token": "QUs="}),
            ),
        )
        .has(
            &place("gcp-half"),
            secret(
                "gcp-half",
                "secrets.kanister.io/gcp",
                json!({"gcp_project_id": "QUs="}),
            ),
        )
        .has(
            "/api/v1/namespaces/shop",
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}),
        )
}

fn with_profile_action() -> Json {
    json!({
        "object": {"kind": "Namespace", "name": "shop", "namespace": "shop"},
        "profile": {"name": "store", "namespace": "vault"},
    })
}

fn key_pair(id: &str, key: &str, secret: &str) -> Json {
    json!({"type": "keyPair", "keyPair": {
        "idField": id, "secretField": key, "secret": {"name": secret, "namespace": "vault"},
    }})
}

#[tokio::test]
async fn a_profile_comes_with_its_credential() {
    let kopia = json!({"type": "kopia", "kopiaServerSecret": {
        "username": "u",
        "hostname": "h",
        "userPassphrase": {"key": "id", "secret": {"name": "keys", "namespace": "vault"}},
        "tlsCert": {"key": "key", "secret": {"name": "keys", "namespace": "vault"}},
        "connectOptions": {"dataStoreGeneralContentCacheSize": 5},
    }});
    let whole = json!({"type": "secret", "secret": {"name": "aws", "namespace": "vault"}});
    for credential in [key_pair("id", "key", "keys"), whole, kopia] {
        let seen = check(&with_profile(&credential), with_profile_action()).await;
        insta::assert_json_snapshot!(json!({
            "Profile": seen["parameters"]["Profile"],
            "requests": seen["requests"],
        }));
    }
}

#[tokio::test]
async fn a_credential_that_cannot_be_used_is_refused_in_kanisters_words() {
    let whole = |name: &str| json!({"type": "secret", "secret": {"name": name, "namespace": "vault"}});
    let mut told = Vec::new();
    for credential in [
        key_pair("nope", "key", "keys"),
        key_pair("id", "nope", "keys"),
        key_pair("id", "key", "nope"),
        whole("keys"),
        whole("aws-extra"),
        whole("gcp-half"),
        json!({"type": "password"}),
        json!({"type": "keyPair"}),
    ] {
        told.push(check_failure(&with_profile(&credential), with_profile_action()).await);
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn secrets_config_maps_artifacts_and_options_are_shown_by_their_names() {
    let script = Script::new()
        .has(
            "/api/v1/namespaces/shop/secrets/login",
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "data": {"user": "YW5u"}}),
        )
        .has(
            "/api/v1/namespaces/shop/configmaps/settings",
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"m": "fast"}}),
        )
        .has(
            "/api/v1/namespaces/shop/persistentvolumeclaims/data",
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}}),
        );
    let action = json!({
        "object": {"kind": "PVC", "name": "data", "namespace": "shop"},
        "secrets": {"s": {"name": "login", "namespace": "shop"}},
        "configMaps": {"c": {"name": "settings", "namespace": "shop"}},
        "artifacts": {"a": {"keyValue": {"k": "v"}, "kopiaSnapshot": "{}"}},
        "options": {"o": "1"},
        "podOverride": {"terminationGracePeriodSeconds": 6},
        "podLabels": {"l": "1"},
        "podAnnotations": {"n": "1"},
    });
    insta::assert_json_snapshot!(check(&script, action).await);
}

#[tokio::test]
async fn what_is_missing_is_named_as_the_api_server_names_it() {
    let object = |kind: &str| json!({"kind": kind, "name": "nope", "namespace": "shop"});
    let mut told = Vec::new();
    for action in [
        json!({"object": object("Deployment")}),
        json!({"object": object("StatefulSet")}),
        json!({"object": object("pvc")}),
        json!({"object": object("Namespace")}),
        json!({"object": {"apiVersion": "v1", "resource": "configmaps", "name": "nope", "namespace": "shop"}}),
        json!({"secrets": {"s": {"name": "nope", "namespace": "shop"}}}),
        json!({"secrets": {"s": {"name": "nope"}}}),
        json!({"configMaps": {"c": {"namespace": "shop"}}}),
        json!({"configMaps": {"c": {"name": "../secrets/login", "namespace": "shop"}}}),
        json!({"profile": {"name": "nope", "namespace": "shop"}}),
    ] {
        told.push(check_failure(&Script::new(), action).await);
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let path = "/api/v1/namespaces/shop/secrets/login";
    let script = Script::new()
        .refuse(&http::Method::GET, path, 429, "TooManyRequests", "slow down")
        .refuse(&http::Method::GET, path, 503, "ServiceUnavailable", "not now")
        .has(
            path,
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}}),
        )
        .has(
            "/api/v1/namespaces/shop",
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}),
        );
    let action = json!({
        "object": {"kind": "Namespace", "name": "shop"},
        "secrets": {"s": {"name": "login", "namespace": "shop"}},
    });
    prepare(&script, action, None).await.unwrap();
    assert_eq!(script.requests().len(), 4);
}

#[tokio::test]
async fn a_resumed_action_sees_its_target_as_it_was() {
    let action = || json!({"object": {"kind": "Deployment", "name": "web", "namespace": "shop"}});
    let first = prepare(&with_deployment(), action(), None).await.unwrap();
    // Nothing is there any more, and nothing is asked for.
    let later = Script::new();
    let again = prepare(&later, action(), first.snapshot.as_ref()).await.unwrap();
    assert_eq!(again.scope.target, first.scope.target);
    assert_eq!(again.scope.object["spec"], first.scope.object["spec"]);
    assert_eq!(again.snapshot, first.snapshot);
    assert!(later.requests().is_empty());
}

#[tokio::test]
async fn a_secret_is_never_kept() {
    let script = Script::new().has(
        "/api/v1/namespaces/shop/secrets/login",
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "data": {"password": "cHc="}}),
    );
    let action = || {
        json!({"object": {
            "apiVersion": "v1", "resource": "secrets", "kind": "", "name": "login", "namespace": "shop",
        }})
    };
    let first = prepare(&script, action(), None).await.unwrap();
    assert_eq!(first.snapshot, Some(json!({})));
    let again = prepare(&script, action(), first.snapshot.as_ref()).await.unwrap();
    assert_eq!(again.scope.object["data"]["password"], json!("cHc="));
    assert_eq!(script.requests().len(), 2);
}
