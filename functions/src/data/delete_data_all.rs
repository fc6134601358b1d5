//! `DeleteDataAll`: the backups of `BackupDataAll`, taken out of their repositories.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};

use super::restore_data_all::BACKUP_ARTIFACT_PREFIX;
use super::{BACKUP_INFO, ENCRYPTION_KEY, INSECURE_TLS, RECLAIM_SPACE, SPACE_FREED, TOOLS_IMAGE};
use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, required};

const NAMESPACE: Argument = required("namespace", Kind::Text, "Namespace of the new pod.");

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "DeleteDataAll".into(),
        summary: "Deletes the backups of several pods.",
        arguments: vec![
            NAMESPACE,
            BACKUP_ARTIFACT_PREFIX,
            BACKUP_INFO,
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
