//! A namespace of a test's own, with manifests of `examples/` and `blueprints/` in it; taken away at the end.
//! Must not know what a test is about.

use std::path::{Path, PathBuf};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::Client;
use kube::api::{Api, AttachParams, DeleteParams, DynamicObject, ListParams, PostParams};
use kube::discovery::{self, Scope};
use serde::Deserialize as _;
use serde_json::{Value as Json, json};
use snafu::{OptionExt as _, ResultExt as _, Snafu};
use tokio::io::AsyncReadExt as _;
use tokio::time::Instant;

use crate::bed::Bed;
use crate::definitions;

/// How long anything may take that a test waits for.
pub const PATIENCE: Duration = Duration::from_mins(3);
/// The pause between two looks at something.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Why a scene is not as a test needs it.
#[derive(Debug, Snafu)]
pub enum Error {
    /// A request failed.
    #[snafu(display("failed to {what}"))]
    Cluster {
        /// What it was for.
        what: String,
        /// Why.
        #[snafu(source(from(kube::Error, Box::new)))]
        source: Box<kube::Error>,
    },
    /// A manifest cannot be read.
    #[snafu(display("failed to read {}", path.display()))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A manifest is not YAML.
    #[snafu(display("a manifest is not YAML"))]
    Yaml {
        /// Why.
        source: serde_yaml::Error,
    },
    /// A manifest is not an object.
    #[snafu(display("a manifest has no {field}"))]
    Manifest {
        /// What it has not.
        field: &'static str,
    },
    /// The object store refused something.
    #[snafu(transparent)]
    Bucket {
        /// What it refused.
        source: crate::replay::bucket::Error,
    },
    /// A command in a pod failed.
    #[snafu(display("`{command}` failed in pod {pod}: {complaint}"))]
    Command {
        /// The pod.
        pod: String,
        /// The command.
        command: String,
        /// What it printed on standard error.
        complaint: String,
    },
    /// Something did not happen in time.
    #[snafu(display("not within {}s: {what}", PATIENCE.as_secs()))]
    Late {
        /// What did not happen.
        what: String,
    },
}

/// The scene of one test: workloads, blueprints, profile and ActionSets all in one namespace, and a bucket.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The servers.
    pub bed: Bed,
    /// The namespace, which is also the bucket's name and the one the test's controller watches.
    pub namespace: String,
}

impl Scene {
    /// Makes the namespace and the bucket, and a profile `store` for it. The name must not be that of another test.
    pub async fn new(bed: Bed, name: &str) -> Result<Self, Error> {
        let scene = Self {
            bed,
            namespace: format!("e2e-{name}"),
        };
        scene.remove().await?;
        let namespace = Namespace {
            metadata: kube::core::ObjectMeta {
                name: Some(scene.namespace.clone()),
                ..Default::default()
            },
            ..Default::default()
        };
        Api::<Namespace>::all(scene.client())
            .create(&PostParams::default(), &namespace)
            .await
            .context(ClusterSnafu {
                what: format!("create namespace {}", scene.namespace),
            })?;
        scene.bed.store.make_bucket(&scene.namespace).await?;
        definitions::define(&scene.bed.client)
            .await
            .context(ClusterSnafu {
                what: "define our kinds",
            })?;
        scene.apply("examples/mysql-on-s3/profile.yaml", &[]).await?;
        Ok(scene)
    }

