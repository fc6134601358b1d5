//! Properties that hold for every text and every blueprint.

use mainstay_dsl::check::Mode;
use mainstay_dsl::{Signatures, Source, diagnose, parse, print};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

/// Words that YAML might take for something else, and words that blueprints are made of.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "yes",
            "no",
            "on",
            "y",
            "n",
            "null",
            "~",
            "",
            " ",
            "true",
            "0755",
            "0o17",
            "1_000",
            "1e3",
            "0x1f",
            ".inf",
            "<<",
            "-",
            "- a",
            "a: b",
            "# c",
            "'",
            "\"",
            "{{ .Options.x }}",
            "{",
            "}",
            "[",
            "@",
            "%",
            "*a",
            "&a",
            "!t",
            "|",
            ">",
            "a\nb",
            "a\n\n  b\n",
            "\n a",
            " a",
            "a ",
            "\t",
            "é",
            "\u{1f600}",
            "\u{85}",
            "\r\n",
            "2026-01-01",
            "a #b",
            "?",
            "? a",
            "---",
            "...",
            "\u{feff}",
            "\u{7f}",
            "\u{2028}",
        ])
        .prop_map(str::to_owned),
        "[a-z]{1,8}",
        "\\PC{0,12}",
    ]
}

fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        word().prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((word(), inner), 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn object(fields: &[&'static str], values: Vec<Option<Json>>) -> Json {
    let present = fields
        .iter()
        .zip(values)
        .filter_map(|(field, value)| Some(((*field).to_owned(), value?)));
    Json::Object(present.collect())
}

fn optional(strategy: impl Strategy<Value = Json> + 'static) -> BoxedStrategy<Option<Json>> {
    prop::option::of(strategy).boxed()
}

fn text() -> impl Strategy<Value = Json> {
    word().prop_map(Json::from)
}

fn texts() -> impl Strategy<Value = Json> {
    prop::collection::vec(word(), 0..3).prop_map(Json::from)
}

fn map_of(inner: impl Strategy<Value = Json>) -> impl Strategy<Value = Json> {
    prop::collection::vec((word(), inner), 0..3)
        .prop_map(|members| Json::Object(members.into_iter().collect::<Map<_, _>>()))
}

fn phase() -> impl Strategy<Value = Json> {
    let fields = [
        "func",
        "name",
        "objects",
        "args",
        "dependsOn",
        "if",
        "forEach",
        "retry",
        "timeout",
        "onInterrupt",
    ];
    let reference = vec![optional(text()), optional(text()), optional(text())]
        .prop_map(|values| object(&["kind", "name", "namespace"], values));
    vec![
        text().prop_map(Some).boxed(),
        optional(text()),
        optional(map_of(reference)),
        optional(map_of(value())),
        optional(texts()),
        optional(text()),
        optional(value().prop_filter("absent", |value| !value.is_null())),
        optional((1..9_u32).prop_map(|attempts| json!({"attempts": attempts, "backoff": "1m30s"}))),
        optional((0..100_000_u32).prop_map(|milliseconds| json!(format!("{milliseconds}ms")))),
        optional(prop::sample::select(vec![json!("rerun"), json!("fail")])),
    ]
    .prop_map(move |values| object(&fields, values))
}

fn action() -> impl Strategy<Value = Json> {
    let fields = [
        "kind",
        "secretNames",
        "inputArtifactNames",
        "outputArtifacts",
        "phases",
        "deferPhase",
        "order",
    ];
    let artifact = vec![optional(map_of(text())), optional(text())]
        .prop_map(|values| object(&["keyValue", "kopiaSnapshot"], values));
    vec![
        optional(text()),
        optional(texts()),
        optional(texts()),
        optional(map_of(artifact)),
        optional(prop::collection::vec(phase(), 0..3).prop_map(Json::from)),
        optional(phase()),
        optional(prop::sample::select(vec![json!("sequential"), json!("dataflow")])),
    ]
    .prop_map(move |values| object(&fields, values))
}

fn blueprint() -> impl Strategy<Value = Json> {
    (map_of(action()), map_of(value())).prop_map(|(actions, metadata)| {
        json!({
            "apiVersion": "cr.kanister.io/v1alpha1",
            "kind": "Blueprint",
            "metadata": metadata,
            "actions": actions,
        })
    })
}

/// Text that looks like a blueprint and is broken somewhere.
fn damaged() -> impl Strategy<Value = String> {
    let whole = include_str!("inputs/complete.yaml");
    let characters = whole.chars().count();
    (0..characters, 0..12_usize, word()).prop_map(move |(at, removed, inserted)| {
        whole
            .chars()
            .take(at)
            .chain(inserted.chars())
            .chain(whole.chars().skip(at + removed))
            .collect()
    })
}

/// Checks a text and holds every position to being one of the text.
fn check(text: &str) -> Result<(), TestCaseError> {
    let diagnostics = match Source::from_yaml("text", text) {
        Ok(sources) => sources
            .iter()
            .flat_map(|source| diagnose(source, &Signatures::default(), Mode::Kanister).1)
            .collect(),
        Err(diagnostics) => diagnostics,
    };
    for diagnostic in diagnostics {
        for label in &diagnostic.labels {
            let span = label.place.span.clone();
            prop_assert!(
                span.clone().is_none_or(|span| text.get(span).is_some()),
                "{span:?}: {diagnostic}"
            );
        }
    }
    Ok(())
}

proptest! {
    // A failure prints its input; what it teaches belongs into a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn checking_never_panics_on_arbitrary_text(text in "\\PC{0,200}") {
        check(&text)?;
    }

    #[test]
    fn checking_never_panics_on_text_that_looks_like_yaml(text in "(kind: Blueprint\n|actions:\n|[ ]{1,4}|- |[a-z]{1,4}: |\\{\\{|\\}\\}|[\"'|>#&*!\\[\\]{}\t\n]|x|é){0,60}") {
        check(&text)?;
    }

    #[test]
    fn checking_never_panics_on_damaged_blueprints(text in damaged()) {
        check(&text)?;
    }

    #[test]
    fn printed_blueprints_read_back(value in blueprint()) {
        let (parsed, _) = parse(&Source::from_json("made", value));
        let parsed = parsed.expect("a map");
        let text = print(&parsed);
        let sources = Source::from_yaml("printed", &text).map_err(|found| TestCaseError::fail(format!("{found:?}\n{text}")))?;
        let (again, _) = parse(&sources[0]);
        prop_assert_eq!(again.as_ref(), Some(&parsed), "{}", text);
        prop_assert_eq!(print(&parsed), text.as_str());
        let elsewhere: Json = serde_yaml::from_str(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&elsewhere, sources[0].value(), "another reader of YAML reads something else: {}", text);
    }
}
