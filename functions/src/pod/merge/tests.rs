use serde_json::json;

use super::*;

fn merged(base: &Json, patch: &Json) -> Json {
    let base = base.as_object().unwrap().clone();
    match merge(base, patch.as_object().unwrap()) {
        Ok(merged) => Json::Object(merged),
        Err(error) => Json::String(error.to_string()),
    }
}

fn check(base: &Json, patch: &Json, expected: &Json) {
    assert_eq!(&merged(base, patch), expected, "{patch} into {base}");
}

/// Order of items is part of the answer, so names alone are compared.
fn check_order(base: &[&str], patch: &[&str], expected: &[&str]) {
    let named = |names: &[&str]| json!({"volumes": names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>()});
    check(&named(base), &named(patch), &named(expected));
}

#[test]
fn members() {
    check(
        &json!({"a": 1, "b": 2}),
        &json!({"b": 3, "c": 4}),
        &json!({"a": 1, "b": 3, "c": 4}),
    );
    check(
        &json!({"a": 1, "b": 2}),
        &json!({"b": null, "c": null}),
        &json!({"a": 1}),
    );
    check(
        &json!({"nodeSelector": {"a": "1"}}),
        &json!({"nodeSelector": {"b": "2", "c": null}}),
        &json!({"nodeSelector": {"a": "1", "b": "2"}}),
    );
    check(&json!({"a": {"b": 1}}), &json!({"a": 2}), &json!({"a": 2}));
    check(
        &json!({"a": 2}),
        &json!({"a": {"b": 1, "c": null}}),
        &json!({"a": {"b": 1}}),
    );
}

#[test]
fn lists_without_names_are_replaced() {
    check(
        &json!({"tolerations": [{"key": "a"}]}),
        &json!({"tolerations": [{"key": "b"}]}),
        &json!({"tolerations": [{"key": "b"}]}),
    );
    check(
        &json!({"containers": [{"name": "c", "command": ["a", "b"]}]}),
        &json!({"containers": [{"name": "c", "command": ["x"]}]}),
        &json!({"containers": [{"name": "c", "command": ["x"]}]}),
    );
}

#[test]
fn order_of_items() {
    check_order(&["a", "b"], &[], &["a", "b"]);
    check_order(&[], &["a", "b"], &["a", "b"]);
    check_order(&["a"], &["x"], &["x", "a"]);
    check_order(&["a", "b"], &["b", "c"], &["a", "b", "c"]);
    check_order(&["a", "b", "c"], &["c", "a"], &["b", "c", "a"]);
    check_order(&["a", "b", "c"], &["x", "b"], &["x", "a", "b", "c"]);
    check_order(&["a", "b"], &["a", "a"], &["a", "b"]);
}

#[test]
fn items_are_known_by_what_their_list_says() {
    check(
        &json!({"containers": [{"name": "c", "volumeMounts": [{"mountPath": "/a", "name": "x"}, {"mountPath": "/b", "name": "x"}]}]}),
        &json!({"containers": [{"name": "c", "volumeMounts": [{"mountPath": "/b", "name": "y"}]}]}),
        &json!({"containers": [{"name": "c", "volumeMounts": [{"mountPath": "/a", "name": "x"}, {"mountPath": "/b", "name": "y"}]}]}),
    );
    check(
        &json!({"containers": [{"name": "c", "ports": [{"containerPort": 1}]}]}),
        &json!({"containers": [{"name": "c", "ports": [{"containerPort": 1, "protocol": "UDP"}]}]}),
        &json!({"containers": [{"name": "c", "ports": [{"containerPort": 1, "protocol": "UDP"}]}]}),
    );
    check(
        &json!({"hostAliases": [{"ip": "1.1.1.1", "hostnames": ["a"]}]}),
        &json!({"hostAliases": [{"ip": "1.1.1.1", "hostnames": ["b"]}]}),
        &json!({"hostAliases": [{"ip": "1.1.1.1", "hostnames": ["b"]}]}),
    );
    check(
        &json!({"containers": [{"name": "c"}]}),
        &json!({"containers": [{"image": "i"}]}),
        &json!("an item of `containers` has no `name`"),
    );
}

#[test]
fn directives() {
    check(
        &json!({"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b"}]}),
        &json!({"volumes": [{"name": "a", "$patch": "delete"}]}),
        &json!({"volumes": [{"name": "b"}]}),
    );
    check(
        &json!({"volumes": [{"name": "a"}, {"name": "b"}]}),
        &json!({"volumes": [{"name": "c"}, {"$patch": "replace"}]}),
        &json!({"volumes": [{"name": "c"}]}),
    );
    check(
        &json!({"securityContext": {"runAsUser": 1}}),
        &json!({"securityContext": {"$patch": "replace", "fsGroup": 2}}),
        &json!({"securityContext": {"fsGroup": 2}}),
    );
    check(
        &json!({"volumes": [{"name": "a", "emptyDir": {}}]}),
        &json!({"volumes": [{"name": "a", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/"}}]}),
        &json!({"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}),
    );
    check(
        &json!({}),
        &json!({"$setElementOrder/volumes": []}),
        &json!("the directive `$setElementOrder/volumes` is not supported"),
    );
}
