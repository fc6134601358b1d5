//! Runs a folder of template vectors and compares what comes out with what the real engine gave.
//!
//! Part of the language's own test and of `cargo xtask vectors`, which includes this file. Must not know which
//! vectors are expected to fail.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

use mainstay_dsl::template::{Functions, Kind, MissingKey, Settings, Stage, Template, Value};
use rand::SeedableRng;
use serde::Deserialize;

/// One vector, as its line has it.
#[derive(Debug, Deserialize)]
struct Vector {
    id: String,
    template: String,
    context: Option<String>,
    context_kind: String,
    missingkey: String,
    funcs: String,
    #[serde(default)]
    env: BTreeMap<String, String>,
    output: Option<String>,
    output_b64: Option<String>,
    error: Option<Mistake>,
}

/// The mistake that a template must make.
#[derive(Debug, Deserialize)]
struct Mistake {
    stage: String,
    kind: String,
    line: Option<u32>,
    key: Option<String>,
    function: Option<String>,
}

/// A vector that came out differently.
#[derive(Debug)]
pub(crate) struct Difference {
    /// Its stable name.
    pub(crate) id: String,
    template: String,
    expected: String,
    got: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.id)?;
        writeln!(formatter, "  template: {}", self.template.escape_debug())?;
        writeln!(formatter, "  expected: {}", self.expected)?;
        write!(formatter, "  got:      {}", self.got)
    }
}

/// What a folder of vectors came to.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// How many came out as they should.
    pub(crate) passed: usize,
    /// The others, in the order of the files.
    pub(crate) failed: Vec<Difference>,
}

/// Runs every `*.jsonl` of a folder over the contexts in its `contexts.json`.
pub(crate) fn run(folder: &Path) -> Result<Report, Box<dyn Error>> {
    let contexts: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&fs::read_to_string(folder.join("contexts.json"))?)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    let mut report = Report::default();
    for file in files {
        for (number, line) in fs::read_to_string(&file)?.lines().enumerate() {
            let vector: Vector = serde_json::from_str(line)
                .map_err(|error| format!("{}:{}: {error}", file.display(), number + 1))?;
            match vector.difference(&contexts) {
                None => report.passed += 1,
                Some(difference) => report.failed.push(difference),
            }
        }
    }
    Ok(report)
}

impl Vector {
    fn difference(&self, contexts: &BTreeMap<String, serde_json::Value>) -> Option<Difference> {
        let (expected, got) = match self.data(contexts) {
            Ok(data) => (self.expected(), self.outcome(&data)),
            Err(problem) => (self.expected(), problem),
        };
        (expected != got).then(|| Difference {
            id: self.id.clone(),
            template: self.template.clone(),
            expected,
            got,
        })
    }

    fn data(&self, contexts: &BTreeMap<String, serde_json::Value>) -> Result<Value, String> {
        let Some(name) = &self.context else {
            return Ok(Value::Absent);
        };
        let json = contexts
            .get(name)
            .ok_or_else(|| format!("there is no context {name}"))?;
        match &*self.context_kind {
            "map" => Ok(Value::from_json(json)),
            "printer" => Ok(Value::printer(json)),
            "kanister" => Value::parameters(json).map_err(|error| error.to_string()),
            kind => Err(format!("there is no kind of context called {kind}")),
        }
    }

    /// What must come out, in words that two equal results share.
    fn expected(&self) -> String {
        match (&self.error, &self.output, &self.output_b64) {
            (Some(mistake), ..) => {
                let kind = if self.holds_kind(mistake) {
                    &*mistake.kind
                } else {
                    "…"
                };
                describe(
                    &mistake.stage,
                    kind,
                    mistake.line,
                    mistake.key.as_deref(),
                    mistake.function.as_deref(),
                )
            }
            (None, Some(output), _) => format!("{output:?}"),
            (None, None, Some(output)) => format!("base64 {output}"),
            (None, None, None) => "nothing: the vector has no expectation".to_owned(),
        }
    }

