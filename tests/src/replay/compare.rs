//! Holds a recording against the recorded case: what must be equal, what may differ by design.
//!
//! Equal: final state, phase states, outputs, artifacts, order of statuses, reasons and messages of Normal events, pods as
//! they are sent, plain objects in buckets, pods left. Held only to exist: error texts and Warning messages, whose
//! wording in Kanister carries file names, Go dumps and line numbers. Not compared: other requests, because how a
//! controller reaches a result is its own affair. Where the real controller crashed, hung or lost the error, ours must
//! come to an end.
//!
//! Must not know how a recording was made.

use serde_json::{Map, Value as Json, json};

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where, as a path into the recording.
    pub place: String,
    /// What the real Kanister did.
    pub expected: Json,
    /// What was seen.
    pub seen: Json,
}

/// Prefixes of helper pods whose command is ours by design: they run our agent, not a shell.
const HELPERS: &[&str] = &[
    "restore-data",
    "copy-vol-data",
    "delete-data",
    "backup-data-stats",
    "check-repository",
];

/// Reasons of events that report accidents of Kanister's own bookkeeping.
const ACCIDENTS: &[&str] = &["Error", "Update Failed"];

/// Everything in `seen` that differs from `expected`; both normalised.
pub fn compare(expected: &Json, seen: &Json) -> Vec<Difference> {
    let mut differences = Differences(Vec::new());
    let (wanted, found) = (list(&expected["results"]), list(&seen["results"]));
    differences.check("results", &json!(wanted.len()), &json!(found.len()));
    for (position, (wanted, found)) in wanted.iter().zip(&found).enumerate() {
        differences.result(&format!("results[{position}]"), wanted, found);
    }
    differences.check("podsLeft", &json!([]), &seen["podsLeft"]);
    if expected["buckets"].is_object() {
        differences.check(
            "buckets",
            &buckets(&expected["buckets"]),
            &buckets(&seen["buckets"]),
        );
    }
    differences.0
}

fn list(value: &Json) -> Vec<Json> {
    value.as_array().cloned().unwrap_or_default()
}

struct Differences(Vec<Difference>);

impl Differences {
    fn check(&mut self, place: &str, expected: &Json, seen: &Json) {
        if expected != seen {
            self.0.push(Difference {
                place: place.to_owned(),
                expected: expected.clone(),
                seen: seen.clone(),
            });
        }
    }

    fn result(&mut self, place: &str, expected: &Json, seen: &Json) {
        let ended = expected["ended"].as_str().unwrap_or_default();
        if ended.starts_with("deleted") {
            self.check(&format!("{place}.ended"), &json!("deleted"), &seen["ended"]);
            return;
        }
        if !expected["crash"].is_null() || !ended.is_empty() {
            // Recorded to be known, not to be copied.
            let state = &seen["actionset"]["status"]["state"];
            if !["complete", "failed"].contains(&state.as_str().unwrap_or_default()) {
                self.check(
                    &format!("{place}.actionset.status.state"),
                    &json!("complete or failed"),
                    state,
                );
            }
            return;
        }
        let status = |side: &Json| side["actionset"]["status"].clone();
        self.status(
            &format!("{place}.actionset.status"),
            &status(expected),
            &status(seen),
        );
        self.statuses(
            &format!("{place}.statuses"),
            &expected["statuses"],
            &seen["statuses"],
        );
        self.check(
            &format!("{place}.events"),
            &events(&expected["events"]),
            &events(&seen["events"]),
        );
        self.check(
            &format!("{place}.pods"),
            &pods(&expected["pods"]),
            &pods(&seen["pods"]),
        );
    }

    fn status(&mut self, place: &str, expected: &Json, seen: &Json) {
        for pointer in ["/state", "/progress/percentCompleted", "/progress/runningPhase"] {
            let at = |side: &Json| side.pointer(pointer).cloned().unwrap_or_default();
            self.check(&format!("{place}{pointer}"), &at(expected), &at(seen));
        }
        let fails = |side: &Json| {
            json!(
                side["error"]["message"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty())
            )
        };
        if fails(expected) != fails(seen) {
            self.check(
                &format!("{place}/error/message"),
                &expected["error"]["message"],
                &seen["error"]["message"],
            );
        }
        let actions = |side: &Json| Json::Array(list(&side["actions"]).iter().map(action).collect());
        self.check(&format!("{place}/actions"), &actions(expected), &actions(seen));
    }

    /// What was seen must be a part of what happened, in its order, and end as it ended. Actions run side by side, so
    /// with several of them each is looked at for itself.
    fn statuses(&mut self, place: &str, expected: &Json, seen: &Json) {
        let actions = list(expected)
            .last()
            .map_or(0, |last| list(&last["actions"]).len());
        if actions < 2 {
            self.sequence(place, steps(expected, step), steps(seen, step));
        } else {
            for action in 0..actions {
                let of = |status: &Json| status["actions"][action].clone();
                self.sequence(
                    &format!("{place}.actions[{action}]"),
                    steps(expected, of),
                    steps(seen, of),
                );
            }
        }
    }

