//! The commands that need no cluster, as a person runs them: what is printed where, and the exit code.

use std::io::Write as _;
use std::process::{Command, Stdio};

use insta::assert_snapshot;

/// Runs `mainstay` in `tests/inputs` and shows all that it does.
fn run(arguments: &[&str], stdin: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/inputs"))
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program was built");
    let mut pipe = child.stdin.take().expect("standard input is a pipe");
    pipe.write_all(stdin.as_bytes())
        .expect("what is written fits into the pipe");
    drop(pipe);
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes| String::from_utf8(bytes).expect("what is printed is text");
    format!(
        "$ mainstay {}\n{}--- stderr\n{}--- exit code {}\n",
        arguments.join(" "),
        text(output.stdout),
        text(output.stderr),
        output.status.code().expect("it was not killed"),
    )
}

#[test]
fn check_shows_mistakes_in_their_lines() {
    assert_snapshot!(run(&["check", "mistakes.yaml"], ""));
}

#[test]
fn check_colours_when_asked() {
    assert_snapshot!(run(&["check", "mistakes.yaml", "--color", "always"], "").replace('\u{1b}', "ESC"));
}

#[test]
fn check_prints_one_line_each() {
    assert_snapshot!(run(
        &["check", "--output", "short", "--kanister", "mistakes.yaml"],
        ""
    ));
}

#[test]
fn check_prints_json() {
    assert_snapshot!(run(&["check", "-o", "json", "folder/blueprint.yml"], ""));
}

#[test]
fn check_takes_folders() {
    assert_snapshot!(run(&["check", "-o", "short", "good.yaml", "folder"], ""));
}

#[test]
fn check_takes_standard_input() {
    assert_snapshot!(run(
        &["check", "-o", "short", "-"],
        "kind: Blueprint\nactions: []\n"
    ));
}

#[test]
fn check_is_content_with_what_is_right() {
    assert_snapshot!(run(&["check", "good.yaml"], ""));
}

#[test]
fn check_says_when_there_is_no_blueprint() {
    assert_snapshot!(run(&["check", "-o", "short", "folder/actionset.yaml"], ""));
}

#[test]
fn check_says_when_there_is_no_file() {
    assert_snapshot!(run(&["check", "nowhere.yaml"], ""));
}

#[test]
fn check_wants_something_to_check() {
    assert_snapshot!(run(&["check"], ""));
}

#[test]
fn plan_shows_the_steps() {
    assert_snapshot!(run(
        &[
            "plan",
            "good.yaml",
            "--action",
            "backup",
            "--object",
            "statefulset/db",
            "-n",
            "shop"
        ],
        ""
    ));
}

#[test]
fn plan_shows_all_actions() {
    assert_snapshot!(run(&["plan", "good.yaml"], ""));
}

#[test]
fn plan_draws_a_graph() {
    assert_snapshot!(run(&["plan", "good.yaml", "-a", "backup", "-o", "dot"], ""));
}

#[test]
fn plan_refuses_mistakes() {
    assert_snapshot!(run(&["plan", "folder/blueprint.yml"], ""));
}

#[test]
fn plan_names_the_actions_there_are() {
    assert_snapshot!(run(&["plan", "good.yaml", "--action", "delete"], ""));
}

#[test]
fn plan_wants_a_kind_and_a_name() {
    assert_snapshot!(run(&["plan", "good.yaml", "--object", "db"], ""));
}

#[test]
fn completion_knows_the_commands() {
    let script = run(&["completion", "bash"], "");
    for command in ["check", "plan", "completion"] {
        assert!(
            script.contains(&format!("mainstay__subcmd__{command}")),
            "{script}"
        );
    }
}
