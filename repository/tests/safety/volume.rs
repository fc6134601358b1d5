//! Section 4 of the data path's design, row by row: what is read, what is restored, and that nothing outside the target changes.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use mainstay_repository::restic::restore::{Mode, Report, Target};
use mainstay_repository::restic::{
    Entry, EntryKind, Outcome, Place, Remark, Repository, Selection, TreeSource, Which, stats,
};
use mainstay_repository::{Error, Watch};

use crate::fixture::{PASSWORD, Scratch, described, is_root, mode, noise, note, rich_tree, times};

/// A repository with one snapshot of `source`.
fn backed_up(scratch: &Scratch, source: &Path) -> Box<dyn Repository> {
    let repository = scratch.init();
    let backup = repository
        .backup_tree(&TreeSource::new(source), &note(&[]), &Watch::new())
        .unwrap();
    assert_eq!(backup.outcome, Outcome::Complete, "{:?}", backup.failures);
    repository
}

fn latest() -> Place {
    Place {
        snapshot: Which::Latest(Selection::all()),
        path: String::new(),
    }
}

fn restore(repository: &dyn Repository, source: &Path, target: &Target) -> Report {
    let place = latest().at(source.to_str().unwrap());
    let plan = repository.plan_restore(&place, target).unwrap();
    repository.restore(plan, &Watch::new()).unwrap()
}

/// The example program, which the build makes beside the tests.
pub(crate) fn example() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let example = tests.parent().unwrap().parent().unwrap().join("examples/backup");
    assert!(
        example.exists(),
        "the tests need the example: cargo build -p mainstay-repository --examples"
    );
    example
}

#[test]
fn everything_comes_back() {
    let scratch = Scratch::new();
    let source = scratch.path("source");
    rich_tree(&source);
    // restic 0.14 loses this one: the format got a place for it later.
    symlink(OsStr::from_bytes(b"not \xfe utf-8"), source.join("dangling too")).unwrap();
    let repository = backed_up(&scratch, &source);
    let target = Target {
        verify: true,
        ..Target::new(scratch.path("target"))
    };
    let report = restore(repository.as_ref(), &source, &target);
    assert_eq!(report.failures, []);
    assert_eq!(described(&source), described(&target.root));
    let sparse = fs::metadata(target.root.join("sparse")).unwrap();
    assert!(
        sparse.blocks() * 512 < 1 << 20,
        "holes were written: {} blocks",
        sparse.blocks()
    );
}

#[test]
fn what_did_not_change_is_not_read_again() {
    let scratch = Scratch::new();
    let source = scratch.path("source");
    rich_tree(&source);
    let repository = backed_up(&scratch, &source);
    let again = repository
        .backup_tree(&TreeSource::new(&source), &note(&[]), &Watch::new())
        .unwrap();
    // The directories above the source may have changed, the source has not.
    assert!(again.added < 5_000, "{again:?}");
    // The same size and time, but written to since: the change time tells.
    times(&source.join("same/one"), 1_000, 0);
    repository
        .backup_tree(&TreeSource::new(&source), &note(&[]), &Watch::new())
        .unwrap();
    fs::write(source.join("same/one"), noise(77, 700_000)).unwrap();
    times(&source.join("same/one"), 1_000, 0);
    let changed = repository
        .backup_tree(&TreeSource::new(&source), &note(&[]), &Watch::new())
        .unwrap();
    assert!(changed.added > 700_000, "{changed:?}");
}

