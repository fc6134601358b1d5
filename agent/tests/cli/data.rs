//! `data`: backup, restore, delete, stats and check, on a repository in a folder.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use crate::harness::Room;

const REPOSITORY: [&str; 4] = ["--access", "$ROOM/access", "--repository", "bucket/volumes/db"];

/// A room with a document that opens `$ROOM/store`, and files to back up.
fn room() -> Room {
    let room = Room::new();
    room.write("access", access(&room, "secret"));
    room.write("files/one", "first");
    room.write("files/sub/two", "second".repeat(1000));
    std::os::unix::fs::symlink("one", room.path("files/link")).unwrap();
    room
}

fn access(room: &Room, password: &str) -> String {
    serde_json::json!({"directory": room.path("store"), "password": password}).to_string()
}

fn data(room: &Room, command: &str, words: &[&str]) -> String {
    room.agent(["data", command].iter().chain(&REPOSITORY).chain(words).copied())
}

fn backup(room: &Room, tag: &str) -> String {
    data(room, "backup", &["--tag", tag, "--host", "db-0", "$ROOM/files"])
}

/// The value of an output.
fn output(shown: &str, key: &str) -> String {
    let line = format!("stdout: ###Phase-output###: {{\"key\":\"{key}\",\"value\":\"");
    let value = shown
        .lines()
        .find_map(|shown| shown.strip_prefix(&line)?.strip_suffix("\"}"));
    assert!(value.is_some(), "no {key} in:\n{shown}");
    value.unwrap_or_default().to_owned()
}

