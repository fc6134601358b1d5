use serde_json::json;

use super::decode::{boolean, integer, map, text, text_list, text_map, yaml_text_list};
use super::*;

/// Kanister's decoding table: value, what it is read as, what comes out.
#[test]
fn weak_decoding() {
    let rows: Vec<(Json, &str)> = vec![
        (json!("3"), "integer"),
        (json!("0x10"), "integer"),
        (json!("010"), "integer"),
        (json!("-0b11"), "integer"),
        (json!("--1"), "integer"),
        (json!("0x"), "integer"),
        (json!("9223372036854775808"), "integer"),
        (json!(""), "integer"),
        (json!("abc"), "integer"),
        (json!(1.7), "integer"),
        (json!(-1.7), "integer"),
        (json!(1e30), "integer"),
        (json!(true), "integer"),
        (json!([1]), "integer"),
        (json!(""), "boolean"),
        (json!("true"), "boolean"),
        (json!("1"), "boolean"),
        (json!("T"), "boolean"),
        (json!("yes"), "boolean"),
        (json!(0), "boolean"),
        (json!(2), "boolean"),
        (json!(true), "text"),
        (json!(false), "text"),
        (json!(1e6), "text"),
        (json!(1.5), "text"),
        (json!(7), "text"),
        (json!(["a"]), "text"),
        (json!({"a": 1}), "text"),
        (json!(null), "text"),
        (json!("echo hi"), "text list"),
        (json!(""), "text list"),
        (json!(["a", 1, true]), "text list"),
        (json!(5), "text list"),
        (json!({}), "text list"),
        (json!({"a": 1}), "text list"),
        (json!(["echo", null]), "text list"),
        (json!([["a"]]), "text list"),
        (json!([{"a": "1"}, {"b": 2}]), "text map"),
        (json!([]), "text map"),
        (json!("x"), "text map"),
        (json!({"a": {"b": 1}}), "text map"),
        (json!([{"a": 1}, {"a": [2]}]), "map"),
        (json!("- val1\n- val2\n- val3\n"), "YAML list"),
        (json!(["val1", "val2", "val3"]), "YAML list"),
        (json!("not a slice"), "YAML list"),
    ];
    let shown: Vec<String> = rows
        .iter()
        .map(|(value, kind)| {
            let result = match *kind {
                "integer" => integer(value).map(|decoded| json!(decoded)),
                "boolean" => boolean(value).map(|decoded| json!(decoded)),
                "text" => text(value).map(|decoded| json!(decoded)),
                "text list" => text_list(value).map(|decoded| json!(decoded)),
                "text map" => text_map(value).map(|decoded| json!(decoded)),
                "map" => map(value).map(|decoded| json!(decoded)),
                "YAML list" => yaml_text_list(value).map(|decoded| json!(decoded)),
                other => panic!("no such kind: {other}"),
            };
            match result {
                Ok(decoded) => format!("{value} as {kind} = {decoded}"),
                Err(error) => format!("{value} as {kind}: {error}"),
            }
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

const NAME: Argument = required("name", Kind::Text, "A name.");
const COUNT: Argument = optional("count", Kind::Integer, "1", "A number.");

fn signature() -> Signature {
    Signature {
        function: "Sample".into(),
        summary: "",
        arguments: vec![NAME, COUNT],
        outputs: mainstay_dsl::signature::Outputs::None,
        rendering: mainstay_dsl::signature::Rendering::Engine,
        needs_profile: false,
    }
}

fn check(arguments: &Json) -> String {
    let signature = signature();
    let arguments = arguments.as_object().unwrap();
    let read = Arguments::of(&signature, arguments)
        .and_then(|given| Ok((given.text(&NAME)?, given.integer(&COUNT)?)));
    match read {
        Ok(read) => format!("{read:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn names_of_arguments() {
    insta::assert_snapshot!(check(&json!({"name": ""})), @r#"(Some(""), None)"#);
    insta::assert_snapshot!(check(&json!({"name": "a", "count": null})), @r#"(Some("a"), None)"#);
    insta::assert_snapshot!(
        check(&json!({"count": 1})),
        @"Required args missing for function Sample: Required arg missing: name"
    );
    insta::assert_snapshot!(
        check(&json!({"name": null})),
        @"Required args missing for function Sample: Required arg missing: name"
    );
    insta::assert_snapshot!(
        check(&json!({"name": "a", "foo": null})),
        @"Checking supported args for function Sample.: argument foo is not supported"
    );
    insta::assert_snapshot!(
        check(&json!({"name": ["a", "b"]})),
        @"Failed to decode arg `name`: expected a text, found a list"
    );
}

#[test]
fn members_of_references_are_found_whatever_their_case() {
    let argument = optional("conditions", Kind::Conditions, "none", "");
    let arguments = json!({"conditions": {
        "ANYOF": {"Condition": true, "objectreference": {"APIVERSION": "v1", "name": 3, "more": []}},
        "allOf": [],
    }});
    let conditions = Arguments(arguments.as_object().unwrap())
        .conditions(&argument)
        .unwrap();
    assert_eq!(
        conditions,
        Conditions {
            any_of: vec![Condition {
                condition: String::from("1"),
                reference: Reference {
                    api_version: String::from("v1"),
                    name: String::from("3"),
                    ..Reference::default()
                },
            }],
            all_of: Vec::new(),
        }
    );
}