#[test]
fn devices_are_recorded_and_other_file_systems_are_not_entered() {
    let scratch = Scratch::new();
    let repository = scratch.init();
    let backup = repository
        .backup_tree(&TreeSource::new("/dev"), &note(&[]), &Watch::new())
        .unwrap();
    assert!(
        backup
            .remarks
            .contains(&Remark::OtherFileSystem("/dev/pts".into())),
        "{:?}",
        backup.remarks
    );
    assert_eq!(repository.entries(&latest().at("/dev/pts")).unwrap(), []);
    let null = repository.entries(&latest().at("/dev/null")).unwrap();
    assert!(
        matches!(
            &null[..],
            [Entry {
                kind: EntryKind::Special,
                mode: 0o666,
                ..
            }]
        ),
        "{null:?}"
    );
    let listed = scratch.restic(&["ls", "latest", "--long", "/dev/null"]);
    assert!(listed.contains("Dcrw-rw-rw-"), "{listed}");
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_kept() {
    let scratch = Scratch::new();
    let source = scratch.path("source");
    fs::create_dir_all(source.join("closed")).unwrap();
    fs::write(source.join("open"), b"open").unwrap();
    fs::write(source.join("secret"), b"secret").unwrap();
    fs::write(source.join("closed/file"), b"file").unwrap();
    mode(&source.join("secret"), 0o000);
    mode(&source.join("closed"), 0o000);
    fs::write(scratch.path("password"), PASSWORD).unwrap();
    mode(&scratch.path("."), 0o777);
    mode(&source, 0o755);
    let run = as_nobody()
        .arg(example())
        .arg(scratch.path("."))
        .arg(scratch.path("password"))
        .arg(&source)
        .output();
    let run = run.unwrap();
    let output = String::from_utf8(run.stdout).unwrap();
    let mut lines: Vec<&str> = output.lines().skip(1).collect();
    lines.sort_unstable();
    let denied = |name: &str| format!("{}: Permission denied (os error 13)", source.join(name).display());
    assert_eq!(lines, [denied("closed"), denied("secret")]);
    assert_eq!(run.status.code(), Some(3));
    let listed = scratch
        .open()
        .list(&Selection::tag("mainstay-incomplete"))
        .unwrap();
    assert_eq!(listed.len(), 1);
    mode(&source.join("closed"), 0o755);
}

/// Starts a program that has no rights beyond its own; for root, that is somebody else.
fn as_nobody() -> Command {
    if !is_root() {
        return Command::new("env");
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    command
}

#[test]
fn nothing_to_read_makes_no_snapshot() {
    let scratch = Scratch::new();
    let source = scratch.path("source");
    let repository = scratch.init();
    let missing = repository.backup_tree(&TreeSource::new(&source), &note(&[]), &Watch::new());
    assert_eq!(
        missing.unwrap_err().to_string(),
        format!(
            "failed to read {}: No such file or directory (os error 2)",
            source.display()
        )
    );
    // Empty from the beginning is a backup; empty where there was something is a volume that is not mounted.
    fs::create_dir(&source).unwrap();
    repository
        .backup_tree(&TreeSource::new(&source), &note(&[]), &Watch::new())
        .unwrap();
    fs::write(source.join("file"), b"1").unwrap();
    repository
        .backup_tree(&TreeSource::new(&source), &note(&[]), &Watch::new())
        .unwrap();
    fs::remove_file(source.join("file")).unwrap();
    let emptied = repository.backup_tree(&TreeSource::new(&source), &note(&[]), &Watch::new());
    assert_eq!(
        emptied.unwrap_err().to_string(),
        format!(
            "failed to read {}: it is empty, and was not at the last backup",
            source.display()
        )
    );
    assert_eq!(repository.list(&Selection::all()).unwrap().len(), 2);
}

#[test]
fn a_single_file_and_a_part_of_it() {
    let scratch = Scratch::new();
    let source = scratch.path("source");
    fs::create_dir(&source).unwrap();
    let content = noise(5, 5 << 20);
    fs::write(source.join("table"), &content).unwrap();
    let repository = backed_up(&scratch, &source.join("table"));
    let place = latest().at(source.join("table").to_str().unwrap());
    let mut part = Vec::new();
    let written = repository.read(&place, 1_000_000..3_500_001, &mut part).unwrap();
    assert_eq!(written, 2_500_001);
    assert!(part == content[1_000_000..3_500_001]);
    let mut all = Vec::new();
    assert_eq!(repository.read(&place, 0..u64::MAX, &mut all).unwrap(), 5 << 20);
    assert!(all == content);

    let plan = repository
        .plan_restore(&place, &Target::new(scratch.path("target")))
        .unwrap();
    assert_eq!((plan.create, plan.change, plan.write), (1, 0, 5 << 20));
    repository.restore(plan, &Watch::new()).unwrap();
    assert!(fs::read(scratch.path("target/table")).unwrap() == content);
    let nowhere = repository.plan_restore(&latest().at("/nowhere"), &Target::new(scratch.path("target")));
    assert!(matches!(nowhere, Err(Error::NoPath { .. })));
}

#[test]
fn stats_are_restics() {
    let scratch = Scratch::new();
    let source = scratch.path("source");
    rich_tree(&source);
    let repository = backed_up(&scratch, &source);
    for name in ["restore-size", "files-by-contents", "blobs-per-file", "raw-data"] {
        let text = scratch.restic(&["stats", "latest", "--mode", name, "--json"]);
        let line = text.lines().find(|line| line.starts_with('{')).unwrap();
        let theirs: serde_json::Value = serde_json::from_str(line).unwrap();
        let mode: stats::Mode = name.parse().unwrap();
        let ours = repository.stats(&latest(), mode).unwrap();
        let count = if mode == stats::Mode::RawData {
            "total_blob_count"
        } else {
            "total_file_count"
        };
        assert_eq!(
            (Some(ours.count), Some(ours.bytes)),
            (theirs[count].as_u64(), theirs["total_size"].as_u64()),
            "{name}: {theirs}"
        );
    }
}

#[test]
fn a_full_restore_takes_the_place_of_what_is_there() {
    let scratch = Scratch::new();
    let (source, target) = (scratch.path("source"), scratch.path("target"));
    fs::create_dir_all(source.join("folder")).unwrap();
    fs::write(source.join("file"), b"new").unwrap();
    fs::write(source.join("folder/inner"), b"inner").unwrap();
    fs::write(source.join("blocked"), b"blocked").unwrap();
    let repository = backed_up(&scratch, &source);

    let outside = scratch.path("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("file"), b"untouched").unwrap();
    fs::create_dir_all(target.join("blocked/by a folder")).unwrap();
    symlink(outside.join("file"), target.join("file")).unwrap();
    symlink(&outside, target.join("folder")).unwrap();
    fs::write(target.join("extra"), b"stays").unwrap();
    let before = described(&outside);
    let report = restore(repository.as_ref(), &source, &Target::new(&target));
    assert_eq!(described(&outside), before);
    let failed: Vec<&Path> = report
        .failures
        .iter()
        .map(|failure| failure.path.as_path())
        .collect();
    assert_eq!(failed, [target.join("blocked")]);
    assert_eq!(fs::read(target.join("file")).unwrap(), b"new");
    assert!(fs::symlink_metadata(target.join("folder")).unwrap().is_dir());
    assert_eq!(fs::read(target.join("folder/inner")).unwrap(), b"inner");
    assert_eq!(fs::read(target.join("extra")).unwrap(), b"stays");
    assert!(no_leftovers(&target));
}

#[test]
fn a_delta_restore_writes_what_differs() {
    let scratch = Scratch::new();
    let (source, target) = (scratch.path("source"), scratch.path("target"));
    rich_tree(&source);
    let repository = backed_up(&scratch, &source);
    restore(repository.as_ref(), &source, &Target::new(&target));

    let untouched = fs::metadata(target.join("same/one")).unwrap().ino();
    let large = fs::OpenOptions::new()
        .write(true)
        .open(target.join("large"))
        .unwrap();
    large.write_all_at(b"changed", 3 << 20).unwrap();
    let hole = fs::OpenOptions::new()
        .write(true)
        .open(target.join("sparse"))
        .unwrap();
    hole.write_all_at(&noise(9, 8_192), 15 << 20).unwrap();
    fs::write(target.join("text"), b"shorter").unwrap();
    fs::remove_file(target.join("empty")).unwrap();
    mode(&target.join("small"), 0o777);
    let report = restore(
        repository.as_ref(),
        &source,
        &Target {
            mode: Mode::Delta,
            ..Target::new(&target)
        },
    );
    assert_eq!(report.failures, []);
    assert_eq!(described(&source), described(&target));
    assert_eq!(fs::metadata(target.join("same/one")).unwrap().ino(), untouched);
}

#[test]
fn directories_above_keep_their_attributes() {
    let scratch = Scratch::new();
    let source = scratch.path("source/volume");
    fs::create_dir_all(&source).unwrap();
    fs::write(source.join("file"), b"1").unwrap();
    mode(&scratch.path("source"), 0o700);
    let repository = backed_up(&scratch, &source);
    let target = scratch.path("target");
    let there = target.join(scratch.path("source").strip_prefix("/").unwrap());
    fs::create_dir_all(&there).unwrap();
    mode(&there, 0o750);
    let plan = repository.plan_restore(&latest(), &Target::new(&target)).unwrap();
    let report = repository.restore(plan, &Watch::new()).unwrap();
    assert_eq!(report.failures, []);
    assert_eq!(fs::read(there.join("volume/file")).unwrap(), b"1");
    assert_eq!(fs::metadata(&there).unwrap().mode() & 0o7777, 0o750);
}

#[test]
fn a_link_swapped_in_during_a_restore_leads_nowhere() {
    let scratch = Scratch::new();
    let (source, target, outside) = (
        scratch.path("source"),
        scratch.path("target"),
        scratch.path("outside"),
    );
    for number in 0..600 {
        fs::create_dir_all(source.join(format!("{number}"))).unwrap();
        fs::write(source.join(format!("{number}/file")), b"content").unwrap();
    }
    let repository = backed_up(&scratch, &source);
    fs::create_dir_all(&outside).unwrap();
    fs::create_dir_all(&target).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for number in 0..600 {
                    let folder = target.join(format!("{number}"));
                    // Losing the race is part of the game.
                    fs::rename(&folder, target.join("moved")).ok();
                    symlink(&outside, &folder).ok();
                    fs::remove_file(&folder).ok();
                    fs::remove_dir_all(target.join("moved")).ok();
                }
            }
        });
        restore(repository.as_ref(), &source, &Target::new(&target));
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(described(&outside), "");
}

