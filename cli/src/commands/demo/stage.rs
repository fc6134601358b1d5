//! What the demonstration stands on: a namespace, a profile, secrets, blueprints. Made before, taken away after.
//! Must not know what is played.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use mainstay_api::actionset::ActionSpec;
use mainstay_api::profile::{Credential, KeyPair, Location};
use mainstay_api::reference::Artifact;
use mainstay_api::{ActionSet, Blueprint, ObjectReference, Profile};
use rand::distr::{Alphanumeric, SampleString as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cluster::{Cluster, refused};
use crate::commands::demo::Arguments;
use crate::commands::run::create;
use crate::error::{Error, Kind};
use crate::follow::follow;
use crate::follow::show::Show;

/// How long the namespace may take to go.
const CLEAR: Duration = Duration::from_mins(2);
/// The pause between two looks at something that is to come or to go.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Marks what a demonstration has made in the controller's namespace.
const LABEL: &str = "mainstay.dev/demo";

/// The stage: names are fixed when it is made, nothing exists before [`Stage::set`].
pub(crate) struct Stage<'a> {
    /// The cluster; its namespace is the controller's.
    pub(crate) cluster: &'a Cluster,
    /// What the user asked for.
    pub(crate) arguments: &'a Arguments,
    /// Five characters that keep demonstrations apart.
    suffix: String,
    namespace: String,
    /// Opens the volume's repository and the database.
    password: String,
}

impl<'a> Stage<'a> {
    /// A stage with names of its own.
    pub(crate) fn new(cluster: &'a Cluster, arguments: &'a Arguments) -> Self {
        let suffix = Alphanumeric.sample_string(&mut rand::rng(), 5).to_lowercase();
        let password = Alphanumeric.sample_string(&mut rand::rng(), 32);
        Self {
            cluster,
            arguments,
            namespace: format!("mainstay-demo-{suffix}"),
            suffix,
            password,
        }
    }

    /// The namespace of the workloads.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name of a shipped blueprint's copy.
    fn blueprint(&self, shipped: &str) -> String {
        format!("{shipped}-demo-{}", self.suffix)
    }

    /// Makes namespace, secrets, profile and blueprints.
    pub(crate) async fn set(&self) -> Result<(), Error> {
        self.make_bucket().await?;
        let namespaces = Api::<Namespace>::all(self.cluster.client.clone());
        let namespace = Namespace {
            metadata: self.metadata(&self.namespace),
            ..Namespace::default()
        };
        namespaces
            .create(&PostParams::default(), &namespace)
            .await
            .map_err(refused(&format!("create namespace {}", self.namespace)))?;
        let keys = [
            ("access", &self.arguments.s3_access_key),
            ("secret", &self.arguments.s3_secret_key),
        ];
        self.create(&self.namespace, &self.secret("store", &keys)).await?;
        self.create(
            &self.namespace,
            &self.secret("password", &[("password", &self.password)]),
        )
        .await?;
        self.create(&self.namespace, &self.profile()).await?;
        for shipped in mainstay_blueprints::CATALOGUE {
            let mut blueprint: Blueprint = serde_yaml::from_str(shipped.text).map_err(|error| {
                Error::new(
                    Kind::Failed,
                    format!("the shipped blueprint {} is broken: {error}", shipped.name),
                )
            })?;
            blueprint.metadata = self.metadata(&self.blueprint(shipped.name));
            self.create(&self.cluster.namespace, &blueprint).await?;
        }
        Ok(())
    }

    async fn make_bucket(&self) -> Result<(), Error> {
        let Arguments {
            s3_endpoint,
            s3_bucket,
            s3_region,
            s3_access_key,
            s3_secret_key,
            ..
        } = self.arguments;
        let document = serde_json::json!({
            "Location": {
                "type": "s3Compliant", "bucket": s3_bucket, "endpoint": s3_endpoint, "prefix": "", "region": s3_region,
            },
            "Credential": {
                "Type": "keyPair", "KeyPair": {"ID": s3_access_key, "Secret": s3_secret_key},
                "Secret": null, "KopiaServerSecret": null,
            },
            "SkipSSLVerify": false,
        });
        let failed = |error: String| {
            Error::new(
                Kind::Cluster,
                format!("failed to make bucket {s3_bucket}: {error}"),
            )
            .hint("the S3 server must be reachable from here and from pods")
        };
        let profile = mainstay_repository::Profile::from_json(&document.to_string())
            .map_err(|error| failed(error.to_string()))?;
        mainstay_repository::store::make_bucket(&profile)
            .await
            .map_err(|error| failed(error.to_string()))
    }