    /// A template that does not compile can be blamed for more than one thing. The kind binds only where the name of
    /// a function or variable is what is wrong.
    fn holds_kind(&self, mistake: &Mistake) -> bool {
        mistake.stage == "exec"
            || matches!(&*mistake.kind, "undefined_function" | "undefined_variable")
                && self.id != "range-b0564bfe"
    }

    fn outcome(&self, data: &Value) -> String {
        match (self.render(data), &self.error) {
            (Ok(bytes), _) => match (String::from_utf8(bytes), &self.output_b64) {
                (Ok(text), None) => format!("{text:?}"),
                (Ok(text), Some(_)) => format!("base64 {}", base64(text.as_bytes())),
                (Err(error), _) => format!("base64 {}", base64(error.as_bytes())),
            },
            (Err(error), None) => format!("{error}"),
            (Err(error), Some(mistake)) => {
                let stage = match error.stage {
                    Stage::Parse => "parse",
                    Stage::Exec => "exec",
                };
                let (key, function) = blamed(&error.kind);
                let code = error.kind.code().replace('-', "_");
                let kind = if self.holds_kind(mistake) { &*code } else { "…" };
                let line = mistake.line.map(|_| error.line);
                let key = mistake
                    .key
                    .as_ref()
                    .filter(|_| mistake.kind == "missing_key")
                    .and(key)
                    .or(mistake.key.as_deref());
                let holds_function = matches!(
                    &*mistake.kind,
                    "undefined_function" | "function_error" | "arg_count"
                ) && self.holds_kind(mistake);
                let function = if holds_function {
                    function
                } else {
                    mistake.function.as_deref()
                };
                let description = describe(stage, kind, line, key, function);
                match outside(&self.template, error.span.range()) {
                    None => description,
                    Some(place) => format!("{description}, but its span {place}"),
                }
            }
        }
    }

    fn render(&self, data: &Value) -> Result<Vec<u8>, mainstay_dsl::template::Error> {
        let functions = if self.funcs == "printer" {
            Functions::Printer
        } else {
            Functions::Kanister
        };
        let template = Template::compile(&self.template, functions)?;
        let mut random = rand::rngs::StdRng::seed_from_u64(0);
        let now = jiff::Timestamp::from_second(1_767_225_600).unwrap_or_default();
        let mut settings = Settings::new(now, &mut random);
        settings.environment = &self.env;
        settings.missing_key = match &*self.missingkey {
            "zero" => MissingKey::Zero,
            "default" => MissingKey::Default,
            _ => MissingKey::Error,
        };
        template.render_bytes(data, &mut settings)
    }
}

/// The key and the function that an error names.
fn blamed(kind: &Kind) -> (Option<&str>, Option<&str>) {
    match kind {
        Kind::MissingKey { key } => (Some(key), None),
        Kind::UndefinedFunction { name, .. } => (None, Some(name)),
        Kind::FunctionFailed { function, .. } | Kind::ArgumentCount { function, .. } => {
            (None, Some(function))
        }
        _ => (None, None),
    }
}

/// How a span lies wrongly: it must be inside of one action, and not cut through a character.
fn outside(template: &str, span: std::ops::Range<usize>) -> Option<String> {
    let Some(before) = template.get(..span.start) else {
        return Some(format!("{span:?} cuts through a character"));
    };
    if template.get(span.clone()).is_none() {
        return Some(format!("{span:?} cuts through a character or ends outside"));
    }
    let opening = before
        .rfind("{{")
        .or_else(|| template[span.start..].starts_with("{{").then_some(span.start));
    (opening.is_none()).then(|| format!("{span:?} is outside of every action"))
}

fn describe(stage: &str, kind: &str, line: Option<u32>, key: Option<&str>, function: Option<&str>) -> String {
    let mut text = format!("error {stage} {kind}");
    for (name, part) in [
        ("line", line.map(|line| line.to_string()).as_deref()),
        ("key", key),
        ("function", function),
    ] {
        if let Some(part) = part {
            let written = write!(text, " {name} {part}");
            written.expect("a string takes any text");
        }
    }
    text
}

/// For comparison only.
fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
