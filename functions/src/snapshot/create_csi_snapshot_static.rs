//! `CreateCSISnapshotStatic`: a snapshot object for a snapshot that the storage has already.

use mainstay_dsl::signature::{Argument, Kind, Output, Outputs, Rendering, Signature};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};
use serde_json::{Value as Json, json};

use crate::arguments::required;
use crate::cluster::MADE_BY;
use crate::declaration::{Declaration, Work, keeps_nothing};
use crate::pod::Identity;

const NAME: Argument = required("name", Kind::Text, "The name of the snapshot.");
const NAMESPACE: Argument = required("namespace", Kind::Text, "Namespace of the snapshot.");
const DRIVER: Argument = required("driver", Kind::Text, "The driver of the storage.");
const SNAPSHOT_HANDLE: Argument = required(
    "snapshotHandle",
    Kind::Text,
    "What the storage knows the snapshot by.",
);
const SNAPSHOT_CLASS: Argument = required("snapshotClass", Kind::Text, "The class of the snapshot.");

/// The function.
pub(crate) static DECLARATION: Declaration = Declaration {
    signature,
    recovery: Recovery::Reattach,
    call: |work| Box::pin(call(work)),
    settle: keeps_nothing,
};

async fn call(work: Work<'_>) -> Result<Returned, Failure> {
    let Work {
        context,
        arguments,
        call,
    } = work;
    let client = &context.client;
    let name = arguments.text_or_empty(&NAME)?;
    let namespace = arguments.text_or_empty(&NAMESPACE)?;
    let class_name = arguments.text_or_empty(&SNAPSHOT_CLASS)?;
    let class = super::class(client, &class_name).await?;
    let identity = Identity::of(&call.key);
    let content_name = format!("{name}-content-{}", identity.uuid());
    let mark = json!({MADE_BY: identity.label()});
    let content = super::Kind::Content.object(
        &json!({"name": content_name, "annotations": mark}),
        &json!({
            "deletionPolicy": class.data.get("deletionPolicy").unwrap_or(&Json::Null),
            "driver": arguments.text_or_empty(&DRIVER)?,
            "source": {"snapshotHandle": arguments.text_or_empty(&SNAPSHOT_HANDLE)?},
            "volumeSnapshotClassName": class_name,
            "volumeSnapshotRef": {"kind": super::Kind::Snapshot.name(), "name": name, "namespace": namespace},
        }),
    );
    let contents = super::Kind::Content.everywhere(client);
    super::create(&contents, &content, "Failed to create snapshot content").await?;
    let snapshot = super::Kind::Snapshot.object(
        &json!({"name": name, "namespace": namespace, "annotations": mark}),
        &json!({
            "source": {"volumeSnapshotContentName": content_name},
            "volumeSnapshotClassName": class_name,
        }),
    );
    let snapshots = super::snapshots(client, &namespace);
    super::create(&snapshots, &snapshot, "Failed to create snapshot").await?;
    let ready = super::ready(context, &namespace, &name).await?;
    Ok(Some(ready.output(name, namespace)))
}

fn signature() -> Signature {
    let output = |name, summary| Output { name, summary };
    Signature {
        function: "CreateCSISnapshotStatic".into(),
        summary: "Makes the objects for a snapshot that the storage has already, and waits until it can be used.",
        arguments: vec![NAME, NAMESPACE, DRIVER, SNAPSHOT_HANDLE, SNAPSHOT_CLASS],
        outputs: Outputs::Known(vec![
            output("name", "The name of the snapshot."),
            output("namespace", "Its namespace."),
            output(
                "restoreSize",
                "The least size of a volume it can be restored to, as a Kubernetes quantity.",
            ),
            output("snapshotContent", "The name of its content."),
        ]),
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
