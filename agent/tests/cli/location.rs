//! `location push`, `pull` and `delete`.

use std::fmt::Write as _;

use crate::harness::Room;

#[test]
fn push_and_pull_print_nothing_and_keep_the_bytes() {
    let room = Room::new();
    let content: Vec<u8> = (0..20_000_000_u32).map(|index| (index % 251) as u8).collect();
    room.write("dump", &content);
    let push = room.agent([
        "location",
        "push",
        "$ROOM/dump",
        "--path",
        "/dumps//one",
        "--directory",
        "$ROOM/bucket",
    ]);
    assert_eq!(push, "exit 0\n");
    assert_eq!(room.tree("bucket"), ["dumps/one 20000000"]);

    let pull = room.agent([
        "location",
        "pull",
        "$ROOM/back",
        "-s",
        "dumps/one",
        "--directory",
        "$ROOM/bucket",
    ]);
    assert_eq!(pull, "exit 0\n");
    assert!(std::fs::read(room.path("back")).unwrap() == content);
}

#[test]
fn streams_go_through_standard_input_and_output() {
    let room = Room::new();
    let push = [
        "location",
        "-s",
        "a",
        "push",
        "-",
        "--directory",
        "$ROOM/bucket",
        "-o",
        "unused",
    ];
    assert_eq!(room.agent_reading(push, b"one line\n"), "exit 0\n");
    let pull = ["location", "pull", "-", "-s", "a", "--directory", "$ROOM/bucket"];
    insta::assert_snapshot!(room.agent(pull), @"
    exit 0
    stdout: one line
    ");
}

#[test]
fn pull_replaces_a_longer_file_whole() {
    let room = Room::new();
    room.write("bucket/a", "short");
    room.write("target", "something much longer");
    room.agent([
        "location",
        "pull",
        "$ROOM/target",
        "-s",
        "a",
        "--directory",
        "$ROOM/bucket",
    ]);
    assert_eq!(std::fs::read_to_string(room.path("target")).unwrap(), "short");
}

#[test]
fn delete_takes_the_object_and_its_folder() {
    let room = Room::new();
    for name in ["a", "ab", "b/one", "b/two", "bc"] {
        room.write(&format!("bucket/{name}"), "x");
    }
    for path in ["a", "b", "not-there"] {
        let deleted = room.agent(["location", "delete", "-s", path, "--directory", "$ROOM/bucket"]);
        assert_eq!(deleted, "exit 0\n");
    }
    assert_eq!(room.tree("bucket"), ["ab 1", "bc 1"]);
}

#[test]
fn delete_by_prefix_is_a_choice() {
    let room = Room::new();
    for name in ["a/a", "a/ab", "b"] {
        room.write(&format!("bucket/{name}"), "x");
    }
    room.agent([
        "location",
        "delete",
        "-s",
        "a/a",
        "--by-prefix",
        "--directory",
        "$ROOM/bucket",
    ]);
    assert_eq!(room.tree("bucket"), ["b 1"]);
}

#[test]
fn a_missing_object_leaves_no_file() {
    let room = Room::new();
    std::fs::create_dir(room.path("bucket")).unwrap();
    insta::assert_snapshot!(
        room.kando(["location", "pull", "$ROOM/target", "-s", "a", "--directory", "$ROOM/bucket"]),
        @"
    exit 69
    stderr: Error: no object a
    "
    );
    assert!(!room.path("target").exists());
}

#[test]
fn profiles_that_cannot_be_used() {
    let room = Room::new();
    room.write("profile.json", "null");
    let cases: [&[&str]; 6] = [
        &[],
        &["-p", "null"],
        &["-p", "{"],
        &["-p", "@$ROOM/profile.json"],
        &["-p", "@$ROOM/no-such-file"],
        &[
            "-p",
            r#"{"Location":{"type":"kopia"},"Credential":{"Type":"kopia"}}"#,
        ],
    ];
    let mut shown = String::new();
    for profile in cases {
        let words = ["location", "push", "-", "-s", "a"]
            .iter()
            .chain(profile)
            .copied();
        writeln!(shown, "{profile:?}").unwrap();
        shown.push_str(&room.kando(words));
    }
    insta::assert_snapshot!(shown, @r#"
    []
    exit 69
    stderr: Error: a profile is needed: --profile
    ["-p", "null"]
    exit 69
    stderr: Error: no profile was given
    ["-p", "{"]
    exit 69
    stderr: Error: profile is not valid JSON: EOF while parsing an object at line 1 column 1
    ["-p", "@$ROOM/profile.json"]
    exit 69
    stderr: Error: no profile was given
    ["-p", "@$ROOM/no-such-file"]
    exit 69
    stderr: Error: failed to read $ROOM/no-such-file: No such file or directory (os error 2)
    ["-p", "{\"Location\":{\"type\":\"kopia\"},\"Credential\":{\"Type\":\"kopia\"}}"]
    exit 69
    stderr: Error: location type kopia is not supported; use an object store profile
    "#);
}

#[test]
fn an_empty_path_is_refused() {
    let room = Room::new();
    insta::assert_snapshot!(
        room.agent(["location", "delete", "--directory", "$ROOM"]),
        @r#"
    exit 1
    stderr: Error: not a usable object path: ""
    "#
    );
}
