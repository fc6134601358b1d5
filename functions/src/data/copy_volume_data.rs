//! `CopyVolumeData`: a whole volume, from a new pod that mounts it, into a repository.

use mainstay_dsl::signature::{Argument, Kind, Output, Outputs, Rendering, Signature};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};

use super::access::Access;
use super::agent::Order;
use super::helper::{Helper, keeps_agents};
use super::{
    BACKUP_ID, BACKUP_TAG, Common, ENCRYPTION_KEY, FILE_COUNT, INSECURE_TLS, PHYSICAL_SIZE, SIZE,
    TOOLS_IMAGE, VERSION, backup_tag, output, outputs, tools_image, within,
};
use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, optional, required};
use crate::declaration::{Declaration, Work};
use crate::pod::{self, Identity, Volume};

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
const BACKUP_ROOT: Output = output("backupRoot", "The path in the backup.");
const BACKUP_ARTIFACT_LOCATION: Output =
    output("backupArtifactLocation", "Bucket and path of the repository.");

/// The function.
///
/// The pod goes on without the controller. One that is gone is made anew; if it had finished its backup, the tag finds
/// that.
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
    let repository = access.repository(&arguments.text_or_empty(&DATA_ARTIFACT_PREFIX)?)?;
    let namespace = arguments.text_or_empty(&NAMESPACE)?;
    let claim = arguments.text_or_empty(&VOLUME)?;
    let path = arguments
        .filled_text(&MOUNT_PATH)?
        .unwrap_or_else(|| format!("/mnt/vol_data/{claim}"));
    let tag = backup_tag(&Identity::of(&call.key));
    let order = Order::Backup {
        repository: &repository,
        tag: &tag,
        host: None,
        path: &path,
    };
    let volumes = pod::volumes(&context.client, &namespace, [(claim, path.clone())]).await?;
    let helper = Helper {
        prefix: "copy-vol-data-",
        part: String::new(),
        namespace,
        image: tools_image(arguments, context)?,
        // What is only read cannot be spoilt.
        volumes: volumes
            .into_iter()
            .map(|volume| Volume {
                access: pod::Access::Read,
                ..volume
            })
            .collect(),
        options: common.options,
        access: &access,
        insecure_tls: common.insecure_tls,
    };
    let from_agent = helper.carry_out(context, call, &order).await;
    let from_agent = from_agent.map_err(|failure| within("Failed to create and upload backup", failure))?;
    let own = [
        (BACKUP_ROOT, path.clone()),
        (BACKUP_ARTIFACT_LOCATION, repository.to_string()),
        (BACKUP_TAG, tag.clone()),
    ];
    Ok(Some(outputs(from_agent, own)))
}

fn signature() -> Signature {
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
            BACKUP_ROOT,
            BACKUP_ARTIFACT_LOCATION,
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
