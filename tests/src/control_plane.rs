//! One API server for the tests of a file, without rights and without nodes, and a namespace for each.
//! Must not know what is tested.

use std::sync::{Arc, Weak};

use k8s_openapi::api::core::v1::Namespace;
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use mainstay_testbed::{ControlPlane, Folder};
use tokio::sync::Mutex;

use crate::definitions;

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
    definitions::define(&client(&server).await)
        .await
        .expect("the kinds are served");
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
