//! `BackupData`: a folder of a running container, into a repository.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};

use super::{
    BACKUP_ARTIFACT_PREFIX, BACKUP_ID, BACKUP_TAG, ENCRYPTION_KEY, FILE_COUNT, INSECURE_TLS, PHYSICAL_SIZE,
    SIZE, VERSION,
};
use crate::arguments::required;

const NAMESPACE: Argument = required("namespace", Kind::Text, "Namespace of the pod.");
const POD: Argument = required("pod", Kind::Text, "The pod.");
pub(super) const CONTAINER: Argument = required(
    "container",
    Kind::Text,
    "The container; it has mainstay-agent, or bash and restic.",
);
pub(super) const INCLUDE_PATH: Argument =
    required("includePath", Kind::Text, "The folder or file to back up.");

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "BackupData".into(),
        summary: "Backs up a folder of a running container.",
        arguments: vec![
            NAMESPACE,
            POD,
            CONTAINER,
            INCLUDE_PATH,
            BACKUP_ARTIFACT_PREFIX,
            ENCRYPTION_KEY,
            INSECURE_TLS,
        ],
        outputs: Outputs::Known(vec![
            BACKUP_ID,
            BACKUP_TAG,
            FILE_COUNT,
            SIZE,
            PHYSICAL_SIZE,
            VERSION,
        ]),
        rendering: Rendering::Engine,
        needs_profile: true,
    }
}
