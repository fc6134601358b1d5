//! Runs `embed.rs` as a person would.

use std::process::Command;

#[test]
fn embed() {
    let output = Command::new(env!("CARGO_BIN_EXE_embed"))
        .output()
        .expect("the example starts");
    assert!(output.status.success(), "{output:?}");
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout), @r#"
    run example in here
    action 1: greet, blueprint greeting
      1. first: Join
      2. second: Join, after first
      artifact greeting: text

    Started Action: Executing action greet
    Started Phase: Executing phase first
    Ended Phase: Completed phase first
    Started Phase: Executing phase second
    Ended Phase: Completed phase second
    Update Complete: Updated ActionSet 'example' Status->complete

    complete
    greeting: {"text": "Hello, world, and good night"}
    "#);
}
