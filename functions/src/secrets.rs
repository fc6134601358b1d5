//! Keeps what a run knows as secret out of what it says. Pure.
//! Must not know who says it.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use mainstay_engine::function::Error as Failure;
use mainstay_engine::scope::{Credential, Scope};
use mainstay_engine::sealed::Sealed;
use serde_json::Value as Json;

/// What stands for a secret.
const HIDDEN: &str = "(secret)";

/// Shorter values are not looked for: they are words of every text.
const SHORTEST: usize = 6;

/// The secret texts that a scope knows.
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// The values of all Secrets and of the profile's credential.
    pub(crate) fn of(scope: &Scope) -> Self {
        let mut texts = Vec::new();
        let phases = scope.phases.values().chain([&scope.defer_phase]);
        let objects = phases
            .flat_map(|phase| phase.secrets.values())
            .chain(scope.secrets.values());
        for object in objects {
            add_object(&mut texts, object);
        }
        match scope.profile.as_ref().map(|profile| &profile.credential) {
            Some(Credential::KeyPair { id: _, secret }) => texts.push(secret.open().clone()),
            Some(Credential::Secret(object)) => add_object(&mut texts, object),
            Some(Credential::Kopia(server)) => add_texts(&mut texts, server.open()),
            None => {}
        }
        texts.retain(|text| text.len() >= SHORTEST);
        // A secret may hold another one.
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts.dedup();
        Self(texts)
    }

    /// The failure without them.
    pub(crate) fn hidden_in(&self, mut failure: Failure) -> Failure {
        failure.message = self.hide(failure.message);
        for line in &mut failure.last_lines {
            *line = self.hide(std::mem::take(line));
        }
        failure
    }

    fn hide(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| {
            if text.contains(secret.as_str()) {
                text.replace(secret.as_str(), HIDDEN)
            } else {
                text
            }
        })
    }
}

/// Adds the values of a Secret.
fn add_object(texts: &mut Vec<String>, object: &Sealed<Json>) {
    let data = object.open().get("data").and_then(Json::as_object);
    for value in data.into_iter().flatten().filter_map(|(_, value)| value.as_str()) {
        // Either form may have been printed.
        texts.push(value.to_owned());
        let bytes = BASE64_STANDARD.decode(value).ok();
        if let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
            texts.extend(text.lines().map(|line| line.trim().to_owned()));
        }
    }
}

/// Adds every text of a document.
fn add_texts(texts: &mut Vec<String>, value: &Json) {
    match value {
        Json::String(text) => texts.push(text.clone()),
        Json::Array(items) => items.iter().for_each(|item| add_texts(texts, item)),
        Json::Object(members) => members.values().for_each(|member| add_texts(texts, member)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use mainstay_engine::function::Cause;
    use mainstay_engine::scope::Profile;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_secret_does_not_show() {
        let password = Sealed::new(json!({"kind": "Secret", "data": {
            "password": "czNjcmV0LXdvcmQ=",
            "short": "YWJj",
        }}));
        let scope = Scope {
            secrets: [(String::from("s"), password)].into(),
            profile: Some(Profile {
                location_type: String::from("s3Compliant"),
                bucket: String::from("bucket"),
                endpoint: String::new(),
                prefix: String::new(),
                region: String::new(),
                credential: Credential::KeyPair {
                    id: String::from("AKIDEXAMPLE"),
                    secret: Sealed::new(String::from("wJalrXUtnFEMI")),
                },
                skip_ssl_verify: false,
            }),
            ..Scope::default()
        };
        let failure = Failure {
            last_lines: vec![String::from("-ps3cret-word abc")],
            ..Failure::new(
                Cause::Failed,
                "login with s3cret-word (czNjcmV0LXdvcmQ=) failed, keys AKIDEXAMPLE wJalrXUtnFEMI",
            )
        };
        let failure = Secrets::of(&scope).hidden_in(failure);
        assert_eq!(
            failure.message,
            "login with (secret) ((secret)) failed, keys AKIDEXAMPLE (secret)"
        );
        assert_eq!(failure.last_lines, ["-p(secret) abc"]);
    }
}
