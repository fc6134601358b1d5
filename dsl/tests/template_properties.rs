//! Properties that hold for every text: nothing panics, spans lie where they should, and a tree survives being
//! written and read again.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use mainstay_dsl::template::{Functions, Limits, MissingKey, Settings, Template, Value};
use proptest::prelude::*;
use rand::SeedableRng;
use regex::Regex;
use serde_json::json;

/// Pieces of templates, right and wrong ones.
const PIECES: [&str; 82] = [
    "{{",
    "}}",
    "{{-",
    "-}}",
    "{{- ",
    " -}}",
    "{",
    "}",
    " ",
    "\n",
    "\t",
    ".",
    ".s",
    ".m.a",
    ".m",
    "$",
    "$x",
    "$x.y",
    ":=",
    "=",
    "|",
    "(",
    ")",
    "\"a\"",
    "`r`",
    "'c'",
    "'ab'",
    "1",
    "-1",
    "1.5",
    "0x",
    "1x",
    "089",
    "1__0",
    "nil",
    "true",
    "if",
    "else",
    "end",
    "range",
    "with",
    "define",
    "template",
    "block",
    "break",
    "continue",
    "else if",
    "else with",
    "printf",
    "len",
    "nosuch",
    "index",
    "print",
    "text",
    "/* c */",
    "{{/* c */}}",
    "{{- /* c */ -}}",
    ",",
    "\"",
    "\\",
    "☃",
    "é",
    ".é",
    "if .t",
    "range .l",
    "with .s",
    "$x := 1",
    "$i, $e := .l",
    "\"T\"",
    "3i",
    "1+2i",
    "{{end}}",
    "{{else}}",
    "{{if .t}}",
    "{{range .l}}",
    "{{ .s }}",
    "{{define \"T\"}}",
    "{{template \"T\" .}}",
    "{{$x := .s}}",
    "{{$x}}",
    "{{break}}",
    "\"\\x41\"",
];

/// Whole actions that compile, so that most combinations of them do.
const ACTIONS: [&str; 30] = [
    "text",
    "{",
    "{{\"{\"}}",
    "\n",
    "{{ .s }}",
    "{{- .n -}}",
    "{{ .missing }}",
    "{{ len .l | printf \"%d\" }}",
    "{{ (index .l 0) }}",
    "{{ $x := .m }}{{ $x.a }}",
    "{{ range .l }}{{ . }}{{ end }}",
    "{{ range $i, $e := .l }}{{ $i }}{{ else }}none{{ end }}",
    "{{ if .t }}a{{ else if .n }}b{{ else }}c{{ end }}",
    "{{ with .m }}{{ .a }}{{ else with .s }}{{ . }}{{ end }}",
    "{{ and .t (or .n .s) }}",
    "{{ 'c' }}{{ 1.5 }}{{ 0x1F }}",
    "{{ \"\\n\\xff\" | quote }}",
    "{{ `raw \" text` }}",
    "{{ dict \"a\" 1 | toJson }}",
    "{{ list 1 2 | join \",\" }}",
    "{{ $y := 1 }}{{ $y = 2 }}{{ $y }}",
    "{{ range 3 }}{{ if . }}{{ break }}{{ end }}{{ continue }}{{ end }}",
    "{{ template \"T\" .s }}",
    "{{ block \"B\" . }}{{ .n }}{{ end }}",
    "{{ define \"T\" }}[{{ . }}]{{ end }}",
    "{{ nil | print }}",
    "{{ .s | upper | lower }}",
    "{{ (.m).a }}",
    "{{/* comment */}}",
    "{ {{- /* c */ -}} { x }}",
];

fn data() -> Value {
    Value::from_json(&json!({
        "s": "text", "n": 3, "t": true, "l": ["a", "b"], "m": {"a": 1, "b": {"c": "d"}}, "z": null, "f": 1.5,
    }))
}

/// Renders with little of everything, so that no text can take long.
fn render(template: &Template) -> Result<Vec<u8>, mainstay_dsl::template::Error> {
    let mut random = rand::rngs::StdRng::seed_from_u64(0);
    let environment = BTreeMap::new();
    let mut settings = Settings::new(jiff::Timestamp::UNIX_EPOCH, &mut random);
    settings.missing_key = MissingKey::Default;
    settings.environment = &environment;
    settings.limits = Limits {
        fuel: 10_000,
        output: 100_000,
        ..Limits::default()
    };
    template.render_bytes(&data(), &mut settings)
}

/// Where the parts of a tree stand.
static SPANS: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(name_)?span: Span \{[^}]*\}|(Break|Continue)\(Span \{[^}]*\}\)";
    Regex::new(pattern).expect("the pattern is a constant")
});

/// A tree without the places in its text, for comparison.
fn shape(template: &Template) -> String {
    let tree = template.ast();
    let parts = format!("{:?} {:?}", tree.root, tree.definitions);
    SPANS.replace_all(&parts, "$2").into_owned()
}

fn check(text: &str) {
    let template = match Template::compile(text, Functions::Kanister) {
        Ok(template) => template,
        Err(error) => {
            let span = error.span.range();
            assert!(
                text.get(span.clone()).is_some(),
                "the span {span:?} of {error} is no part of {text:?}"
            );
            return;
        }
    };
    if let Err(error) = render(&template) {
        let span = error.span.range();
        assert!(
            text.get(span.clone()).is_some(),
            "the span {span:?} of {error} is no part of {text:?}"
        );
    }
    for reference in template.references() {
        assert!(
            text.get(reference.span.range()).is_some(),
            "a reference lies outside of {text:?}"
        );
    }
    let written = template.ast().to_string();
    let again = Template::compile(&written, Functions::Kanister);
    let again = again.map_err(|error| format!("{text:?} was written as {written:?}: {error}"));
    let again = again.expect("what a tree is written as compiles");
    assert_eq!(
        shape(&template),
        shape(&again),
        "{text:?} was written as {written:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_compiles_or_says_why(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_pieces_compile_or_say_why(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..16)) {
        check(&pieces.concat());
    }

    #[test]
    fn what_compiles_survives_writing(actions in prop::collection::vec(prop::sample::select(&ACTIONS[..]), 0..8)) {
        check(&actions.concat());
    }
}
