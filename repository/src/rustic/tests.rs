//! What can be shown only from inside: trees that no honest program writes, locks of another age, a pack that goes while the
//! lock was not ours.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustic_core::repofile::Tree;
use tempfile::TempDir;

use super::bridge::{Bridge, Folder};
use super::lock::rule::Lock;
use super::lock::{self, Kind};
use super::seal::{Key, id_of, json_of};
use super::{Restic, init, pack, restore, unlock};
use crate::restic::restore::{Report, Target};
use crate::restic::{Location, Options, Place};
use crate::store::Address;
use crate::{Error, Secret, Watch};

/// A repository in a folder that goes with the test.
pub(super) struct Scratch {
    pub(super) folder: TempDir,
    pub(super) restic: Arc<Restic>,
}

impl Scratch {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = Address::Directory(folder.path().join("store"));
        let location = Location {
            address,
            prefix: "r".to_owned(),
        };
        let options = Options {
            host: "pod-0".to_owned(),
            retry_lock: Duration::ZERO,
            settle: Duration::ZERO,
        };
        let password = Secret::new("x");
        init(&location, &password, &options).unwrap();
        let bridge = Arc::new(Bridge::connect(&location).unwrap());
        Self {
            folder,
            restic: Arc::new(unlock(&bridge, &password, &options).unwrap()),
        }
    }

    pub(super) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

/// Restores a snapshot of a tree that is written as it is.
fn restored(scratch: &Scratch, tree: &serde_json::Value) -> Report {
    let restic = &scratch.restic;
    let tree: Tree = serde_json::from_value(tree.clone()).unwrap();
    let id = pack::store_tree(restic, &tree).unwrap();
    let snapshot = serde_json::json!({
        "time": "2026-11-25T10:00:00Z", "tree": id, "paths": ["/data"], "hostname": "evil", "username": "evil",
    });
    let sealed = restic.key.seal_file(&json_of(&snapshot), 2).unwrap();
    let name = id_of(&sealed);
    restic.bridge.put(&Folder::Snapshots.file(&name), sealed).unwrap();
    let at = Place::id(name);
    let plan = restore::plan(restic, &at, &Target::new(scratch.path("target"))).unwrap();
    restore::carry_out(plan, &Watch::new()).unwrap()
}

fn node(name: &str, kind: &str) -> serde_json::Value {
    serde_json::json!({"name": name, "type": kind, "mode": 0o644, "content": []})
}

#[test]
fn names_that_lead_out_of_the_target_are_failures() {
    let scratch = Scratch::new();
    let names = ["", ".", "..", "../out", "/out", "a/../../out", "in/out"];
    let mut nodes: Vec<_> = names.iter().map(|name| node(name, "file")).collect();
    nodes.extend(names.iter().map(|name| node(name, "dir")));
    nodes.push(node("good", "file"));
    let report = restored(&scratch, &serde_json::json!({ "nodes": nodes }));
    assert_eq!((report.files, report.failure_count), (1, 14));
    for failure in &report.failures {
        assert_eq!(failure.cause, "its name is not one that a file can have");
    }
    assert_eq!(names_in(scratch.folder.path()), ["store", "target"]);
    assert_eq!(names_in(&scratch.path("target")), ["good"]);
}

#[test]
fn a_link_in_the_tree_is_not_followed_by_what_comes_after() {
    let scratch = Scratch::new();
    let outside = scratch.path("outside");
    fs::create_dir(&outside).unwrap();
    let inner = serde_json::from_value(serde_json::json!({"nodes": [node("file", "file")]})).unwrap();
    let subtree = pack::store_tree(&scratch.restic, &inner).unwrap();
    let link = serde_json::json!({"name": "a", "type": "symlink", "mode": 0o777, "linktarget": outside});
    let folder = serde_json::json!({"name": "a", "type": "dir", "mode": 0o755, "subtree": subtree});
    for nodes in [[link.clone(), folder.clone()], [folder, link]] {
        restored(&scratch, &serde_json::json!({ "nodes": nodes }));
        assert_eq!(names_in(&outside), Vec::<String>::new());
    }
    // A hard link whose first name was replaced by a link to elsewhere is made of nothing outside.
    fs::write(outside.join("secret"), b"secret").unwrap();
    let first = serde_json::json!({"name": "b", "type": "file", "mode": 0o644, "content": [], "links": 2, "inode": 7});
    let mut second = first.clone();
    second["name"] = "c".into();
    fs::create_dir_all(scratch.path("target")).unwrap();
    symlink(outside.join("secret"), scratch.path("target/b")).unwrap();
    restored(&scratch, &serde_json::json!({ "nodes": [first, second] }));
    assert_eq!(fs::read(scratch.path("target/c")).unwrap(), b"");
    assert_eq!(fs::read(outside.join("secret")).unwrap(), b"secret");
}

#[test]
fn trees_that_make_no_sense_are_failures_or_nothing() {
    let scratch = Scratch::new();
    let missing = "0".repeat(64);
    let nodes = serde_json::json!([
        {"name": "lost", "type": "dir", "mode": 0o755, "subtree": missing},
        {"name": "empty", "type": "dir", "mode": 0o755},
        {"name": "gone", "type": "file", "mode": 0o644, "size": 5, "content": [missing]},
        {"name": "socket", "type": "socket", "mode": 0o644},
    ]);
    let report = restored(&scratch, &serde_json::json!({ "nodes": nodes }));
    let mut causes: Vec<&str> = report
        .failures
        .iter()
        .map(|failure| failure.cause.as_str())
        .collect();
    causes.sort_unstable();
    assert_eq!(
        causes,
        [
            "blob 00000000 of /lost is damaged (pack none)",
            "blob 00000000 of gone is damaged (pack none)",
            "its content is not in the repository",
        ]
    );
    assert_eq!(names_in(&scratch.path("target")), ["empty", "lost"]);
}

#[test]
fn locks_count_while_they_are_fresh() {
    let scratch = Scratch::new();
    let Restic {
        bridge, key, options, ..
    } = &*scratch.restic;
    let acquire = |kind| lock::acquire(bridge, key, kind, options, &Watch::new());
    plant(bridge, key, 31, true);
    drop(acquire(Kind::Exclusive).unwrap());
    plant(bridge, key, 29, false);
    drop(acquire(Kind::Shared).unwrap());
    assert!(matches!(
        acquire(Kind::Exclusive),
        Err(Error::Held { exclusive: false, .. })
    ));
    plant(bridge, key, 1, true);
    assert!(matches!(
        acquire(Kind::Shared),
        Err(Error::Held { exclusive: true, .. })
    ));
    // Neither the stale nor the fresh ones are ours to remove, and ours are gone.
    assert_eq!(names_in(&scratch.path("store/r/locks")).len(), 3);
}

/// A lock of somebody else, last renewed so many minutes ago.
fn plant(bridge: &Bridge, key: &Key, minutes: i64, exclusive: bool) {
    let time = Timestamp::now() - SignedDuration::from_mins(minutes);
    let lock = Lock {
        time,
        exclusive,
        hostname: "other".into(),
        username: String::new(),
        pid: 1,
        uid: 0,
        gid: 0,
    };
    let sealed = key.seal(&json_of(&lock));
    bridge.put(&Folder::Locks.file(&id_of(&sealed)), sealed).unwrap();
}

pub(super) fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
