//! Functions that move files between volumes and a repository.

use futures::future::join_all;
use mainstay_dsl::signature::{Argument, Kind, Output};
use mainstay_engine::function::{Cause, Error as Failure};
use serde_json::{Map, Value as Json};

use crate::arguments::{self, Arguments, optional, required};
use crate::context::Context;
use crate::pod::{self, Identity};

mod access;
mod agent;
mod backup_info;
mod helper;
mod inside;
mod shell;
mod volumes;

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

/// What most of the functions here are told.
#[derive(Debug)]
struct Common {
    encryption_key: Option<String>,
    insecure_tls: bool,
    options: pod::Options,
}

impl Common {
    fn read(arguments: &Arguments<'_>) -> Result<Self, Failure> {
        let encryption_key = arguments.text(&ENCRYPTION_KEY)?;
        if encryption_key.as_ref().is_some_and(String::is_empty) {
            // A template that found no password must not end at the one that everybody knows.
            return Err(Failure::new(Cause::Mistake, "encryptionKey is empty"));
        }
        Ok(Self {
            encryption_key,
            insecure_tls: arguments.boolean(&INSECURE_TLS)?.unwrap_or_default(),
            options: pod::Options::of(arguments)?,
        })
    }
}

/// The one of two arguments that is given and not empty; both and neither are mistakes.
fn one_of<T>(
    arguments: &Arguments<'_>,
    (first, make_first): (&Argument, fn(String) -> T),
    (second, make_second): (&Argument, fn(String) -> T),
) -> Result<T, Failure> {
    match (arguments.filled_text(first)?, arguments.filled_text(second)?) {
        (Some(text), None) => Ok(make_first(text)),
        (None, Some(text)) => Ok(make_second(text)),
        (Some(_), Some(_)) | (None, None) => Err(require_one(first, second)),
    }
}

fn require_one(first: &Argument, second: &Argument) -> Failure {
    Failure::new(
        Cause::Mistake,
        format!("Require one argument: {} or {}", first.name, second.name),
    )
}

/// Puts what was being done in front of a failure.
fn within(doing: &str, failure: Failure) -> Failure {
    let message = format!("{doing}: {}", failure.message);
    Failure { message, ..failure }
}

/// The image an argument names, or the controller's tools image.
fn tools_image(arguments: &Arguments<'_>, context: &Context) -> Result<String, arguments::Error> {
    Ok(arguments
        .filled_text(&TOOLS_IMAGE)?
        .unwrap_or_else(|| context.settings.tools_image.clone()))
}

/// A tag that only the backup of this call has, the same when the call is made again.
fn backup_tag(identity: &Identity) -> String {
    let mut tag = identity.part("backup").label();
    tag.truncate(10);
    tag
}

/// Outputs of an agent with what the function knows itself.
fn outputs(
    mut from_agent: Map<String, Json>,
    own: impl IntoIterator<Item = (Output, String)>,
) -> Map<String, Json> {
    from_agent.extend(
        own.into_iter()
            .map(|(output, value)| (output.name.to_owned(), Json::String(value))),
    );
    from_agent.insert(VERSION.name.to_owned(), Json::from("v0.0.0"));
    from_agent
}

/// Waits for everything that was started. When something failed, the messages are joined; the first one's cause counts.
async fn all<T>(
    work: impl IntoIterator<Item = impl Future<Output = Result<T, Failure>>>,
) -> Result<Vec<T>, Failure> {
    let mut done = Vec::new();
    let mut failed: Option<Failure> = None;
    for result in join_all(work).await {
        match (result, &mut failed) {
            (Ok(value), _) => done.push(value),
            (Err(failure), Some(first)) => first.message = format!("{}\n{}", first.message, failure.message),
            (Err(failure), None) => failed = Some(failure),
        }
    }
    match failed {
        Some(failure) => Err(failure),
        None => Ok(done),
    }
}
