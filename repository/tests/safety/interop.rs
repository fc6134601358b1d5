//! What we write restic reads, and the reverse. The program is Debian's restic 0.14; without it these tests fail, as a
//! compatibility that nobody looked at is none.

use std::fs;

use mainstay_repository::Watch;
use mainstay_repository::restic::check::{Depth, Report};
use mainstay_repository::restic::prune::Limits;
use mainstay_repository::restic::restore::Target;
use mainstay_repository::restic::{Outcome, Place, Selection, TreeSource};

use crate::fixture::{Scratch, described, note, rich_tree};

#[test]
fn restic_reads_what_we_write() {
    let scratch = Scratch::new();
    let source = scratch.path("source");
    rich_tree(&source);
    let backup = scratch
        .init()
        .backup_tree(&TreeSource::new(&source), &note(&["t1"]), &Watch::new())
        .unwrap();
    assert_eq!(
        (backup.outcome, backup.failures, backup.remarks),
        (Outcome::Complete, vec![], vec![])
    );

    let listed = scratch.restic(&["snapshots", "--tag", "t1"]);
    assert!(listed.contains(backup.snapshot.short()), "{listed}");
    scratch.restic(&["check", "--read-data"]);
    let target = scratch.path("target");
    scratch.restic(&[
        "restore",
        backup.snapshot.short(),
        "--target",
        target.to_str().unwrap(),
    ]);
    let restored = target.join(source.strip_prefix("/").unwrap());
    pretty_assertions(&described(&source), &described(&restored));
}

#[test]
fn we_read_what_restic_writes() {
    for version in ["1", "2"] {
        let scratch = Scratch::new();
        let source = scratch.path("source");
        rich_tree(&source);
        scratch.restic(&["init", "--repository-version", version]);
        scratch.restic(&[
            "backup",
            "--tag",
            "t2",
            "--host",
            "pod-0",
            source.to_str().unwrap(),
        ]);

        let repository = scratch.open();
        let listed = repository.list(&Selection::tag("t2")).unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].paths, [source.to_str().unwrap()]);
        assert_eq!(
            repository.check(Depth::Read, &Watch::new()).unwrap(),
            Report::default()
        );
        let place = Place::latest_with_tag("t2").at(source.to_str().unwrap());
        let target = scratch.path("target");
        let plan = repository.plan_restore(&place, &Target::new(&target)).unwrap();
        let report = repository.restore(plan, &Watch::new()).unwrap();
        assert_eq!(report.failures, []);
        pretty_assertions(&described(&source), &described(&target));
    }
}

/// A second backup of the same tree by the other program finds all content there.
#[test]
fn both_cut_content_alike() {
    let scratch = Scratch::new();
    let source = scratch.path("source");
    rich_tree(&source);
    scratch
        .init()
        .backup_tree(&TreeSource::new(&source), &note(&[]), &Watch::new())
        .unwrap();
    let before = data_blobs(&scratch);
    scratch.restic(&["backup", "--host", "pod-0", "--force", source.to_str().unwrap()]);
    assert_eq!(data_blobs(&scratch), before);

    let scratch = Scratch::new();
    scratch.restic(&["init"]);
    scratch.restic(&["backup", "--host", "pod-0", source.to_str().unwrap()]);
    let before = data_blobs(&scratch);
    let again = TreeSource {
        read_all: true,
        ..TreeSource::new(&source)
    };
    let backup = scratch
        .open()
        .backup_tree(&again, &note(&[]), &Watch::new())
        .unwrap();
    assert_eq!(data_blobs(&scratch), before);
    assert!(
        backup.added < 100_000,
        "only trees were added, but {} bytes",
        backup.added
    );
}

