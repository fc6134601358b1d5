//! `DeleteCSISnapshot`: removes a snapshot.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};

use crate::arguments::required;
use crate::declaration::{Declaration, Work, keeps_nothing};
use crate::failure;
use crate::retry::{Pauses, patiently};

const NAME: Argument = required("name", Kind::Text, "The snapshot.");
const NAMESPACE: Argument = required("namespace", Kind::Text, "Its namespace.");

/// The function. What is gone already is deleted.
pub(crate) static DECLARATION: Declaration = Declaration {
    signature,
    recovery: Recovery::Rerun,
    call: |work| Box::pin(call(work)),
    settle: keeps_nothing,
};

async fn call(work: Work<'_>) -> Result<Returned, Failure> {
    let name = work.arguments.text_or_empty(&NAME)?;
    let namespace = work.arguments.text_or_empty(&NAMESPACE)?;
    let snapshots = super::snapshots(&work.context.client, &namespace);
    super::delete(&snapshots, &name).await?;
    let mut pauses = Pauses::up_to(super::LOOK);
    loop {
        let there = patiently(|| snapshots.get_metadata_opt(&name)).await;
        let there =
            there.map_err(|error| failure::of("Failed to wait for the deletion of the snapshot", &error))?;
        if there.is_none() {
            return Ok(None);
        }
        pauses.pause().await;
    }
}

fn signature() -> Signature {
    Signature {
        function: "DeleteCSISnapshot".into(),
        summary: "Deletes a snapshot and waits until it is gone.",
        arguments: vec![NAME, NAMESPACE],
        outputs: Outputs::None,
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
