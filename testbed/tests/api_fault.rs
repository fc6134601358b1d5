//! The fault proxy before a real API server and before a real object store.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use mainstay_testbed::fault::{Fault, Line, Pattern, Proxy, Rule};
use mainstay_testbed::{ControlPlane, Folder, Minio, Name, State, minio, process, programs};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

/// A proxy, the server behind it, and a client that knows only the proxy.
struct Scene {
    proxy: Proxy,
    kubectl: PathBuf,
    kubeconfig: PathBuf,
    _temporary: tempfile::TempDir,
    _control_plane: ControlPlane,
}

impl Scene {
    async fn new() -> Self {
        let folder = Folder::from_environment().unwrap();
        let kubectl = programs::kubernetes(&folder).await.unwrap().kubectl();
        let control_plane = ControlPlane::start(&folder).await.unwrap();
        let proxy = Proxy::before_api_server(&control_plane.kubeconfig(), Ipv4Addr::LOCALHOST)
            .await
            .unwrap();
        let temporary = tempfile::tempdir().unwrap();
        let kubeconfig = temporary.path().join("kubeconfig");
        std::fs::write(&kubeconfig, proxy.kubeconfig().unwrap()).unwrap();
        Self {
            proxy,
            kubectl,
            kubeconfig,
            _temporary: temporary,
            _control_plane: control_plane,
        }
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(&self.kubectl);
        command.args(words.split(' ')).env("KUBECONFIG", &self.kubeconfig);
        // What kubectl knows about the server it keeps in its home.
        command
            .env("HOME", self.kubeconfig.parent().unwrap())
            .kill_on_drop(true);
        command
    }

    /// The client's answer, or its complaint.
    async fn kubectl(&self, words: &str) -> String {
        match process::run(&mut self.command(words)).await {
            Ok(output) => String::from_utf8(output.stdout).unwrap().trim().to_owned(),
            Err(error) => error.to_string(),
        }
    }

    /// Requests for this path that met a fault.
    fn failed(&self, path: &str) -> usize {
        self.proxy
            .seen()
            .iter()
            .filter(|seen| seen.line.path == path && seen.fault.is_some())
            .count()
    }
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[tokio::test]
async fn refusals_are_worded_as_the_server_does() {
    let scene = Scene::new().await;
    scene.kubectl("create namespace default").await;
    let post = || Pattern::path("/api/v1/namespaces/*/configmaps").method("POST");
    for status in [409, 500, 503] {
        scene.proxy.add(Rule::new(
            post(),
            Fault::Answer {
                status,
                retry_after: None,
            },
        ));
        let complaint = scene.kubectl("create configmap one").await;
        assert!(
            complaint.contains(&format!("the fault proxy answers {status}")),
            "{complaint}"
        );
    }
    // The client does as it is told and tries again.
    let slow = Fault::Answer {
        status: 429,
        retry_after: Some(1),
    };
    scene.proxy.add(Rule::new(post(), slow).times(2));
    assert_eq!(
        scene.kubectl("create configmap one").await,
        "configmap/one created"
    );
    assert_eq!(scene.failed(MAPS), 5);
}

#[tokio::test]
async fn a_lost_answer_is_not_a_lost_request() {
    let scene = Scene::new().await;
    let post = || Pattern::path("/api/v1/namespaces").method("POST");
    scene.proxy.add(Rule::new(post(), Fault::DropBefore));
    scene.proxy.add(Rule::new(post(), Fault::DropAfter));
    let (before, after) = ("create namespace before", "create namespace after");
    for words in [before, after] {
        let complaint = scene.kubectl(words).await;
        assert!(complaint.contains("EOF"), "{complaint}");
    }
    assert_eq!(scene.kubectl(before).await, "namespace/before created");
    let complaint = scene.kubectl(after).await;
    assert!(
        complaint.ends_with("namespaces \"after\" already exists"),
        "{complaint}"
    );
}

#[tokio::test]
async fn a_watch_is_cut() {
    let scene = Scene::new().await;
    let watches = Pattern::path("/api/v1/namespaces").query("watch=true");
    let mut client = scene.command("get namespaces --watch --output name");
    let mut client = client.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(client.stdout.take().unwrap()).lines();
    let first = lines.next_line().await.unwrap().unwrap();
    assert!(first.starts_with("namespace/"), "{first}");
    // It is listed before it is watched.
    let cut = async {
        while scene.proxy.cut(&watches) == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), cut).await.unwrap();
    // kubectl does not begin again.
    client.wait().await.unwrap();
    // The next one ends in the middle of its first event.
    scene.proxy.add(Rule::new(watches, Fault::Cut { after: 10 }));
    let event = async {
        while scene.failed("/api/v1/namespaces") == 0 {
            tokio::task::yield_now().await;
        }
        scene.kubectl("create namespace event").await
    };
    let (seen, made) = tokio::join!(scene.kubectl("get namespaces --watch --output name"), event);
    assert_eq!(made, "namespace/event created");
    assert!(!seen.contains("event"), "{seen}");
}

#[tokio::test]
async fn a_token_says_who_asks() {
    let scene = Scene::new().await;
    let complaint = scene.kubectl("get namespaces --token=nobody's").await;
    assert!(
        complaint.contains("You must be logged in to the server"),
        "{complaint}"
    );
    assert!(
        scene
            .kubectl("get namespaces -o name")
            .await
            .contains("namespace/kube-system")
    );
}

#[tokio::test]
async fn a_store_fails_as_a_store() {
    let folder = Folder::from_environment().unwrap();
    let name = Name::new("test-fault").unwrap();
    minio::remove(&folder, &name, State::Remove).await.unwrap();
    let store = Minio::start(&folder, &name, Ipv4Addr::LOCALHOST).await.unwrap();
    let proxy = Proxy::before_store(&store.endpoint(), Ipv4Addr::LOCALHOST)
        .await
        .unwrap();
    let health = Pattern::path("/minio/health/ready");
    let slow = Duration::from_millis(300);
    proxy.add(Rule::new(
        Pattern::path("/bucket/**"),
        Fault::Answer {
            status: 503,
            retry_after: None,
        },
    ));
    proxy.add(Rule::new(health.clone(), Fault::Delay(slow)).skip(1));
    proxy.add(Rule::new(health.clone(), Fault::DropBefore).skip(1));

    let refused = get(&proxy, "/bucket/key?versionId=1").await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(
        refused
            .ends_with("<Error><Code>SlowDown</Code><Message>the fault proxy answers 503</Message></Error>")
    );
    assert!(
        get(&proxy, "/minio/health/ready")
            .await
            .starts_with("HTTP/1.1 200")
    );
    // The second is late, the third gets nothing.
    let late = tokio::time::timeout(slow / 2, get(&proxy, "/minio/health/ready")).await;
    assert!(late.is_err());
    assert_eq!(get(&proxy, "/minio/health/ready").await, "");
    let first = &proxy.seen()[0];
    assert_eq!(
        first.line,
        Line {
            method: "GET".into(),
            path: "/bucket/key".into(),
            query: "versionId=1".into()
        }
    );
    store.stop(State::Remove).await.unwrap();
}

/// One request, without a library that would try again.
async fn get(proxy: &Proxy, path: &str) -> String {
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        proxy.address()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // A dropped connection may end with a reset.
    if let Err(error) = stream.read_to_string(&mut answer).await {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    answer
}
