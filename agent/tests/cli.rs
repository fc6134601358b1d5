//! The command line as a person or a script sees it: what is printed, where, and the exit code. Stores are folders.

#![expect(
    clippy::unwrap_used,
    reason = "what helpers of tests cannot do fails the test"
)]

#[path = "cli/data.rs"]
mod data;
#[path = "cli/harness.rs"]
mod harness;
#[path = "cli/location.rs"]
mod location;
#[path = "cli/stream.rs"]
mod stream;

use harness::Room;

#[test]
fn output_prints_one_line() {
    let room = Room::new();
    insta::assert_snapshot!(room.agent(["output", "key_1", "<a> & \"b\"\nsecond line"]), @r####"
    exit 0
    stdout: ###Phase-output###: {"key":"key_1","value":"\u003ca\u003e \u0026 \"b\"\nsecond line"}
    "####);
}

#[test]
fn output_takes_any_value() {
    let room = Room::new();
    let values = ["", "-5", "--flag"];
    let shown: Vec<String> = values.map(|value| room.agent(["output", "k", value])).into();
    insta::assert_snapshot!(shown.concat(), @r#"
    exit 0
    stdout: ###Phase-output###: {"key":"k","value":""}
    exit 0
    stdout: ###Phase-output###: {"key":"k","value":"-5"}
    exit 0
    stdout: ###Phase-output###: {"key":"k","value":"--flag"}
    "#);
}

#[test]
fn output_refuses_other_keys() {
    let room = Room::new();
    insta::assert_snapshot!(room.agent(["output", "a-b", "v"]), @r#"
    exit 1
    stderr: Error: key "a-b" is not made of letters, digits and underscores
    "#);
}

#[test]
fn kando_has_one_exit_code() {
    let room = Room::new();
    insta::assert_snapshot!(room.kando(["output", "a-b", "v"]), @r#"
    exit 69
    stderr: Error: key "a-b" is not made of letters, digits and underscores
    "#);
    insta::assert_snapshot!(room.kando(["output", "k", "v"]), @r####"
    exit 0
    stdout: ###Phase-output###: {"key":"k","value":"v"}
    "####);
    insta::assert_snapshot!(room.kando(["outptu", "k", "v"]), @"
    exit 69
    stderr: Error: unrecognized subcommand 'outptu'
    ");
}

#[test]
fn words_that_may_be_a_torn_secret_are_not_shown() {
    let room = Room::new();
    insta::assert_snapshot!(
        room.kando(["location", "push", "-", "-p", "{\"Secret\":\"it", "s-a-secret\"}", "-s", "x"]),
        @"
    exit 69
    stderr: Error: unexpected argument found; see kando --help
    "
    );
}

#[test]
fn version_is_json() {
    let room = Room::new();
    let shown = room.kando(["--version"]);
    let json = shown
        .lines()
        .nth(1)
        .and_then(|line| line.strip_prefix("stdout: "))
        .unwrap();
    let version: serde_json::Value = serde_json::from_str(json).unwrap();
    let members: Vec<&String> = version.as_object().unwrap().keys().collect();
    assert_eq!(members, ["buildDate", "gitCommit", "version"]);
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn help_is_about_the_name_it_was_called_by() {
    let room = Room::new();
    insta::assert_snapshot!(room.kando(["location", "--help"]), @"
    exit 0
    stdout: Push, pull and delete plain objects
    stdout: 
    stdout: Usage: kando location [OPTIONS] <COMMAND>
    stdout: 
    stdout: Commands:
    stdout:   push    Write a file, or standard input, to an object
    stdout:   pull    Write an object to a file, or to standard output
    stdout:   delete  Remove an object and everything below its path
    stdout:   help    Print this message or the help of the given subcommand(s)
    stdout: 
    stdout: Options:
    stdout:   -p, --profile <PROFILE>
    stdout:           Profile as JSON, or @FILE
    stdout:           
    stdout:           [env: MAINSTAY_PROFILE]
    stdout: 
    stdout:   -v, --verbosity <VERBOSITY>
    stdout:           How much to say on standard error
    stdout: 
    stdout:           Possible values:
    stdout:           - debug:   Everything
    stdout:           - info:    Each step
    stdout:           - warning: What a person should know
    stdout:           - error:   Errors
    stdout:           - fatal:   As error
    stdout:           - panic:   As error
    stdout:           
    stdout:           [default: warning]
    stdout: 
    stdout:   -s, --path <PATH>
    stdout:           Path of the object below the profile's prefix
    stdout: 
    stdout:       --directory <DIRECTORY>
    stdout:           A folder to be used instead of the profile's bucket
    stdout: 
    stdout:   -h, --help
    stdout:           Print help (see a summary with '-h')
    ");
    insta::assert_snapshot!(room.agent([]), @"
    exit 0
    stdout: Moves data between a pod and its store
    stdout: 
    stdout: Usage: mainstay-agent [OPTIONS] [COMMAND]
    stdout: 
    stdout: Commands:
    stdout:   location  Push, pull and delete plain objects
    stdout:   output    Hand a value to later phases
    stdout:   stream    Store what a program writes, only if it ends well
    stdout:   data      Back up and restore folders with a repository
    stdout:   install   Copy this program into a folder, as mainstay-agent and kando
    stdout:   help      Print this message or the help of the given subcommand(s)
    stdout: 
    stdout: Options:
    stdout:   -v, --verbosity <VERBOSITY>  How much to say on standard error [default: warning] [possible
    stdout:                                values: debug, info, warning, error, fatal, panic]
    stdout:       --version                Print the version as JSON
    stdout:   -h, --help                   Print help (see more with '--help')
    ");
}

#[test]
fn install_copies_the_program_under_both_names() {
    let room = Room::new();
    // Twice: the second time over what the first left.
    for _ in 0..2 {
        insta::allow_duplicates! {
            insta::assert_snapshot!(room.agent(["install", "$ROOM/bin"]), @"exit 0");
        }
    }
    let mut names: Vec<_> = std::fs::read_dir(room.path("bin"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["kando", "mainstay-agent"]);
    insta::assert_snapshot!(room.run(&room.path("bin/kando"), ["output", "a-b", "v"]), @r#"
    exit 69
    stderr: Error: key "a-b" is not made of letters, digits and underscores
    "#);
}
