//! `BackupDataAll`: the same folder of several pods, each into a repository of its own.

use mainstay_dsl::signature::{Argument, Kind, Output, Outputs, Rendering, Signature};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};
use serde_json::Map;

use super::access::Access;
use super::backup_data::{CONTAINER, INCLUDE_PATH};
use super::backup_info::{Backup, BackupInfo};
use super::inside::Inside;
use super::{
    BACKUP_ARTIFACT_PREFIX, BACKUP_ID, Common, ENCRYPTION_KEY, INSECURE_TLS, VERSION, all, backup_tag,
    output, outputs, volumes, within,
};
use crate::arguments::{optional, required};
use crate::declaration::{Declaration, Work, keeps_nothing};
use crate::exec::Target;
use crate::pod::Identity;

const NAMESPACE: Argument = required("namespace", Kind::Text, "Namespace of the pods.");
const PODS: Argument = optional(
    "pods",
    Kind::Text,
    "all pods of the action's Deployment or StatefulSet",
    "Names of the pods with blanks between them.",
);
const BACKUP_ALL_INFO: Output = output(
    "BackupAllInfo",
    "A JSON text with the backup of each pod, for RestoreDataAll and DeleteDataAll.",
);

/// The function.
///
/// As `BackupData`, pod by pod. Backups that were finished stay when another pod fails.
pub(crate) static DECLARATION: Declaration = Declaration {
    signature,
    recovery: Recovery::Rerun,
    call: |work| Box::pin(call(work)),
    settle: keeps_nothing,
};

async fn call(work: Work<'_>) -> Result<Returned, Failure> {
    let Work {
        context,
        arguments,
        call,
    } = work;
    let pods = volumes::pods(&call.scope, arguments.filled_text(&PODS)?)?;
    let common = Common::read(arguments)?;
    let access = Access::of(&call.scope, common.encryption_key)?;
    let repository = access.repository(&arguments.text_or_empty(&BACKUP_ARTIFACT_PREFIX)?)?;
    let namespace = arguments.text_or_empty(&NAMESPACE)?;
    let container = arguments.filled_text(&CONTAINER)?;
    let path = arguments.text_or_empty(&INCLUDE_PATH)?;
    let (access, repository, path) = (&access, &repository, &path);
    let backups = pods.iter().map(|pod| {
        let target = Target {
            namespace: namespace.clone(),
            pod: pod.clone(),
            container: container.clone(),
        };
        async move {
            let tag = backup_tag(&Identity::of(&call.key).part(pod));
            let inside = Inside {
                target: &target,
                access,
                insecure_tls: common.insecure_tls,
                repository: &repository.below(pod),
                tag: &tag,
                path,
            };
            let made = inside.back_up(context, call).await;
            let made =
                made.map_err(|failure| within(&format!("Failed to backup data of pod {pod}"), failure))?;
            let id = made
                .get(BACKUP_ID.name)
                .and_then(|id| id.as_str())
                .unwrap_or_default();
            Ok(Backup {
                pod: pod.clone(),
                id: id.to_owned(),
                tag,
            })
        }
    });
    let info: BackupInfo = all(backups).await?.into_iter().collect();
    Ok(Some(outputs(Map::new(), [(BACKUP_ALL_INFO, info.text())])))
}

fn signature() -> Signature {
    Signature {
        function: "BackupDataAll".into(),
        summary: "Backs up a folder of several pods side by side.",
        arguments: vec![
            NAMESPACE,
            PODS,
            CONTAINER,
            INCLUDE_PATH,
            BACKUP_ARTIFACT_PREFIX,
            ENCRYPTION_KEY,
            INSECURE_TLS,
        ],
        outputs: Outputs::Known(vec![BACKUP_ALL_INFO, VERSION]),
        rendering: Rendering::Engine,
        needs_profile: true,
    }
}
