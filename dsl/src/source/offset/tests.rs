//! Every byte of every scalar maps back to the bytes that it was written with.

use serde_json::Value as Json;

use crate::diagnostic::Part;
use crate::pointer::Pointer;
use crate::source::Source;

/// For each `[[…]]` in the decoded value at `/actions/value`: the bytes of the text that it maps to.
fn check(yaml: &str, expected: &[&str]) {
    let text = format!("kind: Blueprint\nactions:\n{yaml}");
    let sources = Source::from_yaml("test", &text).unwrap();
    let pointer = Pointer::root().key("actions").key("value");
    let Some(Json::String(decoded)) = sources[0].value().pointer(pointer.as_str()) else {
        panic!("no text: {}", sources[0].value());
    };
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = decoded[from..].find("[[") {
        let start = from + start;
        let end = start + decoded[start..].find("]]").unwrap() + 2;
        let span = sources[0].span(&pointer, &Part::Bytes(start..end)).unwrap();
        found.push(&text[span]);
        from = end;
    }
    assert_eq!(found, expected, "decoded: {decoded:?}");
}

#[test]
fn plain() {
    check("  value: a [[b]] c\n", &["[[b]]"]);
    check("  value: é [[ü]] c\n", &["[[ü]]"]);
    check(
        "  value: a [[b\n    c]]\n\n\n    d [[e]]\n",
        &["[[b\n    c]]", "[[e]]"],
    );
}

#[test]
fn single_quoted() {
    check("  value: 'it''s [[x''y]] [[z]]'\n", &["[[x''y]]", "[[z]]"]);
    check("  value: 'a\n\n    [[b]]\n    [[c]]'\n", &["[[b]]", "[[c]]"]);
}

#[test]
fn double_quoted() {
    check(
        r#"  value: "\t\u00e9 [[\"x\"]] \x41[[y]]""#,
        &[r#"[[\"x\"]]"#, "[[y]]"],
    );
    check(
        "  value: \"a\\\n    b [[c]]\\n[[d]]\n     e [[f]]\"\n",
        &["[[c]]", "[[d]]", "[[f]]"],
    );
}

#[test]
fn literal() {
    check(
        "  value: |\n    one [[a]]\n\n      two [[b\n    c]] d\n",
        &["[[a]]", "[[b\n    c]]"],
    );
    check(
        "  value: |-\n\n\n    [[a]]\n     \n    [[b]]",
        &["[[a]]", "[[b]]"],
    );
    check(
        "  value: |2\n      more [[a]]\n    less [[b]]\n",
        &["[[a]]", "[[b]]"],
    );
    check(
        "  value: |\r\n    one [[a]]\r\n    [[b]]\r\n",
        &["[[a]]", "[[b]]"],
    );
}

#[test]
fn folded() {
    check(
        "  value: >\n    one [[a]]\n    two [[b]]\n\n    three [[c]]\n\n\n      four [[d]]\n    five [[e]]\n",
        &["[[a]]", "[[b]]", "[[c]]", "[[d]]", "[[e]]"],
    );
}
