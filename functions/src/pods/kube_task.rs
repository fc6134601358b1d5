//! `KubeTask`: a command in a pod of its own.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};

use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, optional, required};
use crate::declaration::{Declaration, Work, keeps_pods};
use crate::pod::{self, Recipe, Worker};

const IMAGE: Argument = required("image", Kind::Text, "The image to run.");
const COMMAND: Argument = required(
    "command",
    Kind::TextList,
    "The program and its arguments; no shell is added.",
);
const NAMESPACE: Argument = optional(
    "namespace",
    Kind::Text,
    "the controller's namespace",
    "Namespace of the pod.",
);

/// A label of the request that its pods carry.
const JOB_LABEL: &str = "kanister.io/JobID";

/// The function.
pub(crate) static DECLARATION: Declaration = Declaration {
    signature,
    recovery: Recovery::Reattach,
    call: |work| Box::pin(call(work)),
    settle: keeps_pods,
};

async fn call(work: Work<'_>) -> Result<Returned, Failure> {
    let Work {
        context,
        arguments,
        call,
    } = work;
    let image = arguments.text_or_empty(&IMAGE)?;
    let command = arguments.text_list(&COMMAND)?;
    let mut recipe = Recipe::new(
        "kanister-job-",
        pod::namespace(arguments, &NAMESPACE, &context.settings)?,
        pod::single_container(&image, command),
        pod::Options::of(arguments)?,
        &call.scope,
    );
    if let Some(job) = call.scope.request_labels.get(JOB_LABEL) {
        recipe.labels.insert(JOB_LABEL.to_owned(), job.clone());
    }
    let worker = Worker::start(context, call, &recipe).await?;
    let printed = worker.printed(pod::CONTAINER).await?;
    worker.complete(pod::CONTAINER, printed.lines).await?;
    Ok(Some(printed.outputs))
}

fn signature() -> Signature {
    Signature {
        function: "KubeTask".into(),
        summary: "Runs a command in a new pod and reads phase output from the pod's log.",
        arguments: vec![
            IMAGE,
            COMMAND,
            NAMESPACE,
            POD_OVERRIDE,
            POD_LABELS,
            POD_ANNOTATIONS,
        ],
        outputs: Outputs::Script,
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
