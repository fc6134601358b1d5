//! `BackupDataStats`: how much a backup holds.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};

use super::access::Access;
use super::agent::Order;
use super::helper::{Helper, keeps_agents};
use super::{
    BACKUP_ARTIFACT_PREFIX, Common, ENCRYPTION_KEY, FILE_COUNT, SIZE, TOOLS_IMAGE, VERSION, output, outputs,
    tools_image, within,
};
use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, optional, required};
use crate::declaration::{Declaration, Work};

const NAMESPACE: Argument = required("namespace", Kind::Text, "Namespace of the new pod.");
const BACKUP_ID: Argument = required("backupID", Kind::Text, "Identifier of the backup.");
const STATS_MODE: Argument = optional(
    "statsMode",
    Kind::Text,
    "`restore-size`",
    "What is counted: `restore-size`, `files-by-contents`, `blobs-per-file` or `raw-data`.",
);

/// The function.
///
/// The pod goes on without the controller.
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
    let repository = access.repository(&arguments.text_or_empty(&BACKUP_ARTIFACT_PREFIX)?)?;
    let id = arguments.text_or_empty(&BACKUP_ID)?;
    let mode = arguments
        .filled_text(&STATS_MODE)?
        .unwrap_or_else(|| String::from("restore-size"));
    let order = Order::Stats {
        repository: &repository,
        id: &id,
        mode: &mode,
    };
    let helper = Helper {
        prefix: "backup-data-stats-",
        part: String::new(),
        namespace: arguments.text_or_empty(&NAMESPACE)?,
        image: tools_image(arguments, context)?,
        volumes: Vec::new(),
        options: common.options,
        access: &access,
        insecure_tls: common.insecure_tls,
    };
    let from_agent = helper.carry_out(context, call, &order).await;
    let from_agent = from_agent.map_err(|failure| within("Failed to get backup stats", failure))?;
    Ok(Some(outputs(from_agent, [])))
}

fn signature() -> Signature {
    Signature {
        function: "BackupDataStats".into(),
        summary: "Counts files and bytes of a backup.",
        arguments: vec![
            NAMESPACE,
            BACKUP_ARTIFACT_PREFIX,
            BACKUP_ID,
            STATS_MODE,
            ENCRYPTION_KEY,
            TOOLS_IMAGE,
            POD_OVERRIDE,
            POD_LABELS,
            POD_ANNOTATIONS,
        ],
        outputs: Outputs::Known(vec![
            output("mode", "What was counted."),
            FILE_COUNT,
            SIZE,
            VERSION,
        ]),
        rendering: Rendering::Engine,
        needs_profile: true,
    }
}
