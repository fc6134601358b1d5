//! `KubeExecAll`: one command in every one of several containers at once.

use futures::future::join_all;
use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};
use serde_json::Map;

use crate::arguments::required;
use crate::declaration::{Declaration, Work, keeps_nothing};
use crate::exec::{self, Target};

const NAMESPACE: Argument = required("namespace", Kind::Text, "Namespace of the pods.");
const PODS: Argument = required("pods", Kind::Text, "Names of the pods, separated by spaces.");
const CONTAINERS: Argument = required(
    "containers",
    Kind::Text,
    "Names of containers that every one of the pods has, separated by spaces.",
);
const COMMAND: Argument = required(
    "command",
    Kind::TextList,
    "The program and its arguments; no shell is added.",
);

/// The function. Nobody can tell how far interrupted commands came.
pub(crate) static DECLARATION: Declaration = Declaration {
    signature,
    recovery: Recovery::Fail,
    call: |work| Box::pin(call(work)),
    settle: keeps_nothing,
};

async fn call(work: Work<'_>) -> Result<Returned, Failure> {
    let Work {
        context,
        arguments,
        call: _,
    } = work;
    let namespace = arguments.text_or_empty(&NAMESPACE)?;
    let pods = arguments.text_or_empty(&PODS)?;
    let containers = arguments.text_or_empty(&CONTAINERS)?;
    let command = arguments.text_list(&COMMAND)?;
    let targets: Vec<Target> = pods
        .split_whitespace()
        .flat_map(|pod| {
            containers
                .split_whitespace()
                .map(move |container| (pod, container))
        })
        .map(|(pod, container)| Target {
            namespace: namespace.clone(),
            pod: pod.to_owned(),
            container: Some(container.to_owned()),
        })
        .collect();
    // All at once: the commands may wait for each other.
    let results = join_all(
        targets
            .iter()
            .map(|target| exec::outputs(&context.client, target, &command)),
    );
    let mut outputs = Map::new();
    let mut failures = Vec::new();
    for result in results.await {
        match result {
            Ok(more) => outputs.extend(more),
            Err(failure) => failures.push(failure),
        }
    }
    match joined(failures) {
        Some(failure) => Err(failure),
        None => Ok((!outputs.is_empty()).then_some(outputs)),
    }
}

/// Several failures as one: all messages, and of the rest what the first one says.
fn joined(failures: Vec<Failure>) -> Option<Failure> {
    failures.into_iter().reduce(|first, next| Failure {
        message: format!("{}\n{}", first.message, next.message),
        ..first
    })
}

fn signature() -> Signature {
    Signature {
        function: "KubeExecAll".into(),
        summary: "Runs a command in all named containers of all named pods at once; all must succeed.",
        arguments: vec![NAMESPACE, PODS, CONTAINERS, COMMAND],
        outputs: Outputs::Script,
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
