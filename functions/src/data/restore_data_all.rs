//! `RestoreDataAll`: the backups of `BackupDataAll`, each into the volumes of its pod.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_engine::function::{Call, Error as Failure, Outputs as Returned, Recovery};
use serde_json::{Map, Value as Json};

use super::access::Access;
use super::agent::{Order, Which};
use super::backup_info::BackupInfo;
use super::helper::{Helper, keeps_agents};
use super::{
    BACKUP_INFO, Common, ENCRYPTION_KEY, INSECURE_TLS, RESTORE_IMAGE, RESTORE_PATH, all, volumes, within,
};
use crate::arguments::{Arguments, POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, optional, required};
use crate::context::Context;
use crate::declaration::{Declaration, Work};
use crate::pod;

const NAMESPACE: Argument = required(
    "namespace",
    Kind::Text,
    "Namespace of the volumes and of the new pods.",
);
/// Kanister adds the bucket for every function but this one and `DeleteDataAll`.
pub(super) const BACKUP_ARTIFACT_PREFIX: Argument = required(
    "backupArtifactPrefix",
    Kind::Text,
    "Path of the repositories with the bucket in front.",
);
const PODS: Argument = optional(
    "pods",
    Kind::Text,
    "all pods of the action's Deployment or StatefulSet",
    "Names of the pods with blanks between them.",
);

/// The function.
///
/// As `RestoreData`, pod by pod.
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
    let pods = volumes::pods(&call.scope, arguments.filled_text(&PODS)?)?;
    let request = Request::read(arguments, call)?;
    let request = &request;
    let restores = pods.iter().map(|pod| async move {
        let restored = request.restore(context, call, pod).await;
        restored.map_err(|failure| within(&format!("Failed to restore backup of pod {pod}"), failure))
    });
    let mut merged = Map::new();
    for outputs in all(restores).await? {
        merged.extend(outputs);
    }
    Ok((!merged.is_empty()).then_some(merged))
}

/// What a call asks for.
struct Request {
    namespace: String,
    image: String,
    prefix: String,
    target: String,
    backups: BackupInfo,
    access: Access,
    common: Common,
}

impl Request {
    fn read(arguments: &Arguments<'_>, call: &Call) -> Result<Self, Failure> {
        let common = Common::read(arguments)?;
        Ok(Self {
            access: Access::of(&call.scope, common.encryption_key.clone())?,
            backups: BackupInfo::read(arguments.value(&BACKUP_INFO))?,
            namespace: arguments.text_or_empty(&NAMESPACE)?,
            image: arguments.text_or_empty(&RESTORE_IMAGE)?,
            prefix: arguments.text_or_empty(&BACKUP_ARTIFACT_PREFIX)?,
            target: arguments
                .filled_text(&RESTORE_PATH)?
                .unwrap_or_else(|| String::from("/")),
            common,
        })
    }

    async fn restore(&self, context: &Context, call: &Call, pod: &str) -> Result<Map<String, Json>, Failure> {
        let backup = Which::Id(self.backups.of_pod(pod)?.id.clone());
        let mounts = volumes::of_pod(&call.scope, pod)?;
        let repository = self
            .access
            .repository_as_given(&format!("{}/{pod}", self.prefix))?;
        let order = Order::Restore {
            repository: &repository,
            backup: &backup,
            subtree: None,
            target: &self.target,
        };
        let helper = Helper {
            prefix: "restore-data-all-",
            part: pod.to_owned(),
            namespace: self.namespace.clone(),
            image: self.image.clone(),
            volumes: pod::volumes(&context.client, &self.namespace, mounts).await?,
            options: self.common.options.clone(),
            access: &self.access,
            insecure_tls: self.common.insecure_tls,
        };
        helper.carry_out(context, call, &order).await
    }
}

fn signature() -> Signature {
    Signature {
        function: "RestoreDataAll".into(),
        summary: "Restores the backups of several pods into their volumes side by side.",
        arguments: vec![
            NAMESPACE,
            RESTORE_IMAGE,
            BACKUP_ARTIFACT_PREFIX,
            BACKUP_INFO,
            RESTORE_PATH,
            PODS,
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
