//! What a run was started from, kept in the cluster so that a resumed run goes on with the same: the request and
//! the blueprints, in a `ControllerRevision` that the ActionSet owns.
//! Must not know what a blueprint says. Holds no secrets: references to them are all that a request has.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::core::v1::ObjectReference as EventSubject;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use kube::api::PostParams;
use kube::{Api, Client};
use mainstay_engine::request::{Identity, Request};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use snafu::{ResultExt, Snafu};

use crate::refusal::{is_transient, told};

/// The version of [`Frozen`] that this program writes.
const VERSION: u32 = 1;

/// Why what a run starts from was not kept or not found.
#[derive(Debug, Snafu)]
pub enum Error {
    /// It could not be written.
    #[snafu(display("failed to keep what the run starts from: {}", told(source)))]
    Keep {
        /// What the API server said.
        source: Box<kube::Error>,
    },
    /// It could not be read.
    #[snafu(display("failed to read what the run started from: {}", told(source)))]
    Read {
        /// What the API server said.
        source: Box<kube::Error>,
    },
    /// It is nothing that this program keeps.
    #[snafu(display("failed to decode what the run started from, in ControllerRevision {name}: {source}"))]
    Decode {
        /// The name of the revision.
        name: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A later program has written it.
    #[snafu(display(
        "failed to read what the run started from: it has version {found}, and this program knows {VERSION}"
    ))]
    Version {
        /// Its version.
        found: u32,
    },
}

impl Error {
    /// Whether trying again may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Keep { source } | Self::Read { source } => is_transient(source),
            Self::Decode { .. } | Self::Version { .. } => false,
        }
    }
}

/// What a run was started from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Frozen {
    /// The version of this layout.
    pub version: u32,
    /// The request.
    pub request: Request,
    /// The blueprints that were found, by name.
    pub blueprints: BTreeMap<String, Blueprint>,
}

/// A blueprint as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blueprint {
    /// Its unique identifier, for Events about it.
    pub uid: String,
    /// The whole object, but for what the API server adds to it.
    pub object: Json,
}

impl Frozen {
    /// What a run starts from now.
    pub fn new(request: Request, blueprints: BTreeMap<String, Blueprint>) -> Self {
        Self {
            version: VERSION,
            request,
            blueprints,
        }
    }

    /// What Events about the blueprint of each action are about.
    pub fn blueprint_subjects(&self) -> Vec<Option<EventSubject>> {
        let actions = self.request.actions.iter();
        actions
            .map(|action| {
                let blueprint = self.blueprints.get(&action.blueprint)?;
                Some(EventSubject {
                    api_version: Some(mainstay_api::API_VERSION.to_owned()),
                    kind: Some("Blueprint".to_owned()),
                    name: Some(action.blueprint.clone()),
                    namespace: Some(self.request.run.namespace.clone()),
                    uid: Some(blueprint.uid.clone()),
                    ..EventSubject::default()
                })
            })
            .collect()
    }
}

/// What the run of that identity was started from, if it was.
pub async fn read(client: &Client, run: &Identity) -> Result<Option<Frozen>, Error> {
    let revisions: Api<ControllerRevision> = Api::namespaced(client.clone(), &run.namespace);
    let name = name(run);
    let found = revisions
        .get_opt(&name)
        .await
        .map_err(Box::new)
        .context(ReadSnafu)?;
    found.map(|revision| decode(name, revision)).transpose()
}

/// Keeps what a run starts from. When an earlier life has kept something, that is returned instead.
pub async fn keep(client: &Client, frozen: &Frozen) -> Result<Frozen, Error> {
    let run = &frozen.request.run;
    let revisions: Api<ControllerRevision> = Api::namespaced(client.clone(), &run.namespace);
    let revision = revision(frozen)?;
    match revisions.create(&PostParams::default(), &revision).await {
        Ok(_) => Ok(frozen.clone()),
        Err(kube::Error::Api(status)) if status.code == 409 => {
            let name = name(run);
            let found = revisions.get(&name).await.map_err(Box::new).context(ReadSnafu)?;
            decode(name, found)
        }
        Err(error) => Err(Box::new(error)).context(KeepSnafu),
    }
}

fn revision(frozen: &Frozen) -> Result<ControllerRevision, Error> {
    let run = &frozen.request.run;
    let name = name(run);
    let data = serde_json::to_value(frozen).context(DecodeSnafu { name: &name })?;
    Ok(ControllerRevision {
        metadata: ObjectMeta {
            name: Some(name),
            namespace: Some(run.namespace.clone()),
            labels: Some(BTreeMap::from([(
                "app.kubernetes.io/managed-by".to_owned(),
                "mainstay".to_owned(),
            )])),
            owner_references: Some(vec![OwnerReference {
                api_version: mainstay_api::API_VERSION.to_owned(),
                kind: "ActionSet".to_owned(),
                name: run.name.clone(),
                uid: run.uid.clone(),
                controller: Some(true),
                block_owner_deletion: None,
            }]),
            ..ObjectMeta::default()
        },
        data: RawExtension(data),
        revision: Some(1),
    })
}

/// One name for each run: an ActionSet that is made anew under an old name has another identifier.
fn name(run: &Identity) -> String {
    format!("mainstay-{}", run.uid)
}

fn decode(name: String, revision: ControllerRevision) -> Result<Frozen, Error> {
    let RawExtension(data) = revision.data;
    let version = data["version"]
        .as_u64()
        .and_then(|version| u32::try_from(version).ok());
    match version {
        Some(found) if found > VERSION => VersionSnafu { found }.fail(),
        _ => serde_json::from_value(data).context(DecodeSnafu { name }),
    }
}
