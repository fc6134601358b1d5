//! `Wait`: until conditions on objects hold, written with paths into the object.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};

use crate::arguments::required;

pub(super) const TIMEOUT: Argument = required("timeout", Kind::Duration, "How long to wait at most.");
const CONDITIONS: Argument = required(
    "conditions",
    Kind::Conditions,
    "`anyOf` and `allOf`: templates that must render to `true`; `{$.path}` in them stands for a field of the object.",
);

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "Wait".into(),
        summary: "Waits until conditions on objects of the cluster hold.",
        arguments: vec![TIMEOUT, CONDITIONS],
        outputs: Outputs::None,
        rendering: Rendering::Both,
        needs_profile: false,
    }
}