    /// Takes the namespace away and waits until it is gone.
    pub async fn remove(&self) -> Result<(), Error> {
        let api = Api::<Namespace>::all(self.client());
        let what = || ClusterSnafu {
            what: format!("delete namespace {}", self.namespace),
        };
        let mut asked = false;
        let deadline = Instant::now() + PATIENCE;
        while api
            .get_opt(&self.namespace)
            .await
            .with_context(|_| what())?
            .is_some()
        {
            if !asked {
                api.delete(&self.namespace, &DeleteParams::default())
                    .await
                    .with_context(|_| what())?;
                asked = true;
            }
            if Instant::now() > deadline {
                return LateSnafu {
                    what: format!("namespace {} goes", self.namespace),
                }
                .fail();
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// A client of the cluster.
    pub fn client(&self) -> Client {
        self.bed.client.clone()
    }

    /// Creates every object of a file of the repository, in this scene's namespace and with its store; `changes` are
    /// texts to replace.
    pub async fn apply(&self, file: &str, changes: &[(&str, &str)]) -> Result<(), Error> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
        let mut text = std::fs::read_to_string(&path).context(ReadSnafu { path })?;
        for (from, to) in changes {
            text = text.replace(from, to);
        }
        self.create_all(&text).await
    }

    /// Creates every object of a YAML text, placed as [`Scene::apply`] does.
    pub async fn create_all(&self, text: &str) -> Result<(), Error> {
        for document in serde_yaml::Deserializer::from_str(text) {
            let object = Json::deserialize(document).context(YamlSnafu)?;
            if !object.is_null() && object["kind"] != "Namespace" {
                self.create(&self.placed(&object)).await?;
            }
        }
        Ok(())
    }

    fn placed(&self, object: &Json) -> Json {
        let store = &self.bed.store;
        let mut object = match object {
            Json::Object(map) => map
                .iter()
                .map(|(key, value)| match key.as_str() {
                    "namespace" if value.is_string() => (key.clone(), json!(self.namespace)),
                    "bucket" if value == "shop-backups" => (key.clone(), json!(self.namespace)),
                    "endpoint" => (key.clone(), json!(format!("http://{}", store.address))),
                    _ => (key.clone(), self.placed(value)),
                })
                .collect(),
            Json::Array(items) => items.iter().map(|item| self.placed(item)).collect(),
            Json::String(text) if text == "ACCESS-KEY" => json!(store.access_key),
            Json::String(text) if text == "SECRET-KEY" => json!(store.secret_key),
            other => other.clone(),
        };
        if object["metadata"]["name"].is_string() && object["kind"].is_string() {
            object["metadata"]["namespace"] = json!(self.namespace);
        }
        object
    }

    async fn create(&self, object: &Json) -> Result<(), Error> {
        let field = |name: &'static str| object[name].as_str().context(ManifestSnafu { field: name });
        let (version, kind) = (field("apiVersion")?, field("kind")?);
        let what = format!("create {kind} {}", object["metadata"]["name"]);
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let kind = kube::core::GroupVersionKind::gvk(group, version, kind);
        let (resource, capabilities) =
            discovery::pinned_kind(&self.bed.client, &kind)
                .await
                .context(ClusterSnafu {
                    what: format!("find kind {}", kind.kind),
                })?;
        let api: Api<DynamicObject> = match capabilities.scope {
            Scope::Namespaced => Api::namespaced_with(self.client(), &self.namespace, &resource),
            Scope::Cluster => Api::all_with(self.client(), &resource),
        };
        let object = serde_json::from_value(object.clone())
            .ok()
            .context(ManifestSnafu { field: "metadata" })?;
        api.create(&PostParams::default(), &object)
            .await
            .context(ClusterSnafu { what })?;
        Ok(())
    }

    /// The one ready pod with the label `app`.
    pub async fn pod(&self, application: &str) -> Result<String, Error> {
        let api = Api::<Pod>::namespaced(self.client(), &self.namespace);
        let mine = ListParams::default().labels(&format!("app={application}"));
        self.until(&format!("a pod of {application} is ready"), || async {
            let pods = api
                .list(&mine)
                .await
                .context(ClusterSnafu { what: "list pods" })?
                .items;
            let ready = |pod: &&Pod| {
                let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
                pod.metadata.deletion_timestamp.is_none()
                    && conditions
                        .is_some_and(|all| all.iter().any(|one| one.type_ == "Ready" && one.status == "True"))
            };
            Ok(pods.iter().find(ready).map(kube::ResourceExt::name_any))
        })
        .await
    }

    /// Pods that carry out steps and are still there.
    pub async fn helpers(&self) -> Result<Vec<String>, Error> {
        let api = Api::<Pod>::namespaced(self.client(), &self.namespace);
        let made = ListParams::default().labels("createdBy=kanister");
        let pods = api
            .list(&made)
            .await
            .context(ClusterSnafu { what: "list pods" })?;
        Ok(pods.items.iter().map(kube::ResourceExt::name_any).collect())
    }

    /// How many pods that carry out steps are running.
    pub async fn running_helpers(&self) -> Result<usize, Error> {
        let api = Api::<Pod>::namespaced(self.client(), &self.namespace);
        let made = ListParams::default()
            .labels("createdBy=kanister")
            .fields("status.phase=Running");
        let pods = api
            .list(&made)
            .await
            .context(ClusterSnafu { what: "list pods" })?;
        Ok(pods.items.len())
    }

    /// Every key of the scene's bucket.
    pub async fn keys(&self) -> Result<Vec<String>, Error> {
        Ok(self.bed.store.all_keys(&self.namespace).await?)
    }

    /// An ActionSet as it is now.
    pub async fn action_set(&self, name: &str) -> Result<Json, Error> {
        let kind = kube::core::GroupVersionKind::gvk("cr.kanister.io", "v1alpha1", "ActionSet");
        let resource = kube::core::ApiResource::from_gvk(&kind);
        let api: Api<DynamicObject> = Api::namespaced_with(self.client(), &self.namespace, &resource);
        let seen = api.get(name).await.context(ClusterSnafu {
            what: format!("get ActionSet {name}"),
        })?;
        serde_json::to_value(seen)
            .ok()
            .context(ManifestSnafu { field: "status" })
    }

    /// Waits until the ActionSet is as asked for, and returns it.
    pub async fn action_set_when(
        &self,
        name: &str,
        what: &str,
        is: impl Fn(&Json) -> bool,
    ) -> Result<Json, Error> {
        self.until(&format!("ActionSet {name} {what}"), || async {
            let seen = self.action_set(name).await?;
            Ok(is(&seen).then_some(seen))
        })
        .await
    }

    /// Waits until nothing more will happen to the ActionSet, and returns it.
    pub async fn ended(&self, name: &str) -> Result<Json, Error> {
        self.action_set_when(name, "ends", |seen| {
            seen["status"]["mainstay"]["ended"].is_string()
        })
        .await
    }

    /// Looks until there is something to see.
    pub async fn until<T, F>(&self, what: &str, look: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<Option<T>, Error>>,
    {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(seen) = look().await? {
                return Ok(seen);
            }
            if Instant::now() > deadline {
                return LateSnafu { what }.fail();
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Runs a script in a pod of one container and returns what it printed.
    pub async fn shell(&self, pod: &str, script: &str, argument: &str) -> Result<String, Error> {
        self.shell_in(pod, None, script, argument).await
    }

    /// Runs a script in a container and returns what it printed.
    pub async fn shell_in(
        &self,
        pod: &str,
        container: Option<&str>,
        script: &str,
        argument: &str,
    ) -> Result<String, Error> {
        let api = Api::<Pod>::namespaced(self.client(), &self.namespace);
        let parameters = AttachParams {
            container: container.map(str::to_owned),
            ..AttachParams::default().stdin(false).stdout(true).stderr(true)
        };
        let what = || ClusterSnafu {
            what: format!("run a command in pod {pod}"),
        };
        let mut process = api
            .exec(pod, ["sh", "-c", script, argument], &parameters)
            .await
            .with_context(|_| what())?;
        let (status, stdout, stderr) = (process.take_status(), process.stdout(), process.stderr());
        let (mut printed, mut complaint) = (String::new(), String::new());
        let failed = |complaint: String| Error::Command {
            pod: pod.to_owned(),
            command: script.to_owned(),
            complaint,
        };
        if let Some(mut stdout) = stdout {
            stdout
                .read_to_string(&mut printed)
                .await
                .map_err(|error| failed(error.to_string()))?;
        }
        if let Some(mut stderr) = stderr {
            stderr
                .read_to_string(&mut complaint)
                .await
                .map_err(|error| failed(error.to_string()))?;
        }
        let status = match status {
            Some(status) => status.await,
            None => None,
        };
        match status.and_then(|status| status.status).as_deref() {
            Some("Success") => Ok(printed.trim().to_owned()),
            _ => Err(failed(complaint)),
        }
    }
}
