//! `PrepareData`: a command in a new pod that mounts volumes of the application.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};

use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, optional, required};

const NAMESPACE: Argument = required("namespace", Kind::Text, "Namespace of the claims and of the pod.");
const IMAGE: Argument = required("image", Kind::Text, "The image to run.");
const COMMAND: Argument = required(
    "command",
    Kind::TextList,
    "The program and its arguments; no shell is added.",
);
const VOLUMES: Argument = optional(
    "volumes",
    Kind::TextMap,
    "every claim of the action's Deployment or StatefulSet, at `/mnt/prepare_data/<claim>`",
    "Where to mount what: claim name to mount path.",
);
const SERVICE_ACCOUNT: Argument = optional(
    "serviceaccount",
    Kind::Text,
    "the controller's in its own namespace, else the namespace's default",
    "The service account of the pod.",
);
const FAIL_ON_ERROR: Argument = optional(
    "failOnError",
    Kind::Boolean,
    "false",
    "Whether the phase fails when the command does.",
);

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "PrepareData".into(),
        summary: "Runs a command in a new pod with the application's volumes mounted.",
        arguments: vec![
            NAMESPACE,
            IMAGE,
            COMMAND,
            VOLUMES,
            SERVICE_ACCOUNT,
            FAIL_ON_ERROR,
            POD_OVERRIDE,
            POD_LABELS,
            POD_ANNOTATIONS,
        ],
        outputs: Outputs::Script,
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
