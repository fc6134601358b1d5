//! The journal in the cluster against a scripted API server: what is sent, and who wins when somebody else has
//! written.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use http::Method;
use mainstay_api::ActionSet;
use mainstay_api::status::ActionSetStatus;
use mainstay_controller::actionset::journal::InActionSet;
use mainstay_controller::convert;
use mainstay_controller::metrics::Metrics;
use mainstay_engine::journal::{Journal, Record};
use mainstay_engine::status::{Progress, State, Status};
use mainstay_tests::script::Script;
use serde_json::{Value as Json, json};

const PATH: &str = "/apis/cr.kanister.io/v1alpha1/namespaces/kanister/actionsets/run";
const US: &str = "us";

/// An ActionSet as the API server has it.
fn stored(version: &str, status: &Json) -> Json {
    let mut object = json!({
        "apiVersion": "cr.kanister.io/v1alpha1",
        "kind": "ActionSet",
        "metadata": {"name": "run", "namespace": "kanister", "uid": "u1", "resourceVersion": version},
        "spec": {"actions": []},
    });
    if !status.is_null() {
        object["status"] = status.clone();
    }
    object
}

fn status(state: State) -> Status {
    Status {
        state,
        actions: Vec::new(),
        error: String::new(),
        progress: Progress::default(),
        record: Record::default(),
    }
}

/// A status as `controller` writes it.
fn written(state: State, controller: &str) -> Json {
    json!(convert::wire_status(&status(state), controller))
}

fn journal(script: &Script, object: &Json) -> InActionSet {
    let action_set: ActionSet = serde_json::from_value(object.clone()).unwrap();
    InActionSet::new(script.client(), &action_set, US, Arc::new(Metrics::new()))
}

/// Records that the run is complete and says how that went, and what was asked.
async fn record(script: &Script, before: &Json) -> String {
    let answer = match journal(script, before).record(&status(State::Complete)).await {
        Ok(()) => "recorded".to_owned(),
        Err(error) => format!("{error:?}"),
    };
    format!("{}\n=> {answer}", script.requests().join("\n"))
}

#[tokio::test]
async fn a_status_is_one_patch_for_the_version_it_was_made_for() {
    let script = Script::new().answer(
        &Method::PATCH,
        PATH,
        200,
        stored("2", &written(State::Complete, US)),
    );
    let running = written(State::Running, "them");
    insta::assert_snapshot!(record(&script, &stored("1", &running)).await);
}

#[tokio::test]
async fn a_first_status_is_sent_whole() {
    let script = Script::new().answer(
        &Method::PATCH,
        PATH,
        200,
        stored("2", &written(State::Complete, US)),
    );
    insta::assert_snapshot!(record(&script, &stored("1", &Json::Null)).await);
}

#[tokio::test]
async fn the_next_status_starts_from_the_one_that_was_stored() {
    let script = Script::new()
        .answer(
            &Method::PATCH,
            PATH,
            200,
            stored("2", &written(State::Running, US)),
        )
        .answer(
            &Method::PATCH,
            PATH,
            200,
            stored("3", &written(State::Complete, US)),
        );
    let journal = journal(&script, &stored("1", &Json::Null));
    journal.record(&status(State::Running)).await.unwrap();
    journal.record(&status(State::Running)).await.unwrap();
    journal.record(&status(State::Complete)).await.unwrap();
    insta::assert_snapshot!(script.requests()[1..].join("\n"));
}

/// A journal whose first patch is a conflict, after which the ActionSet is found to be `found`.
async fn conflict(found: Json) -> String {
    let script = Script::new()
        .refuse(
            &Method::PATCH,
            PATH,
            409,
            "Conflict",
            "the object has been modified",
        )
        .answer(
            &Method::PATCH,
            PATH,
            200,
            stored("9", &written(State::Complete, US)),
        )
        .has(PATH, found);
    let before = stored("1", &written(State::Running, "them"));
    let told = record(&script, &before).await;
    // Which version the second patch was for, and how it ended.
    let lines = told.lines().skip(1);
    lines
        .map(|line| line.split(" {").next().unwrap_or_default().to_owned() + version(line))
        .collect::<Vec<_>>()
        .join("\n")
}

