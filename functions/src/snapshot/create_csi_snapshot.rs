//! `CreateCSISnapshot`: a snapshot of a claim's volume.

use mainstay_dsl::signature::{Argument, Kind, Output, Outputs, Rendering, Signature};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};
use serde_json::{Value as Json, json};

use crate::arguments::{optional, required};
use crate::cluster::MADE_BY;
use crate::declaration::{Declaration, Work, keeps_nothing};
use crate::failure;
use crate::pod::Identity;
use crate::retry::patiently;

const PVC: Argument = required("pvc", Kind::Text, "The claim whose volume is taken.");
const NAMESPACE: Argument = required(
    "namespace",
    Kind::Text,
    "Namespace of the claim and of the snapshot.",
);
const SNAPSHOT_CLASS: Argument = required("snapshotClass", Kind::Text, "The class of the snapshot.");
const NAME: Argument = optional(
    "name",
    Kind::Text,
    "`<pvc>-snapshot-` and five letters",
    "The name of the snapshot.",
);
const LABELS: Argument = optional("labels", Kind::TextMap, "none", "Labels of the snapshot.");

/// The function. The snapshot of a cancelled call stays, as everything does that a snapshot's name was given for.
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
    let pvc = arguments.text_or_empty(&PVC)?;
    let namespace = arguments.text_or_empty(&NAMESPACE)?;
    let class = arguments.text_or_empty(&SNAPSHOT_CLASS)?;
    let identity = Identity::of(&call.key);
    let name = arguments
        .filled_text(&NAME)?
        .unwrap_or_else(|| format!("{pvc}-snapshot-{}", identity.suffix()));
    let claims = super::claims(client, &namespace);
    let claim = patiently(|| claims.get(&pvc)).await;
    claim.map_err(|error| failure::of("Failed to find PVC", &error))?;
    super::class(client, &class).await?;
    let snapshot = super::Kind::Snapshot.object(
        &json!({
            "name": name,
            "namespace": namespace,
            "labels": arguments.text_map(&LABELS)?,
            "annotations": {MADE_BY: identity.label()},
        }),
        &json!({
            "source": {"persistentVolumeClaimName": pvc},
            "volumeSnapshotClassName": class,
        }),
    );
    let snapshots = super::snapshots(client, &namespace);
    super::create(&snapshots, &snapshot, "Failed to create snapshot").await?;
    let ready = super::ready(context, &namespace, &name).await?;
    let mut output = ready.output(name, namespace);
    output.insert(PVC.name.to_owned(), Json::from(pvc));
    Ok(Some(output))
}

fn signature() -> Signature {
    let output = |name, summary| Output { name, summary };
    Signature {
        function: "CreateCSISnapshot".into(),
        summary: "Takes a snapshot of a claim's volume and waits until it can be used.",
        arguments: vec![PVC, NAMESPACE, SNAPSHOT_CLASS, NAME, LABELS],
        outputs: Outputs::Known(vec![
            output("name", "The name of the snapshot."),
            output("pvc", "The claim."),
            output("namespace", "Namespace of both."),
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
