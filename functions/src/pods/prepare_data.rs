//! `PrepareData`: a command in a new pod that mounts volumes of the application.

use std::collections::BTreeMap;

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_engine::function::{Cause, Error as Failure, Outputs as Returned, Recovery};
use mainstay_engine::scope::{Scope, Target};

use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, optional, required};
use crate::declaration::{Declaration, Work, keeps_pods};
use crate::pod::{self, Recipe, Worker};

const NAMESPACE: Argument = required("namespace", Kind::Text, "Namespace of the claims and of the pod.");
const IMAGE: Argument = required("image", Kind::Text, "The image to run.");
const COMMAND: Argument = required(
    "command",
    Kind::TextList,
    "The program and its arguments; no shell is added.",
);
const VOLUMES: Argument = optional(
    "volumes",
    Kind::TextMap,
    "every claim of the action's Deployment or StatefulSet, at `/mnt/prepare_data/<claim>`",
    "Where to mount what: claim name to mount path.",
);
const SERVICE_ACCOUNT: Argument = optional(
    "serviceaccount",
    Kind::Text,
    "the controller's in its own namespace, else the namespace's default",
    "The service account of the pod.",
);
const FAIL_ON_ERROR: Argument = optional(
    "failOnError",
    Kind::Boolean,
    "false",
    "Whether the phase fails when the command does.",
);

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
    let namespace = pod::namespace(arguments, &NAMESPACE, &context.settings)?;
    let image = arguments.text_or_empty(&IMAGE)?;
    let command = arguments.text_list(&COMMAND)?;
    let fail_on_error = arguments.boolean(&FAIL_ON_ERROR)?.unwrap_or(false);
    let mut paths = arguments.text_map(&VOLUMES)?;
    if paths.is_empty() {
        paths = volumes_of_target(&call.scope)?;
    }
    let mut recipe = Recipe::new(
        "prepare-data-job-",
        namespace.clone(),
        pod::single_container(&image, command),
        pod::Options::of(arguments)?,
        &call.scope,
    );
    recipe.service_account = arguments.filled_text(&SERVICE_ACCOUNT)?;
    recipe.volumes = pod::volumes(&context.client, &namespace, paths).await?;
    let worker = Worker::start(context, call, &recipe).await?;
    let printed = worker.printed(pod::CONTAINER).await?;
    if fail_on_error {
        worker.complete(pod::CONTAINER, printed.lines).await?;
    }
    Ok((!printed.outputs.is_empty()).then_some(printed.outputs))
}

/// Every claim that the action's workload mounts, and where the pod is to mount it.
fn volumes_of_target(scope: &Scope) -> Result<BTreeMap<String, String>, Failure> {
    let mistake = |message: &str| Err(Failure::new(Cause::Mistake, message));
    let workload = match &scope.target {
        Some(Target::Deployment(workload) | Target::StatefulSet(workload)) => workload,
        Some(Target::DeploymentConfig(_) | Target::Pvc(_) | Target::Namespace(_)) | None => {
            return mistake("Failed to get volumes");
        }
    };
    let paths: BTreeMap<String, String> = workload
        .claims
        .values()
        .flat_map(BTreeMap::keys)
        .map(|claim| (claim.clone(), format!("/mnt/prepare_data/{claim}")))
        .collect();
    if paths.is_empty() {
        mistake("No volumes found")
    } else {
        Ok(paths)
    }
}

fn signature() -> Signature {
    Signature {
        function: "PrepareData".into(),
        summary: "Runs a command in a new pod with the application's volumes mounted.",
        arguments: vec![
            NAMESPACE,
            IMAGE,
            COMMAND,
            VOLUMES,
            SERVICE_ACCOUNT,
            FAIL_ON_ERROR,
            POD_OVERRIDE,
            POD_LABELS,
            POD_ANNOTATIONS,
        ],
        outputs: Outputs::Script,
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
