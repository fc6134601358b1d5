//! Every YAML file that is shipped or shown as an example: blueprints pass `mainstay check` without a word, and each
//! custom resource has only fields that its type knows.

use std::path::{Path, PathBuf};
use std::process::Command;

use mainstay_api::{ActionSet, Blueprint, Profile};
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Serialize};
use serde_json::Value as Json;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The YAML files below `blueprints/` and `examples/`, by name.
fn files() -> Vec<PathBuf> {
    let mut folders = vec![root().join("blueprints"), root().join("examples")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn documents(file: &Path) -> Vec<Json> {
    let text = std::fs::read_to_string(file).expect("the file can be read");
    serde_yaml::Deserializer::from_str(&text)
        .map(|document| Json::deserialize(document).expect("the document is YAML"))
        .filter(|document| !document.is_null())
        .collect()
}

/// The document after it went through its type: what the type does not know is gone.
fn through<T: DeserializeOwned + Serialize>(document: &Json) -> Json {
    let typed: T = serde_json::from_value(document.clone()).expect("the document has its type");
    serde_json::to_value(typed).expect("the type is JSON")
}

/// The fields that the type has dropped or changed. What it fills in is no matter.
fn unknown(written: &Json, again: &Json) -> Vec<String> {
    match (written, again) {
        (Json::Object(written), Json::Object(again)) => {
            let below = written.iter().map(|(key, value)| {
                let lost = unknown(value, again.get(key).unwrap_or(&Json::Null));
                lost.into_iter().map(move |path| format!(".{key}{path}"))
            });
            below.flatten().collect()
        }
        (Json::Array(written), Json::Array(again)) if written.len() == again.len() => {
            let pairs = written.iter().zip(again);
            pairs
                .flat_map(|(written, again)| unknown(written, again))
                .collect()
        }
        _ if written == again => Vec::new(),
        _ => vec![format!(" is {again}, not {written}")],
    }
}

#[test]
fn blueprints_have_no_mistakes() {
    let blueprints: Vec<_> = files()
        .into_iter()
        .filter(|file| documents(file).iter().any(|one| one["kind"] == "Blueprint"))
        .collect();
    assert!(blueprints.len() >= 3, "only {blueprints:?}");
    let output = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .args(["check", "--output", "short"])
        .args(&blueprints)
        .output()
        .expect("the program was built");
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!((told.as_ref(), output.status.code()), ("", Some(0)));
}

#[test]
fn custom_resources_have_known_fields() {
    let mut seen = 0;
    for file in files() {
        for document in documents(&file) {
            if document["apiVersion"] != "cr.kanister.io/v1alpha1" {
                continue;
            }
            seen += 1;
            let again = match document["kind"].as_str() {
                Some("ActionSet") => through::<ActionSet>(&document),
                Some("Blueprint") => through::<Blueprint>(&document),
                Some("Profile") => through::<Profile>(&document),
                kind => panic!("{}: kind {kind:?}", file.display()),
            };
            assert_eq!(
                unknown(&document, &again),
                Vec::<String>::new(),
                "{}",
                file.display()
            );
        }
    }
    assert!(seen >= 6, "only {seen} custom resources");
}
