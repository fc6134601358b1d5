//! `MultiContainerRun`: two commands in one new pod that share a folder.

use k8s_openapi::api::core::v1::{Container, EmptyDirVolumeSource, PodSpec, Volume, VolumeMount};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};

use self::rewrite::rewritten;
use crate::arguments::{self, Arguments, POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, optional, required};
use crate::declaration::{Declaration, Work, keeps_pods};
use crate::pod::{self, CREATED_BY, Recipe, Worker};

mod rewrite;

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

/// The container whose log is read.
const OUTPUT: &str = "output";
/// The container that runs beside it.
const BACKGROUND: &str = "background";
/// The container that runs before both, when there is one.
const INIT: &str = "init";
/// The folder they share.
const SHARED: &str = "shared";

/// The function.
pub(crate) static DECLARATION: Declaration = Declaration {
    signature,
    recovery: Recovery::Reattach,
    call: |work| Box::pin(call(work)),
    settle: keeps_pods,
};

async fn call(work: Work<'_>) -> Result<Returned, Failure> {
    let worker = Worker::start(work.context, work.call, &recipe(work)?).await?;
    let printed = worker.printed(OUTPUT).await?;
    worker.complete(OUTPUT, printed.lines).await?;
    Ok(Some(printed.outputs))
}

fn recipe(work: Work<'_>) -> Result<Recipe, Failure> {
    let Work {
        context,
        arguments,
        call,
    } = work;
    let spec = spec(arguments)?;
    let options = pod::Options::of(arguments)?;
    let mut scope = call.scope.as_ref().clone();
    scope.pod_override = scope
        .pod_override
        .map(|part| rewritten(part, spec.init_containers.is_some().then_some(INIT)));
    let namespace = pod::namespace(arguments, &NAMESPACE, &context.settings)?;
    let mut recipe = Recipe::new("kanister-job-", namespace, spec, options, &scope);
    let (name, value) = CREATED_BY;
    recipe.labels.insert(name.to_owned(), value.to_owned());
    let default_container = String::from("kubectl.kubernetes.io/default-container");
    recipe.annotations.insert(default_container, OUTPUT.to_owned());
    Ok(recipe)
}

fn spec(arguments: &Arguments<'_>) -> Result<PodSpec, arguments::Error> {
    let path = arguments
        .filled_text(&SHARED_VOLUME_DIR)?
        .unwrap_or_else(|| String::from("/tmp/"));
    let container = |name: &str, image: &Argument, command: &Argument| {
        let command = arguments.text_list(command)?;
        Ok::<_, arguments::Error>(Container {
            name: name.to_owned(),
            image: arguments.filled_text(image)?,
            command: (!command.is_empty()).then_some(command),
            volume_mounts: Some(vec![VolumeMount {
                name: SHARED.to_owned(),
                mount_path: path.clone(),
                ..VolumeMount::default()
            }]),
            ..Container::default()
        })
    };
    let init_containers = match arguments.filled_text(&INIT_IMAGE)? {
        Some(_) => Some(vec![container(INIT, &INIT_IMAGE, &INIT_COMMAND)?]),
        None => None,
    };
    Ok(PodSpec {
        containers: vec![
            container(OUTPUT, &OUTPUT_IMAGE, &OUTPUT_COMMAND)?,
            container(BACKGROUND, &BACKGROUND_IMAGE, &BACKGROUND_COMMAND)?,
        ],
        init_containers,
        restart_policy: Some(String::from("Never")),
        volumes: Some(vec![Volume {
            name: SHARED.to_owned(),
            empty_dir: Some(EmptyDirVolumeSource {
                medium: arguments.filled_text(&SHARED_VOLUME_MEDIUM)?,
                size_limit: arguments.filled_text(&SHARED_VOLUME_SIZE_LIMIT)?.map(Quantity),
                ..EmptyDirVolumeSource::default()
            }),
            ..Volume::default()
        }]),
        ..PodSpec::default()
    })
}

fn signature() -> Signature {
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
