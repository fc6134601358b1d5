//! `stream push`.

use crate::harness::Room;

fn push(room: &Room, program: &[&str]) -> String {
    let words = [
        "stream",
        "push",
        "--path",
        "dump",
        "--directory",
        "$ROOM/bucket",
        "--",
    ];
    room.agent(words.iter().chain(program).copied())
}

#[test]
fn output_of_a_program_that_ends_well_is_stored() {
    let room = Room::new();
    assert_eq!(push(&room, &["printf", "%s", "rows"]), "exit 0\n");
    assert_eq!(std::fs::read_to_string(room.path("bucket/dump")).unwrap(), "rows");
}

#[test]
fn output_of_a_program_that_fails_is_not() {
    let room = Room::new();
    insta::assert_snapshot!(push(&room, &["sh", "-c", "head -c 30000000 /dev/zero; echo no space >&2; exit 2"]), @"
    exit 1
    stderr: Error: sh ended with status 2: no space
    ");
    assert_eq!(room.tree("bucket"), Vec::<String>::new());
}

#[test]
fn a_program_that_is_not_there() {
    let room = Room::new();
    insta::assert_snapshot!(push(&room, &["no-such-program"]), @"
    exit 1
    stderr: Error: failed to start no-such-program: No such file or directory (os error 2)
    ");
    insta::assert_snapshot!(push(&room, &[]), @"
    exit 1
    stderr: Error: the following required arguments were not provided: <PROGRAM>...
    ");
}
