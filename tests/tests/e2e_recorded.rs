//! Every recorded `ActionSet`, played with our controller: nothing differs but what is meant to.

use std::path::Path;

use mainstay_tests::bed::Bed;
use mainstay_tests::replay::case::Case;
use mainstay_tests::replay::runner::{self, Outcome};

#[tokio::test(flavor = "multi_thread")]
async fn recorded_action_sets_come_out_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("actionsets");
    let cases = Case::read_all(&folder).expect("the cases can be read");
    assert_eq!(cases.len(), 107);
    let bed = Bed::from_environment().await.expect("the test bed is there");
    let outcomes = runner::run(&bed, cases, 6)
        .await
        .expect("the cases can be played");
    let failed: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.passed()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
