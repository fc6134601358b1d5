//! `kill -9` in the middle of a backup, again and again: nothing that was there is lost, and nothing half-written claims success.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use mainstay_repository::restic::check::{Depth, Severity};
use mainstay_repository::restic::prune::Limits;
use mainstay_repository::restic::restore::Target;
use mainstay_repository::restic::{Place, Selection, TreeSource, Which};
use mainstay_repository::{Error, Watch};

use crate::fixture::{PASSWORD, Scratch, described, noise, note};
use crate::volume::example;

/// How often a backup is killed. Before a release this is set to a thousand.
const KILLS: u64 = 10;

#[test]
fn killed_backups_lose_nothing() {
    let scratch = Scratch::new();
    let source = scratch.path("source");
    fs::create_dir(&source).unwrap();
    fs::write(scratch.path("password"), PASSWORD).unwrap();
    scratch.init();
    let mut snapshots = 0;
    for round in 0..KILLS {
        for number in 0..20 {
            fs::write(
                source.join(format!("{number}")),
                noise(round * 100 + number, 1_000_000),
            )
            .unwrap();
        }
        let before = written(&scratch);
        let mut backup = start(&scratch, &source);
        // From before the first object to after the last: lock, packs, indexes, snapshot.
        let after = before + rand::random_range(0..7);
        while written(&scratch) < after && backup.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        backup.kill().unwrap();
        backup.wait().unwrap();

        let repository = scratch.open();
        let report = repository.check(Depth::Read, &Watch::new()).unwrap();
        assert!(report.is_sound(), "round {round}: {report:?}");
        let listed = repository.list(&Selection::all()).unwrap().len();
        assert!(
            listed == snapshots || listed == snapshots + 1,
            "round {round}: {listed} after {snapshots}"
        );
        snapshots = listed;
    }
    scratch.restic(&["check", "--read-data", "--no-lock"]);

    let repository = scratch.open();
    repository
        .backup_tree(&TreeSource::new(&source), &note(&[]), &Watch::new())
        .unwrap();
    let target = scratch.path("target");
    let newest = Place {
        snapshot: Which::Latest(Selection::all()),
        path: source.to_str().unwrap().to_owned(),
    };
    let plan = repository.plan_restore(&newest, &Target::new(&target)).unwrap();
    assert_eq!(repository.restore(plan, &Watch::new()).unwrap().failures, []);
    assert_eq!(described(&source), described(&target));
    prune_removes_the_orphans(&scratch);
}

/// The dead hold their locks for half an hour; restic is asked to remove them, as an operator would.
fn prune_removes_the_orphans(scratch: &Scratch) {
    let repository = scratch.open();
    if fs::read_dir(scratch.path("repository/locks")).unwrap().count() > 0 {
        assert!(matches!(
            repository.plan_prune(&Limits::default()),
            Err(Error::Held { .. })
        ));
        scratch.restic(&["unlock", "--remove-all"]);
    }
    let plan = repository
        .plan_prune(&Limits {
            now: true,
            ..Limits::default()
        })
        .unwrap();
    repository.prune(plan, &Watch::new()).unwrap();
    let report = repository.check(Depth::Read, &Watch::new()).unwrap();
    let untidy = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Untidy)
        .count();
    assert!(report.is_sound() && untidy == 0, "{report:?}");
    scratch.restic(&["check", "--read-data"]);
}

fn start(scratch: &Scratch, source: &Path) -> Child {
    let mut command = Command::new(example());
    command
        .arg(scratch.path("."))
        .arg(scratch.path("password"))
        .arg(source)
        .stdout(Stdio::null());
    command.spawn().unwrap()
}

/// Objects in the repository.
fn written(scratch: &Scratch) -> u64 {
    let mut count = 0;
    let mut folders = vec![scratch.path("repository")];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else {
            continue;
        };
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(_) => count += 1,
                Err(_) => {}
            }
        }
    }
    count
}
