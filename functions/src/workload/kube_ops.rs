//! `KubeOps`: creates, patches or deletes objects of the cluster.

use mainstay_dsl::signature::{Argument, Kind, Output, Outputs, Rendering, Signature};

use crate::arguments::{optional, required};

const OPERATION: Argument = required("operation", Kind::Text, "`create`, `patch` or `delete`.");
const SPEC: Argument = optional(
    "spec",
    Kind::Manifest,
    "needed to create and to patch",
    "What to create, as one or more YAML documents, or the patch.",
);
const NAMESPACE: Argument = optional(
    "namespace",
    Kind::Text,
    "`default`",
    "Namespace of what neither its manifest nor its reference puts into one.",
);
const OBJECT_REFERENCE: Argument = optional(
    "objectReference",
    Kind::ObjectReference,
    "needed to patch and to delete",
    "The object to patch or delete.",
);

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    let output = |name, summary| Output { name, summary };
    Signature {
        function: "KubeOps".into(),
        summary: "Creates, patches or deletes an object of the cluster.",
        arguments: vec![OPERATION, SPEC, NAMESPACE, OBJECT_REFERENCE],
        outputs: Outputs::Known(vec![
            output("apiVersion", "The bare version of the object, such as `v1`."),
            output("group", "Its API group; empty for the core group."),
            output("resource", "The plural name of its resource."),
            output("kind", "What the reference says; empty after `create`."),
            output("name", "Its name."),
            output("namespace", "Its namespace; absent when it has none."),
        ]),
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
