//! What authors read when a template is wrong: each text of `templates/mistakes.txt` with its message, its place and
//! its help. All of them run over the data of one workload.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;

use mainstay_dsl::template::{Functions, Settings, Template, Value};
use rand::SeedableRng;

/// The message of a text, with the place underlined.
fn explain(text: &str, data: &Value) -> String {
    let mut random = rand::rngs::StdRng::seed_from_u64(0);
    let mut settings = Settings::new(jiff::Timestamp::UNIX_EPOCH, &mut random);
    let outcome = Template::compile(text, Functions::Kanister)
        .and_then(|template| template.render(data, &mut settings));
    let error = match outcome {
        Ok(output) => return format!("{text}\n  = no mistake: {output:?}\n"),
        Err(error) => error,
    };
    let mut shown = String::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        writeln!(shown, "{}", line.trim_end_matches('\n')).unwrap();
        let span = error.span.range();
        if (start..end.max(start + 1)).contains(&span.start) || span.start == text.len() && end == text.len()
        {
            let before = text[start..span.start].chars().count();
            let width = text[span.start..span.end.min(end)].chars().count().max(1);
            writeln!(shown, "{}{}", " ".repeat(before), "^".repeat(width)).unwrap();
        }
        start = end;
    }
    writeln!(
        shown,
        "  = {} [{}, line {}]",
        error,
        error.kind.code(),
        error.line
    )
    .unwrap();
    if let Some(help) = error.kind.help() {
        writeln!(shown, "  = help: {help}").unwrap();
    }
    shown
}

#[test]
fn every_mistake_says_what_where_and_what_to_do() {
    let contexts: serde_json::Value = serde_json::from_str(include_str!("vectors/contexts.json")).unwrap();
    let texts = include_str!("templates/mistakes.txt").trim_end_matches('\n');
    let explained: Vec<String> = texts
        .split("\n---\n")
        .map(|text| explain(text, &Value::parameters(&contexts["ss"]).unwrap()))
        .collect();
    insta::assert_snapshot!(explained.join("\n"));
}
