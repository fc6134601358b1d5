//! Makes two recordings of one case comparable: names, times and addresses of one run become marks.
//! Must not know which case it works on.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value as Json;

use crate::bed::Store;

/// Keys that say nothing about what happened.
const DROPPED: &[&str] = &[
    "managedFields",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "selfLink",
];

/// Addresses and names of the run, which become marks.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The object store, whose address and keys become those of the recordings.
    pub store: Option<Store>,
    /// The controller's namespace.
    pub namespace: String,
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant that the tests compile")
}

static TIME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"));
static GO_TIME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \+0000 UTC"));
static UUID: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"));
static SHA256: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:containerd://)?\b[0-9a-f]{64}\b"));
static JOB: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b((?:kanister-job|prepare-data-job|restore-data-all|restore-data|copy-vol-data|delete-data-all|delete-data|backup-data-stats|check-repository)-)[a-z0-9]{5,16}\b",
    )
});
static POD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b([a-z][a-z0-9-]*?)-[bcdfghjklmnpqrstvwxz2456789]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b")
});
static REPLICA_SET: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b([a-z][a-z0-9-]*?)-([bcdfghjklmnpqrstvwxz2456789]{8,10})\b"));
static SNAPSHOT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b([a-z][a-z0-9-]*-snapshot-)[a-z0-9]{5}\b"));
static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d+)?\b"));
static BACKUP_ID: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[0-9a-f]{8}$"));
static BACKUP_TAG: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[a-z0-9]{10}$"));

/// The recording with marks in place of what differs from run to run.
pub fn normalise(value: &Json, run: &Run) -> Json {
    let mut known = BTreeMap::new();
    identifiers(value, &mut known);
    Walk {
        run,
        known,
        seen: BTreeMap::new(),
        used: BTreeMap::new(),
    }
    .value(value, None)
}

/// Collects what keys named `backupID` and `backupTag` hold.
fn identifiers(value: &Json, known: &mut BTreeMap<String, &'static str>) {
    match value {
        Json::Object(map) => {
            for (key, item) in map {
                if let Json::String(text) = item {
                    let mark = match key.to_lowercase().as_str() {
                        "backupid" if BACKUP_ID.is_match(text) => Some("<backupID>"),
                        "backuptag" if BACKUP_TAG.is_match(text) => Some("<backupTag>"),
                        _ => None,
                    };
                    if let Some(mark) = mark {
                        known.insert(text.clone(), mark);
                    }
                }
                identifiers(item, known);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| identifiers(item, known)),
        Json::String(text) if text.starts_with('{') => {
            if let Ok(inner) = serde_json::from_str(text) {
                identifiers(&inner, known);
            }
        }
        _ => {}
    }
}

struct Walk<'a> {
    run: &'a Run,
    known: BTreeMap<String, &'static str>,
    /// Original → mark.
    seen: BTreeMap<String, String>,
    /// Mark without number → how many originals have it.
    used: BTreeMap<String, usize>,
}

impl Walk<'_> {
    fn value(&mut self, value: &Json, key: Option<&str>) -> Json {
        match value {
            Json::Object(map) => {
                let mut sorted: Vec<_> = map
                    .iter()
                    .filter(|(key, _)| !DROPPED.contains(&key.as_str()))
                    .collect();
                sorted.sort_by_key(|(key, _)| key.as_str());
                sorted
                    .into_iter()
                    .map(|(key, item)| (self.text(key), self.value(item, Some(key))))
                    .collect()
            }
            Json::Array(items) => {
                let mut items: Vec<Json> = items.iter().map(|item| self.value(item, None)).collect();
                if key == Some("statuses") {
                    items.dedup();
                }
                Json::Array(items)
            }
            Json::String(text) => Json::String(self.text(text)),
            other => other.clone(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (original, mark) in &self.known {
            text = text.replace(original.as_str(), mark);
        }
        let text = GO_TIME
            .replace_all(&TIME.replace_all(&text, "<time>"), "<time>")
            .into_owned();
        let text = UUID
            .replace_all(&text, |found: &Captures<'_>| {
                self.once(&found[0], "<uuid>", "uuid")
            })
            .into_owned();
        let text = SHA256.replace_all(&text, "<sha256>");
        let text = JOB
            .replace_all(&text, |found: &Captures<'_>| {
                self.once(&found[0], &format!("{}<rand>", &found[1]), "rand")
            })
            .into_owned();
        let text = POD
            .replace_all(&text, |found: &Captures<'_>| {
                self.once(&found[0], &format!("{}-<hash>-<rand>", &found[1]), "rand")
            })
            .into_owned();
        let text = REPLICA_SET.replace_all(&text, |found: &Captures<'_>| {
            // A word without a digit is a name, not a hash.
            if found[2].contains(|letter: char| letter.is_ascii_digit()) {
                format!("{}-<hash>", &found[1])
            } else {
                found[0].to_owned()
            }
        });
        let text = SNAPSHOT
            .replace_all(&text, |found: &Captures<'_>| {
                self.once(&found[0], &format!("{}<rand>", &found[1]), "rand")
            })
            .into_owned();
        let text = match &self.run.store {
            // The secret first: it may contain the other key.
            Some(store) => text
                .replace(&store.address, "<minio>")
                .replace(&store.secret_key, "SKDUMMY-secret-1")
                .replace(&store.access_key, "AKDUMMY"),
            None => text,
        };
        let text = ADDRESS.replace_all(&text, "<ip>").into_owned();
        if self.run.namespace.is_empty() {
            text
        } else {
            text.replace(&self.run.namespace, "kanister")
        }
    }

    /// The mark for an original; numbered when another original has it already.
    fn once(&mut self, original: &str, mark: &str, word: &str) -> String {
        if let Some(mark) = self.seen.get(original) {
            return mark.clone();
        }
        let count = self.used.entry(mark.to_owned()).or_default();
        *count += 1;
        let numbered = if *count == 1 {
            mark.to_owned()
        } else {
            mark.replace(&format!("<{word}>"), &format!("<{word}{count}>"))
        };
        self.seen.insert(original.to_owned(), numbered.clone());
        numbered
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Run, normalise};
    use crate::bed::Store;

    #[test]
    fn marks_take_the_place_of_what_differs() {
        let run = Run {
            store: Some(Store {
                address: "10.97.0.1:9000".to_owned(),
                access_key: "key".to_owned(),
                secret_key: "key-secret".to_owned(),
            }),
            namespace: "kanister-w3".to_owned(),
        };
        let seen = json!({
            "uid": "x",
            "output": {"backupID": "089ea071", "backupTag": "abcdefghij"},
            "texts": [
                "restic restore 089ea071 at 2026-11-25T08:46:25.5Z from http://10.97.0.1:9000/b",
                "kanister-job-x7z9q and kanister-job-abcde, again kanister-job-x7z9q in kanister-w3",
                "web-5d4f8b7c9-x7z9q of web-5d4f8b7c9 at 10.98.0.7",
            ],
            "statuses": [{"a": 1}, {"a": 1}, {"a": 2}],
        });
        assert_eq!(
            normalise(&seen, &run),
            json!({
                "output": {"backupID": "<backupID>", "backupTag": "<backupTag>"},
                "texts": [
                    "restic restore <backupID> at <time> from http://<minio>/b",
                    "kanister-job-<rand> and kanister-job-<rand2>, again kanister-job-<rand> in kanister",
                    "web-<hash>-<rand> of web-<hash> at <ip>",
                ],
                "statuses": [{"a": 1}, {"a": 2}],
            })
        );
    }
}
