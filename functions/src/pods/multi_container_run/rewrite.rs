//! An action's `podOverride`, which speaks of one container, for a pod that has others. Pure.
//! Must not know what the containers run.

use serde_json::{Map, Value as Json};

use super::{BACKGROUND, OUTPUT};
use crate::pod::CONTAINER;

/// What the override says of the container of most pods, said of each container of this one.
///
/// What it says of one of them by name stands. `init` is the init container, when the pod has one.
pub(super) fn rewritten(mut part: Map<String, Json>, init: Option<&str>) -> Map<String, Json> {
    let Some(Json::Array(containers)) = part.get("containers") else {
        return part;
    };
    let Some(template) = named(containers, CONTAINER).cloned() else {
        return part;
    };
    let both = [BACKGROUND, OUTPUT];
    let about = |item: &Json| item.get("name").and_then(Json::as_str).map(str::to_owned);
    let mut rest: Vec<Json> = containers
        .iter()
        .filter(|item| about(item).is_none_or(|name| name != CONTAINER && !both.contains(&name.as_str())))
        .cloned()
        .collect();
    rest.extend(both.map(|name| {
        let explicit = named(containers, name).cloned();
        explicit.unwrap_or_else(|| renamed(&template, name))
    }));
    part.insert(String::from("containers"), Json::Array(rest));
    if let Some(init) = init {
        let others = part
            .entry("initContainers")
            .or_insert_with(|| Json::Array(Vec::new()));
        if let Json::Array(others) = others
            && named(others, init).is_none()
        {
            others.push(renamed(&template, init));
        }
    }
    part
}

fn named<'a>(items: &'a [Json], name: &str) -> Option<&'a Json> {
    items
        .iter()
        .find(|item| item.get("name").and_then(Json::as_str) == Some(name))
}

fn renamed(template: &Json, name: &str) -> Json {
    let mut copy = template.clone();
    copy["name"] = Json::from(name);
    copy
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(part: &Json, init: Option<&str>, expected: &Json) {
        let part = part.as_object().unwrap().clone();
        assert_eq!(&Json::Object(rewritten(part, init)), expected);
    }

    #[test]
    fn what_is_said_of_one_is_said_of_all() {
        let unchanged = |part: Json| check(&part, Some("init"), &part);
        unchanged(json!({"containers": [{"name": "background"}, {"name": "output"}]}));
        unchanged(json!({"containers": [{"name": "other_container"}]}));
        unchanged(json!({}));
        unchanged(json!({"containers": null}));
        unchanged(json!({"serviceAccountName": "a"}));

        let always = |name: &str| json!({"name": name, "imagePullPolicy": "Always"});
        let part = json!({"containers": [always("container"), {"name": "other_container"}]});
        let containers = json!([{"name": "other_container"}, always("background"), always("output")]);
        check(&part, None, &json!({"containers": containers}));
        check(
            &part,
            Some("init"),
            &json!({"containers": containers, "initContainers": [always("init")]}),
        );

        let memory =
            |name: &str, size: &str| json!({"name": name, "resources": {"limits": {"memory": size}}});
        check(
            &json!({"containers": [memory("container", "128Mi"), memory("background", "256Mi")]}),
            Some("init"),
            &json!({
                "containers": [memory("background", "256Mi"), memory("output", "128Mi")],
                "initContainers": [memory("init", "128Mi")],
            }),
        );
        check(
            &json!({"containers": [memory("output", "512Mi"), memory("container", "128Mi")]}),
            Some("init"),
            &json!({
                "containers": [memory("background", "128Mi"), memory("output", "512Mi")],
                "initContainers": [memory("init", "128Mi")],
            }),
        );
        check(
            &json!({
                "containers": [memory("container", "128Mi")],
                "initContainers": [memory("init", "512Mi")],
            }),
            Some("init"),
            &json!({
                "containers": [memory("background", "128Mi"), memory("output", "128Mi")],
                "initContainers": [memory("init", "512Mi")],
            }),
        );
    }
}
