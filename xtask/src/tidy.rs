//! `cargo xtask tidy`: the rules of the source tree that no compiler checks.
//! Must not know what any crate does; it reads files as text and the workspace as metadata.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Which crate may use which of ours (tests and build scripts are free). `ARCHITECTURE.md` explains the order.
const ARROWS: &[(&str, &[&str])] = &[
    ("mainstay-dsl", &[]),
    ("mainstay-api", &[]),
    ("mainstay-repository", &[]),
    ("mainstay-testbed", &[]),
    ("mainstay-engine", &["mainstay-dsl"]),
    ("mainstay-blueprints", &["mainstay-dsl"]),
    ("mainstay-agent", &["mainstay-repository"]),
    (
        "mainstay-functions",
        &[
            "mainstay-engine",
            "mainstay-dsl",
            "mainstay-api",
            "mainstay-repository",
        ],
    ),
    (
        "mainstay-controller",
        &[
            "mainstay-functions",
            "mainstay-engine",
            "mainstay-dsl",
            "mainstay-api",
            "mainstay-repository",
        ],
    ),
    (
        "mainstay",
        &[
            "mainstay-controller",
            "mainstay-functions",
            "mainstay-blueprints",
            "mainstay-engine",
            "mainstay-dsl",
            "mainstay-api",
            "mainstay-repository",
        ],
    ),
];

/// Members that nothing may depend on, except `xtask` on `mainstay-tests`, and that may depend on anything.
const LEAVES: &[&str] = &["mainstay-tests", "mainstay-examples", "xtask"];

/// Foreign crates that only these members may name.
const HELD: &[(&str, &[&str])] = &[
    (
        "kube",
        &[
            "mainstay-api",
            "mainstay-functions",
            "mainstay-controller",
            "mainstay",
            "mainstay-tests",
        ],
    ),
    (
        "tokio",
        &[
            "mainstay-engine",
            "mainstay-repository",
            "mainstay-functions",
            "mainstay-controller",
            "mainstay-agent",
            "mainstay",
            "mainstay-testbed",
            "mainstay-tests",
            "mainstay-examples",
            "xtask",
        ],
    ),
    ("rustic_core", &["mainstay-repository"]),
    ("aws-sdk-s3", &["mainstay-repository", "mainstay-tests"]),
    ("minijinja", &["mainstay-dsl"]),
    ("anyhow", &["xtask"]),
];

/// The longest a source file may be, its tests not counted.
const LONGEST_FILE: usize = 800;

/// Module names that say nothing.
const EMPTY_NAMES: &[&str] = &[
    "utils", "util", "helpers", "manager", "common", "misc", "types", "mod",
];

/// Texts that must not stand in the project. Split so that this file does not hold them.
const BANNED: &[(&str, &str)] = &[
    (concat!("todo", "!("), "finish it or leave it out"),
    (concat!("unimplemented", "!("), "finish it or leave it out"),
    (concat!("#[", "ignore"), "a test that does not run proves nothing"),
    (concat!("dbg", "!("), "remove it"),
    (concat!("/wo", "rk/"), "a path that exists on one machine only"),
    (concat!("../sha", "red"), "a path outside the repository"),
];

/// Runs every check and prints what is wrong.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let metadata = MetadataCommand::new()
        .no_deps()
        .exec()
        .context("failed to read the workspace")?;
    let mut findings = arrows(&metadata);
    findings.extend(held(&metadata));
    findings.extend(files()?);
    for finding in &findings {
        println!("tidy: {finding}");
    }
    println!("tidy: {} findings", findings.len());
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Normal dependencies of a member, by name.
fn dependencies(package: &Package) -> impl Iterator<Item = &str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == DependencyKind::Normal)
        .map(|dependency| dependency.name.as_str())
}

fn arrows(metadata: &Metadata) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let members: BTreeSet<&str> = metadata
        .workspace_packages()
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let mut findings = Vec::new();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        if LEAVES.contains(&name) {
            continue;
        }
        let Some(may_use) = allowed.get(name) else {
            findings.push(format!("{name} has no line in xtask/src/tidy.rs ARROWS"));
            continue;
        };
        for used in dependencies(package).filter(|used| members.contains(used)) {
            if !may_use.contains(&used) {
                findings.push(format!("{name} must not depend on {used}"));
            }
        }
    }
    findings
}

fn held(metadata: &Metadata) -> Vec<String> {
    let mut findings = Vec::new();
    for package in metadata.workspace_packages() {
        for used in dependencies(package) {
            for (foreign, holders) in HELD {
                if used == *foreign && !holders.contains(&package.name.as_str()) {
                    findings.push(format!("{} must not depend on {foreign}", package.name));
                }
            }
        }
    }
    findings
}

fn files() -> anyhow::Result<Vec<String>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .output()
        .context("failed to run git ls-files")?;
    anyhow::ensure!(
        listed.status.success(),
        "git ls-files failed; run tidy inside the checkout"
    );
    let mut findings = Vec::new();
    for path in String::from_utf8(listed.stdout)?
        .split('\0')
        .filter(|path| !path.is_empty())
    {
        // Deleted but not yet committed, or not text: nothing to say about it.
        let Ok(text) = std::fs::read_to_string(path) else {
            continue;
        };
        findings.extend(file(path, &text));
    }
    Ok(findings)
}

fn file(path: &str, text: &str) -> Vec<String> {
    let is_markdown = Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "md");
    let mut findings = Vec::new();
    for (banned, instead) in BANNED {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| line.contains(banned)) {
            let documented = is_markdown && line.contains('`');
            if !documented {
                findings.push(format!("{path}:{}: {banned}: {instead}", number + 1));
            }
        }
    }
    let Some(stem) = path.strip_suffix(".rs").and_then(|path| path.rsplit('/').next()) else {
        return findings;
    };
    if EMPTY_NAMES.contains(&stem) {
        findings.push(format!("{path}: name the module for what it makes"));
    }
    if !text.starts_with("//!") && stem != "tests" {
        findings.push(format!(
            "{path}: must open with //!: what it makes and what it must not know"
        ));
    }
    let is_test = path.contains("/tests/") || path.ends_with("/tests.rs");
    let counted = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
    if !is_test && counted > LONGEST_FILE {
        findings.push(format!("{path}: {counted} lines, at most {LONGEST_FILE}"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::file;

    #[test]
    fn a_clean_file_has_no_findings() {
        assert_eq!(
            file("dsl/src/source.rs", "//! Makes sources.\n\nfn main() {}\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn every_rule_speaks() {
        let text = format!("fn main() {{\n    {}\n}}\n", concat!("todo", "!()"));
        assert_eq!(
            file("dsl/src/utils.rs", &text),
            [
                format!(
                    "dsl/src/utils.rs:2: {}: finish it or leave it out",
                    concat!("todo", "!(")
                ),
                "dsl/src/utils.rs: name the module for what it makes".to_owned(),
                "dsl/src/utils.rs: must open with //!: what it makes and what it must not know".to_owned(),
            ]
        );
    }

    #[test]
    fn tests_do_not_count_as_length() {
        let text = format!(
            "//! Long.\n{}#[cfg(test)]\n{}",
            "\n".repeat(700),
            "\n".repeat(700)
        );
        assert_eq!(file("dsl/src/long.rs", &text), Vec::<String>::new());
        let long = format!("//! Long.\n{}", "\n".repeat(900));
        assert_eq!(
            file("dsl/src/long.rs", &long),
            ["dsl/src/long.rs: 901 lines, at most 800"]
        );
    }
}