/// What is shown, without progress, which depends on time, and without what is different in every backup.
fn stable(shown: &str) -> String {
    let mut stable = String::new();
    for line in shown
        .lines()
        .filter(|line| !line.contains("###Mainstay-progress###"))
    {
        let line = ["backupID", "phySize"]
            .into_iter()
            .fold(line.to_owned(), |line, key| {
                let before = format!(r#""key":"{key}","value":""#);
                match line.split_once(&before) {
                    Some((marker, value)) if value != "\"}" => format!("{marker}{before}<{key}>\"}}"),
                    _ => line,
                }
            });
        writeln!(stable, "{line}").unwrap();
    }
    stable
}

#[test]
fn backup_and_restore_bring_everything_back() {
    let room = room();
    let shown = backup(&room, "t1");
    insta::assert_snapshot!(stable(&shown), @r#"
    exit 0
    stdout: ###Phase-output###: {"key":"backupID","value":"<backupID>"}
    stdout: ###Phase-output###: {"key":"fileCount","value":"2"}
    stdout: ###Phase-output###: {"key":"size","value":"5.864 KiB"}
    stdout: ###Phase-output###: {"key":"phySize","value":"<phySize>"}
    "#);
    let id = output(&shown, "backupID");

    let restored = data(&room, "restore", &["--snapshot", &id, "$ROOM/back"]);
    assert_eq!(stable(&restored), "exit 0\n");
    let files = room.path("files");
    let under = format!("back{}", files.display());
    assert_eq!(room.tree(&under), room.tree("files"));

    // Once more over what is there, by tag and only a part of it.
    let part = format!("{}/sub", files.display());
    let restored = data(
        &room,
        "restore",
        &["--tag", "t1", "--subtree", &part, "$ROOM/part"],
    );
    assert_eq!(stable(&restored), "exit 0\n");
    assert_eq!(room.tree("part"), ["two 6000"]);
}

#[test]
fn progress_is_reported_on_standard_error() {
    let room = room();
    let shown = backup(&room, "t1");
    let last = shown
        .lines()
        .rfind(|line| line.contains("###Mainstay-progress###"));
    insta::assert_snapshot!(last.unwrap(), @r#"stderr: ###Mainstay-progress###: {"bytes":6005,"total":0,"files":5}"#);
}

#[test]
fn a_backup_with_the_same_tag_is_made_once() {
    let room = room();
    let first = backup(&room, "t1");
    let again = backup(&room, "t1");
    let other = backup(&room, "t2");
    assert_eq!(output(&first, "backupID"), output(&again, "backupID"));
    assert_eq!(output(&first, "fileCount"), output(&again, "fileCount"));
    assert_eq!(output(&first, "size"), output(&again, "size"));
    assert_ne!(output(&first, "backupID"), output(&other, "backupID"));
    assert_eq!(room.tree("store/bucket/volumes/db/snapshots").len(), 2);
}

#[test]
fn what_is_not_there_makes_no_snapshot() {
    let room = room();
    let shown = data(&room, "backup", &["--tag", "t", "--host", "h", "$ROOM/nope"]);
    insta::assert_snapshot!(stable(&shown), @"
    exit 1
    stderr: Error: failed to read $ROOM/nope: No such file or directory (os error 2)
    ");
}

#[test]
fn deleted_backups_are_gone_and_their_space_comes_back() {
    let room = room();
    let id = output(&backup(&room, "t1"), "backupID");
    let kept = output(&backup(&room, "t2"), "backupID");
    insta::assert_snapshot!(stable(&data(&room, "delete", &["--snapshot", &id])), @r#"
    exit 0
    stdout: ###Phase-output###: {"key":"spaceFreed","value":"0 B"}
    "#);
    // Again: gone is gone.
    insta::assert_snapshot!(stable(&data(&room, "delete", &["--snapshot", &id]).replace(&id, "<id>")), @r#"
    exit 0
    stdout: ###Phase-output###: {"key":"spaceFreed","value":"0 B"}
    stderr:  WARN no snapshot matches <id>; nothing was deleted
    "#);
    assert_eq!(
        stable(&data(&room, "restore", &["--snapshot", &kept, "$ROOM/back"])),
        "exit 0\n"
    );

    let deleted = data(&room, "delete", &["--tag", "t2", "--reclaim-space"]);
    assert_ne!(output(&deleted, "spaceFreed"), "0 B");
    assert_eq!(room.tree("store/bucket/volumes/db/data"), Vec::<String>::new());
    insta::assert_snapshot!(stable(&data(&room, "restore", &["--tag", "t2", "$ROOM/back"])), @"
    exit 1
    stderr: Error: no snapshot matches tag t2
    ");
    insta::assert_snapshot!(stable(&data(&room, "delete", &["--tag", "t2"])), @"
    exit 1
    stderr: Error: no snapshot matches tag t2
    ");
    insta::assert_snapshot!(stable(&data(&room, "delete", &["--tag", "t2", "--allow-missing"])), @r#"
    exit 0
    stdout: ###Phase-output###: {"key":"spaceFreed","value":"0 B"}
    "#);
}

#[test]
fn each_deleted_backup_needs_its_repository() {
    let room = room();
    insta::assert_snapshot!(data(&room, "delete", &["--snapshot", "a", "--snapshot", "b"]), @r#"
    exit 1
    stderr: Error: 2 snapshots are to be deleted from 1 repositories: one repository is needed for each
    "#);
}

#[test]
fn stats_count_as_restic_does() {
    let room = room();
    let id = output(&backup(&room, "t1"), "backupID");
    for mode in ["restore-size", "files-by-contents", "blobs-per-file", "raw-data"] {
        let shown = data(&room, "stats", &["--snapshot", &id, "--mode", mode]);
        assert_eq!(output(&shown, "mode"), mode);
    }
    insta::assert_snapshot!(stable(&data(&room, "stats", &["--snapshot", &id])), @r#"
    exit 0
    stdout: ###Phase-output###: {"key":"mode","value":"restore-size"}
    stdout: ###Phase-output###: {"key":"fileCount","value":"7"}
    stdout: ###Phase-output###: {"key":"size","value":"5.864 KiB"}
    "#);
    insta::assert_snapshot!(stable(&data(&room, "stats", &["--snapshot", &id, "--mode", "all"])), @r#"
    exit 1
    stderr: Error: unknown stats mode "all"
    "#);
}

#[test]
fn check_answers_for_a_door_that_stays_closed() {
    let room = room();
    insta::assert_snapshot!(stable(&data(&room, "check", &[])), @r#"
    exit 0
    stdout: ###Phase-output###: {"key":"passwordIncorrect","value":"false"}
    stdout: ###Phase-output###: {"key":"repoUnavailable","value":"true"}
    "#);
    backup(&room, "t1");
    insta::assert_snapshot!(stable(&data(&room, "check", &[])), @r#"
    exit 0
    stdout: ###Phase-output###: {"key":"passwordIncorrect","value":"false"}
    stdout: ###Phase-output###: {"key":"repoUnavailable","value":"false"}
    "#);
    room.write("access", access(&room, "wrong"));
    insta::assert_snapshot!(stable(&data(&room, "check", &[])), @r#"
    exit 0
    stdout: ###Phase-output###: {"key":"passwordIncorrect","value":"true"}
    stdout: ###Phase-output###: {"key":"repoUnavailable","value":"false"}
    "#);
    insta::assert_snapshot!(stable(&backup(&room, "t2")), @"
    exit 12
    stderr: Error: wrong password for the repository
    ");
}

#[test]
fn the_document_may_come_from_standard_input() {
    let room = room();
    let document = access(&room, "secret") + "\n";
    let words = ["data", "check", "--access", "-", "--repository", "bucket/none"];
    insta::assert_snapshot!(stable(&room.agent_reading(words, document.as_bytes())), @r#"
    exit 0
    stdout: ###Phase-output###: {"key":"passwordIncorrect","value":"false"}
    stdout: ###Phase-output###: {"key":"repoUnavailable","value":"true"}
    "#);
}

#[test]
fn documents_that_cannot_be_used() {
    let room = room();
    let mut shown = String::new();
    for document in [
        "",
        "{",
        "{\"password\":\"s3cret\"}",
        "{\"password\":5,\"profile\":null}",
        "{\"pasword\":\"s3cret\"}",
    ] {
        room.write("access", document);
        writeln!(shown, "{document:?}").unwrap();
        shown.push_str(&stable(&data(&room, "check", &[])));
    }
    std::fs::remove_file(room.path("access")).unwrap();
    shown.push_str(&stable(&data(&room, "check", &[])));
    insta::assert_snapshot!(shown, @r#"
    ""
    exit 1
    stderr: Error: access document cannot be used: line 1 column 0
    "{"
    exit 1
    stderr: Error: access document cannot be used: line 1 column 1
    "{\"password\":\"s3cret\"}"
    exit 1
    stderr: Error: access document needs either profile or directory
    "{\"password\":5,\"profile\":null}"
    exit 1
    stderr: Error: access document cannot be used: line 1 column 13
    "{\"pasword\":\"s3cret\"}"
    exit 1
    stderr: Error: access document cannot be used: line 1 column 10
    exit 1
    stderr: Error: failed to read $ROOM/access: No such file or directory (os error 2)
    "#);
}

#[test]
fn the_end_of_the_input_stops_an_attached_command_and_frees_the_repository() {
    let room = room();
    backup(&room, "t1");
    // Holes are stored as the zeros they are, so this file lasts for hours.
    let big = std::fs::File::create(room.path("files/big")).unwrap();
    big.set_len(1 << 40).unwrap();
    let mut child = room
        .command(
            std::path::Path::new(env!("CARGO_BIN_EXE_mainstay-agent")),
            [
                "data",
                "backup",
                "--access",
                "-",
                "--attached",
                "--repository",
                "bucket/volumes/db",
            ]
            .into_iter()
            .chain(["--tag", "t2", "--host", "db-0", "$ROOM/files"]),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{}", access(&room, "secret")).unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert!(
        lines.any(|line| line.contains("###Mainstay-progress###")),
        "it ended before it was stopped"
    );
    drop(input);
    let rest: Vec<String> = lines.collect();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130), "{rest:?}");
    assert_eq!(rest.last().map(String::as_str), Some("Error: cancelled"));
    assert_eq!(room.tree("store/bucket/volumes/db/locks"), Vec::<String>::new());
    assert_eq!(room.tree("store/bucket/volumes/db/snapshots").len(), 1);
}
