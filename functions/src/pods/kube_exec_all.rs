//! `KubeExecAll`: one command in every one of several containers at once.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};

use crate::arguments::required;

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

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "KubeExecAll".into(),
        summary: "Runs a command in all named containers of all named pods at once; all must succeed.",
        arguments: vec![NAMESPACE, PODS, CONTAINERS, COMMAND],
        outputs: Outputs::Script,
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
