//! `RestoreDataAll`: the backups of `BackupDataAll`, each into the volumes of its pod.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};

use super::{BACKUP_INFO, ENCRYPTION_KEY, INSECURE_TLS, RESTORE_IMAGE, RESTORE_PATH};
use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, optional, required};

const NAMESPACE: Argument = required(
    "namespace",
    Kind::Text,
    "Namespace of the volumes and of the new pods.",
);
/// Kanister adds the bucket for every function but this one and `DeleteDataAll`.
pub(super) const BACKUP_ARTIFACT_PREFIX: Argument = required(
    "backupArtifactPrefix",
    Kind::Text,
    "Path of the repositories with the bucket in front.",
);
const PODS: Argument = optional(
    "pods",
    Kind::Text,
    "all pods of the action's Deployment or StatefulSet",
    "Names of the pods with blanks between them.",
);

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "RestoreDataAll".into(),
        summary: "Restores the backups of several pods into their volumes side by side.",
        arguments: vec![
            NAMESPACE,
            RESTORE_IMAGE,
            BACKUP_ARTIFACT_PREFIX,
            BACKUP_INFO,
            RESTORE_PATH,
            PODS,
            ENCRYPTION_KEY,
            INSECURE_TLS,
            POD_OVERRIDE,
            POD_LABELS,
            POD_ANNOTATIONS,
        ],
        outputs: Outputs::Script,
        rendering: Rendering::Engine,
        needs_profile: true,
    }
}
