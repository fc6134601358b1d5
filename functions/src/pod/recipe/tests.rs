use mainstay_engine::plan::Place;
use serde_json::json;

use super::*;
use crate::test::{key, settings};

/// The specification of Kanister's tests of merging.
fn default_spec() -> PodSpec {
    let mut spec = single_container(
        "tools:1",
        vec!["sh".into(), "-c".into(), "echo in default specs".into()],
    );
    spec.restart_policy = Some(String::from("OnFailure"));
    spec.volumes = Some(vec![PodVolume {
        name: String::from("data"),
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name: String::from("default-pvc"),
            read_only: None,
        }),
        ..PodVolume::default()
    }]);
    spec.containers[0].volume_mounts = Some(vec![VolumeMount {
        name: String::from("data"),
        mount_path: String::from("/var/lib/data"),
        ..VolumeMount::default()
    }]);
    spec
}

fn map(value: Json) -> Map<String, Json> {
    serde_json::from_value(value).unwrap()
}

/// What becomes of the specification under the overrides of a blueprint and of an action.
fn overridden(blueprint: Option<Json>, action: Option<Json>) -> Result<Pod, Error> {
    let options = Options {
        pod_override: blueprint.map(map),
        ..Options::default()
    };
    let scope = Scope {
        pod_override: action.map(map),
        ..Scope::default()
    };
    let recipe = Recipe::new(
        "kanister-job-",
        String::from("shop"),
        default_spec(),
        options,
        &scope,
    );
    recipe.build(&settings(), &key())
}

#[test]
fn overrides_are_merged_as_kanister_does() {
    let container = |members: Json| {
        let mut container = map(json!({"name": "container"}));
        container.extend(map(members));
        json!({"containers": [container]})
    };
    let rows = [
        ("none", None, None),
        ("restart policy", None, Some(json!({"restartPolicy": "Always"}))),
        (
            "pull policy",
            Some(container(json!({"imagePullPolicy": "IfNotPresent"}))),
            None,
        ),
        (
            "mounts and claim",
            Some(container(
                json!({"volumeMounts": [{"name": "data", "mountPath": "/var/lib/other"}]}),
            )),
            Some(
                json!({"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "other-claim"}}]}),
            ),
        ),
        (
            "selector and tolerations",
            Some(json!({"nodeSelector": {"a": "b"}})),
            Some(json!({"tolerations": [{"key": "t", "operator": "Exists"}]})),
        ),
        (
            "command of the action",
            Some(json!({"nodeSelector": {"a": "b"}, "tolerations": [{"key": "t"}]})),
            Some(container(json!({"command": ["echo", "override command"]}))),
        ),
        (
            "command of the blueprint",
            Some(container(json!({"command": ["echo"]}))),
            None,
        ),
        (
            "the action wins",
            Some(json!({"dnsPolicy": "Default"})),
            Some(json!({"dnsPolicy": "ClusterFirst"})),
        ),
        (
            "another container",
            Some(json!({"containers": [{"name": "aside", "image": "tools:1"}]})),
            None,
        ),
    ];
    let shown: Vec<String> = rows
        .into_iter()
        .map(|(name, blueprint, action)| {
            let pod = overridden(blueprint, action).unwrap();
            format!("{name}:\n{}", serde_yaml::to_string(&pod.spec).unwrap())
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn an_override_that_makes_no_pod_is_named() {
    let error = overridden(None, Some(json!({"terminationGracePeriodSeconds": "soon"})));
    insta::assert_snapshot!(
        error.unwrap_err(),
        @r#"Failed to create pod: Failed to override pod specs: invalid type: string "soon", expected i64"#
    );
    let error = overridden(Some(json!({"containers": [{"image": "x"}]})), None);
    insta::assert_snapshot!(
        error.unwrap_err(),
        @"Failed to create pod: Failed to override pod specs: an item of `containers` has no `name`"
    );
}

#[test]
fn labels_and_annotations_of_the_blueprint_win() {
    let texts = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>()
    };
    let scope = Scope {
        pod_labels: texts(&[("one", "action"), ("two", "action"), ("createdBy", "action")]),
        pod_annotations: texts(&[("one", "action"), ("two", "action")]),
        ..Scope::default()
    };
    let options = Options {
        pod_override: None,
        labels: texts(&[("one", "blueprint"), ("three", "blueprint")]),
        annotations: texts(&[("one", "blueprint"), ("three", "blueprint")]),
    };
    let recipe = Recipe::new(
        "kanister-job-",
        String::from("shop"),
        default_spec(),
        options,
        &scope,
    );
    let pod = recipe.build(&settings(), &key()).unwrap();
    insta::assert_yaml_snapshot!(pod.metadata);
}

fn built(namespace: &str, settings: &Settings, change: impl FnOnce(&mut Recipe)) -> Pod {
    let spec = single_container("tools:1", vec!["true".into()]);
    let mut recipe = Recipe::new(
        "prepare-data-job-",
        namespace.to_owned(),
        spec,
        Options::default(),
        &Scope::default(),
    );
    change(&mut recipe);
    recipe.build(settings, &key()).unwrap()
}

#[test]
fn volumes_are_mounted_in_the_first_container() {
    let pod = built("shop", &settings(), |recipe| {
        recipe.volumes = vec![
            Volume {
                claim: String::from("one"),
                path: String::from("/a"),
                access: Access::Write,
            },
            Volume {
                claim: String::from("two"),
                path: String::from("/b"),
                access: Access::Read,
            },
        ];
    });
    insta::assert_yaml_snapshot!(pod.spec);
}

#[test]
fn service_accounts() {
    let account = |pod: Pod| {
        let spec = pod.spec.unwrap();
        (spec.service_account_name, spec.automount_service_account_token)
    };
    let name = |name: &str| Some(name.to_owned());
    let settings = settings();
    let secure = Settings {
        secure_defaults: true,
        ..settings.clone()
    };
    let asked = |recipe: &mut Recipe| recipe.service_account = Some(String::from("asked"));
    assert_eq!(account(built("shop", &settings, |_| ())), (None, None));
    assert_eq!(
        account(built("mainstay", &settings, |_| ())),
        (name("controller"), None)
    );
    assert_eq!(
        account(built("mainstay", &settings, asked)),
        (name("asked"), None)
    );
    assert_eq!(
        account(built("shop", &secure, |_| ())),
        (name("default"), Some(false))
    );
    assert_eq!(
        account(built("shop", &secure, asked)),
        (name("asked"), Some(false))
    );
}

#[test]
fn calls_and_parts_have_names_of_their_own() {
    let name = |pod: Pod| pod.metadata.name.unwrap();
    let settings = settings();
    let first = name(built("shop", &settings, |_| ()));
    assert_eq!(
        first,
        name(built("shop", &settings, |_| ())),
        "a repeated call finds its pod"
    );
    assert_ne!(
        first,
        name(built("shop", &settings, |recipe| recipe.part = String::from("second")))
    );
    let other = Key {
        place: Place::Defer,
        ..key()
    };
    let spec = single_container("tools:1", Vec::new());
    let recipe = Recipe::new(
        "prepare-data-job-",
        String::from("shop"),
        spec,
        Options::default(),
        &Scope::default(),
    );
    assert_ne!(first, name(recipe.build(&settings, &other).unwrap()));
}