fn version(line: &str) -> &str {
    let from = line.find(r#""resourceVersion""#);
    from.map(|from| &line[from..])
        .and_then(|rest| rest.split(',').next())
        .unwrap_or_default()
}

#[tokio::test]
async fn another_change_than_of_the_status_is_passed_over() {
    let mut found = stored("5", &written(State::Running, "them"));
    found["metadata"]["labels"] = json!({"a": "b"});
    insta::assert_snapshot!(conflict(found).await);
}

#[tokio::test]
async fn our_own_patch_whose_answer_was_lost_is_no_conflict() {
    insta::assert_snapshot!(conflict(stored("5", &written(State::Failed, US))).await);
}

#[tokio::test]
async fn another_controllers_status_ends_our_run() {
    insta::assert_snapshot!(conflict(stored("5", &written(State::Running, "others"))).await);
}

#[tokio::test]
async fn an_action_set_made_anew_is_another() {
    let mut found = stored("5", &Json::Null);
    found["metadata"]["uid"] = json!("u2");
    insta::assert_snapshot!(conflict(found).await);
}

#[tokio::test]
async fn a_status_that_cannot_be_kept_is_told_by_its_kind() {
    let before = stored("1", &Json::Null);
    let mut told = Vec::new();
    for (code, reason) in [
        (404, "NotFound"),
        (422, "Invalid"),
        (403, "Forbidden"),
        (429, "TooManyRequests"),
        (500, "InternalError"),
    ] {
        let script = Script::new().refuse(&Method::PATCH, PATH, code, reason, "because");
        told.push(
            record(&script, &before)
                .await
                .lines()
                .last()
                .unwrap_or_default()
                .to_owned(),
        );
    }
    let large = Status {
        error: "x".repeat(2_000_000),
        ..status(State::Failed)
    };
    let refused = journal(&Script::new(), &before).record(&large).await.unwrap_err();
    told.push(refused.to_string());
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn a_run_that_is_given_up_has_no_running_phase() {
    let running = json!({
        "state": "running",
        "actions": [{
            "name": "go",
            "object": {"apiVersion": "", "group": "", "resource": "", "kind": "Namespace", "name": "n"},
            "blueprint": "bp",
            "phases": [
                {"name": "one", "state": "complete", "output": {"a": "1"}, "progress": {}},
                {"name": "two", "state": "running", "progress": {}},
                {"name": "three", "state": "pending", "progress": {}},
            ],
            "deferPhase": {"name": "", "state": "", "progress": {}},
        }],
        "error": {"message": ""},
        "progress": {"runningPhase": "two", "percentCompleted": "33"},
        "mainstay": {"version": 99},
    });
    let script = Script::new().answer(&Method::PATCH, PATH, 200, stored("2", &running));
    let journal = journal(&script, &stored("1", &running));
    journal
        .give_up("why", "2026-09-01T12:00:00Z".parse().unwrap())
        .await
        .unwrap();
    let sent = script.requests().remove(0);
    let body: Json = serde_json::from_str(&sent[sent.find('{').unwrap()..]).unwrap();
    insta::assert_yaml_snapshot!(body);
}

#[test]
fn recorded_statuses_come_back_unchanged() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("actionsets");
    let mut seen = 0;
    for case in fs::read_dir(folder).unwrap() {
        let file = case.unwrap().path().join("expected.json");
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        let text = text.replace("<time>", "2026-09-01T12:00:00Z");
        let recorded: Json = serde_json::from_str(&text).unwrap();
        for result in recorded["results"].as_array().unwrap() {
            let status = &result["actionset"]["status"];
            if status.is_null() {
                continue;
            }
            let wire: ActionSetStatus = serde_json::from_value(status.clone()).unwrap();
            let mut again = convert::wire_status(&convert::status(&wire).unwrap(), US);
            again.mainstay.clear();
            assert_eq!(json!(again), *status, "{}", file.display());
            seen += 1;
        }
    }
    assert!(seen > 100, "the recorded ActionSets were not found");
}