    fn sequence(&mut self, place: &str, expected: Vec<Json>, seen: Vec<Json>) {
        let mut rest = expected.iter();
        let in_order = seen.iter().all(|one| rest.any(|other| other == one));
        if !in_order || expected.last() != seen.last() {
            self.check(place, &Json::Array(expected), &Json::Array(seen));
        }
    }
}

/// What is left of each status, where it differs from the one before.
fn steps(statuses: &Json, of: impl Fn(&Json) -> Json) -> Vec<Json> {
    let mut steps: Vec<Json> = list(statuses).iter().map(of).collect();
    steps.dedup();
    steps
}

/// A short status without what depends on the moment it was taken.
fn step(status: &Json) -> Json {
    json!({"state": status["state"], "actions": status["actions"], "runningPhase": status["runningPhase"]})
}

/// An action without times, progress and what the API server adds to references.
fn action(action: &Json) -> Json {
    let phase = |phase: &Json| json!({"name": phase["name"], "state": phase["state"], "output": output(&phase["output"])});
    json!({
        "name": action["name"],
        "blueprint": action["blueprint"],
        "phases": list(&action["phases"]).iter().map(phase).collect::<Vec<_>>(),
        "deferPhase": phase(&action["deferPhase"]),
        "artifacts": action["artifacts"],
    })
}

/// Outputs, nothing when there are none. Two figures are not held: Kanister looks for them in texts that the restic of
/// its image does not print any more, and so has none.
fn output(output: &Json) -> Json {
    let held = output.as_object().into_iter().flatten();
    let held = held.filter(|(key, _)| !["phySize", "spaceFreed"].contains(&key.as_str()));
    let held = held.map(|(key, value)| {
        (
            key.clone(),
            value.as_str().map_or(value.clone(), |text| json!(text.trim())),
        )
    });
    match held.collect::<Map<String, Json>>() {
        none if none.is_empty() && output.as_object().is_none_or(Map::is_empty) => Json::Null,
        held => Json::Object(held),
    }
}

/// Normal events whole, warnings by their reason.
fn events(events: &Json) -> Json {
    let kept = list(events)
        .into_iter()
        .filter(|event| !ACCIDENTS.contains(&event["reason"].as_str().unwrap_or_default()));
    let mut shown: Vec<Json> = kept
        .map(|event| {
            if event["type"] == "Warning" {
                json!({"type": "Warning", "reason": event["reason"]})
            } else {
                json!({"type": event["type"], "reason": event["reason"], "message": event["message"]})
            }
        })
        .collect();
    let actions = shown
        .iter()
        .filter(|event| event["reason"] == "Started Action")
        .count();
    if actions > 1 {
        // Actions run side by side; only the order within each is fixed.
        shown.sort_by_key(ToString::to_string);
    }
    Json::Array(shown)
}

fn pods(pods: &Json) -> Json {
    Json::Array(list(pods).iter().map(pod).collect())
}

/// A pod as it was sent, without what we add to every pod and with one spelling of generated names.
fn pod(pod: &Json) -> Json {
    let prefix = match (
        pod["metadata"]["generateName"].as_str(),
        pod["metadata"]["name"].as_str(),
    ) {
        (Some(prefix), _) => prefix.to_owned(),
        (None, Some(name)) => {
            name.rsplit_once('-')
                .map_or(name, |(prefix, _)| prefix)
                .to_owned()
                + "-"
        }
        (None, None) => String::new(),
    };
    let helper = HELPERS.iter().any(|name| prefix.starts_with(name));
    json!({
        "answer": pod["answer"],
        "namespace": pod["namespace"],
        "prefix": prefix,
        "labels": without_ours(&pod["metadata"]["labels"]),
        "annotations": without_ours(&pod["metadata"]["annotations"]),
        "spec": spec(&pod["spec"], helper),
    })
}