#[test]
fn a_target_without_room_is_refused_and_a_full_one_told() {
    let scratch = Scratch::new();
    let source = scratch.path("source");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("large"), noise(6, 6 << 20)).unwrap();
    let repository = backed_up(&scratch, &source);
    fs::write(scratch.path("password"), PASSWORD).unwrap();
    let target = scratch.path("target");
    fs::create_dir(&target).unwrap();
    // A file system of 4 MiB in a mount namespace of its own.
    let script = r#"mount -t tmpfs -o size=4m tmpfs "$1" && shift && exec "$@""#;
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--map-root-user", "sh", "-c", script, "sh"])
        .arg(&target)
        .arg(example());
    let run = command
        .arg(scratch.path("."))
        .arg(scratch.path("password"))
        .arg(&target)
        .arg("restore")
        .output()
        .unwrap();
    let output = String::from_utf8(run.stdout).unwrap() + &String::from_utf8(run.stderr).unwrap();
    assert!(
        output.starts_with(&format!("no space left on {} after ", target.display())),
        "{output}"
    );
    assert_eq!(run.status.code(), Some(16));

    let plan = repository.plan_restore(&latest(), &Target::new("/proc"));
    assert!(matches!(plan, Err(Error::TooSmall { .. })), "{plan:?}");
}

