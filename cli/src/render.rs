//! Diagnostics for people and for programs.
//! Must not know which command found them.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{
    AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet, normalize_untrusted_str,
};
use mainstay_dsl::diagnostic::{Diagnostic, Place, Severity};
use mainstay_dsl::source::Source;
use serde::Serialize;

/// A diagnostic as people read it: the message, the places in the text, and what to do. With colours, for a
/// stream that takes them away where they are not wanted.
pub(crate) fn text(diagnostic: &Diagnostic, name: &str, source: Option<&str>) -> String {
    Renderer::styled()
        .decor_style(DecorStyle::Ascii)
        .render(&groups(diagnostic, name, source))
}

fn groups<'a>(diagnostic: &'a Diagnostic, name: &'a str, source: Option<&'a str>) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Hint => Level::INFO.with_name("hint"),
    };
    let mut main = Group::with_title(
        level
            .primary_title(&diagnostic.message)
            .id(diagnostic.code.as_str()),
    );
    match source.filter(|_| diagnostic.place().span.is_some()) {
        Some(source) => {
            let mut snippet = Snippet::source(source).path(name).fold(true);
            for label in &diagnostic.labels {
                let kind = if label.primary {
                    AnnotationKind::Primary
                } else {
                    AnnotationKind::Context
                };
                if let Some(span) = &label.place.span {
                    snippet = snippet.annotation(kind.span(span.clone()).label(&label.text));
                }
            }
            main = main.element(snippet);
        }
        None => {
            main = main.element(Origin::path(format!(
                "{name} {}",
                diagnostic.place().pointer.path()
            )));
        }
    }
    for note in &diagnostic.notes {
        main = main.element(Level::NOTE.message(normalize_untrusted_str(note)));
    }
    let patch = diagnostic
        .patch
        .as_ref()
        .and_then(|patch| Some((patch.place.span.clone()?, source?, patch.replacement.as_str())));
    match (&diagnostic.help, patch) {
        (Some(help), Some((span, source, replacement))) => {
            let snippet = Snippet::source(source)
                .path(name)
                .fold(true)
                .patch(Patch::new(span, replacement));
            vec![
                main,
                Level::HELP
                    .secondary_title(normalize_untrusted_str(help))
                    .element(snippet),
            ]
        }
        (Some(help), None) => vec![main.element(Level::HELP.message(normalize_untrusted_str(help)))],
        (None, _) => vec![main],
    }
}

/// A diagnostic on one line, as compilers print it and editors read it.
pub(crate) fn short(diagnostic: &Diagnostic, name: &str, source: Option<&str>) -> String {
    let place = diagnostic.place();
    let at = match source.and_then(|source| place.line_and_column(source)) {
        Some((line, column)) => format!("{line}:{column}"),
        None => place.pointer.path(),
    };
    let Diagnostic {
        severity,
        code,
        message,
        ..
    } = diagnostic;
    format!("{name}:{at}: {severity}[{code}]: {message}")
}

/// A diagnostic in the shape that programs read.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report<'a> {
    file: &'a str,
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    labels: Vec<ReportLabel<'a>>,
    notes: &'a [String],
    help: Option<&'a str>,
    patch: Option<ReportPatch<'a>>,
}

#[derive(Debug, Serialize)]
struct ReportLabel<'a> {
    #[serde(flatten)]
    place: ReportPlace<'a>,
    text: &'a str,
    primary: bool,
}

#[derive(Debug, Serialize)]
struct ReportPatch<'a> {
    #[serde(flatten)]
    place: ReportPlace<'a>,
    replacement: &'a str,
}

/// A place: the pointer always, the positions when there is a text. Lines and columns count from 1, columns
/// and bytes as their names say; the end is the first that is not part of it.
#[derive(Debug, Serialize)]
struct ReportPlace<'a> {
    pointer: &'a str,
    start: Option<Position>,
    end: Option<Position>,
}

#[derive(Debug, Serialize)]
struct Position {
    line: usize,
    column: usize,
    byte: usize,
}

/// A diagnostic for programs.
pub(crate) fn report<'a>(diagnostic: &'a Diagnostic, name: &'a str, source: Option<&str>) -> Report<'a> {
    let Diagnostic {
        code,
        severity,
        message,
        labels,
        notes,
        help,
        patch,
    } = diagnostic;
    Report {
        file: name,
        code: code.as_str(),
        severity: severity.as_str(),
        message,
        labels: labels
            .iter()
            .map(|label| ReportLabel {
                place: report_place(&label.place, source),
                text: &label.text,
                primary: label.primary,
            })
            .collect(),
        notes,
        help: help.as_deref(),
        patch: patch.as_ref().map(|patch| ReportPatch {
            place: report_place(&patch.place, source),
            replacement: &patch.replacement,
        }),
    }
}

fn report_place<'a>(place: &'a Place, source: Option<&str>) -> ReportPlace<'a> {
    let position = |byte: usize| {
        let (line, column) = Source::line_and_column(source?, byte);
        Some(Position { line, column, byte })
    };
    ReportPlace {
        pointer: place.pointer.as_str(),
        start: place.span.as_ref().and_then(|span| position(span.start)),
        end: place.span.as_ref().and_then(|span| position(span.end)),
    }
}
