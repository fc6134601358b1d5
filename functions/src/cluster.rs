//! Objects of any kind: found by what blueprints say of them, and made once.
//! Must not know what they are for.

use kube::api::{ApiResource, DynamicObject, PostParams};
use kube::core::{GroupVersion, GroupVersionKind};
use kube::discovery::{self, Scope};
use kube::{Api, Client, ResourceExt as _};

use crate::arguments::Reference;
use crate::failure;
use crate::retry::patiently;

/// A resource as the API server describes it.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    /// How it is addressed.
    pub(crate) resource: ApiResource,
    /// Whether its objects lie in namespaces.
    pub(crate) scope: Scope,
}

/// Where the object of a reference is, taken at its word: in its namespace, or in none when it names none.
pub(crate) fn api(client: &Client, reference: &Reference) -> Api<DynamicObject> {
    let resource = resource(reference);
    if reference.namespace.is_empty() {
        Api::all_with(client.clone(), &resource)
    } else {
        Api::namespaced_with(client.clone(), &reference.namespace, &resource)
    }
}

/// The resource of a reference. Its kind is of no importance to the API server.
pub(crate) fn resource(reference: &Reference) -> ApiResource {
    let group = reference.group.trim_end_matches('/');
    let api_version = if group.is_empty() {
        reference.api_version.clone()
    } else {
        format!("{group}/{}", reference.api_version)
    };
    ApiResource {
        group: group.to_owned(),
        version: reference.api_version.clone(),
        api_version,
        kind: reference.kind.clone(),
        plural: reference.resource.clone(),
    }
}

/// The resource that a reference names, if the API server has it.
pub(crate) async fn named(client: &Client, reference: &Reference) -> kube::Result<Option<Resource>> {
    let wanted = resource(reference);
    found(client, &wanted.group, &wanted.version, |resource| {
        resource.plural == wanted.plural
    })
    .await
}

/// The resource of the objects of a kind, if the API server has it.
pub(crate) async fn of_kind(client: &Client, kind: &GroupVersionKind) -> kube::Result<Option<Resource>> {
    found(client, &kind.group, &kind.version, |resource| {
        resource.kind == kind.kind
    })
    .await
}

async fn found(
    client: &Client,
    group: &str,
    version: &str,
    is_wanted: impl Fn(&ApiResource) -> bool,
) -> kube::Result<Option<Resource>> {
    let group_version = GroupVersion::gv(group, version);
    let group = match patiently(|| discovery::pinned_group(client, &group_version)).await {
        Ok(group) => group,
        Err(error) if failure::is_not_found(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let resources = group.versioned_resources(version).into_iter();
    let mut wanted = resources.filter(|(resource, _)| is_wanted(resource));
    Ok(wanted.next().map(|(resource, capabilities)| Resource {
        resource,
        scope: capabilities.scope,
    }))
}

/// Says, on what a call made, which call that was.
pub(crate) const MADE_BY: &str = "mainstay.dev/call";

/// Creates an object, unless the call that its mark names has created it before.
pub(crate) async fn create_once<K>(objects: &Api<K>, parameters: &PostParams, object: &K) -> kube::Result<()>
where
    K: kube::Resource + Clone + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned,
{
    match patiently(|| objects.create(parameters, object)).await {
        Ok(_) => Ok(()),
        Err(error) if failure::is_already_there(&error) => {
            let name = object.name_any();
            let there = patiently(|| objects.get_metadata_opt(&name)).await?;
            let mark = object.annotations().get(MADE_BY);
            let ours = there.is_some_and(|there| mark.is_some() && there.annotations().get(MADE_BY) == mark);
            if ours { Ok(()) } else { Err(error) }
        }
        Err(error) => Err(error),
    }
}
