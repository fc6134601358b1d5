//! Every file of `tests/inputs` through every stage. A new case is a new file: it adds no Rust.
//!
//! A file whose first line is `# mode: kanister` is checked for Kanister. The snapshot of a file shows what is
//! wrong with it; that of a file without errors also what it means.

#[path = "stages/functions.rs"]
mod functions;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mainstay_dsl::check::Mode;
use mainstay_dsl::diagnostic::{Code, Diagnostic, Place, Severity};
use mainstay_dsl::{Source, diagnose, parse, print};

/// What is wrong with a text, and its blueprints.
fn read(text: &str) -> (Vec<Diagnostic>, Vec<Source>) {
    let mode = if text.starts_with("# mode: kanister\n") {
        Mode::Kanister
    } else {
        Mode::Mainstay
    };
    match Source::from_yaml("input.yaml", text) {
        Ok(sources) => {
            let signatures = functions::signatures();
            let found = sources
                .iter()
                .flat_map(|source| diagnose(source, &signatures, mode).1)
                .collect();
            (found, sources)
        }
        Err(found) => (found, Vec::new()),
    }
}

/// A place with the text that stands there.
fn place(place: &Place, text: &str) -> String {
    let span = place.span.clone().expect("what comes from a text has a position");
    let (line, column) = Source::line_and_column(text, span.start);
    format!("{line}:{column} {:?}", &text[span])
}

fn show(found: &Diagnostic, text: &str) -> String {
    let head = format!("{}[{}]: {}\n", found.severity, found.code, found.message);
    let labels = found.labels.iter().map(|label| {
        let mark = if label.primary { '^' } else { '-' };
        format!("  {mark} {} {}\n", place(&label.place, text), label.text)
    });
    let notes = found.notes.iter().map(|note| format!("  note: {note}\n"));
    let help = found.help.iter().map(|help| format!("  help: {help}\n"));
    let patch = found.patch.iter().map(|patch| {
        format!(
            "  patch: {} -> {:?}\n",
            place(&patch.place, text),
            patch.replacement
        )
    });
    std::iter::once(head)
        .chain(labels)
        .chain(notes)
        .chain(help)
        .chain(patch)
        .collect()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn inputs() {
    insta::glob!("inputs/*.yaml", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let (found, sources) = read(&text);
        let mut shown: String = found.iter().map(|found| show(found, &text) + "\n").collect();
        if shown.is_empty() {
            shown.push_str("nothing found\n\n");
        }
        if found.iter().all(|found| found.severity != Severity::Error) {
            for source in &sources {
                let (parsed, _) = parse(source);
                shown += "--- read as\n";
                shown += &print(&parsed.unwrap());
            }
        }
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(shown);
        });
    });
}

/// A diagnostic that says nothing of what to do is half a diagnostic.
#[test]
fn every_mistake_says_what_to_do() {
    let mut silent = Vec::new();
    for entry in std::fs::read_dir(folder("tests/inputs")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        silent.extend(
            read(&text)
                .0
                .iter()
                .filter(|found| found.help.is_none() && found.notes.is_empty())
                .map(|found| format!("{}: {found}", path.display())),
        );
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

/// `docs/errors/CODE.md` explains a code, `tests/inputs/CODE.yaml` provokes it, and neither is left over.
#[test]
fn every_code_has_a_page_and_an_input() {
    let codes: BTreeSet<String> = Code::ALL.iter().map(|code| code.as_str().to_owned()).collect();
    let pages: BTreeSet<String> = std::fs::read_dir(folder("../docs/errors"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_stem().unwrap() != "README")
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        pages, codes,
        "pages under docs/errors on the left, codes on the right"
    );
    let index = std::fs::read_to_string(folder("../docs/errors/README.md")).unwrap();
    for code in Code::ALL {
        assert!(
            index.contains(&format!("| [{code}]({code}.md) |")),
            "the index of pages lacks {code}"
        );
        let path = folder("tests/inputs").join(format!("{code}.yaml"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let provoked = read(&text).0.iter().any(|found| found.code == *code);
        assert!(provoked, "{} does not provoke {code}", path.display());
    }
}
