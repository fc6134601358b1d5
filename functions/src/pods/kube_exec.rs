//! `KubeExec`: a command in a container that runs already.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};

use crate::arguments::{optional, required};

const NAMESPACE: Argument = required("namespace", Kind::Text, "Namespace of the pod.");
const POD: Argument = required("pod", Kind::Text, "Name of the pod.");
const COMMAND: Argument = required(
    "command",
    Kind::TextList,
    "The program and its arguments; no shell is added.",
);
const CONTAINER: Argument = optional(
    "container",
    Kind::Text,
    "the pod's only container",
    "The container to run in; needed when the pod has several.",
);

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "KubeExec".into(),
        summary: "Runs a command in a running container and reads phase output from what it prints.",
        arguments: vec![NAMESPACE, POD, COMMAND, CONTAINER],
        outputs: Outputs::Script,
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
