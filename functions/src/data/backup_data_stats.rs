//! `BackupDataStats`: how much a backup holds.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};

use super::{BACKUP_ARTIFACT_PREFIX, ENCRYPTION_KEY, FILE_COUNT, SIZE, TOOLS_IMAGE, VERSION, output};
use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, optional, required};

const NAMESPACE: Argument = required("namespace", Kind::Text, "Namespace of the new pod.");
const BACKUP_ID: Argument = required("backupID", Kind::Text, "Identifier of the backup.");
const STATS_MODE: Argument = optional(
    "statsMode",
    Kind::Text,
    "`restore-size`",
    "What is counted: `restore-size`, `files-by-contents`, `blobs-per-file` or `raw-data`.",
);

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "BackupDataStats".into(),
        summary: "Counts files and bytes of a backup.",
        arguments: vec![
            NAMESPACE,
            BACKUP_ARTIFACT_PREFIX,
            BACKUP_ID,
            STATS_MODE,
            ENCRYPTION_KEY,
            TOOLS_IMAGE,
            POD_OVERRIDE,
            POD_LABELS,
            POD_ANNOTATIONS,
        ],
        outputs: Outputs::Known(vec![
            output("mode", "What was counted."),
            FILE_COUNT,
            SIZE,
            VERSION,
        ]),
        rendering: Rendering::Engine,
        needs_profile: true,
    }
}