    /// Takes everything away and waits until it is gone.
    pub(crate) async fn clear(&self) -> Result<(), Error> {
        let mine = ListParams::default().labels(&format!("{LABEL}={}", self.suffix));
        let client = &self.cluster.client;
        let controller = &self.cluster.namespace;
        let gone = DeleteParams::default();
        Api::<ActionSet>::namespaced(client.clone(), controller)
            .delete_collection(&gone, &mine)
            .await
            .map_err(refused("delete the demonstration's ActionSets"))?;
        Api::<Blueprint>::namespaced(client.clone(), controller)
            .delete_collection(&gone, &mine)
            .await
            .map_err(refused("delete the demonstration's blueprints"))?;
        let namespaces = Api::<Namespace>::all(client.clone());
        if let Err(error) = namespaces.delete(&self.namespace, &gone).await {
            return match error {
                kube::Error::Api(status) if status.code == 404 => Ok(()),
                other => Err(refused(&format!("delete namespace {}", self.namespace))(other)),
            };
        }
        let absent = async {
            while namespaces.get_opt(&self.namespace).await?.is_some() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok(())
        };
        match tokio::time::timeout(CLEAR, absent).await {
            Ok(gone) => gone.map_err(refused(&format!("look for namespace {}", self.namespace))),
            Err(_) => Err(Error::new(
                Kind::Failed,
                format!("namespace {} is still going", self.namespace),
            )
            .hint(format!("kubectl get all -n {}", self.namespace))),
        }
    }

    /// Runs one action of a shipped blueprint to its end and returns its artifacts.
    pub(crate) async fn act(
        &self,
        act: Act<'_>,
        show: &mut Show,
    ) -> Result<BTreeMap<String, Artifact>, Error> {
        let Act {
            blueprint,
            action,
            object,
            artifacts,
            options,
            secrets,
        } = act;
        let action_name = action.to_owned();
        let reference = |kind: &str, name: &str| ObjectReference {
            kind: kind.to_owned(),
            name: name.to_owned(),
            namespace: self.namespace.clone(),
            ..ObjectReference::default()
        };
        let spec = ActionSpec {
            name: action_name,
            blueprint: self.blueprint(blueprint),
            object: reference(object.0, object.1),
            profile: Some(reference("Profile", "store")),
            options: options
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            secrets: secrets
                .iter()
                .map(|(key, name)| ((*key).to_owned(), reference("Secret", name)))
                .collect(),
            artifacts,
            ..ActionSpec::default()
        };
        let name = create(self.cluster, self.metadata(""), spec).await?;
        show.say(&format!(
            "   {action}: actionset {}/{name}",
            self.cluster.namespace
        ))?;
        let status = follow(self.cluster, &name, show).await?;
        if status.state != "complete" {
            return Err(
                Error::new(Kind::Failed, format!("{action} failed: {}", status.error.message)).hint(format!(
                    "kubectl describe actionset {name} -n {}",
                    self.cluster.namespace
                )),
            );
        }
        Ok(status
            .actions
            .into_iter()
            .next()
            .map(|action| action.artifacts)
            .unwrap_or_default())
    }

    /// Creates an object of the demonstration.
    pub(crate) async fn create<K>(&self, namespace: &str, object: &K) -> Result<(), Error>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + Serialize
            + DeserializeOwned,
        K::DynamicType: Default,
    {
        let kind = K::kind(&K::DynamicType::default()).into_owned();
        let name = object.meta().name.clone().unwrap_or_default();
        Api::<K>::namespaced(self.cluster.client.clone(), namespace)
            .create(&PostParams::default(), object)
            .await
            .map_err(refused(&format!("create {kind} {namespace}/{name}")))?;
        Ok(())
    }

    /// Metadata of an object of the demonstration; without a name when it is empty.
    pub(crate) fn metadata(&self, name: &str) -> ObjectMeta {
        ObjectMeta {
            name: (!name.is_empty()).then(|| name.to_owned()),
            labels: Some(BTreeMap::from([(LABEL.to_owned(), self.suffix.clone())])),
            ..ObjectMeta::default()
        }
    }

    fn secret(&self, name: &str, content: &[(&str, &String)]) -> Secret {
        let content = content
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).clone()))
            .collect();
        Secret {
            metadata: self.metadata(name),
            string_data: Some(content),
            ..Secret::default()
        }
    }

    fn profile(&self) -> Profile {
        let Arguments {
            s3_endpoint,
            s3_bucket,
            s3_region,
            ..
        } = self.arguments;
        let location = Location {
            type_: "s3Compliant".to_owned(),
            bucket: s3_bucket.clone(),
            endpoint: s3_endpoint.clone(),
            prefix: self.namespace.clone(),
            region: s3_region.clone(),
        };
        let secret = ObjectReference {
            api_version: "v1".to_owned(),
            kind: "Secret".to_owned(),
            name: "store".to_owned(),
            namespace: self.namespace.clone(),
            ..ObjectReference::default()
        };
        let credential = Credential {
            type_: "keyPair".to_owned(),
            key_pair: Some(KeyPair {
                id_field: "access".to_owned(),
                secret_field: "secret".to_owned(),
                secret,
            }),
            ..Credential::default()
        };
        Profile::new(self.metadata("store"), location, credential)
    }
}

/// One action to be run.
pub(crate) struct Act<'a> {
    /// The shipped blueprint.
    pub(crate) blueprint: &'a str,
    /// Its action.
    pub(crate) action: &'a str,
    /// Kind and name of the object.
    pub(crate) object: (&'a str, &'a str),
    /// Input artifacts.
    pub(crate) artifacts: BTreeMap<String, Artifact>,
    /// Options.
    pub(crate) options: &'a [(&'a str, &'a str)],
    /// Secrets of the demonstration's namespace by the name templates use.
    pub(crate) secrets: &'a [(&'a str, &'a str)],
}
