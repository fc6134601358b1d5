//! `BackupData`: a folder of a running container, into a repository.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};

use super::access::Access;
use super::inside::Inside;
use super::{
    BACKUP_ARTIFACT_PREFIX, BACKUP_ID, BACKUP_TAG, Common, ENCRYPTION_KEY, FILE_COUNT, INSECURE_TLS,
    PHYSICAL_SIZE, SIZE, VERSION, backup_tag, outputs, within,
};
use crate::arguments::required;
use crate::declaration::{Declaration, Work, keeps_nothing};
use crate::exec::Target;
use crate::pod::Identity;

const NAMESPACE: Argument = required("namespace", Kind::Text, "Namespace of the pod.");
const POD: Argument = required("pod", Kind::Text, "The pod.");
pub(super) const CONTAINER: Argument = required(
    "container",
    Kind::Text,
    "The container; it has mainstay-agent, or bash and restic.",
);
pub(super) const INCLUDE_PATH: Argument =
    required("includePath", Kind::Text, "The folder or file to back up.");

/// The function.
///
/// The process in the container ends with its connection, and what it had stored so far is used again. If it had
/// finished, the tag finds its backup.
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
    let common = Common::read(arguments)?;
    let access = Access::of(&call.scope, common.encryption_key)?;
    let repository = access.repository(&arguments.text_or_empty(&BACKUP_ARTIFACT_PREFIX)?)?;
    let target = Target {
        namespace: arguments.text_or_empty(&NAMESPACE)?,
        pod: arguments.text_or_empty(&POD)?,
        container: arguments.filled_text(&CONTAINER)?,
    };
    let tag = backup_tag(&Identity::of(&call.key));
    let inside = Inside {
        target: &target,
        access: &access,
        insecure_tls: common.insecure_tls,
        repository: &repository,
        tag: &tag,
        path: &arguments.text_or_empty(&INCLUDE_PATH)?,
    };
    let made = inside.back_up(context, call).await;
    let made = made.map_err(|failure| within("Failed to backup data", failure))?;
    Ok(Some(outputs(made, [(BACKUP_TAG, tag.clone())])))
}

fn signature() -> Signature {
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
