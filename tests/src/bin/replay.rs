//! `replay FOLDER`: plays recorded ActionSets and prints what differs. `cargo xtask replay` brings the servers up.
//! Must not know how anything is compared.
#![expect(clippy::print_stdout, reason = "this is a program for a terminal")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use mainstay_tests::bed::Bed;
use mainstay_tests::replay::case::Case;
use mainstay_tests::replay::runner::{self, Outcome};

/// Plays recorded ActionSets with our controller.
#[derive(Debug, Parser)]
struct Arguments {
    /// A folder of cases, or one case.
    folder: PathBuf,
    /// How many cases are played at a time.
    #[arg(long, default_value_t = 4)]
    workers: usize,
}

#[tokio::main]
#[snafu::report]
async fn main() -> Result<ExitCode, snafu::Whatever> {
    use snafu::ResultExt as _;

    let arguments = Arguments::parse();
    let cases = Case::read_all(&arguments.folder).whatever_context("failed to read the cases")?;
    let bed = Bed::from_environment().await.whatever_context("failed to find the test bed")?;
    let outcomes =
        runner::run(&bed, cases, arguments.workers).await.whatever_context("failed to play the cases")?;
    outcomes.iter().filter(|outcome| !outcome.passed()).for_each(print);
    let passed = outcomes.iter().filter(|outcome| outcome.passed()).count();
    let failed = outcomes.len() - passed;
    println!("{passed} passed, {failed} failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(outcome: &Outcome) {
    println!("--- {}", outcome.name);
    match &outcome.result {
        Err(error) => println!("not played: {}", snafu::Report::from_error(error)),
        Ok(differences) => {
            for difference in differences {
                println!("{}", difference.place);
                println!("  expected {}", difference.expected);
                println!("  seen     {}", difference.seen);
            }
        }
    }
}
