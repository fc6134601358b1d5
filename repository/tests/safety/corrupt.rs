//! Damage of every kind to every kind of file: a check finds it and names what it concerns, and a restore gives whole content or
//! a fault, never a wrong byte.

use std::fs;
use std::path::{Path, PathBuf};

use mainstay_repository::Watch;
use mainstay_repository::restic::check::{Depth, Finding, Severity};
use mainstay_repository::restic::restore::Target;
use mainstay_repository::restic::{Place, Selection, TreeSource, Which};

use crate::fixture::{Scratch, noise, note};

/// What is done to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Flip,
    Truncate,
    Delete,
    Swap,
    Append,
}

const ALL: [Damage; 5] = [
    Damage::Flip,
    Damage::Truncate,
    Damage::Delete,
    Damage::Swap,
    Damage::Append,
];

impl Damage {
    fn apply(self, file: &Path, other: &Path) {
        let mut content = fs::read(file).unwrap();
        match self {
            Self::Flip => {
                let middle = content.len() / 2;
                content[middle] ^= 1;
                fs::write(file, content).unwrap();
            }
            Self::Truncate => fs::write(file, &content[..content.len() / 2]).unwrap(),
            Self::Delete => fs::remove_file(file).unwrap(),
            Self::Swap => {
                fs::write(file, fs::read(other).unwrap()).unwrap();
                fs::write(other, content).unwrap();
            }
            Self::Append => {
                content.extend_from_slice(b"more");
                fs::write(file, content).unwrap();
            }
        }
    }
}

/// Two backups, so that there are two files of every kind; both trees on request.
fn made() -> Scratch {
    let scratch = Scratch::new();
    let source = scratch.path("source");
    let repository = scratch.init();
    for number in 0..2 {
        fs::create_dir_all(source.join(format!("folder {number}"))).unwrap();
        fs::write(
            source.join(format!("folder {number}/file")),
            noise(number, 900_000),
        )
        .unwrap();
        repository
            .backup_tree(&TreeSource::new(&source), &note(&[]), &Watch::new())
            .unwrap();
    }
    scratch
}

/// Files of one kind, and of packs those with trees or those with content, told by their size.
fn files(scratch: &Scratch, folder: &str, large: Option<bool>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![scratch.path("repository").join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if large.is_none_or(|large| (entry.metadata().unwrap().len() > 100_000) == large) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

/// Restores all snapshots; each file that comes back must be whole.
fn never_a_wrong_byte(scratch: &Scratch, what: &str) {
    let Ok(repository) = scratch.try_open() else {
        return;
    };
    let Ok(snapshots) = repository.list(&Selection::all()) else {
        return;
    };
    for snapshot in snapshots {
        let target = scratch.path("target");
        let place = Place {
            snapshot: Which::Id(snapshot.id.to_string()),
            path: String::new(),
        };
        let Ok(plan) = repository.plan_restore(&place, &Target::new(&target)) else {
            continue;
        };
        let Ok(report) = repository.restore(plan, &Watch::new()) else {
            continue;
        };
        let root = target.join(scratch.path("source").strip_prefix("/").unwrap());
        let mut whole = 0;
        for number in 0..2 {
            let Ok(content) = fs::read(root.join(format!("folder {number}/file"))) else {
                continue;
            };
            assert!(
                content == noise(number, 900_000),
                "{what}: a wrong byte in file {number}"
            );
            whole += 1;
        }
        assert!(
            report.failure_count > 0 || whole > 0,
            "{what}: nothing came back and nothing was said"
        );
        fs::remove_dir_all(&target).unwrap();
    }
}

#[test]
fn damage_is_found_and_never_restored() {
    let scratch = made();
    copy(&scratch.path("repository"), &scratch.path("whole"));
    let kinds = [
        ("index", None),
        ("snapshots", None),
        ("data", Some(false)),
        ("data", Some(true)),
    ];
    for (folder, large) in kinds {
        for damage in ALL {
            let what = format!("{damage:?} of {folder} {large:?}");
            let found = files(&scratch, folder, large);
            assert!(found.len() >= 2, "{what}: {found:?}");
            damage.apply(&found[0], &found[1]);
            // A snapshot that is deleted is a snapshot that was forgotten: nobody can tell.
            let silent = folder == "snapshots" && matches!(damage, Damage::Delete);
            let report = scratch.open().check(Depth::Read, &Watch::new()).unwrap();
            assert_eq!(report.is_sound(), silent, "{what}: {report:?}");
            never_a_wrong_byte(&scratch, &what);
            repair(&scratch);
        }
    }
}

#[test]
fn a_damaged_config_or_key_opens_nothing() {
    let scratch = made();
    copy(&scratch.path("repository"), &scratch.path("whole"));
    let key = files(&scratch, "keys", None).remove(0);
    for file in [scratch.path("repository/config"), key] {
        for damage in [Damage::Flip, Damage::Truncate, Damage::Delete, Damage::Append] {
            damage.apply(&file, Path::new(""));
            scratch.try_open().unwrap_err();
            repair(&scratch);
        }
    }
    scratch.try_open().unwrap();
}

/// The repository as it was before any damage.
fn repair(scratch: &Scratch) {
    fs::remove_dir_all(scratch.path("repository")).unwrap();
    copy(&scratch.path("whole"), &scratch.path("repository"));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_finding_names_snapshots_and_paths() {
    let scratch = made();
    let content = files(&scratch, "data", Some(true));
    for pack in &content {
        Damage::Flip.apply(pack, Path::new(""));
    }
    let repository = scratch.open();
    let report = repository.check(Depth::Read, &Watch::new()).unwrap();
    let snapshots: Vec<String> = repository
        .list(&Selection::all())
        .unwrap()
        .iter()
        .map(|snapshot| snapshot.id.short().to_owned())
        .collect();
    let source = scratch.path("source");
    let first = report
        .findings
        .iter()
        .find(|finding| finding.snapshots.len() == 2)
        .unwrap();
    let Finding {
        severity,
        object,
        cause,
        snapshots: named,
        paths,
    } = first;
    assert_eq!(*severity, Severity::Damage);
    assert!(object.starts_with("blob "), "{object}");
    assert_eq!(cause, "it is not what its name says");
    let (mut named, mut expected) = (named.clone(), snapshots);
    named.sort();
    expected.sort();
    assert_eq!(named, expected);
    assert_eq!(*paths, [source.join("folder 0/file").to_str().unwrap()]);
    // Without reading, only what listings and trees show is found.
    assert!(
        repository
            .check(Depth::Structure, &Watch::new())
            .unwrap()
            .is_sound()
    );
}

#[test]
fn what_is_whole_is_restored_beside_what_is_not() {
    let scratch = made();
    let content = files(&scratch, "data", Some(true));
    Damage::Delete.apply(&content[0], Path::new(""));
    let repository = scratch.open();
    let target = scratch.path("target");
    let newest = Place {
        snapshot: Which::Latest(Selection::all()),
        path: String::new(),
    };
    let plan = repository.plan_restore(&newest, &Target::new(&target)).unwrap();
    let report = repository.restore(plan, &Watch::new()).unwrap();
    assert_eq!((report.files, report.failure_count), (1, 1));
    let cause = &report.failures[0].cause;
    assert!(
        cause.starts_with("blob ") && cause.contains(" is damaged (pack "),
        "{cause}"
    );
}
