//! Our kinds on an API server: defined, and served.
//! Must not know which server or what for.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::error::DiscoveryError;
use kube::{Client, ResourceExt as _, discovery};
use tokio::time::Instant;

use crate::scene::{LOOK_AGAIN, PATIENCE};

/// Defines our kinds, and returns when the API server serves them. Several may do so at a time.
pub async fn define(client: &Client) -> Result<(), kube::Error> {
    let api = Api::<CustomResourceDefinition>::all(client.clone());
    for definition in mainstay_api::definition::all() {
        let parameters = PatchParams::apply("mainstay-tests").force();
        api.patch(&definition.name_any(), &parameters, &Patch::Apply(&definition))
            .await?;
        let spec = &definition.spec;
        for version in &spec.versions {
            served(
                client,
                &GroupVersionKind::gvk(&spec.group, &version.name, &spec.names.kind),
            )
            .await?;
        }
    }
    Ok(())
}

/// Looks until the API server serves the kind. That it is established is known to it some time before.
async fn served(client: &Client, kind: &GroupVersionKind) -> Result<(), kube::Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match discovery::pinned_kind(client, kind).await {
            Ok(_) => return Ok(()),
            Err(error) if is_unserved(&error) && Instant::now() < deadline => {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Err(error) => return Err(error),
        }
    }
}

fn is_unserved(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => status.code == 404,
        kube::Error::Discovery(DiscoveryError::MissingKind(_)) => true,
        _ => false,
    }
}
