//! `MultiContainerRun`: two commands in one new pod that share a folder.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};

use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, optional, required};

const NAMESPACE: Argument = optional(
    "namespace",
    Kind::Text,
    "the controller's namespace",
    "Namespace of the pod.",
);
const BACKGROUND_IMAGE: Argument = required(
    "backgroundImage",
    Kind::Text,
    "The image of the container whose log does not matter.",
);
const BACKGROUND_COMMAND: Argument =
    required("backgroundCommand", Kind::TextList, "What that container runs.");
const OUTPUT_IMAGE: Argument = required(
    "outputImage",
    Kind::Text,
    "The image of the container that prints phase output.",
);
const OUTPUT_COMMAND: Argument = required("outputCommand", Kind::TextList, "What that container runs.");
const INIT_IMAGE: Argument = optional(
    "initImage",
    Kind::Text,
    "no init container",
    "The image of a container that runs before the two.",
);
const INIT_COMMAND: Argument = optional(
    "initCommand",
    Kind::TextList,
    "the image's own",
    "What that container runs.",
);
const SHARED_VOLUME_MEDIUM: Argument = optional(
    "sharedVolumeMedium",
    Kind::Text,
    "the node's disk",
    "What the shared folder lies on; `Memory` for RAM.",
);
const SHARED_VOLUME_SIZE_LIMIT: Argument = optional(
    "sharedVolumeSizeLimit",
    Kind::Text,
    "none",
    "The most the shared folder may hold, as a Kubernetes quantity.",
);
const SHARED_VOLUME_DIR: Argument = optional(
    "sharedVolumeDir",
    Kind::Text,
    "`/tmp/`",
    "Where the shared folder is mounted in every container.",
);

/// Name, arguments and outputs.
pub(crate) fn signature() -> Signature {
    Signature {
        function: "MultiContainerRun".into(),
        summary: "Runs two containers that share a folder in a new pod and reads phase output from one of them.",
        arguments: vec![
            NAMESPACE,
            BACKGROUND_IMAGE,
            BACKGROUND_COMMAND,
            OUTPUT_IMAGE,
            OUTPUT_COMMAND,
            INIT_IMAGE,
            INIT_COMMAND,
            SHARED_VOLUME_MEDIUM,
            SHARED_VOLUME_SIZE_LIMIT,
            SHARED_VOLUME_DIR,
            POD_OVERRIDE,
            POD_LABELS,
            POD_ANNOTATIONS,
        ],
        outputs: Outputs::Script,
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
