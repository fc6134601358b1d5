use proptest::prelude::*;
use serde_json::json;

use super::*;

fn object() -> Json {
    json!({
        "spec": {"replicas": 3, "ratio": 1.5, "big": 1e6, "tiny": 1e-5, "huge": 1e21, "none": null, "on": true},
        "metadata": {
            "name": "web",
            "annotations": {"a.b/c": "dotted", "plain": "p"},
            "finalizers": ["one", "two", "three"],
        },
        "status": {
            "replicas": 3,
            "conditions": [
                {"type": "Available", "status": "True", "count": 2},
                {"type": "Progressing", "status": "False", "reason": "x"},
            ],
        },
    })
}

fn found(path: &str) -> String {
    match Path::parse(path).and_then(|path| path.text(&object())) {
        Ok(text) => text,
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn paths() {
    let rows = [
        ".spec.replicas",
        " .status.replicas ",
        "$.metadata.name",
        ".status.conditions[?(@.type == \"Available\")].type ",
        ".status.conditions[?(@.type == 'Available')].status",
        ".status.conditions[?(@.type != 'Available')].type",
        ".status.conditions[?(@.count >= 2)].type",
        ".status.conditions[?(@.reason)].type",
        ".status.conditions[?(@.type == \"Nope\")].status",
        ".status.conditions[?(@.status == 1)].type",
        ".status.conditions[0].type",
        ".status.conditions[-1].type",
        ".status.conditions[2].type",
        ".status.conditions[*].type",
        ".status.conditions[*]['type','status']",
        ".metadata.finalizers",
        ".metadata.finalizers[1:]",
        ".metadata.finalizers[:-1]",
        ".metadata.finalizers[::2]",
        ".metadata.finalizers[0,2]",
        ".metadata.finalizers[1:1]",
        ".metadata.finalizers[2:1]",
        ".metadata.annotations.a\\.b/c",
        ".metadata.annotations['a.b/c']",
        ".metadata.annotations",
        ".metadata.annotations.*",
        "..type",
        ".spec.ratio",
        ".spec.big",
        ".spec.tiny",
        ".spec.huge",
        ".spec.none",
        ".spec.on",
        ".spec.none[0]",
        ".status.something",
        ".status.conditions.type",
        ".spec[0]",
        ".book[?(@.price<10).quantity",
        ".a[",
        ".a[b]",
        ".a[0:1:0]",
        ".a[?(@.x === 1)]",
        "name",
        "",
    ];
    let shown: Vec<String> = rows
        .iter()
        .map(|path| format!("{path}\n  {}", found(path)))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

proptest! {
    /// Whatever is written, reading and following it ends in a result.
    #[test]
    fn any_text(path in "[.\\[\\]?()@$'\":,*\\\\ a-c0-2<>=!-]{0,40}") {
        drop(Path::parse(&path).and_then(|path| path.text(&json!({"a": [{"b": 1}, {"b": "c"}], "c": null}))));
    }
}
