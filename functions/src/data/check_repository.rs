//! `CheckRepository`: whether a repository is there and opens with the password.

use mainstay_dsl::signature::{Outputs, Rendering, Signature};

use super::{BACKUP_ARTIFACT_PREFIX, ENCRYPTION_KEY, INSECURE_TLS, TOOLS_IMAGE, VERSION, output};
use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE};

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "CheckRepository".into(),
        summary: "Says whether a repository exists and opens with the password.",
        arguments: vec![
            BACKUP_ARTIFACT_PREFIX,
            TOOLS_IMAGE,
            ENCRYPTION_KEY,
            INSECURE_TLS,
            POD_OVERRIDE,
            POD_LABELS,
            POD_ANNOTATIONS,
        ],
        outputs: Outputs::Known(vec![
            output("passwordIncorrect", "`true` when the password opens no key."),
            output("repoUnavailable", "`true` when there is no repository."),
            VERSION,
        ]),
        rendering: Rendering::Engine,
        needs_profile: true,
    }
}
