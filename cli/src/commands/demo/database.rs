//! The database's part: rows, a dump into the bucket, a dropped database, the rows again.
//! Must not know how the blueprint works.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Service;
use serde_json::json;

use crate::commands::demo::stage::{Act, Stage};
use crate::commands::demo::{Compared, compared, workload};
use crate::error::{Error, Kind};
use crate::follow::show::Show;

/// Fills a table with 50,000 rows, on MySQL and MariaDB alike.
const FILL: &str = "\
CREATE DATABASE shop;
CREATE TABLE shop.digit (n INT);
INSERT INTO shop.digit VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9);
CREATE TABLE shop.orders (id INT PRIMARY KEY, customer VARCHAR(64), note VARCHAR(512));
INSERT INTO shop.orders
SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n, CONCAT('customer ', 7 * a.n + b.n), REPEAT(MD5(a.n + 10 * b.n + e.n), 8)
FROM shop.digit a, shop.digit b, shop.digit c, shop.digit d, shop.digit e WHERE e.n < 5;";

/// Rows and a checksum over every column of every row.
const SUM: &str = "SELECT COUNT(*), BIT_XOR(CRC32(CONCAT_WS('|', id, customer, note))) FROM shop.orders";

/// Plays it and returns what was compared.
pub(crate) async fn play(stage: &Stage<'_>, show: &mut Show) -> Result<Compared, Error> {
    deploy(stage).await?;
    let pod = workload::pod(stage, "mysql").await?;
    sql(stage, &pod, FILL).await?;
    let before = sum(stage, &pod).await?;
    show.say(&format!("   {} rows, checksum {}", before.0, before.1))?;

    let options = [
        ("image", stage.arguments.database_image.as_str()),
        ("secret", "password"),
    ];
    let act = |action, artifacts| Act {
        blueprint: "mysql",
        action,
        object: ("StatefulSet", "mysql"),
        artifacts,
        options: &options,
        secrets: &[],
    };
    let artifacts = stage.act(act("backup", BTreeMap::new()), show).await?;

    sql(stage, &pod, "DROP DATABASE shop").await?;
    let left = sql(
        stage,
        &pod,
        "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = 'shop'",
    )
    .await?;
    if left != "0" {
        return Err(Error::new(Kind::Failed, "the database was not dropped"));
    }
    show.say("   database dropped")?;

    stage.act(act("restore", artifacts), show).await?;
    compared("rows", before, sum(stage, &pod).await?)
}

async fn sum(stage: &Stage<'_>, pod: &str) -> Result<(u64, String), Error> {
    let printed = sql(stage, pod, SUM).await?;
    let (count, sum) = printed
        .split_once('\t')
        .ok_or_else(|| Error::new(Kind::Failed, format!("the database answered `{printed}`")))?;
    let count = count.parse().map_err(|error| {
        Error::new(
            Kind::Failed,
            format!("the database counted `{count}` rows: {error}"),
        )
    })?;
    Ok((count, sum.to_owned()))
}

/// Runs statements in the database's own pod. The password stays in its environment.
async fn sql(stage: &Stage<'_>, pod: &str, statements: &str) -> Result<String, Error> {
    let script = "MYSQL_PWD=\"$MARIADB_ROOT_PASSWORD\" exec mysql --user=root --batch --skip-column-names --execute \"$0\"";
    workload::exec(stage, pod, &["sh", "-c", script, statements]).await
}

async fn deploy(stage: &Stage<'_>) -> Result<(), Error> {
    let parse = |error: serde_json::Error| {
        Error::new(
            Kind::Failed,
            format!("a manifest of the demonstration is broken: {error}"),
        )
    };
    let service: Service = serde_json::from_value(json!({
        "metadata": stage.metadata("mysql"),
        "spec": {"selector": {"app": "mysql"}, "ports": [{"port": 3306}]},
    }))
    .map_err(parse)?;
    stage.create(stage.namespace(), &service).await?;
    let alive = "MYSQL_PWD=\"$MARIADB_ROOT_PASSWORD\" mysql --user=root --execute 'SELECT 1'";
    let password = json!({"secretKeyRef": {"name": "password", "key": "password"}});
    let stateful_set: StatefulSet = serde_json::from_value(json!({
        "metadata": stage.metadata("mysql"),
        "spec": {
            "serviceName": "mysql",
            "replicas": 1,
            "selector": {"matchLabels": {"app": "mysql"}},
            "template": {
                "metadata": {"labels": {"app": "mysql"}},
                "spec": {"containers": [{
                    "name": "mysql",
                    "image": stage.arguments.database_image,
                    "env": [
                        {"name": "MARIADB_ROOT_PASSWORD", "valueFrom": password},
                        {"name": "MYSQL_ROOT_PASSWORD", "valueFrom": password},
                    ],
                    "ports": [{"containerPort": 3306}],
                    "readinessProbe": {"exec": {"command": ["sh", "-c", alive]}, "periodSeconds": 1},
                    "volumeMounts": [{"name": "data", "mountPath": "/var/lib/mysql"}],
                }]},
            },
            "volumeClaimTemplates": [{
                "metadata": {"name": "data"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "storageClassName": stage.arguments.storage_class,
                    "resources": {"requests": {"storage": "1Gi"}},
                },
            }],
        },
    }))
    .map_err(parse)?;
    stage.create(stage.namespace(), &stateful_set).await
}
