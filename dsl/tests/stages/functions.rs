//! The functions that the inputs call: a few with the shapes that checks tell apart. The real ones are data that
//! `mainstay-functions` hands over, and this crate does not know them.

use mainstay_dsl::signature::{Argument, Kind, Output, Outputs, Rendering, Signature, Signatures};

/// All of them.
pub(crate) fn signatures() -> Signatures {
    let script = Outputs::Script;
    let replicas = known(&["originalReplicaCount"]);
    let snapshot = known(&["backupID", "size"]);
    let pod = [
        ("namespace", Kind::Text),
        ("pod", Kind::Text),
        ("command", Kind::TextList),
    ];
    let task = [("image", Kind::Text), ("command", Kind::TextList)];
    let wait = [("timeout", Kind::Duration), ("conditions", Kind::Conditions)];
    [
        function("KubeExec", &pod, &[("container", Kind::Text)], script.clone()),
        function(
            "KubeTask",
            &task,
            &[
                ("namespace", Kind::Text),
                ("podLabels", Kind::TextMap),
                ("mountProfile", Kind::Boolean),
            ],
            script,
        ),
        function(
            "ScaleWorkload",
            &[("replicas", Kind::Integer)],
            &[
                ("name", Kind::Text),
                ("namespace", Kind::Text),
                ("waitForReady", Kind::Boolean),
            ],
            replicas,
        ),
        Signature {
            rendering: Rendering::Both,
            ..function("Wait", &wait, &[], Outputs::None)
        },
        Signature {
            rendering: Rendering::Function,
            ..function("WaitV2", &wait, &[], Outputs::None)
        },
        function(
            "BackupData",
            &[
                ("namespace", Kind::Text),
                ("pod", Kind::Text),
                ("includePath", Kind::Text),
            ],
            &[("encryptionKey", Kind::Text)],
            snapshot,
        ),
    ]
    .into_iter()
    .collect()
}

fn known(outputs: &[&'static str]) -> Outputs {
    Outputs::Known(
        outputs
            .iter()
            .map(|&name| Output {
                name,
                summary: "An output.",
            })
            .collect(),
    )
}

fn function(
    name: &'static str,
    required: &[(&'static str, Kind)],
    optional: &[(&'static str, Kind)],
    outputs: Outputs,
) -> Signature {
    let argument = |required| {
        move |&(name, kind): &(&'static str, Kind)| Argument {
            name,
            kind,
            required,
            default: None,
            summary: "An argument.",
            extension: name == "mountProfile",
        }
    };
    Signature {
        function: name.into(),
        summary: "A function.",
        arguments: required
            .iter()
            .map(argument(true))
            .chain(optional.iter().map(argument(false)))
            .collect(),
        outputs,
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
