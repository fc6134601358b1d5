//! Backs a directory up into a repository in another one, making the repository when there is none:
//! `cargo run --example backup -- FOLDER PASSWORD-FILE SOURCE`. With a fourth word `restore` it goes the other way, from the newest
//! snapshot into SOURCE.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use jiff::Timestamp;
use mainstay_repository::restic::restore::Target;
use mainstay_repository::restic::{
    self, Location, Note, Options, Outcome, Parent, Place, Selection, TreeSource, Which,
};
use mainstay_repository::store::Address;
use mainstay_repository::{Error, Exit, Secret, Watch};

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(folder), Some(password), Some(source)) = (words.next(), words.next(), words.next()) else {
        return said("usage: backup FOLDER PASSWORD-FILE SOURCE [restore]", 2);
    };
    let Ok(password) = std::fs::read_to_string(password) else {
        return said("the password file cannot be read", 2);
    };
    let location = Location {
        address: Address::Directory(folder),
        prefix: "repository".to_owned(),
    };
    let password = Secret::new(password.trim_end());
    let back = words.next().is_some();
    let done = if back {
        restore(&location, &password, source)
    } else {
        backup(&location, &password, source)
    };
    match done {
        Ok((line, exit)) => said(&line, exit.map_or(0, Exit::code)),
        Err(fault) => said(&fault.to_string(), fault.exit().code()),
    }
}

fn backup(location: &Location, password: &Secret, source: PathBuf) -> Result<(String, Option<Exit>), Error> {
    let repository = restic::open_or_init(location, password, &Options::new("example"))?;
    let parent = Parent::AnyHost;
    let note = Note {
        host: "example".to_owned(),
        tags: Vec::new(),
        time: Timestamp::now(),
        parent,
    };
    let backup = repository.backup_tree(&TreeSource::new(source), &note, &Watch::new())?;
    let mut lines = vec![format!(
        "{} {} files {} bytes",
        backup.snapshot.short(),
        backup.files,
        backup.bytes
    )];
    lines.extend(backup.failures.iter().map(ToString::to_string));
    let exit = (backup.outcome == Outcome::Incomplete).then_some(Exit::Incomplete);
    Ok((lines.join("\n"), exit))
}

fn restore(location: &Location, password: &Secret, target: PathBuf) -> Result<(String, Option<Exit>), Error> {
    let repository = restic::open(location, password, &Options::new("example"))?;
    let newest = Place {
        snapshot: Which::Latest(Selection::all()),
        path: String::new(),
    };
    let plan = repository.plan_restore(
        &newest,
        &Target {
            force: true,
            ..Target::new(target)
        },
    )?;
    let report = repository.restore(plan, &Watch::new())?;
    let mut lines = vec![format!("{} files {} bytes", report.files, report.bytes)];
    lines.extend(report.failures.iter().map(ToString::to_string));
    Ok((
        lines.join("\n"),
        (!report.is_complete()).then_some(Exit::Incomplete),
    ))
}

fn said(line: &str, code: u8) -> ExitCode {
    // A reader that is gone changes nothing about what was done.
    writeln!(std::io::stdout(), "{line}").ok();
    ExitCode::from(code)
}
