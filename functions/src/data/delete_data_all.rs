//! `DeleteDataAll`: the backups of `BackupDataAll`, taken out of their repositories.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};
use mainstay_repository::location::RepositoryPath;

use super::access::Access;
use super::agent::{Order, Which};
use super::backup_info::BackupInfo;
use super::helper::{Helper, keeps_agents};
use super::restore_data_all::BACKUP_ARTIFACT_PREFIX;
use super::{
    BACKUP_INFO, Common, ENCRYPTION_KEY, INSECURE_TLS, RECLAIM_SPACE, SPACE_FREED, TOOLS_IMAGE, tools_image,
    within,
};
use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, required};
use crate::declaration::{Declaration, Work};

const NAMESPACE: Argument = required("namespace", Kind::Text, "Namespace of the new pod.");

/// The function.
///
/// As `DeleteData`.
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
    let common = Common::read(arguments)?;
    let access = Access::of(&call.scope, common.encryption_key)?;
    let prefix = arguments.text_or_empty(&BACKUP_ARTIFACT_PREFIX)?;
    let backups: Vec<(RepositoryPath, Which)> = BackupInfo::read(arguments.value(&BACKUP_INFO))?
        .pods()
        .map(|(pod, backup)| {
            let repository = access.repository_as_given(&format!("{prefix}/{pod}"))?;
            Ok((repository, Which::Id(backup.id.clone())))
        })
        .collect::<Result<_, Failure>>()?;
    let order = Order::Delete {
        backups: &backups,
        reclaim_space: arguments.boolean(&RECLAIM_SPACE)?.unwrap_or_default(),
        allow_missing: call.resumed,
    };
    let helper = Helper {
        prefix: "delete-data-all-",
        part: String::new(),
        namespace: arguments.text_or_empty(&NAMESPACE)?,
        image: tools_image(arguments, context)?,
        volumes: Vec::new(),
        options: common.options,
        access: &access,
        insecure_tls: common.insecure_tls,
    };
    let outputs = helper.carry_out(context, call, &order).await;
    outputs
        .map(Some)
        .map_err(|failure| within("Failed to delete backups", failure))
}

fn signature() -> Signature {
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