/// Keys that do not begin with `mainstay.dev/`; nothing when none is left.
fn without_ours(map: &Json) -> Json {
    let kept: Map<String, Json> = map
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| !key.starts_with("mainstay.dev/"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if kept.is_empty() {
        Json::Null
    } else {
        Json::Object(kept)
    }
}

/// A pod's specification without members named `mainstay…` and without empty members.
fn spec(value: &Json, helper: bool) -> Json {
    match value {
        Json::Object(map) => map
            .iter()
            // Helper pods run our agent, and look at what they back up without being able to change it.
            .filter(|(key, _)| !(helper && ["command", "args", "readOnly"].contains(&key.as_str())))
            .map(|(key, item)| (key.clone(), spec(item, helper)))
            .filter(|(_, item)| !is_empty(item))
            .collect(),
        Json::Array(items) => items
            .iter()
            .filter(|item| {
                !item["name"]
                    .as_str()
                    .is_some_and(|name| name.to_lowercase().starts_with("mainstay"))
            })
            .map(|item| spec(item, helper))
            .collect(),
        Json::String(text) if text.starts_with("vol-") => json!("vol-<uuid>"),
        other => other.clone(),
    }
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Object(map) => map.is_empty(),
        Json::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Plain objects whole; of a restic repository which kinds of objects there are and how many snapshots.
fn buckets(buckets: &Json) -> Json {
    let entry = |entry: &Json| {
        let key = entry["key"].as_str().unwrap_or_default();
        if entry["objects"].is_null() {
            return Some(entry.clone());
        }
        let kind = key
            .strip_suffix("/<sha256>")
            .unwrap_or(key)
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        match kind.as_str() {
            "snapshots" => Some(json!({"key": key, "objects": entry["objects"]})),
            "locks" | "index" | "data" | "<xx>" => None,
            _ => Some(json!({"key": key})),
        }
    };
    let buckets = buckets.as_object().into_iter().flatten();
    buckets
        .map(|(name, entries)| {
            (
                name.clone(),
                list(entries).iter().filter_map(entry).collect::<Json>(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{Difference, compare};

    fn recording(change: impl FnOnce(&mut Json)) -> Json {
        let mut recording = json!({
            "results": [{
                "actionset": {"status": {
                    "state": "complete",
                    "error": {"message": ""},
                    "progress": {"percentCompleted": "100"},
                    "actions": [{
                        "name": "go",
                        "blueprint": "bp",
                        "phases": [{"name": "one", "state": "complete", "output": {"a": "1"}}],
                        "deferPhase": {"name": "", "state": ""},
                    }],
                }},
                "statuses": [
                    {"state": "pending", "runningPhase": "", "actions": [{"phases": ["one: pending"]}]},
                    {"state": "running", "runningPhase": "one", "actions": [{"phases": ["one: running"]}]},
                    {"state": "complete", "runningPhase": "", "actions": [{"phases": ["one: complete"]}]},
                ],
                "events": [{"type": "Normal", "reason": "Started Action", "message": "Executing action go"}],
                "pods": [{
                    "answer": 201,
                    "namespace": "n",
                    "metadata": {"generateName": "kanister-job-", "labels": {"createdBy": "kanister"}},
                    "spec": {"containers": [{"name": "container", "command": ["true"]}]},
                }],
            }],
            "podsLeft": [],
        });
        change(&mut recording);
        recording
    }

    #[test]
    fn the_same_is_the_same() {
        assert_eq!(compare(&recording(|_| {}), &recording(|_| {})), []);
    }

    #[test]
    fn what_we_add_to_pods_and_what_a_slow_eye_misses_is_no_difference() {
        let seen = recording(|seen| {
            let pod = &mut seen["results"][0]["pods"][0];
            pod["metadata"] = json!({
                "name": "kanister-job-<rand>",
                "labels": {"createdBy": "kanister", "mainstay.dev/run": "u"},
            });
            pod["spec"]["volumes"] = json!([{"name": "mainstay-agent", "emptyDir": {}}]);
            if let Some(statuses) = seen["results"][0]["statuses"].as_array_mut() {
                statuses.remove(1);
            }
        });
        assert_eq!(compare(&recording(|_| {}), &seen), []);
    }

    #[test]
    fn another_output_is_a_difference() {
        let seen = recording(|seen| {
            seen["results"][0]["actionset"]["status"]["actions"][0]["phases"][0]["output"] =
                json!({"a": "2"});
        });
        let found = compare(&recording(|_| {}), &seen);
        assert_eq!(
            found.iter().map(|one| one.place.as_str()).collect::<Vec<_>>(),
            ["results[0].actionset.status/actions"]
        );
    }

    #[test]
    fn a_status_that_never_was_is_a_difference() {
        let seen = recording(|seen| seen["results"][0]["statuses"][1]["state"] = json!("failed"));
        let found = compare(&recording(|_| {}), &seen);
        assert_eq!(
            found.iter().map(|one| one.place.as_str()).collect::<Vec<_>>(),
            ["results[0].statuses"]
        );
    }

    #[test]
    fn where_the_real_one_hung_ours_must_end() {
        let expected =
            recording(|expected| expected["results"][0]["ended"] = json!("stopped by the recorder"));
        let hung = recording(|seen| seen["results"][0]["actionset"]["status"]["state"] = json!("running"));
        assert_eq!(compare(&expected, &recording(|_| {})), []);
        assert_eq!(
            compare(&expected, &hung),
            [Difference {
                place: "results[0].actionset.status.state".to_owned(),
                expected: json!("complete or failed"),
                seen: json!("running"),
            }]
        );
    }
}
