//! What is rendered at a step, and checked before a function is called: pure, Kanister's order and words.
//! Must not know where what templates see came from, nor which function is called.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_dsl::checked::{self, Artifact as Template, ObjectTemplate, Phase, Text};
use mainstay_dsl::name::{ArtifactName, FunctionName};
use mainstay_dsl::pointer::Pointer;
use mainstay_dsl::signature::{Rendering, Signature};
use mainstay_dsl::template::{self, Limits, Settings, Value};
use serde_json::{Map, Value as Json};

use crate::plan::{Action, Callee};
use crate::request::ObjectReference;
use crate::run::event::Verdict;
use crate::scope::Artifact;

/// The version that every function has.
const DEFAULT_VERSION: &str = "v0.0.0";

/// Renders with one source of time, randomness and environment.
pub(crate) struct Renderer<'a> {
    pub(crate) now: Timestamp,
    pub(crate) random: &'a mut (dyn rand::CryptoRng + Send),
    pub(crate) environment: &'a BTreeMap<String, String>,
    pub(crate) limits: Limits,
}

/// The object references of one phase, rendered.
pub(crate) type References = BTreeMap<String, ObjectReference>;

impl Renderer<'_> {
    /// Sees that an action can start: its functions exist, its version is one, its object references render.
    /// Yields the references of each step.
    pub(crate) fn start(&mut self, action: &Action, parameters: &Value) -> Result<Vec<References>, String> {
        let version = version(&action.request.preferred_version)?;
        let mut references = Vec::with_capacity(action.steps.len());
        for place in action.places() {
            let phase = action.phase(place);
            match action.steps[action.index(place)].callee {
                Callee::Known(_) => check_version(&phase.function, &version)?,
                Callee::Unknown => {
                    return Err(format!(
                        "Requested function {{{}}} has not been registered",
                        phase.function
                    ));
                }
            }
            references.push(self.objects(phase, parameters)?);
        }
        Ok(references)
    }

    fn objects(&mut self, phase: &Phase, parameters: &Value) -> Result<References, String> {
        let mut references = References::new();
        for (name, object) in &phase.objects {
            let reference = self
                .object(object, parameters)
                .map_err(|error| format!("could not render object reference {{{name}}}: {error}"))?;
            references.insert(name.clone(), reference);
        }
        Ok(references)
    }

    fn object(
        &mut self,
        object: &ObjectTemplate,
        parameters: &Value,
    ) -> Result<ObjectReference, template::Error> {
        let ObjectTemplate {
            pointer: _,
            api_version,
            group,
            resource,
            kind,
            name,
            namespace,
        } = object;
        Ok(ObjectReference {
            api_version: self.text(api_version, parameters)?,
            group: self.text(group, parameters)?,
            resource: self.text(resource, parameters)?,
            kind: self.text(kind, parameters)?,
            name: self.text(name, parameters)?,
            namespace: self.text(namespace, parameters)?,
        })
    }

    /// Renders a phase's `if`. Only `true` and `false` are answers; nothing at all is `false`.
    pub(crate) fn condition(&mut self, condition: &Text, parameters: &Value) -> Result<Verdict, String> {
        let rendered = self
            .text(condition, parameters)
            .map_err(|error| format!("the condition cannot be evaluated: {error}"))?;
        match rendered.trim() {
            "true" => Ok(Verdict::Run),
            "false" | "" => Ok(Verdict::Skip),
            // What it is instead may be a secret.
            _ => Err("the condition is neither true nor false".to_owned()),
        }
    }

    /// The arguments of a call, checked against what its function takes.
    pub(crate) fn arguments(
        &mut self,
        phase: &Phase,
        signature: &Signature,
        parameters: &Value,
    ) -> Result<Map<String, Json>, String> {
        let mut arguments = Map::new();
        for (name, tree) in &phase.arguments {
            let value = match signature.rendering {
                Rendering::Engine | Rendering::Both => tree
                    .render(parameters, &mut self.settings())
                    .map_err(|error| tell(name, &error))?,
                Rendering::Function => tree.written(),
            };
            arguments.insert(name.clone(), value);
        }
        check_arguments(&arguments, signature)?;
        Ok(arguments)
    }

    /// The artifacts of an action. Names and keys are not rendered, and an empty Kopia document stays empty.
    pub(crate) fn artifacts(
        &mut self,
        templates: &BTreeMap<ArtifactName, Template>,
        parameters: &Value,
    ) -> Result<BTreeMap<ArtifactName, Artifact>, String> {
        let mut artifacts = BTreeMap::new();
        for (name, template) in templates {
            let artifact = self
                .artifact(template, parameters)
                .map_err(|error| error.to_string())?;
            artifacts.insert(name.clone(), artifact);
        }
        Ok(artifacts)
    }

    fn artifact(&mut self, template: &Template, parameters: &Value) -> Result<Artifact, template::Error> {
        let mut artifact = Artifact::default();
        for (key, text) in &template.key_value {
            artifact
                .key_value
                .insert(key.clone(), self.text(text, parameters)?);
        }
        if let Some(text) = &template.kopia_snapshot {
            artifact.kopia_snapshot = self.text(text, parameters)?;
        }
        Ok(artifact)
    }

    fn text(&mut self, text: &Text, parameters: &Value) -> Result<String, template::Error> {
        text.render(parameters, &mut self.settings())
    }

    fn settings(&mut self) -> Settings<'_> {
        Settings {
            environment: self.environment,
            limits: self.limits,
            ..Settings::new(self.now, self.random)
        }
    }
}

