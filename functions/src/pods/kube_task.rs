//! `KubeTask`: a command in a pod of its own.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};

use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, optional, required};

const IMAGE: Argument = required("image", Kind::Text, "The image to run.");
const COMMAND: Argument = required(
    "command",
    Kind::TextList,
    "The program and its arguments; no shell is added.",
);
const NAMESPACE: Argument = optional(
    "namespace",
    Kind::Text,
    "the controller's namespace",
    "Namespace of the pod.",
);

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "KubeTask".into(),
        summary: "Runs a command in a new pod and reads phase output from the pod's log.",
        arguments: vec![
            IMAGE,
            COMMAND,
            NAMESPACE,
            POD_OVERRIDE,
            POD_LABELS,
            POD_ANNOTATIONS,
        ],
        outputs: Outputs::Script,
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
