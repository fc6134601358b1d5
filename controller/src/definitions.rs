//! Installs the definitions of our kinds, and sees that the objects can be read.
//! Must not know what the definitions say.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ListParams, Patch, PatchParams};
use kube::core::NamespaceResourceScope;
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::{self, await_condition};
use kube::{Api, Client, Resource, ResourceExt};
use mainstay_api::{ActionSet, Blueprint, Profile, definition};
use serde::de::DeserializeOwned;
use snafu::{ResultExt, Snafu};

use crate::refusal::told;

/// Who the API server thinks we are when it merges what we apply.
const MANAGER: &str = "mainstay";
/// How long the API server may take to serve a new kind.
const ESTABLISHING: Duration = Duration::from_secs(30);

/// Why the kinds are not there.
#[derive(Debug, Snafu)]
pub enum Error {
    /// A definition was not taken.
    #[snafu(display(
        "failed to install the definition {name}: {}; without the right to do so, install the definitions \
         beforehand and set CREATEORUPDATE_CRDS=false",
        told(source)
    ))]
    Install {
        /// Its name.
        name: String,
        /// What the API server said.
        source: Box<kube::Error>,
    },
    /// A kind is not served.
    #[snafu(display("failed to see the definition {name} established: {source}"))]
    Establish {
        /// The definition's name.
        name: String,
        /// Why.
        source: wait::Error,
    },
    /// A kind is not served in time.
    #[snafu(display("the definition {name} was not established within {ESTABLISHING:?}"))]
    Slow {
        /// The definition's name.
        name: String,
        /// How long it took.
        source: tokio::time::error::Elapsed,
    },
    /// Objects cannot be read.
    #[snafu(display("failed to list {plural} in namespace {namespace}: {}", told(source)))]
    Access {
        /// Which.
        plural: String,
        /// Where.
        namespace: String,
        /// What the API server said.
        source: Box<kube::Error>,
    },
}

/// Creates or updates every definition and waits until its kind is served.
pub(crate) async fn install(client: &Client) -> Result<(), Error> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in definition::all() {
        let name = definition.name_any();
        definitions
            .patch(
                &name,
                &PatchParams::apply(MANAGER).force(),
                &Patch::Apply(&definition),
            )
            .await
            .map_err(Box::new)
            .context(InstallSnafu { name: &name })?;
        let established = await_condition(definitions.clone(), &name, is_crd_established());
        tokio::time::timeout(ESTABLISHING, established)
            .await
            .context(SlowSnafu { name: &name })?
            .context(EstablishSnafu { name: &name })?;
    }
    Ok(())
}

/// Fails when any of the kinds cannot be read: better now than at the first backup.
pub(crate) async fn check_access(client: &Client, namespace: &str) -> Result<(), Error> {
    check_list::<ActionSet>(client, namespace).await?;
    check_list::<Blueprint>(client, namespace).await?;
    check_list::<Profile>(client, namespace).await
}

async fn check_list<K>(client: &Client, namespace: &str) -> Result<(), Error>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned,
{
    let objects: Api<K> = Api::namespaced(client.clone(), namespace);
    objects
        .list_metadata(&ListParams::default().limit(1))
        .await
        .map_err(Box::new)
        .context(AccessSnafu {
            plural: K::plural(&()),
            namespace,
        })?;
    Ok(())
}
