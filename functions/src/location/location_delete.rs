//! `LocationDelete`: plain objects, removed from the bucket by the controller itself.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_engine::function::{Cause, Error as Failure, Outputs as Returned, Recovery};
use mainstay_repository::location::Key;
use mainstay_repository::object::{self, Scope};
use mainstay_repository::store::{self, Address, Settings};
use mainstay_repository::{Error, Exit, Watch};
use snafu::ResultExt as _;

use crate::arguments::required;
use crate::context::Siblings;
use crate::declaration::{Declaration, Work, keeps_nothing};
use crate::profile::{Profile, UnusableSnafu};

const ARTIFACT: Argument = required(
    "artifact",
    Kind::Text,
    "Path of the object below the profile's prefix; a leading name of the bucket is taken away.",
);

/// The function.
///
/// What is gone already is no failure.
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
    let artifact = arguments.text_or_empty(&ARTIFACT)?;
    let profile = Profile::of(&call.scope)?.location;
    let address = Address::of(&profile, &Settings::default()).context(UnusableSnafu)?;
    let path = artifact
        .strip_prefix(&profile.location.bucket)
        .unwrap_or(&artifact);
    let scope = match context.settings.siblings {
        Siblings::Spared => Scope::Object,
        Siblings::Deleted => Scope::Prefix,
    };
    let delete = async {
        let key = Key::new(&profile.location.prefix, path)?;
        object::delete(&store::open(&address).await?, &key, scope, &Watch::new()).await
    };
    let count = delete.await.map_err(|error| failed(&error))?;
    tracing::info!(count, "objects deleted");
    Ok(None)
}

fn failed(error: &Error) -> Failure {
    let cause = match error.exit() {
        Exit::Unreachable => Cause::Unreachable,
        _ => Cause::Failed,
    };
    Failure::new(cause, format!("Failed to delete artifact: {error}"))
}

fn signature() -> Signature {
    Signature {
        function: "LocationDelete".into(),
        summary: "Deletes an object of the profile's location, and everything below its path.",
        arguments: vec![ARTIFACT],
        outputs: Outputs::None,
        rendering: Rendering::Engine,
        needs_profile: true,
    }
}
