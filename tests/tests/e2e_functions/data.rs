//! `BackupData`, `RestoreData`, `CopyVolumeData`, `DeleteData`, `CheckRepository`, `LocationDelete`: what they say when
//! something is wrong.

use std::sync::Arc;

use futures::future::join_all;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use mainstay_engine::function::{Error, Outputs};
use mainstay_engine::scope::{Credential, Profile, Scope};
use mainstay_engine::sealed::Sealed;
use mainstay_tests::bed::Store;
use regex::Regex;
use serde_json::{Value as Json, json};

use crate::scene::{self, TOOLS, play};

/// A call in a bucket of the test's own.
struct Row {
    function: &'static str,
    arguments: Json,
    /// What is wrong with the profile.
    change: fn(&mut Profile),
}

fn row(function: &'static str, arguments: Json) -> Row {
    Row {
        function,
        arguments,
        change: |_| {},
    }
}

struct Data {
    scene: Arc<scene::Scene>,
    store: Store,
}

impl Data {
    async fn new(scene: Arc<scene::Scene>) -> Self {
        let store = Store::from_environment().unwrap();
        store.make_bucket(&scene.namespace).await.unwrap();
        Self { scene, store }
    }

    fn profile(&self) -> Profile {
        Profile {
            location_type: "s3Compliant".to_owned(),
            bucket: self.scene.namespace.clone(),
            endpoint: format!("http://{}", self.store.address),
            prefix: "base".to_owned(),
            region: "us-east-1".to_owned(),
            credential: Credential::KeyPair {
                id: self.store.access_key.clone(),
                secret: Sealed::new(self.store.secret_key.clone()),
            },
            skip_ssl_verify: false,
        }
    }

    async fn perform(&self, phase: usize, row: &Row) -> Result<Outputs, Error> {
        let mut profile = self.profile();
        (row.change)(&mut profile);
        let mut call = self.scene.call(phase, &row.arguments);
        call.scope = Arc::new(Scope {
            profile: Some(profile),
            ..Scope::default()
        });
        let function = self.scene.function(row.function);
        let outcome = function.call(call.clone()).await;
        function.settle(&call).await;
        outcome
    }

    /// Makes the calls side by side and shows what comes of each.
    async fn table(&self, rows: &[Row]) -> String {
        let calls = rows.iter().enumerate().map(async |(phase, row)| {
            let outcome = self.perform(phase, row).await;
            let asked = row
                .arguments
                .to_string()
                .replace(&self.scene.namespace, "<namespace>");
            let shown = scene::shown(&self.scene, &outcome);
            format!("{} {asked}\n{shown}", row.function)
        });
        let all = join_all(calls).await.join("\n\n");
        let room = Regex::new(r"have [0-9.]+ \w+ and [0-9]+").unwrap();
        room.replace_all(&all, "have <room>").into_owned()
    }

    async fn claim(&self, name: &str, class: &str, size: &str) {
        let claim = json!({
            "metadata": {"name": name},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": class,
                "resources": {"requests": {"storage": size}},
            },
        });
        self.scene.make::<PersistentVolumeClaim>(claim).await;
    }
}

fn wrong_secret(profile: &mut Profile) {
    if let Credential::KeyPair { secret, .. } = &mut profile.credential {
        *secret = Sealed::new("a-secret-that-is-wrong".to_owned());
    }
}

fn no_bucket(profile: &mut Profile) {
    "no-such-bucket".clone_into(&mut profile.bucket);
}

fn backup(namespace: &str, path: &str, pod: &str, container: &str) -> Row {
    let arguments = json!({
        "namespace": namespace, "pod": pod, "container": container, "includePath": path,
        "backupArtifactPrefix": "one",
    });
    row("BackupData", arguments)
}

/// A restore of `id` into the claim `small`, with other values for some arguments.
fn restore(namespace: &str, id: &str, others: &Json) -> Row {
    let mut arguments = json!({
        "namespace": namespace, "image": TOOLS, "volumes": {"small": "/d"}, "backupIdentifier": id,
        "backupArtifactPrefix": "one",
    });
    for (name, value) in others.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    row("RestoreData", arguments)
}

/// Fills the claim `small`, backs it up and returns the identifier.
async fn copied(data: &Data) -> String {
    let namespace = &data.scene.namespace;
    data.claim("small", "limited", "4Mi").await;
    let fill = json!({
        "namespace": namespace, "image": TOOLS, "volumes": {"small": "/d"}, "failOnError": true,
        "command": ["bash", "-c", "head -c 3000000 /dev/urandom > /d/file; sync"],
    });
    data.scene.perform("PrepareData", 100, &fill).await.unwrap();
    // A container that somebody adds to every pod, and that never ends.
    let mesh = json!({"name": "mesh", "image": TOOLS, "command": ["sleep", "infinity"]});
    let copy = json!({
        "namespace": namespace, "volume": "small", "dataArtifactPrefix": "one", "mountPath": "/d",
        "podOverride": {"containers": [mesh]},
    });
    let outputs = data
        .perform(101, &row("CopyVolumeData", copy))
        .await
        .unwrap()
        .unwrap();
    outputs["backupID"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_wrong_is_said() {
    play("data", |scene| async move {
        let data = Data::new(scene).await;
        let namespace = data.scene.namespace.as_str();
        data.scene.idle_pod("app", &["main"]).await;
        let id = copied(&data).await;
        let wrong = |change: fn(&mut Profile), row: Row| Row { change, ..row };
        let here = |mut arguments: Json| {
            arguments["namespace"] = namespace.into();
            arguments
        };
        let rows = [
            backup(namespace, "/nope", "app", "main"),
            backup(namespace, "/etc", "nope", "main"),
            backup(namespace, "/etc", "app", "nope"),
            wrong(wrong_secret, backup(namespace, "/etc/hostname", "app", "main")),
            wrong(no_bucket, backup(namespace, "/etc/hostname", "app", "main")),
            restore(namespace, "0123abcd", &json!({})),
            restore(namespace, &id, &json!({"volumes": {"nope": "/d"}})),
            wrong(wrong_secret, restore(namespace, &id, &json!({}))),
            restore(namespace, &id, &json!({"encryptionKey": "wrong"})),
            restore(namespace, &id, &json!({"backupArtifactPrefix": "two"})),
            // There is no room for it beside what is there already.
            restore(
                namespace,
                &id,
                &json!({"volumes": {"small": "/mnt"}, "restorePath": "/mnt"}),
            ),
            row(
                "DeleteData",
                here(json!({"backupTag": "nope", "backupArtifactPrefix": "one"})),
            ),
            row(
                "DeleteData",
                here(json!({"backupID": "0123abcd", "backupArtifactPrefix": "one"})),
            ),
            row(
                "BackupDataStats",
                here(json!({"backupID": "0123abcd", "backupArtifactPrefix": "one"})),
            ),
            row("CheckRepository", json!({"backupArtifactPrefix": "two"})),
            wrong(
                no_bucket,
                row("CheckRepository", json!({"backupArtifactPrefix": "two"})),
            ),
            row("LocationDelete", json!({"artifact": "nothing/there"})),
            wrong(
                no_bucket,
                row("LocationDelete", json!({"artifact": "nothing/there"})),
            ),
            wrong(
                wrong_secret,
                row("LocationDelete", json!({"artifact": "nothing/there"})),
            ),
        ];
        let shown = data.table(&rows).await.replace(&id, "<backup>");
        insta::assert_snapshot!(shown);
        assert_eq!(
            data.scene.pods().await,
            Vec::<String>::new(),
            "settled calls leave no pods"
        );
    });
}
