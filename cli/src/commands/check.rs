//! `mainstay check`: every mistake of the blueprints that are named, without a cluster.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use mainstay_dsl::check::Mode;
use mainstay_dsl::diagnostic::{Diagnostic, Severity};
use mainstay_dsl::signature::Signatures;
use mainstay_dsl::source::Source;

use crate::args::Color;
use crate::error::{Error, Kind, output};
use crate::input::{self, Input};
use crate::render;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Files, folders (every .yaml, .yml and .json file in them) or `-` for standard input.
    #[arg(required = true, value_name = "FILE|FOLDER|-")]
    pub(crate) paths: Vec<PathBuf>,
    /// How to print what is found.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
    /// Report as well what Kanister does not know or would refuse.
    #[arg(long)]
    pub(crate) kanister: bool,
}

/// How diagnostics are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// With the lines they are about.
    Text,
    /// One line each: `file:line:column: severity[code]: message`.
    Short,
    /// One JSON document: a list of diagnostics.
    Json,
}

/// Checks what is named, prints what is wrong with it, and fails if there is an error among it.
pub(crate) fn run(arguments: &Arguments, color: Color) -> Result<ExitCode, Error> {
    let inputs = input::read(&arguments.paths)?;
    let signatures = mainstay_functions::signatures();
    let mode = if arguments.kanister {
        Mode::Kanister
    } else {
        Mode::Mainstay
    };
    let mut blueprints = 0;
    let mut findings = Vec::new();
    for input in &inputs {
        let (count, diagnostics) = check(input, &signatures, mode);
        blueprints += count;
        findings.extend(diagnostics.into_iter().map(|diagnostic| (input, diagnostic)));
    }
    if blueprints == 0 && findings.is_empty() {
        return Err(Error::new(Kind::Input, "there is no blueprint in what was named")
            .hint("a blueprint is a YAML document with `kind: Blueprint`"));
    }
    print(&findings, arguments.output, color)?;
    let errors = count(&findings, Severity::Error);
    summary(blueprints, errors, count(&findings, Severity::Warning), color)?;
    Ok(if errors > 0 {
        ExitCode::from(Kind::Failed as u8)
    } else {
        ExitCode::SUCCESS
    })
}

/// How many blueprints a text holds and what is wrong with them, in the order of the text.
fn check(input: &Input, signatures: &Signatures, mode: Mode) -> (usize, Vec<Diagnostic>) {
    let sources = match Source::from_yaml(&input.name, &input.text) {
        Ok(sources) => sources,
        Err(diagnostics) => return (0, diagnostics),
    };
    let mut diagnostics: Vec<_> = sources
        .iter()
        .flat_map(|source| mainstay_dsl::diagnose(source, signatures, mode).1)
        .collect();
    if sources.is_empty() && input.named {
        diagnostics.push(mainstay_dsl::no_blueprint());
    }
    (sources.len(), diagnostics)
}

fn print(findings: &[(&Input, Diagnostic)], format: Format, color: Color) -> Result<(), Error> {
    let mut stdout = anstream::AutoStream::new(io::stdout().lock(), color.choice());
    let text: String = match format {
        Format::Text => findings
            .iter()
            .map(|(input, found)| render::text(found, &input.name, Some(&input.text)) + "\n\n")
            .collect(),
        Format::Short => findings
            .iter()
            .map(|(input, found)| render::short(found, &input.name, Some(&input.text)) + "\n")
            .collect(),
        Format::Json => {
            let reports: Vec<_> = findings
                .iter()
                .map(|(input, found)| render::report(found, &input.name, Some(&input.text)))
                .collect();
            let text = serde_json::to_string_pretty(&reports).map_err(|error| output(&error.into()))?;
            text + "\n"
        }
    };
    stdout.write_all(text.as_bytes()).map_err(|error| output(&error))
}

fn count(findings: &[(&Input, Diagnostic)], severity: Severity) -> usize {
    findings
        .iter()
        .filter(|(_, found)| found.severity == severity)
        .count()
}

/// One line for people, apart from the result.
fn summary(blueprints: usize, errors: usize, warnings: usize, color: Color) -> Result<(), Error> {
    let many = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let text = if errors + warnings == 0 {
        format!("{} checked, nothing found\n", many(blueprints, "blueprint"))
    } else {
        format!(
            "{} checked: {}, {}\n",
            many(blueprints, "blueprint"),
            many(errors, "error"),
            many(warnings, "warning")
        )
    };
    anstream::AutoStream::new(io::stderr().lock(), color.choice())
        .write_all(text.as_bytes())
        .map_err(|error| output(&error))
}
