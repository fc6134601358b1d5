//! A scope as the JSON form of Kanister's `TemplateParams`, which templates are rendered with.
//! Must not know which template asks. What it makes holds opened secrets: it is to be dropped at once.

use std::collections::BTreeMap;

use mainstay_dsl::name::PhaseName;
use serde_json::{Map, Value as Json, json};

use super::{Artifact, Credential, Named, Phase, Profile, Scope, Target, Workload};
use crate::plan::Place;
use crate::sealed::Sealed;

impl Scope {
    /// The template parameters with `.CurrentPhase` set, as a function that is being called sees them.
    pub(crate) fn parameters_during(&self, place: Place, phase: &PhaseName) -> Json {
        let mut parameters = self.parameters();
        let current = match place {
            Place::Phase(_) => self.phases.get(phase.as_str()).map(show_phase),
            Place::Defer => Some(show_phase(&self.defer_phase)),
        };
        parameters["CurrentPhase"] = current.unwrap_or_default();
        parameters
    }

    /// The template parameters. A member that is left out has Go's zero value.
    pub fn parameters(&self) -> Json {
        let Self {
            target,
            object,
            artifacts_in,
            config_maps,
            secrets,
            profile,
            time,
            options,
            phases,
            defer_phase,
            pod_override,
            pod_annotations,
            pod_labels,
            request_labels: _,
        } = self;
        let mut parameters = Map::new();
        let mut put = |name: &str, value: Json| {
            parameters.insert(name.to_owned(), value);
        };
        if let Some(target) = target {
            let (name, value) = show_target(target);
            put(name, value);
        }
        put("Object", object.clone());
        put("ConfigMaps", json!(config_maps));
        put("Secrets", opened(secrets));
        if let Some(profile) = profile {
            put("Profile", show_profile(profile));
        }
        put("Time", json!(time));
        put(
            "Phases",
            phases
                .iter()
                .map(|(name, phase)| (name.clone(), show_phase(phase)))
                .collect(),
        );
        put("DeferPhase", show_phase(defer_phase));
        // Go tells a map that is absent from one that is empty; a request does not.
        if !artifacts_in.is_empty() {
            put("ArtifactsIn", show_artifacts(artifacts_in));
        }
        if !options.is_empty() {
            put("Options", json!(options));
        }
        if let Some(pod_override) = pod_override {
            put("PodOverride", Json::Object(pod_override.clone()));
        }
        if !pod_annotations.is_empty() {
            put("PodAnnotations", json!(pod_annotations));
        }
        if !pod_labels.is_empty() {
            put("PodLabels", json!(pod_labels));
        }
        Json::Object(parameters)
    }
}

fn show_target(target: &Target) -> (&'static str, Json) {
    match target {
        Target::StatefulSet(workload) => ("StatefulSet", show_workload(workload)),
        Target::Deployment(workload) => ("Deployment", show_workload(workload)),
        Target::DeploymentConfig(workload) => ("DeploymentConfig", show_workload(workload)),
        Target::Pvc(named) => ("PVC", show_named(named)),
        Target::Namespace(named) => ("Namespace", show_named(named)),
    }
}

fn show_workload(workload: &Workload) -> Json {
    let Workload {
        named: Named { name, namespace },
        pods,
        containers,
        claims,
    } = workload;
    json!({
        "Name": name,
        "Namespace": namespace,
        "Pods": pods,
        "Containers": containers,
        "PersistentVolumeClaims": claims,
    })
}

fn show_named(named: &Named) -> Json {
    let Named { name, namespace } = named;
    json!({ "Name": name, "Namespace": namespace })
}

fn show_artifacts(artifacts: &BTreeMap<String, Artifact>) -> Json {
    let shown = artifacts.iter().map(|(name, artifact)| {
        let Artifact {
            key_value,
            kopia_snapshot,
        } = artifact;
        let mut shown = Map::new();
        if !key_value.is_empty() {
            shown.insert("keyValue".to_owned(), json!(key_value));
        }
        if !kopia_snapshot.is_empty() {
            shown.insert("kopiaSnapshot".to_owned(), json!(kopia_snapshot));
        }
        (name.clone(), Json::Object(shown))
    });
    Json::Object(shown.collect())
}

fn show_phase(phase: &Phase) -> Json {
    let Phase {
        secrets,
        config_maps,
        output,
    } = phase;
    json!({ "Secrets": opened(secrets), "ConfigMaps": config_maps, "Output": output })
}

fn opened(secrets: &BTreeMap<String, Sealed<Json>>) -> Json {
    secrets
        .iter()
        .map(|(name, secret)| (name.clone(), secret.open().clone()))
        .collect()
}

