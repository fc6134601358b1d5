//! `RestoreData`: a backup, into volumes that a new pod mounts.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};

use super::access::Access;
use super::agent::{Order, Which};
use super::helper::{Helper, keeps_agents};
use super::volumes::{self, Mounts};
use super::{
    BACKUP_ARTIFACT_PREFIX, Common, ENCRYPTION_KEY, INSECURE_TLS, RESTORE_IMAGE, RESTORE_PATH, one_of,
    require_one, within,
};
use crate::arguments::{Arguments, POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, optional, required};
use crate::declaration::{Declaration, Work};
use crate::pod;

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

/// The function.
///
/// The pod goes on without the controller. One that is gone is made anew: a restore run again fetches only what is not
/// there yet.
pub(crate) static DECLARATION: Declaration = Declaration {
    signature,
    recovery: Recovery::Reattach,
    call: |work| Box::pin(call(work)),
    settle: keeps_agents,
};

async fn call(work: Work<'_>) -> Result<Returned, Failure> {
    let Work {
        context,
        arguments,
        call,
    } = work;
    let request = Request::read(arguments)?;
    let access = Access::of(&call.scope, request.common.encryption_key)?;
    let mounts = match request.place {
        Place::Volumes(mounts) => mounts,
        Place::Pod(pod) => volumes::of_pod(&call.scope, &pod)?,
    };
    let repository = access.repository(&request.prefix)?;
    let order = Order::Restore {
        repository: &repository,
        backup: &request.backup,
        subtree: request.subtree.as_deref(),
        target: &request.target,
    };
    let helper = Helper {
        prefix: "restore-data-",
        part: String::new(),
        volumes: pod::volumes(&context.client, &request.namespace, mounts).await?,
        namespace: request.namespace,
        image: request.image,
        options: request.common.options,
        access: &access,
        insecure_tls: request.common.insecure_tls,
    };
    let outputs = helper.carry_out(context, call, &order).await;
    let outputs = outputs.map_err(|failure| within("Failed to restore backup", failure))?;
    Ok((!outputs.is_empty()).then_some(outputs))
}

/// What a call asks for.
#[derive(Debug)]
struct Request {
    namespace: String,
    image: String,
    prefix: String,
    place: Place,
    backup: Which,
    subtree: Option<String>,
    target: String,
    common: Common,
}

/// Where the restored files go.
#[derive(Debug)]
enum Place {
    /// Into the volumes of this pod.
    Pod(String),
    /// Into these.
    Volumes(Mounts),
}

impl Request {
    fn read(arguments: &Arguments<'_>) -> Result<Self, Failure> {
        let mounts = arguments.text_map(&VOLUMES)?;
        let place = match (arguments.filled_text(&POD)?, mounts.is_empty()) {
            (Some(pod), true) => Place::Pod(pod),
            (None, false) => Place::Volumes(mounts),
            (Some(_), false) | (None, true) => return Err(require_one(&POD, &VOLUMES)),
        };
        Ok(Self {
            place,
            backup: one_of(
                arguments,
                (&BACKUP_TAG, Which::Tag),
                (&BACKUP_IDENTIFIER, Which::Id),
            )?,
            namespace: arguments.text_or_empty(&NAMESPACE)?,
            image: arguments.text_or_empty(&RESTORE_IMAGE)?,
            prefix: arguments.text_or_empty(&BACKUP_ARTIFACT_PREFIX)?,
            subtree: arguments.filled_text(&BACKUP_PATH)?,
            target: arguments
                .filled_text(&RESTORE_PATH)?
                .unwrap_or_else(|| String::from("/")),
            common: Common::read(arguments)?,
        })
    }
}

fn signature() -> Signature {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_place_and_one_backup() {
        let cases = [
            json!({"pod": "p", "backupTag": "t"}),
            json!({"volumes": {"v": "/v"}, "backupTag": "t"}),
            json!({"pod": "p", "volumes": {"v": "/v"}, "backupTag": "t"}),
            json!({}),
            json!({"pod": "p", "backupIdentifier": "i"}),
            json!({"pod": "p", "backupTag": "t", "backupIdentifier": "i"}),
            json!({"pod": "p", "backupIdentifier": "i", "backupTag": "", "podOverride": {"nodeName": "n"}}),
            json!({"pod": "p", "backupTag": "t", "encryptionKey": ""}),
            json!({"pod": "p", "backupTag": "t", "restorePath": "/mnt", "backupPath": "/var", "insecureTLS": "true"}),
        ];
        let shown = cases.map(|mut case| {
            let given = case.as_object_mut().unwrap();
            for (name, value) in [
                ("namespace", "ns"),
                ("image", "tools:1"),
                ("backupArtifactPrefix", "one"),
            ] {
                given.insert(name.to_owned(), value.into());
            }
            let read = Arguments::of(&signature(), given).map_err(Failure::from);
            read.and_then(|arguments| Request::read(&arguments))
                .map_err(|failure| failure.message)
        });
        insta::assert_debug_snapshot!(shown);
    }
}
