//! Stored objects decode and encode unchanged, and the schemas drop nothing of what the types write.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use mainstay_api::{ActionSet, Blueprint, ObjectReference, Profile, definition};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

/// Every file of `tests/objects`, by name.
fn objects() -> Vec<(String, Json)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/objects");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            (
                name,
                serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap(),
            )
        })
        .collect()
}

fn round_trip(object: &Json) -> Json {
    fn through<K: DeserializeOwned + Serialize>(object: &Json) -> Json {
        serde_json::to_value(serde_json::from_value::<K>(object.clone()).unwrap()).unwrap()
    }
    match object["kind"].as_str().unwrap() {
        "ActionSet" => through::<ActionSet>(object),
        "Blueprint" => through::<Blueprint>(object),
        "Profile" => through::<Profile>(object),
        other => panic!("no such kind: {other}"),
    }
}

#[test]
fn stored_objects_are_unchanged() {
    let changed: Vec<_> = objects()
        .into_iter()
        .filter(|(_, object)| round_trip(object) != *object)
        .map(|(name, object)| (name, round_trip(&object)))
        .collect();
    assert!(changed.is_empty(), "{changed:#?}");
    assert!(objects().len() > 15, "the objects were not found");
}

#[test]
fn schemas_drop_nothing() {
    let changed: Vec<_> = objects()
        .into_iter()
        .filter_map(|(name, object)| {
            let kept = prune(&schema_of(&object), &object);
            (kept != object).then_some((name, kept))
        })
        .collect();
    assert!(changed.is_empty(), "{changed:#?}");
}

#[test]
fn schemas_drop_what_kanister_drops() {
    let blueprint = json!({
        "apiVersion": "cr.kanister.io/v1alpha1",
        "kind": "Blueprint",
        "actions": {"a": {"phases": [{"func": "KubeTask", "arg": {"x": 1}, "args": {"anything": {"y": 2}}}]}},
    });
    insta::assert_yaml_snapshot!(prune(&schema_of(&blueprint), &blueprint), @r"
    actions:
      a:
        phases:
          - args:
              anything:
                y: 2
            func: KubeTask
    apiVersion: cr.kanister.io/v1alpha1
    kind: Blueprint
    ");
}

#[test]
fn a_reference_as_somebody_writes_it_is_filled_with_empty_texts() {
    let reference: ObjectReference =
        serde_json::from_value(json!({"kind": "StatefulSet", "name": "db", "namespace": ""})).unwrap();
    insta::assert_json_snapshot!(reference, @r#"
    {
      "apiVersion": "",
      "group": "",
      "resource": "",
      "kind": "StatefulSet",
      "name": "db"
    }
    "#);
}

#[test]
fn an_action_set_may_come_without_a_spec() {
    let action_set: ActionSet = serde_json::from_value(json!({
        "apiVersion": "cr.kanister.io/v1alpha1",
        "kind": "ActionSet",
        "metadata": {"name": "run"},
    }))
    .unwrap();
    assert_eq!((action_set.spec, action_set.status), (None, None));
}

#[test]
fn definitions_are_loose() {
    fn check(path: &str, schema: &JSONSchemaProps) {
        assert!(schema.required.is_none(), "{path} requires");
        assert!(schema.default.is_none(), "{path} has a default");
        assert!(schema.enum_.is_none(), "{path} enumerates");
        for (name, member) in schema.properties.iter().flatten() {
            check(&format!("{path}.{name}"), member);
        }
        if let Some(JSONSchemaPropsOrArray::Schema(items)) = &schema.items {
            check(&format!("{path}[]"), items);
        }
        if let Some(JSONSchemaPropsOrBool::Schema(values)) = &schema.additional_properties {
            check(&format!("{path}{{}}"), values);
        }
    }
    for definition in definition::all() {
        let version = &definition.spec.versions[0];
        assert!(version.subresources.is_none());
        assert!(definition.spec.names.short_names.is_none());
        check(&definition.spec.names.kind, &schema(&definition));
    }
}

#[test]
fn columns_of_action_sets() {
    let columns: Vec<String> = definition::all()[0].spec.versions[0]
        .additional_printer_columns
        .iter()
        .flatten()
        .map(|column| {
            format!(
                "{} | {} | {} | {:?}",
                column.name, column.json_path, column.type_, column.format
            )
        })
        .collect();
    insta::assert_snapshot!(columns.join("\n"), @r#"
    Progress | .status.progress.percentCompleted | string | None
    SizeDownloadedB | .status.progress.sizeDownloadedB | integer | None
    SizeUploadedB | .status.progress.sizeUploadedB | integer | None
    EstimatedDownloadSizeB | .status.progress.estimatedDownloadSizeB | integer | None
    EstimatedUploadSizeB | .status.progress.estimatedUploadSizeB | integer | None
    Running Phase | .status.progress.runningPhase | string | None
    Last Transition Time | .status.progress.lastTransitionTime | string | Some("date-time")
    State | .status.state | string | None
    "#);
}

fn schema(definition: &CustomResourceDefinition) -> JSONSchemaProps {
    let validation = definition.spec.versions[0].schema.as_ref().unwrap();
    validation.open_api_v3_schema.clone().unwrap()
}

fn schema_of(object: &Json) -> JSONSchemaProps {
    let kind = object["kind"].as_str().unwrap();
    let definitions = definition::all();
    schema(
        definitions
            .iter()
            .find(|definition| definition.spec.names.kind == kind)
            .unwrap(),
    )
}

/// What an API server keeps of `value`: it drops members that a schema without
/// `x-kubernetes-preserve-unknown-fields` does not name.
fn prune(schema: &JSONSchemaProps, value: &Json) -> Json {
    if schema.x_kubernetes_preserve_unknown_fields == Some(true) {
        return value.clone();
    }
    match value {
        Json::Object(members) => members
            .iter()
            .filter_map(|(name, member)| {
                let kept = match (&schema.properties, &schema.additional_properties) {
                    (Some(properties), _) => properties.get(name).map(|schema| prune(schema, member)),
                    (None, Some(JSONSchemaPropsOrBool::Schema(values))) => Some(prune(values, member)),
                    (None, _) => None,
                };
                // The API server keeps metadata whatever the schema says.
                let kept = if name == "metadata" {
                    Some(member.clone())
                } else {
                    kept
                };
                kept.map(|kept| (name.clone(), kept))
            })
            .collect(),
        Json::Array(items) => {
            let Some(JSONSchemaPropsOrArray::Schema(schema)) = &schema.items else {
                panic!("a list where the schema has none: {value}");
            };
            items.iter().map(|item| prune(schema, item)).collect()
        }
        _ => value.clone(),
    }
}
