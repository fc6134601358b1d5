//! `DeleteData`: backups, taken out of their repositories.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};

use super::{BACKUP_ARTIFACT_PREFIX, ENCRYPTION_KEY, INSECURE_TLS, RECLAIM_SPACE, SPACE_FREED, TOOLS_IMAGE};
use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, optional, required};

const NAMESPACE: Argument = required("namespace", Kind::Text, "Namespace of the new pod.");
const BACKUP_ID: Argument = optional(
    "backupID",
    Kind::Text,
    "none; `backupTag` is needed then",
    "Identifier of the backup; several with blanks between them, as many as there are prefixes.",
);
const BACKUP_TAG: Argument = optional(
    "backupTag",
    Kind::Text,
    "none; `backupID` is needed then",
    "Tag of the backup; several with blanks between them, as many as there are prefixes.",
);

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "DeleteData".into(),
        summary: "Deletes backups from their repositories.",
        arguments: vec![
            NAMESPACE,
            BACKUP_ARTIFACT_PREFIX,
            BACKUP_ID,
            BACKUP_TAG,
            ENCRYPTION_KEY,
            RECLAIM_SPACE,
            INSECURE_TLS,
            TOOLS_IMAGE,
            POD_OVERRIDE,
            POD_LABELS,
            POD_ANNOTATIONS,
        ],
        outputs: Outputs::Known(vec![SPACE_FREED]),
        rendering: Rendering::Engine,
        needs_profile: true,
    }
}
