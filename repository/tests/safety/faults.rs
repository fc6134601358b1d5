//! The store fails, row by row of section 7: what is said, what the exit code is, and what is left in the repository.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mainstay_repository::error::Operation;
use mainstay_repository::restic::check::Depth;
use mainstay_repository::restic::prune::Limits;
use mainstay_repository::restic::restore::Target;
use mainstay_repository::restic::{self, Location, Place, Repository, Selection, TreeSource, Which};
use mainstay_repository::store::faulty::{Faulty, Request};
use mainstay_repository::store::{Address, Directory};
use mainstay_repository::{Error, Secret, Watch};

use crate::fixture::{PASSWORD, Scratch, noise, note, options};

/// The scratch's repository behind a store that follows `rule`.
fn faulty(
    scratch: &Scratch,
    rule: impl Fn(Request<'_>) -> Option<Error> + Send + Sync + 'static,
) -> Box<dyn Repository> {
    let inner = Directory::new(scratch.path(".")).unwrap();
    let store = Faulty::new(Arc::new(inner), rule);
    let location = Location {
        address: Address::Open(Arc::new(store)),
        prefix: "repository".to_owned(),
    };
    restic::open(&location, &Secret::new(PASSWORD), &options()).unwrap()
}

fn source(scratch: &Scratch) -> TreeSource {
    let source = scratch.path("source");
    fs::create_dir_all(&source).unwrap();
    for number in 0..40 {
        fs::write(source.join(format!("{number}")), noise(number, 1_000_000)).unwrap();
    }
    TreeSource::new(source)
}

fn faults() -> Vec<fn(&str) -> Error> {
    vec![
        |key| Error::Throttled {
            status: 503,
            code: "SlowDown".into(),
            seconds: 900,
            key: key.into(),
        },
        |_| Error::Unreachable {
            endpoint: "http://minio:9000".into(),
            cause: "connection refused".into(),
        },
        |key| Error::Denied {
            operation: Operation::PutObject,
            key: key.into(),
        },
        |_| Error::Expired,
        |_| Error::Bucket { bucket: "db".into() },
    ]
}

#[test]
fn a_write_that_fails_ends_the_backup_with_its_own_fault() {
    let scratch = Scratch::new();
    let tree = source(&scratch);
    scratch.init();
    for (round, fault) in faults().into_iter().enumerate() {
        for (place, folder) in ["data/", "index/", "snapshots/"].into_iter().enumerate() {
            // Something new each time, or there would be nothing to write.
            fs::write(
                tree.path.join("new"),
                noise((1_000 + 10 * round + place) as u64, 1_000_000),
            )
            .unwrap();
            let refusing = move |request: Request<'_>| {
                let hit = request.operation == Operation::PutObject && request.key.contains(folder);
                hit.then(|| fault("k"))
            };
            let backup = faulty(&scratch, refusing).backup_tree(&tree, &note(&[]), &Watch::new());
            let failed = backup.unwrap_err();
            assert_eq!(failed.to_string(), fault("k").to_string(), "{folder}");
            assert_eq!(failed.exit(), fault("k").exit());
            left_clean(&scratch);
        }
    }
}

#[test]
fn a_store_that_fails_is_not_read_for_to_the_end() {
    let scratch = Scratch::new();
    let tree = source(&scratch);
    scratch.init();
    let refusing = |request: Request<'_>| {
        let hit = request.operation == Operation::PutObject && request.key.contains("data/");
        hit.then_some(Error::Expired)
    };
    let watch = Watch::new();
    faulty(&scratch, refusing)
        .backup_tree(&tree, &note(&[]), &watch)
        .unwrap_err();
    assert!(
        watch.progress().bytes < 39_000_000,
        "all of the source was read: {:?}",
        watch.progress()
    );
}

#[test]
fn a_cancel_ends_backup_and_restore() {
    let scratch = Scratch::new();
    let tree = source(&scratch);
    scratch.init();
    let (watch, inner) = (Watch::new(), Watch::new());
    let cancelled = inner.clone();
    let at_second_pack = AtomicU64::new(0);
    let cancelling = move |request: Request<'_>| {
        let pack = request.operation == Operation::PutObject && request.key.contains("data/");
        if pack && at_second_pack.fetch_add(1, Ordering::Relaxed) == 1 {
            cancelled.cancel();
        }
        None
    };
    let backup = faulty(&scratch, cancelling).backup_tree(&tree, &note(&[]), &inner);
    assert!(matches!(backup, Err(Error::Cancelled)), "{backup:?}");
    left_clean(&scratch);

    let repository = scratch.open();
    repository.backup_tree(&tree, &note(&[]), &watch).unwrap();
    let place = Place {
        snapshot: Which::Latest(Selection::all()),
        path: String::new(),
    };
    let plan = repository
        .plan_restore(&place, &Target::new(scratch.path("target")))
        .unwrap();
    assert!(matches!(repository.restore(plan, &inner), Err(Error::Cancelled)));
    assert_eq!(fs::read_dir(scratch.path("repository/locks")).unwrap().count(), 0);
}

