//! `mainstay run`: makes an ActionSet and follows it to its end.
//! Must not know what the action does.

mod target;

use std::collections::BTreeMap;
use std::process::ExitCode;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, PostParams};
use mainstay_api::actionset::ActionSpec;
use mainstay_api::reference::Artifact;
use mainstay_api::{ActionSet, ObjectReference};

use crate::cluster::{Cluster, Connection, refused};
use crate::error::{Error, Kind, output};
use crate::follow::follow;
use crate::follow::show::{Format, Show};

use target::{Pair, Target};

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The action of the blueprint.
    #[arg(short, long)]
    action: String,
    /// The blueprint, in the namespace of the controller.
    #[arg(short, long)]
    blueprint: String,
    #[command(flatten)]
    target: Target,
    /// The location profile, as NAME or NAMESPACE/NAME.
    #[arg(short, long, value_name = "PROFILE")]
    profile: Option<String>,
    /// An option, as KEY=VALUE; may be given several times.
    #[arg(long = "option", value_name = "KEY=VALUE")]
    options: Vec<Pair>,
    /// A Secret by the name templates use, as NAME=NAMESPACE/SECRET; may be given several times.
    #[arg(long = "secret", value_name = "NAME=NAMESPACE/SECRET")]
    secrets: Vec<Pair>,
    /// A ConfigMap by the name templates use, as NAME=NAMESPACE/CONFIGMAP; may be given several times.
    #[arg(long = "config-map", value_name = "NAME=NAMESPACE/CONFIGMAP")]
    config_maps: Vec<Pair>,
    /// An ActionSet that has ended well and whose artifacts this one takes.
    #[arg(short, long, value_name = "ACTIONSET")]
    from: Option<String>,
    /// The new ActionSet's name; default: the action and five characters.
    #[arg(long)]
    name: Option<String>,
    /// Print the ActionSet's name and do not wait for its end.
    #[arg(long)]
    detach: bool,
    /// How to show what happens.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,
    #[command(flatten)]
    connection: Connection,
}

/// Makes the ActionSet and, unless told not to, follows it.
pub(crate) async fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let cluster = arguments.connection.open().await?;
    let action = action(arguments, &cluster).await?;
    let name = create(
        &cluster,
        ObjectMeta {
            name: arguments.name.clone(),
            ..ObjectMeta::default()
        },
        action,
    )
    .await?;
    if arguments.detach {
        use std::io::Write as _;
        writeln!(std::io::stdout(), "{name}").map_err(|error| output(&error))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut show = Show::new(arguments.output);
    show.say(&format!("actionset {}/{name} created", cluster.namespace))?;
    let status = follow(&cluster, &name, &mut show).await?;
    Ok(match status.state.as_str() {
        "complete" => ExitCode::SUCCESS,
        _ => ExitCode::from(Kind::Failed as u8),
    })
}

/// What the ActionSet asks for.
async fn action(arguments: &Arguments, cluster: &Cluster) -> Result<ActionSpec, Error> {
    let artifacts = match &arguments.from {
        None => BTreeMap::new(),
        Some(parent) => artifacts(cluster, parent).await?,
    };
    Ok(ActionSpec {
        name: arguments.action.clone(),
        blueprint: arguments.blueprint.clone(),
        object: arguments.target.reference()?,
        artifacts,
        profile: arguments
            .profile
            .as_deref()
            .map(|profile| profile_reference(profile, &cluster.namespace)),
        options: arguments
            .options
            .iter()
            .map(|pair| (pair.key.clone(), pair.value.clone()))
            .collect(),
        secrets: references(&arguments.secrets, "Secret")?,
        config_maps: references(&arguments.config_maps, "ConfigMap")?,
        ..ActionSpec::default()
    })
}

fn profile_reference(profile: &str, namespace: &str) -> ObjectReference {
    let (namespace, name) = profile.split_once('/').unwrap_or((namespace, profile));
    ObjectReference {
        kind: "Profile".to_owned(),
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        ..ObjectReference::default()
    }
}

fn references(pairs: &[Pair], kind: &str) -> Result<BTreeMap<String, ObjectReference>, Error> {
    pairs
        .iter()
        .map(|pair| {
            let (namespace, name) = pair.value.split_once('/').ok_or_else(|| {
                Error::new(Kind::Usage, format!("`{}` does not name a namespace", pair.value))
                    .hint(format!("write {}=NAMESPACE/{}", pair.key, pair.value))
            })?;
            let reference = ObjectReference {
                kind: kind.to_owned(),
                name: name.to_owned(),
                namespace: namespace.to_owned(),
                ..ObjectReference::default()
            };
            Ok((pair.key.clone(), reference))
        })
        .collect()
}

/// The artifacts of an ActionSet that has ended well.
async fn artifacts(cluster: &Cluster, parent: &str) -> Result<BTreeMap<String, Artifact>, Error> {
    let api = Api::<ActionSet>::namespaced(cluster.client.clone(), &cluster.namespace);
    let seen = api
        .get(parent)
        .await
        .map_err(refused(&format!("read ActionSet {parent}")))?;
    let status = seen.status.unwrap_or_default();
    if status.state != "complete" {
        let state = if status.state.is_empty() {
            "not begun"
        } else {
            &status.state
        };
        return Err(Error::new(
            Kind::Failed,
            format!("ActionSet {parent} is {state}, so it has no artifacts to take"),
        )
        .hint("only artifacts of a complete run can be used"));
    }
    let mut actions = status.actions.into_iter();
    match (actions.next(), actions.next()) {
        (Some(action), None) => Ok(action.artifacts),
        _ => Err(Error::new(
            Kind::Failed,
            format!("ActionSet {parent} has not exactly one action"),
        )),
    }
}

/// Creates the ActionSet and returns its name; the server makes one up when the metadata has none.
pub(crate) async fn create(
    cluster: &Cluster,
    metadata: ObjectMeta,
    action: ActionSpec,
) -> Result<String, Error> {
    let metadata = ObjectMeta {
        generate_name: metadata
            .name
            .is_none()
            .then(|| format!("{}-", action.name.to_lowercase())),
        namespace: Some(cluster.namespace.clone()),
        ..metadata
    };
    let api = Api::<ActionSet>::namespaced(cluster.client.clone(), &cluster.namespace);
    let created = api
        .create(&PostParams::default(), &ActionSet::new(metadata, vec![action]))
        .await
        .map_err(refused("create the ActionSet"))?;
    Ok(created.metadata.name.unwrap_or_default())
}
