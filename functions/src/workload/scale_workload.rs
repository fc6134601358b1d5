//! `ScaleWorkload`: another number of replicas.

use mainstay_dsl::signature::{Argument, Kind, Output, Outputs, Rendering, Signature};

use crate::arguments::{optional, required};

const REPLICAS: Argument = required("replicas", Kind::Integer, "The number of replicas wanted.");
const NAMESPACE: Argument = optional(
    "namespace",
    Kind::Text,
    "that of the action's workload",
    "Namespace of the workload.",
);
const NAME: Argument = optional(
    "name",
    Kind::Text,
    "that of the action's workload",
    "Name of the workload.",
);
const KIND: Argument = optional(
    "kind",
    Kind::Text,
    "that of the action's workload",
    "`StatefulSet`, `Deployment` or `DeploymentConfig`, in any letter case.",
);
const WAIT_FOR_READY: Argument = optional(
    "waitForReady",
    Kind::Boolean,
    "true",
    "Whether to wait until the replicas are ready, or gone.",
);

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "ScaleWorkload".into(),
        summary: "Scales a workload and waits until it has the replicas asked for.",
        arguments: vec![REPLICAS, NAMESPACE, NAME, KIND, WAIT_FOR_READY],
        outputs: Outputs::Known(vec![Output {
            name: "originalReplicaCount",
            summary: "The number of replicas wanted before.",
        }]),
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
