//! A namespace of its own for each test, and calls made in it.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::wait::{await_condition, conditions};
use kube::{Api, Client, Config, ResourceExt as _};
use mainstay_engine::clock::System;
use mainstay_engine::function::{Call, Error, Function, Key, Outputs, Reporter};
use mainstay_engine::plan::Place;
use mainstay_engine::scope::Scope;
use mainstay_functions::context::{Context, Settings};
use mainstay_testbed::fault::Proxy;
use mainstay_tests::bed::Bed;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

/// The image that has a shell.
pub(crate) const TOOLS: &str = "localhost/tools:1";

/// The image that brings the agent.
const AGENT: &str = "localhost/mainstay-agent:1";

/// Longer than anything on a cluster in order takes.
const PATIENCE: Duration = Duration::from_secs(90);

/// A namespace and the functions.
pub(crate) struct Scene {
    /// Goes to the cluster as it is.
    pub(crate) client: Client,
    pub(crate) namespace: String,
    /// What functions are given. Their client goes through the proxy.
    pub(crate) context: Context,
    /// Stands between functions and the API server, and lets everything through until it is told otherwise.
    pub(crate) proxy: Proxy,
}

/// Plays a test in a namespace that is removed again, whatever comes of it.
pub(crate) fn play<F: Future<Output = ()> + Send + 'static>(
    name: &str,
    test: impl FnOnce(Arc<Scene>) -> F + Send + 'static,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let bed = Bed::from_environment().await.unwrap();
        let namespaces: Api<Namespace> = Api::all(bed.client.clone());
        let wanted = json!({"metadata": {"generateName": format!("e2e-functions-{name}-")}});
        let wanted = serde_json::from_value(wanted).unwrap();
        let made = namespaces.create(&PostParams::default(), &wanted).await;
        let namespace = made.unwrap().name_any();
        let scene = Arc::new(Scene::set(bed, namespace.clone()).await);
        let ended = tokio::spawn(tokio::time::timeout(PATIENCE, test(scene))).await;
        let removed = namespaces.delete(&namespace, &DeleteParams::default()).await;
        ended.expect("the test failed").expect("the test took too long");
        removed.unwrap();
    });
}

/// A client that goes through a proxy.
async fn through(proxy: &Proxy) -> Client {
    let kubeconfig = Kubeconfig::from_yaml(proxy.kubeconfig().unwrap()).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    Client::try_from(config.unwrap()).unwrap()
}

impl Scene {
    async fn set(bed: Bed, namespace: String) -> Self {
        let proxy = Proxy::before_api_server(&bed.kubeconfig, Ipv4Addr::LOCALHOST)
            .await
            .unwrap();
        let mut settings = Settings::new(namespace.as_str(), TOOLS, AGENT);
        settings.obstacle = Duration::from_secs(3);
        Self {
            client: bed.client,
            namespace,
            context: Context {
                client: through(&proxy).await,
                settings,
                clock: Arc::new(System),
            },
            proxy,
        }
    }

    /// The function of that name.
    pub(crate) fn function(&self, name: &str) -> Arc<dyn Function> {
        let functions = mainstay_functions::all(&self.context);
        Arc::clone(functions.get(&name.into()).expect("there is such a function"))
    }

    /// A call with these arguments; `phase` tells the calls of one test apart.
    pub(crate) fn call(&self, phase: usize, arguments: &Json) -> Call {
        Call {
            key: Key {
                run: self.namespace.clone(),
                name: String::from("run"),
                namespace: String::from("mainstay"),
                action: 0,
                phase: format!("phase{phase}").into(),
                place: Place::Phase(phase),
                item: 0,
                attempt: 1,
            },
            arguments: arguments.as_object().unwrap().clone(),
            written: arguments.as_object().unwrap().clone(),
            scope: Arc::new(Scope {
                time: String::from("2026-01-01T00:00:00Z"),
                ..Scope::default()
            }),
            progress: Reporter::new().0,
            cancel: CancellationToken::new(),
            resumed: false,
        }
    }

