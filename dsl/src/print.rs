//! A parsed blueprint back to YAML: fields in the order in which people expect them, keys sorted.
//! Must not know how it was written before; comments are not part of what was parsed.

mod yaml;

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::{Map, Value as Json};

use crate::parsed::{
    Action, Artifact, ObjectReference, OnInterrupt, Order, Parsed, Phase, Retry, print_duration,
};

use yaml::Node;

/// Writes a blueprint as YAML that [`parse`](crate::parse) reads as the same blueprint.
pub fn print(parsed: &Parsed) -> String {
    let Parsed {
        api_version,
        kind,
        metadata,
        actions,
    } = parsed;
    let mut fields = Fields::default();
    fields.text("apiVersion", api_version.as_ref());
    fields.text("kind", kind.as_ref());
    fields.set("metadata", metadata.as_ref().map(object));
    fields.set("actions", Some(map(actions, action)));
    yaml::write(&fields.into())
}

fn action(written: &Action) -> Node {
    let Action {
        pointer: _,
        name,
        kind,
        config_map_names,
        secret_names,
        input_artifact_names,
        output_artifacts,
        phases,
        defer_phase,
        order,
    } = written;
    let mut fields = Fields::default();
    fields.text("name", name.as_ref());
    fields.text("kind", kind.as_ref());
    fields.texts("configMapNames", config_map_names.as_deref());
    fields.texts("secretNames", secret_names.as_deref());
    fields.texts("inputArtifactNames", input_artifact_names.as_deref());
    fields.set(
        "outputArtifacts",
        output_artifacts
            .as_ref()
            .map(|artifacts| map(artifacts, artifact)),
    );
    fields.text(
        "order",
        order.map(|order| match order {
            Order::Sequential => "sequential",
            Order::Dataflow => "dataflow",
        }),
    );
    fields.set(
        "phases",
        phases
            .as_ref()
            .map(|phases| Node::List(phases.iter().map(phase).collect())),
    );
    fields.set("deferPhase", defer_phase.as_ref().map(phase));
    fields.into()
}

fn artifact(written: &Artifact) -> Node {
    let Artifact {
        pointer: _,
        key_value,
        kopia_snapshot,
    } = written;
    let mut fields = Fields::default();
    fields.set(
        "keyValue",
        key_value
            .as_ref()
            .map(|values| map(values, |text| text_node(text))),
    );
    fields.text("kopiaSnapshot", kopia_snapshot.as_ref());
    fields.into()
}

fn phase(written: &Phase) -> Node {
    let Phase {
        pointer: _,
        name,
        function,
        objects,
        arguments,
        depends_on,
        condition,
        for_each,
        retry: retries,
        timeout,
        on_interrupt,
    } = written;
    let mut fields = Fields::default();
    fields.text("func", function.as_ref());
    fields.text("name", name.as_ref());
    fields.texts("dependsOn", depends_on.as_deref());
    fields.text("if", condition.as_ref());
    fields.set("forEach", for_each.as_ref().map(node));
    fields.set("retry", retries.as_ref().map(retry));
    fields.text("timeout", timeout.map(print_duration));
    fields.text(
        "onInterrupt",
        on_interrupt.map(|on_interrupt| match on_interrupt {
            OnInterrupt::Rerun => "rerun",
            OnInterrupt::Fail => "fail",
        }),
    );
    fields.set("objects", objects.as_ref().map(|objects| map(objects, reference)));
    fields.set("args", arguments.as_ref().map(object));
    fields.into()
}

fn retry(written: &Retry) -> Node {
    let Retry { attempts, backoff } = written;
    let mut fields = Fields::default();
    fields.set("attempts", attempts.map(|attempts| Node::Scalar(attempts.into())));
    fields.text("backoff", backoff.map(print_duration));
    fields.into()
}

fn reference(written: &ObjectReference) -> Node {
    let ObjectReference {
        pointer: _,
        api_version,
        group,
        resource,
        kind,
        name,
        namespace,
    } = written;
    let mut fields = Fields::default();
    fields.text("apiVersion", api_version.as_ref());
    fields.text("group", group.as_ref());
    fields.text("resource", resource.as_ref());
    fields.text("kind", kind.as_ref());
    fields.text("name", name.as_ref());
    fields.text("namespace", namespace.as_ref());
    fields.into()
}

/// The fields of one object in the order in which they are set; absent ones are left out.
#[derive(Default)]
struct Fields(Vec<(String, Node)>);

impl Fields {
    fn set(&mut self, field: &str, value: Option<Node>) {
        if let Some(value) = value {
            self.0.push((field.to_owned(), value));
        }
    }

    fn text(&mut self, field: &str, value: Option<impl Display>) {
        self.set(field, value.map(|value| text_node(value)));
    }

    fn texts<T: Display>(&mut self, field: &str, values: Option<&[T]>) {
        self.set(
            field,
            values.map(|values| Node::List(values.iter().map(text_node).collect())),
        );
    }
}

impl From<Fields> for Node {
    fn from(fields: Fields) -> Self {
        Self::Map(fields.0)
    }
}

fn text_node(text: impl Display) -> Node {
    Node::Scalar(Json::String(text.to_string()))
}

fn map<K: Display, V>(members: &BTreeMap<K, V>, value: impl Fn(&V) -> Node) -> Node {
    Node::Map(
        members
            .iter()
            .map(|(key, member)| (key.to_string(), value(member)))
            .collect(),
    )
}

fn object(members: &Map<String, Json>) -> Node {
    let sorted: BTreeMap<_, _> = members.iter().collect();
    Node::Map(
        sorted
            .into_iter()
            .map(|(key, value)| (key.clone(), node(value)))
            .collect(),
    )
}

fn node(value: &Json) -> Node {
    match value {
        Json::Array(items) => Node::List(items.iter().map(node).collect()),
        Json::Object(members) => object(members),
        scalar => Node::Scalar(scalar.clone()),
    }
}