fn show_profile(profile: &Profile) -> Json {
    let Profile {
        location_type,
        bucket,
        endpoint,
        prefix,
        region,
        credential,
        skip_ssl_verify,
    } = profile;
    let credential = match credential {
        Credential::KeyPair { id, secret } => json!({
            "Type": "keyPair",
            "KeyPair": { "ID": id, "Secret": secret.open() },
        }),
        Credential::Secret(secret) => json!({ "Type": "secret", "Secret": secret.open() }),
        Credential::Kopia(secret) => json!({ "Type": "kopia", "KopiaServerSecret": secret.open() }),
    };
    json!({
        "Location": {
            "type": location_type,
            "bucket": bucket,
            "endpoint": endpoint,
            "prefix": prefix,
            "region": region,
        },
        "Credential": credential,
        "SkipSSLVerify": skip_ssl_verify,
    })
}

#[cfg(test)]
mod tests {
    use mainstay_dsl::template::Value;
    use serde_json::json;

    use super::*;

    fn named() -> Named {
        Named {
            name: "shop".to_owned(),
            namespace: "apps".to_owned(),
        }
    }

    fn workload() -> Workload {
        Workload {
            named: named(),
            pods: vec!["shop-0".to_owned()],
            containers: vec![vec!["main".to_owned(), "sidecar".to_owned()]],
            claims: [(
                "shop-0".to_owned(),
                [("data".to_owned(), "/data".to_owned())].into(),
            )]
            .into(),
        }
    }

    fn secret() -> Sealed<Json> {
        Sealed::new(json!({ "metadata": { "name": "s" }, "data": { "k": "dg==" }, "type": "Opaque" }))
    }

    fn profile(credential: Credential) -> Profile {
        Profile {
            location_type: "s3Compliant".to_owned(),
            bucket: "backups".to_owned(),
            endpoint: "http://store:9000".to_owned(),
            prefix: String::new(),
            region: "us-east-1".to_owned(),
            credential,
            skip_ssl_verify: true,
        }
    }

    fn full() -> Scope {
        let phase = Phase {
            secrets: [("s".to_owned(), secret())].into(),
            config_maps: [("c".to_owned(), json!({ "data": { "k": "v" } }))].into(),
            output: json!({ "n": 3 }).as_object().cloned(),
        };
        Scope {
            target: Some(Target::StatefulSet(workload())),
            object: json!({ "kind": "StatefulSet" }),
            artifacts_in: [(
                "a".to_owned(),
                Artifact {
                    key_value: [("k".to_owned(), "v".to_owned())].into(),
                    kopia_snapshot: "{}".to_owned(),
                },
            )]
            .into(),
            config_maps: phase.config_maps.clone(),
            secrets: phase.secrets.clone(),
            profile: Some(profile(Credential::KeyPair {
                id: "id".to_owned(),
                secret: Sealed::new("key".to_owned()),
            })),
            time: "2024-03-09T07:05:03.5Z".to_owned(),
            options: [("o".to_owned(), "1".to_owned())].into(),
            phases: [("one".to_owned(), phase)].into(),
            defer_phase: Phase::default(),
            pod_override: json!({ "hostNetwork": true }).as_object().cloned(),
            pod_annotations: [("a".to_owned(), "b".to_owned())].into(),
            pod_labels: [("c".to_owned(), "d".to_owned())].into(),
            request_labels: [("kanister.io/x".to_owned(), "y".to_owned())].into(),
        }
    }

    #[test]
    fn everything_at_once() {
        insta::assert_json_snapshot!(full().parameters());
    }

    #[test]
    fn nothing_at_all() {
        insta::assert_json_snapshot!(Scope::default().parameters());
    }

    #[test]
    fn templates_take_every_form() {
        let targets = [
            Target::StatefulSet(workload()),
            Target::Deployment(workload()),
            Target::DeploymentConfig(workload()),
            Target::Pvc(named()),
            Target::Namespace(named()),
        ];
        let credentials = [
            Credential::Secret(secret()),
            Credential::Kopia(Sealed::new(
                json!({ "Username": "u", "ConnectOptions": { "n": 1 } }),
            )),
        ];
        let mut scopes = vec![Scope::default(), full()];
        scopes.extend(targets.map(|target| Scope {
            target: Some(target),
            ..Scope::default()
        }));
        scopes.extend(credentials.map(|credential| Scope {
            profile: Some(profile(credential)),
            ..Scope::default()
        }));
        for scope in scopes {
            let taken = Value::parameters(&scope.parameters());
            assert!(taken.is_ok(), "{taken:?}");
        }
    }

    #[test]
    fn the_current_phase_is_shown_while_its_function_is_called() {
        let scope = full();
        let of = |place, name: &str| scope.parameters_during(place, &name.into())["CurrentPhase"].clone();
        assert_eq!(of(Place::Phase(0), "one"), scope.parameters()["Phases"]["one"]);
        assert_eq!(of(Place::Defer, "one"), scope.parameters()["DeferPhase"]);
        assert_eq!(scope.parameters().get("CurrentPhase"), None);
    }
}
