//! `BackupDataAll`: the same folder of several pods, each into a repository of its own.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};

use super::backup_data::{CONTAINER, INCLUDE_PATH};
use super::{BACKUP_ARTIFACT_PREFIX, ENCRYPTION_KEY, INSECURE_TLS, VERSION, output};
use crate::arguments::{optional, required};

const NAMESPACE: Argument = required("namespace", Kind::Text, "Namespace of the pods.");
const PODS: Argument = optional(
    "pods",
    Kind::Text,
    "all pods of the action's Deployment or StatefulSet",
    "Names of the pods with blanks between them.",
);

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "BackupDataAll".into(),
        summary: "Backs up a folder of several pods side by side.",
        arguments: vec![
            NAMESPACE,
            PODS,
            CONTAINER,
            INCLUDE_PATH,
            BACKUP_ARTIFACT_PREFIX,
            ENCRYPTION_KEY,
            INSECURE_TLS,
        ],
        outputs: Outputs::Known(vec![
            output(
                "BackupAllInfo",
                "A JSON text with the backup of each pod, for RestoreDataAll and DeleteDataAll.",
            ),
            VERSION,
        ]),
        rendering: Rendering::Engine,
        needs_profile: true,
    }
}
