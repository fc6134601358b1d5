//! `KubeTask`: a command in a pod of its own.

use k8s_openapi::api::core::v1::{EnvVar, PodSpec};
use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_engine::function::{Call, Error as Failure, Outputs as Returned, Recovery};
use mainstay_engine::sealed::Sealed;

use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, extension, optional, required};
use crate::credential::Credential;
use crate::declaration::{Declaration, Work, keeps_pods};
use crate::pod::{self, Identity, Recipe, Worker};
use crate::profile::Profile;

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

const MOUNT_PROFILE: Argument = extension(
    "mountProfile",
    Kind::Boolean,
    "false",
    "Whether the pod gets the profile as a file, where `kando` and `mainstay-agent` find it without `--profile`.",
);

/// Where the profile is. No image has such a folder.
const PROFILE_FOLDER: &str = "/.mainstay/profile";

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
    let mut spec = pod::single_container(&image, command);
    let profile = match arguments.boolean(&MOUNT_PROFILE)? {
        Some(true) => Some(mount_profile(&mut spec, call)?),
        Some(false) | None => None,
    };
    let mut recipe = Recipe::new(
        "kanister-job-",
        pod::namespace(arguments, &NAMESPACE, &context.settings)?,
        spec,
        pod::Options::of(arguments)?,
        &call.scope,
    );
    if let Some(job) = call.scope.request_labels.get(JOB_LABEL) {
        recipe.labels.insert(JOB_LABEL.to_owned(), job.clone());
    }
    let worker = Worker::start(context, call, &recipe).await?;
    if let Some(profile) = profile {
        profile.hand_over(context, &worker).await?;
    }
    let printed = worker.printed(pod::CONTAINER).await?;
    worker.complete(pod::CONTAINER, printed.lines).await?;
    Ok(Some(printed.outputs))
}

/// Mounts the profile and tells our agent, under both its names, where it is. It never stands in a command line.
fn mount_profile(spec: &mut PodSpec, call: &Call) -> Result<Credential, Failure> {
    let profile = Profile::of(&call.scope)?;
    let content = Sealed::new(profile.json.open().to_string());
    let credential = Credential::new(&Identity::of(&call.key), "profile", content);
    let file = credential.mount(spec, PROFILE_FOLDER);
    if let Some(container) = spec.containers.first_mut() {
        container.env.get_or_insert_default().push(EnvVar {
            name: String::from("MAINSTAY_PROFILE"),
            value: Some(format!("@{file}")),
            ..EnvVar::default()
        });
    }
    Ok(credential)
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
            MOUNT_PROFILE,
        ],
        outputs: Outputs::Script,
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
