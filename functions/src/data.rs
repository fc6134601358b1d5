//! Functions that move files between volumes and a repository.

use mainstay_dsl::signature::{Argument, Kind, Output};

use crate::arguments::{optional, required};

pub(crate) mod backup_data;
pub(crate) mod backup_data_all;
pub(crate) mod backup_data_stats;
pub(crate) mod check_repository;
pub(crate) mod copy_volume_data;
pub(crate) mod delete_data;
pub(crate) mod delete_data_all;
pub(crate) mod restore_data;
pub(crate) mod restore_data_all;

const BACKUP_ARTIFACT_PREFIX: Argument = required(
    "backupArtifactPrefix",
    Kind::Text,
    "Path of the repository; the profile's bucket goes in front unless it is there.",
);
const ENCRYPTION_KEY: Argument = optional(
    "encryptionKey",
    Kind::Text,
    "a constant that every Kanister shares",
    "Password of the repository.",
);
const INSECURE_TLS: Argument = optional(
    "insecureTLS",
    Kind::Boolean,
    "false",
    "Whether any certificate of the store is accepted.",
);
const RESTORE_IMAGE: Argument = required("image", Kind::Text, "Image of the pod that restores.");
const TOOLS_IMAGE: Argument = optional(
    "image",
    Kind::Text,
    "the controller's tools image",
    "Image of the pod that does the work.",
);
const RESTORE_PATH: Argument = optional(
    "restorePath",
    Kind::Text,
    "`/`",
    "The folder of the pod that stands for the backup's root.",
);
const BACKUP_INFO: Argument = required(
    "backupInfo",
    Kind::Any,
    "`BackupAllInfo` of BackupDataAll: a JSON text that names each pod's backup.",
);
const RECLAIM_SPACE: Argument = optional(
    "reclaimSpace",
    Kind::Boolean,
    "false",
    "Whether the space that only the backup used is given back now.",
);

const BACKUP_ID: Output = output("backupID", "The backup's identifier.");
const BACKUP_TAG: Output = output("backupTag", "The tag that only this backup has.");
const FILE_COUNT: Output = output("fileCount", "How many files the backup holds.");
const SIZE: Output = output("size", "Bytes of their content, such as `1.234 GiB`.");
const PHYSICAL_SIZE: Output = output("phySize", "Bytes that the repository did not hold before.");
const VERSION: Output = output("version", "Always `v0.0.0`.");
const SPACE_FREED: Output = output("spaceFreed", "Bytes that were given back, such as `1024 B`.");

const fn output(name: &'static str, summary: &'static str) -> Output {
    Output { name, summary }
}
