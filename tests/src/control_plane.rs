//! One API server for the tests of a file, without rights and without nodes, and a namespace for each.
//! Must not know what is tested.

use std::sync::{Arc, Weak};

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::await_condition;
use kube::{Api, Client, Config, ResourceExt as _};
use mainstay_testbed::{ControlPlane, Folder};
use tokio::sync::Mutex;

/// The server that tests share while any of them runs.
static SHARED: Mutex<Weak<ControlPlane>> = Mutex::const_new(Weak::new());

/// A namespace on the shared server, with our kinds defined.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its name.
    pub namespace: String,
    server: Arc<ControlPlane>,
}

impl Place {
    /// Makes a namespace; the name must not be that of another test.
    ///
    /// # Panics
    /// When there is no server or it refuses.
    pub async fn new(name: &str) -> Self {
        let place = Self {
            namespace: name.to_owned(),
            server: server().await,
        };
        let client = place.client().await;
        let namespace: Namespace =
            serde_json::from_value(serde_json::json!({"metadata": {"name": name}})).expect("a namespace");
        Api::<Namespace>::all(client)
            .create(&PostParams::default(), &namespace)
            .await
            .expect("the namespace is made");
        place
    }

    /// A client of somebody who may do anything.
    ///
    /// # Panics
    /// When the kubeconfig is none.
    pub async fn client(&self) -> Client {
        client(&self.server).await
    }
}

async fn server() -> Arc<ControlPlane> {
    let mut shared = SHARED.lock().await;
    if let Some(server) = shared.upgrade() {
        return server;
    }
    let folder = Folder::from_environment().expect("a folder for the test bed");
    let server = Arc::new(ControlPlane::start(&folder).await.expect("a control plane"));
    define(&client(&server).await).await;
    *shared = Arc::downgrade(&server);
    server
}

async fn client(server: &ControlPlane) -> Client {
    let file = Kubeconfig::read_from(server.kubeconfig()).expect("a kubeconfig");
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .expect("a usable kubeconfig");
    Client::try_from(config).expect("a client")
}

async fn define(client: &Client) {
    let definitions = Api::<CustomResourceDefinition>::all(client.clone());
    for definition in mainstay_api::definition::all() {
        let name = definition.name_any();
        definitions
            .patch(
                &name,
                &PatchParams::apply("mainstay-tests").force(),
                &Patch::Apply(&definition),
            )
            .await
            .expect("the definition is taken");
        await_condition(definitions.clone(), &name, is_crd_established())
            .await
            .expect("the kind is served");
    }
}
