//! `DeleteCSISnapshotContent`: removes what stands for a snapshot in the storage.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};

use crate::arguments::required;
use crate::declaration::{Declaration, Work, keeps_nothing};

const NAME: Argument = required("name", Kind::Text, "The content of a snapshot.");

/// The function. What is gone already is deleted.
pub(crate) static DECLARATION: Declaration = Declaration {
    signature,
    recovery: Recovery::Rerun,
    call: |work| Box::pin(call(work)),
    settle: keeps_nothing,
};

async fn call(work: Work<'_>) -> Result<Returned, Failure> {
    let name = work.arguments.text_or_empty(&NAME)?;
    super::delete(&super::Kind::Content.everywhere(&work.context.client), &name).await?;
    Ok(None)
}

fn signature() -> Signature {
    Signature {
        function: "DeleteCSISnapshotContent".into(),
        summary: "Deletes the content of a snapshot.",
        arguments: vec![NAME],
        outputs: Outputs::None,
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
