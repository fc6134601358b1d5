//! `RestoreData`: a backup, into volumes that a new pod mounts.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};

use super::{BACKUP_ARTIFACT_PREFIX, ENCRYPTION_KEY, INSECURE_TLS, RESTORE_IMAGE, RESTORE_PATH};
use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, optional, required};

const NAMESPACE: Argument = required(
    "namespace",
    Kind::Text,
    "Namespace of the volumes and of the new pod.",
);
const POD: Argument = optional(
    "pod",
    Kind::Text,
    "none; `volumes` is needed then",
    "The pod whose claims are mounted where they are mounted in it.",
);
const VOLUMES: Argument = optional(
    "volumes",
    Kind::TextMap,
    "none; `pod` is needed then",
    "Where to mount what: claim name to mount path.",
);
const BACKUP_TAG: Argument = optional(
    "backupTag",
    Kind::Text,
    "none; `backupIdentifier` is needed then",
    "Tag of the backup; the newest that has it is restored.",
);
const BACKUP_IDENTIFIER: Argument = optional(
    "backupIdentifier",
    Kind::Text,
    "none; `backupTag` is needed then",
    "Identifier of the backup.",
);
const BACKUP_PATH: Argument = optional(
    "backupPath",
    Kind::Text,
    "everything",
    "A folder of the backup; what is below it goes to `restorePath`.",
);

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "RestoreData".into(),
        summary: "Restores a backup into volumes, from a new pod.",
        arguments: vec![
            NAMESPACE,
            RESTORE_IMAGE,
            BACKUP_ARTIFACT_PREFIX,
            RESTORE_PATH,
            POD,
            VOLUMES,
            BACKUP_TAG,
            BACKUP_IDENTIFIER,
            BACKUP_PATH,
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
