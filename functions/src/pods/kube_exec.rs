//! `KubeExec`: a command in a container that runs already.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};

use crate::arguments::{optional, required};
use crate::declaration::{Declaration, Work, keeps_nothing};
use crate::exec::{self, Target};

const NAMESPACE: Argument = required("namespace", Kind::Text, "Namespace of the pod.");
const POD: Argument = required("pod", Kind::Text, "Name of the pod.");
const COMMAND: Argument = required(
    "command",
    Kind::TextList,
    "The program and its arguments; no shell is added.",
);
const CONTAINER: Argument = optional(
    "container",
    Kind::Text,
    "the pod's only container",
    "The container to run in; needed when the pod has several.",
);

/// The function. Nobody can tell how far an interrupted command came.
pub(crate) static DECLARATION: Declaration = Declaration {
    signature,
    recovery: Recovery::Fail,
    call: |work| Box::pin(call(work)),
    settle: keeps_nothing,
};

async fn call(work: Work<'_>) -> Result<Returned, Failure> {
    let Work {
        context,
        arguments,
        call: _,
    } = work;
    let target = Target {
        namespace: arguments.text_or_empty(&NAMESPACE)?,
        pod: arguments.text_or_empty(&POD)?,
        container: arguments.filled_text(&CONTAINER)?,
    };
    let command = arguments.text_list(&COMMAND)?;
    let outputs = exec::outputs(&context.client, &target, &command).await?;
    Ok((!outputs.is_empty()).then_some(outputs))
}

fn signature() -> Signature {
    Signature {
        function: "KubeExec".into(),
        summary: "Runs a command in a running container and reads phase output from what it prints.",
        arguments: vec![NAMESPACE, POD, COMMAND, CONTAINER],
        outputs: Outputs::Script,
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
