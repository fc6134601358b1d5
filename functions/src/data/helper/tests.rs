//! The pod as it is sent, with nothing and with everything that may be said about it.

use std::sync::Arc;

use mainstay_engine::function::Reporter;
use mainstay_engine::scope::Scope;
use mainstay_repository::location::RepositoryPath;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::data::access;
use crate::data::agent::Which;
use crate::test;

fn built(options: pod::Options, scope: Scope, volumes: Vec<Volume>) -> Json {
    let settings = test::settings();
    let call = Call {
        key: test::key(),
        arguments: Map::new(),
        written: Map::new(),
        scope: Arc::new(scope),
        progress: Reporter::new().0,
        cancel: CancellationToken::new(),
        resumed: false,
    };
    let access = Access::of(&call.scope, None).unwrap();
    let repository = RepositoryPath::as_given("bucket/volumes/db");
    let backup = Which::Id("1a2b3c4d".into());
    let order = Order::Restore {
        repository: &repository,
        backup: &backup,
        subtree: None,
        target: "/",
    };
    let helper = Helper {
        prefix: "restore-data-",
        part: String::new(),
        namespace: "db".to_owned(),
        image: "tools:1".to_owned(),
        volumes,
        options,
        access: &access,
        insecure_tls: false,
    };
    let credential = Credential::new(&Identity::of(&call.key), "access", access.document());
    let recipe = helper.recipe(&settings, &call, &order, &credential);
    serde_json::to_value(recipe.build(&settings, &call.key).unwrap()).unwrap()
}

#[test]
fn plain_pod() {
    let volume = Volume {
        claim: "data-db-0".into(),
        path: "/var/data".into(),
        access: pod::Access::Write,
    };
    let pod = built(pod::Options::default(), access::tests::scope(), vec![volume]);
    insta::assert_snapshot!(serde_yaml::to_string(&pod).unwrap());
}

#[test]
fn overrides_reach_both_containers() {
    let text = json!({
        "securityContext": {"runAsUser": 0, "fsGroup": 7},
        "containers": [{"name": "container", "resources": {"limits": {"memory": "256Mi"}}}],
        "initContainers": [{"name": "mainstay-agent", "resources": {"limits": {"memory": "32Mi"}}}],
        "tolerations": [{"key": "k"}],
    });
    let options = pod::Options {
        pod_override: text.as_object().cloned(),
        ..pod::Options::default()
    };
    let pod = built(options, access::tests::scope(), Vec::new());
    insta::assert_snapshot!(serde_yaml::to_string(&pod["spec"]).unwrap());
}

#[test]
fn no_secret_is_part_of_the_pod() {
    let pod = built(pod::Options::default(), access::tests::scope(), Vec::new()).to_string();
    for secret in ["it's secret", "9f735e0d"] {
        assert!(!pod.contains(secret), "{pod}");
    }
}
