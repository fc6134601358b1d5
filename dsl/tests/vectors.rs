//! Every vector of the real engine, against the list of those that do not pass yet.

#[path = "vectors/runner.rs"]
mod runner;

use std::fmt::Write as _;
use std::path::Path;

/// The list names exactly the vectors that fail. Whoever makes one pass takes it off.
#[test]
fn the_list_of_failing_vectors_is_exact() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let report = runner::run(&folder).unwrap();
    let listed = std::fs::read_to_string(folder.join("failing.txt")).unwrap();
    let mut failing: Vec<&str> = report.failed.iter().map(|difference| &*difference.id).collect();
    failing.sort_unstable();
    let mut details = String::new();
    for difference in &report.failed {
        writeln!(details, "{difference}").unwrap();
    }
    assert_eq!(listed.lines().collect::<Vec<_>>(), failing, "\n{details}");
}
