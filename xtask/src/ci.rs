//! `cargo xtask ci`: every check and every test, in the order in which they are cheapest to fail.
//! Must not know what any of them checks.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use mainstay_testbed::{Folder, host};

use crate::tidy;

/// The version of cargo-deny that is installed where none is.
const CARGO_DENY: &str = "0.20.2";

/// Runs everything; stops at the first failure and says which step it was.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let mut steps = Steps::default();
    // Go compiles Kubernetes on the side, with what processor time the checks leave.
    let programs = start(
        Command::new("nice")
            .args([OsStr::new("-n"), OsStr::new("10"), own_program()?.as_os_str()])
            .args(["cluster", "build"]),
    )?;

    steps.run("format", cargo(["fmt", "--all", "--check"]))?;
    steps.call("tidy", || Ok(tidy::run()? == ExitCode::SUCCESS))?;
    steps.run("generated files", xtask(["crds", "--check"])?)?;
    steps.run(
        "clippy",
        cargo([
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    let deny = cargo_deny(&mut steps)?;
    steps.run("dependencies", {
        let mut command = Command::new(deny);
        command.args(["check", "bans", "licenses", "sources"]);
        command
    })?;
    steps.call("Debian packages", || {
        let packages = [host::Package {
            name: "restic",
            file: "/usr/bin/restic",
        }];
        tokio::runtime::Runtime::new()?.block_on(host::install(&packages))?;
        Ok(true)
    })?;
    // `--all-targets` compiles an example as a test; tests of the data path start one as a program.
    steps.run(
        "examples",
        cargo(["build", "--workspace", "--examples", "--locked"]),
    )?;
    let workspace = [
        "test",
        "--workspace",
        "--exclude",
        "mainstay-tests",
        "--locked",
        "--no-fail-fast",
    ];
    steps.run("tests", cargo(workspace.into_iter().chain(["--all-targets"])))?;
    steps.run(
        "documentation tests",
        cargo(workspace.into_iter().chain(["--doc"])),
    )?;

    steps.wait("Kubernetes, MinIO and helm", programs)?;
    steps.run("end-to-end tests", xtask(["e2e"])?)?;
    steps.print();
    Ok(ExitCode::SUCCESS)
}

fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments);
    command
}

fn own_program() -> anyhow::Result<std::path::PathBuf> {
    std::env::current_exe().context("failed to find this program's own file")
}

fn xtask<'a>(arguments: impl IntoIterator<Item = &'a str>) -> anyhow::Result<Command> {
    let mut command = Command::new(own_program()?);
    command.args(arguments);
    Ok(command)
}

fn start(command: &mut Command) -> anyhow::Result<Child> {
    command
        .spawn()
        .with_context(|| format!("failed to start {}", command.get_program().display()))
}

/// The path of cargo-deny, installed beside the test bed's programs when it is not there.
fn cargo_deny(steps: &mut Steps) -> anyhow::Result<std::path::PathBuf> {
    let root = Folder::from_environment()?.programs().join("cargo-deny");
    let program = root.join("bin/cargo-deny");
    if !is_version(&program, CARGO_DENY) {
        let root = root
            .to_str()
            .context("the test bed's folder has a name that is not UTF-8")?;
        let version = format!("cargo-deny@{CARGO_DENY}");
        steps.run(
            "install cargo-deny",
            cargo(["install", "--locked", "--quiet", "--root", root, &version]),
        )?;
    }
    Ok(program)
}

fn is_version(program: &Path, version: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| {
            String::from_utf8_lossy(&output.stdout).split_whitespace().nth(1) == Some(version)
        })
}

/// The steps that have passed, with their times.
#[derive(Debug, Default)]
struct Steps(Vec<(&'static str, Duration)>);

impl Steps {
    fn run(&mut self, name: &'static str, mut command: Command) -> anyhow::Result<()> {
        self.call(name, || Ok(start(&mut command)?.wait()?.success()))
    }

    fn wait(&mut self, name: &'static str, mut child: Child) -> anyhow::Result<()> {
        self.call(name, || Ok(child.wait()?.success()))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a terminal program shows how long its steps took"
    )]
    fn call(
        &mut self,
        name: &'static str,
        step: impl FnOnce() -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        println!("== {name}");
        let begin = Instant::now();
        let passed = step().with_context(|| format!("step `{name}` could not be run"))?;
        let took = begin.elapsed();
        anyhow::ensure!(passed, "step `{name}` failed after {}s", took.as_secs());
        self.0.push((name, took));
        Ok(())
    }

    fn print(&self) {
        for (name, took) in &self.0 {
            println!("{:6.1}s  {name}", took.as_secs_f64());
        }
        println!("ci: {} steps passed", self.0.len());
    }
}
