//! `CopyVolumeData`: a whole volume, from a new pod that mounts it, into a repository.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};

use super::{
    BACKUP_ID, BACKUP_TAG, ENCRYPTION_KEY, FILE_COUNT, INSECURE_TLS, PHYSICAL_SIZE, SIZE, TOOLS_IMAGE,
    VERSION, output,
};
use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, optional, required};

const NAMESPACE: Argument = required(
    "namespace",
    Kind::Text,
    "Namespace of the volume and of the new pod.",
);
const VOLUME: Argument = required("volume", Kind::Text, "Name of the claim.");
const DATA_ARTIFACT_PREFIX: Argument = required(
    "dataArtifactPrefix",
    Kind::Text,
    "Path of the repository; the profile's bucket goes in front unless it is there.",
);
const MOUNT_PATH: Argument = optional(
    "mountPath",
    Kind::Text,
    "`/mnt/vol_data/<claim>`",
    "Where the new pod mounts the volume, and the path in the backup.",
);

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "CopyVolumeData".into(),
        summary: "Backs up a whole volume from a new pod.",
        arguments: vec![
            NAMESPACE,
            VOLUME,
            DATA_ARTIFACT_PREFIX,
            TOOLS_IMAGE,
            MOUNT_PATH,
            ENCRYPTION_KEY,
            INSECURE_TLS,
            POD_OVERRIDE,
            POD_LABELS,
            POD_ANNOTATIONS,
        ],
        outputs: Outputs::Known(vec![
            BACKUP_ID,
            output("backupRoot", "The path in the backup."),
            output("backupArtifactLocation", "Bucket and path of the repository."),
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
