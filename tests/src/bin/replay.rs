//! `replay FOLDER`: plays recorded ActionSets and prints what differs. `cargo xtask replay` brings the servers up.
//! Must not know how anything is compared.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a program for a terminal"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use mainstay_tests::bed::Bed;
use mainstay_tests::replay::case::Case;
use mainstay_tests::replay::runner::{self, Outcome};
use snafu::{Report, ResultExt as _, Whatever};

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
async fn main() -> ExitCode {
    match play(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{}", Report::from_error(error));
            ExitCode::FAILURE
        }
    }
}

/// Plays every case and says whether all of them passed.
async fn play(Arguments { folder, workers }: Arguments) -> Result<bool, Whatever> {
    let cases = Case::read_all(&folder).whatever_context("failed to read the cases")?;
    let bed = Bed::from_environment()
        .await
        .whatever_context("failed to find the test bed")?;
    let outcomes = runner::run(&bed, cases, workers)
        .await
        .whatever_context("failed to play the cases")?;
    outcomes
        .iter()
        .filter(|outcome| !outcome.passed())
        .for_each(print);
    let passed = outcomes.iter().filter(|outcome| outcome.passed()).count();
    let failed = outcomes.len() - passed;
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

fn print(outcome: &Outcome) {
    println!("--- {}", outcome.name);
    match &outcome.result {
        Err(error) => println!("not played: {}", Report::from_error(error)),
        Ok(differences) => {
            for difference in differences {
                println!("{}", difference.place);
                println!("  expected {}", difference.expected);
                println!("  seen     {}", difference.seen);
            }
        }
    }
}