#[test]
fn forget_and_prune_leave_what_restic_can_check() {
    let scratch = Scratch::new();
    let source = scratch.path("source");
    rich_tree(&source);
    let repository = scratch.init();
    let first = repository
        .backup_tree(&TreeSource::new(&source), &note(&["old"]), &Watch::new())
        .unwrap();
    fs::remove_file(source.join("large")).unwrap();
    repository
        .backup_tree(&TreeSource::new(&source), &note(&["new"]), &Watch::new())
        .unwrap();

    let plan = repository
        .plan_forget(&Selection::id(first.snapshot.short()))
        .unwrap();
    assert_eq!(plan.snapshots.len(), 1);
    repository.forget(plan).unwrap();
    let limits = Limits {
        now: true,
        unused_percent: 0,
    };
    let plan = repository.plan_prune(&limits).unwrap();
    let report = repository.prune(plan, &Watch::new()).unwrap();
    assert!(report.freed > 9 << 20, "{report:?}");
    assert_eq!(
        repository.check(Depth::Read, &Watch::new()).unwrap(),
        Report::default()
    );
    scratch.restic(&["check", "--read-data"]);
    assert_eq!(repository.list(&Selection::all()).unwrap().len(), 1);
}

/// Without `now` packs are marked first; nothing that restic needs is missing at any moment.
#[test]
fn a_prune_deletes_what_an_earlier_one_marked() {
    let scratch = Scratch::new();
    let source = scratch.path("source");
    rich_tree(&source);
    let repository = scratch.init();
    repository
        .backup_tree(&TreeSource::new(&source), &note(&["old"]), &Watch::new())
        .unwrap();
    fs::remove_file(source.join("large")).unwrap();
    repository
        .backup_tree(&TreeSource::new(&source), &note(&["new"]), &Watch::new())
        .unwrap();
    repository
        .forget(repository.plan_forget(&Selection::tag("old")).unwrap())
        .unwrap();
    let prune = |now| {
        let plan = repository
            .plan_prune(&Limits {
                now,
                unused_percent: 0,
            })
            .unwrap();
        repository.prune(plan, &Watch::new()).unwrap()
    };
    let first = prune(false);
    assert!(
        first.marked > 9 << 20 && first.freed == 0 && first.deleted_packs == 0,
        "{first:?}"
    );
    scratch.restic(&["check", "--read-data"]);
    // Too young to go, unless that is asked for.
    let second = prune(false);
    assert_eq!((second.deleted_packs, second.freed), (0, 0));
    let last = prune(true);
    assert!(last.freed > 9 << 20 && last.deleted_packs > 0, "{last:?}");
    assert_eq!(
        repository.check(Depth::Read, &Watch::new()).unwrap(),
        Report::default()
    );
    scratch.restic(&["check", "--read-data"]);
}

#[test]
fn a_wrong_password_and_no_repository_are_told_apart() {
    use mainstay_repository::{Error, Secret, restic};
    let scratch = Scratch::new();
    assert!(matches!(scratch.try_open(), Err(Error::Absent { .. })));
    scratch.init();
    let wrong = restic::open(
        &scratch.location(),
        &Secret::new("wrong"),
        &crate::fixture::options(),
    );
    assert!(matches!(wrong, Err(Error::Password)));
    let again = restic::init(
        &scratch.location(),
        &Secret::new("wrong"),
        &crate::fixture::options(),
    );
    assert!(matches!(again, Err(Error::Present { .. })));
    scratch.try_open().unwrap();
}

fn data_blobs(scratch: &Scratch) -> usize {
    let blobs = scratch.restic(&["list", "blobs"]);
    blobs.lines().filter(|line| line.starts_with("data")).count()
}

/// Equal, or the lines that differ.
fn pretty_assertions(expected: &str, found: &str) {
    let missing: Vec<&str> = expected
        .lines()
        .filter(|line| !found.lines().any(|other| other == *line))
        .collect();
    let added: Vec<&str> = found
        .lines()
        .filter(|line| !expected.lines().any(|other| other == *line))
        .collect();
    assert!(
        missing.is_empty() && added.is_empty(),
        "expected {missing:#?}\nfound {added:#?}"
    );
}
