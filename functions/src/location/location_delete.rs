//! `LocationDelete`: plain objects, removed from the bucket by the controller itself.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};

use crate::arguments::required;

const ARTIFACT: Argument = required(
    "artifact",
    Kind::Text,
    "Path of the object below the profile's prefix; a leading name of the bucket is taken away.",
);

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "LocationDelete".into(),
        summary: "Deletes an object of the profile's location, and everything below its path.",
        arguments: vec![ARTIFACT],
        outputs: Outputs::None,
        rendering: Rendering::Engine,
        needs_profile: true,
    }
}