/// What is wrong with an argument, in Kanister's words. It has none for a null, of which its controller dies.
fn tell(name: &str, error: &checked::Error) -> String {
    match error {
        checked::Error::Render { pointer: _, source } => source.to_string(),
        checked::Error::Null { pointer } => {
            format!(
                "argument {} is null",
                Pointer::root().key(name).join(pointer).path()
            )
        }
    }
}

/// The version that a request prefers, which must be one.
fn version(preferred: &str) -> Result<String, String> {
    if preferred.is_empty() {
        return Ok(DEFAULT_VERSION.to_owned());
    }
    if is_version(preferred) {
        Ok(preferred.to_owned())
    } else {
        Err(format!(
            "Failed to get function version: Failed to parse function version {{{preferred}}}: Invalid Semantic \
             Version"
        ))
    }
}

/// Every function has the default version only. Another one that is asked for falls back to it, but another
/// spelling of the default does not: that is Kanister's registry.
fn check_version(function: &FunctionName, version: &str) -> Result<(), String> {
    let mut parts = version.trim_start_matches('v').splitn(3, '.');
    let zero = parts.all(|part| part == "0");
    if version != DEFAULT_VERSION && zero {
        return Err(format!(
            "Requested function {{{function}}} has not been registered with version {{{version}}}"
        ));
    }
    Ok(())
}

/// Whether the text is a version in the grammar of semver 1.5.0: a leading `v` and trailing parts are optional.
fn is_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (text, build) = text
        .split_once('+')
        .map_or((text, None), |(text, build)| (text, Some(build)));
    let (numbers, release) = text
        .split_once('-')
        .map_or((text, None), |(text, release)| (text, Some(release)));
    let parts: Vec<_> = numbers.split('.').collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let words = |words: &str| {
        words.split('.').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
    };
    parts.len() <= 3 && parts.iter().all(digits) && release.is_none_or(words) && build.is_none_or(words)
}

fn check_arguments(arguments: &Map<String, Json>, signature: &Signature) -> Result<(), String> {
    let function = &signature.function;
    let missing = signature
        .arguments
        .iter()
        .find(|argument| argument.required && !arguments.contains_key(argument.name));
    if let Some(missing) = missing {
        return Err(format!(
            "Required args missing for function {function}: Required arg missing: {}",
            missing.name
        ));
    }
    let unknown = arguments
        .keys()
        .find(|name| !signature.arguments.iter().any(|argument| argument.name == *name));
    if let Some(unknown) = unknown {
        return Err(format!(
            "Checking supported args for function {function}.: argument {unknown} is not supported"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_kanisters_registry() {
        let table = [
            "",
            "v0.0.0",
            "0.0.0",
            "v0",
            "v9.9.9",
            "1.2",
            "1.2.3-rc.1+build.5",
            "newest",
            "v",
            "1.2.3.4",
            "vv1",
            "1..2",
            "1.2.3-",
            "-1",
        ]
        .map(|preferred| {
            let checked = version(preferred).and_then(|version| check_version(&"KubeTask".into(), &version));
            format!(
                "{preferred:20} {}",
                checked.err().unwrap_or_else(|| "taken".to_owned())
            )
        });
        insta::assert_snapshot!(table.join("\n"));
    }
}