#[test]
fn a_read_that_fails_ends_the_restore_and_leaves_no_half_file() {
    let scratch = Scratch::new();
    let tree = source(&scratch);
    scratch
        .init()
        .backup_tree(&tree, &note(&[]), &Watch::new())
        .unwrap();
    let reads = AtomicU64::new(0);
    let failing = move |request: Request<'_>| {
        let hit = request.operation == Operation::GetObject
            && request.key.contains("data/")
            && reads.fetch_add(1, Ordering::Relaxed) > 12;
        hit.then(|| Error::Unreachable {
            endpoint: "http://minio:9000".into(),
            cause: "gone".into(),
        })
    };
    let repository = faulty(&scratch, failing);
    let target = scratch.path("target");
    let newest = Place {
        snapshot: Which::Latest(Selection::all()),
        path: tree.path.to_str().unwrap().to_owned(),
    };
    let plan = repository.plan_restore(&newest, &Target::new(&target)).unwrap();
    let failed = repository.restore(plan, &Watch::new()).unwrap_err();
    assert_eq!(failed.to_string(), "failed to reach http://minio:9000: gone");
    for entry in fs::read_dir(&target).unwrap() {
        let entry = entry.unwrap();
        let number: u64 = entry
            .file_name()
            .to_str()
            .unwrap()
            .parse()
            .expect("no temporary file is left");
        assert!(fs::read(entry.path()).unwrap() == noise(number, 1_000_000));
    }
}

#[test]
fn deletes_that_are_refused_change_nothing_that_matters() {
    let scratch = Scratch::new();
    let tree = source(&scratch);
    let repository = scratch.init();
    repository.backup_tree(&tree, &note(&[]), &Watch::new()).unwrap();
    let locked = |request: Request<'_>| {
        let hit = request.operation == Operation::DeleteObject && !request.key.contains("locks/");
        hit.then(|| Error::Locked {
            key: request.key.to_owned(),
        })
    };
    let repository = faulty(&scratch, locked);
    repository.backup_tree(&tree, &note(&[]), &Watch::new()).unwrap();
    let plan = repository.plan_forget(&Selection::all()).unwrap();
    assert!(matches!(repository.forget(plan), Err(Error::Locked { .. })));
    assert_eq!(scratch.open().list(&Selection::all()).unwrap().len(), 2);
    assert!(
        scratch
            .open()
            .check(Depth::Read, &Watch::new())
            .unwrap()
            .is_sound()
    );
}

#[test]
fn a_listing_that_is_incomplete_stops_a_prune_and_is_no_damage() {
    let scratch = Scratch::new();
    let tree = source(&scratch);
    scratch
        .init()
        .backup_tree(&tree, &note(&[]), &Watch::new())
        .unwrap();
    let inner = Directory::new(scratch.path(".")).unwrap();
    let store = Faulty::new(Arc::new(inner), |_| None).hiding(|key| key.contains("/data/"));
    let location = Location {
        address: Address::Open(Arc::new(store)),
        prefix: "repository".to_owned(),
    };
    let repository = restic::open(&location, &Secret::new(PASSWORD), &options()).unwrap();
    let plan = repository
        .plan_prune(&Limits {
            now: true,
            ..Limits::default()
        })
        .unwrap_err();
    let message = plan.to_string();
    assert!(
        message.starts_with("listing of data/ is incomplete: "),
        "{message}"
    );
    assert!(
        repository
            .check(Depth::Structure, &Watch::new())
            .unwrap()
            .is_sound()
    );
}

/// No snapshot, no lock, no damage; packs may have stayed.
fn left_clean(scratch: &Scratch) {
    let repository = scratch.open();
    assert_eq!(repository.list(&Selection::all()).unwrap(), []);
    let report = repository.check(Depth::Read, &Watch::new()).unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(fs::read_dir(scratch.path("repository/locks")).unwrap().count(), 0);
}