    /// Calls a function and settles the call.
    pub(crate) async fn perform(&self, name: &str, phase: usize, arguments: &Json) -> Result<Outputs, Error> {
        let function = self.function(name);
        let call = self.call(phase, arguments);
        let outcome = function.call(call.clone()).await;
        function.settle(&call).await;
        outcome
    }

    /// Makes calls one after the other and shows what comes of each. Nothing may be left behind.
    pub(crate) async fn table(&self, rows: &[(&str, Json)]) -> String {
        let mut all = Vec::new();
        for (phase, (function, arguments)) in rows.iter().enumerate() {
            let outcome = self.perform(function, phase, arguments).await;
            let asked = arguments.to_string().replace(&self.namespace, "<namespace>");
            all.push(format!("{function} {asked}\n{}", shown(self, &outcome)));
        }
        assert_eq!(
            self.pods().await,
            Vec::<String>::new(),
            "settled calls leave no pods"
        );
        all.join("\n\n")
    }

    /// Makes an object.
    pub(crate) async fn make<K>(&self, object: Json) -> K
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned,
        K: serde::Serialize,
        K::DynamicType: Default,
    {
        let api: Api<K> = self.api();
        let object = serde_json::from_value(object).unwrap();
        api.create(&PostParams::default(), &object).await.unwrap()
    }

    /// The objects of a kind in the namespace.
    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Makes a pod that idles, and waits until it runs.
    pub(crate) async fn idle_pod(&self, name: &str, containers: &[&str]) {
        let containers: Vec<Json> = containers
            .iter()
            .map(|name| json!({"name": name, "image": TOOLS, "command": ["sleep", "3600"]}))
            .collect();
        let spec = json!({"containers": containers, "terminationGracePeriodSeconds": 0});
        self.make::<Pod>(json!({"metadata": {"name": name}, "spec": spec}))
            .await;
        await_condition(self.api::<Pod>(), name, conditions::is_pod_running())
            .await
            .unwrap();
    }

    /// The pods that functions made and that are not on their way out.
    pub(crate) async fn pods(&self) -> Vec<String> {
        let made = ListParams::default().labels(mainstay_functions::pod::RUN_LABEL);
        let pods = self.api::<Pod>().list(&made).await.unwrap();
        let staying = pods
            .items
            .iter()
            .filter(|pod| pod.metadata.deletion_timestamp.is_none());
        staying.map(kube::ResourceExt::name_any).collect()
    }
}

/// What came of a call, with what changes from run to run replaced.
pub(crate) fn shown(scene: &Scene, outcome: &Result<Outputs, Error>) -> String {
    let text = match outcome {
        Ok(None) => String::from("no output"),
        Ok(Some(outputs)) => format!("output {}", Json::Object(outputs.clone())),
        Err(Error {
            message,
            cause,
            place,
            exit_code,
            last_lines,
        }) => {
            format!("{cause:?} at {place:?}, exit code {exit_code:?}, last lines {last_lines:?}\n{message}")
        }
    };
    let names = regex::Regex::new("(kanister-job|prepare-data-job|restore-data|delete-data|backup-data-stats|check-repository|two)-[a-z0-9]{5}").unwrap();
    let identifiers = regex::Regex::new("[0-9a-f]{62,64}").unwrap();
    let text = text.replace(&scene.namespace, "<namespace>");
    let text = identifiers.replace_all(&text, "<identifier>");
    names.replace_all(&text, "$1-<suffix>").into_owned()
}

/// A line of a script that prints an output; the shell expands the value.
pub(crate) fn output(key: &str, value: &str) -> String {
    format!("echo \"###Phase-output###: {{\\\"key\\\":\\\"{key}\\\",\\\"value\\\":\\\"{value}\\\"}}\"\n")
}
