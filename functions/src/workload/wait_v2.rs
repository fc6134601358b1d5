//! `WaitV2`: until conditions on objects hold, written as templates over the object.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};

use super::wait::TIMEOUT;
use crate::arguments::required;

const CONDITIONS: Argument = required(
    "conditions",
    Kind::Conditions,
    "`anyOf` and `allOf`: templates over the object that must render to `true`.",
);

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "WaitV2".into(),
        summary: "Waits until conditions on objects of the cluster hold.",
        arguments: vec![TIMEOUT, CONDITIONS],
        outputs: Outputs::None,
        rendering: Rendering::Function,
        needs_profile: false,
    }
}