#[test]
fn rights_that_are_missing_are_told() {
    let scratch = Scratch::new();
    let source = scratch.path("source");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("file"), b"1").unwrap();
    backed_up(&scratch, &source);
    fs::write(scratch.path("password"), PASSWORD).unwrap();
    let target = scratch.path("target");
    fs::create_dir(&target).unwrap();
    for name in [".", "target"] {
        mode(&scratch.path(name), 0o777);
    }
    Command::new("chmod")
        .arg("-R")
        .arg("a+rwX")
        .arg(scratch.path("repository"))
        .status()
        .unwrap();
    Command::new("chmod")
        .arg("-R")
        .arg("a+rwX")
        .arg(scratch.path(".unfinished"))
        .status()
        .unwrap();
    let mut command = as_nobody();
    let run = command
        .arg(example())
        .arg(scratch.path("."))
        .arg(scratch.path("password"))
        .arg(&target)
        .arg("restore");
    let run = run.output().unwrap();
    let output = String::from_utf8(run.stdout).unwrap();
    if is_root() {
        assert!(
            output.contains("source/file: owner: Operation not permitted"),
            "{output}"
        );
        assert_eq!(run.status.code(), Some(3));
    } else {
        assert_eq!(run.status.code(), Some(0), "{output}");
    }
}

fn no_leftovers(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().all(|entry| {
        let name = entry.unwrap().file_name();
        !name.to_string_lossy().starts_with(".mainstay-")
    })
}
