//! The test bed itself: clusters come, go on, recover and go without a trace. Needs root, as clusters do.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use mainstay_testbed::fault::{Fault, Pattern, Proxy, Rule};
use mainstay_testbed::images::{self, Image, Profile};
use mainstay_testbed::process::{self, Process};
use mainstay_testbed::{Cluster, Folder, Minio, Name, Options, State, cluster, minio};
use tokio::process::Command;

/// A cluster of a test. One of the same name that an earlier run left is removed first.
struct Bed {
    folder: Folder,
    name: Name,
}

impl Bed {
    async fn new(name: &str) -> Self {
        let bed = Self {
            folder: Folder::from_environment().unwrap(),
            name: Name::new(name).unwrap(),
        };
        bed.remove().await;
        bed
    }

    async fn up(&self, wanted: &[Image]) -> Cluster {
        let mut options = Options::default();
        for image in wanted {
            options.images.push(
                images::build(&self.folder, *image, Profile::Development)
                    .await
                    .unwrap(),
            );
        }
        Cluster::up(&self.folder, &self.name, &options).await.unwrap()
    }

    async fn remove(&self) {
        cluster::remove(&self.folder, &self.name, State::Remove)
            .await
            .unwrap();
        minio::remove(&self.folder, &self.name, State::Remove)
            .await
            .unwrap();
    }

    /// What of the cluster can be seen on the machine.
    fn traces(&self, link: &str, group: &str) -> Vec<PathBuf> {
        let mut traces = vec![
            Path::new("/sys/class/net").join(link),
            self.folder.clusters().join(self.name.as_str()),
            self.folder.stores().join(self.name.as_str()),
        ];
        for controller in ["", "cpu", "memory", "freezer", "pids", "systemd"] {
            traces.push(Path::new("/sys/fs/cgroup").join(controller).join(group));
        }
        traces.retain(|trace| trace.exists());
        traces
    }
}

/// Runs kubectl, giving it a file when there is one.
async fn attempt(cluster: &Cluster, words: &str, file: Option<&str>) -> Result<Output, process::Error> {
    let mut command = Command::new(cluster.kubectl());
    command
        .args(words.split(' '))
        .env("KUBECONFIG", cluster.kubeconfig());
    if let Some(file) = file {
        command.arg("--filename").arg(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/objects")
                .join(file),
        );
    }
    process::run(&mut command).await
}

async fn kubectl(cluster: &Cluster, words: &str) -> String {
    let output = attempt(cluster, words, None).await.unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn apply(cluster: &Cluster, file: &str) {
    attempt(cluster, "apply", Some(file)).await.unwrap();
}

/// Runs a script in a container, as kubectl does.
async fn execute(cluster: &Cluster, pod: &str, script: &str) -> Result<String, process::Error> {
    let mut command = Command::new(cluster.kubectl());
    command
        .args(["exec", pod, "--", "bash", "-euc", script])
        .env("KUBECONFIG", cluster.kubeconfig());
    let output = process::run(&mut command).await?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

async fn ready(cluster: &Cluster, pod: &str) {
    kubectl(
        cluster,
        &format!("wait pod/{pod} --for=condition=Ready --timeout=60s"),
    )
    .await;
}

const QUERY: &str = "mariadb -uroot -p\"$MARIADB_ROOT_PASSWORD\" --batch --skip-column-names shop -e";

#[tokio::test]
async fn nothing_is_left_of_a_cluster() {
    let bed = Bed::new("test-trace").await;
    let settings = || {
        ["vm/overcommit_memory", "kernel/panic", "net/ipv4/ip_forward"]
            .map(|path| fs::read_to_string(Path::new("/proc/sys").join(path)).unwrap())
    };
    let before = settings();
    let cluster = bed.up(&[]).await;
    let store = Minio::start(&bed.folder, &bed.name, cluster.host_address())
        .await
        .unwrap();
    assert_eq!(settings(), before);
    let [_, _, index, _] = cluster.host_address().octets();
    let (link, group) = (format!("mainstay-{index}"), format!("mainstay-testbed-{index}"));
    assert!(bed.traces(&link, &group).len() > 3);
    let document = bed.folder.clusters().join("test-trace/document.json");
    let [first] = Process::with_argument(&document).unwrap()[..] else {
        panic!("not one first process")
    };

    store.stop(State::Remove).await.unwrap();
    cluster.down(State::Remove).await.unwrap();
    assert!(!first.runs().unwrap());
    assert_eq!(bed.traces(&link, &group), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_kept_cluster_goes_on() {
    let bed = Bed::new("test-keep").await;
    let cluster = bed.up(&[Image::Tools]).await;
    let address = cluster.host_address();
    apply(&cluster, "tools.yaml").await;
    ready(&cluster, "tools").await;
    execute(&cluster, "tools", "echo kept > /data/file")
        .await
        .unwrap();
    cluster.down(State::Keep).await.unwrap();
    assert!(Cluster::find(&bed.folder, &bed.name).await.unwrap().is_none());

    let cluster = bed.up(&[]).await;
    assert_eq!(cluster.host_address(), address);
    kubectl(&cluster, "delete pod tools --force").await;
    apply(&cluster, "tools.yaml").await;
    ready(&cluster, "tools").await;
    assert_eq!(
        execute(&cluster, "tools", "cat /data/file").await.unwrap(),
        "kept"
    );
    bed.remove().await;
}

#[tokio::test]
async fn what_was_interrupted_is_finished() {
    let bed = Bed::new("test-interrupted").await;
    let document = bed.folder.clusters().join("test-interrupted/document.json");
    let options = Options::default();
    tokio::select! {
        _ = Cluster::up(&bed.folder, &bed.name, &options) => panic!("up before it was interrupted"),
        () = until(async || !Process::with_argument(&document).unwrap().is_empty()) => {}
    }
    let cluster = bed.up(&[Image::Tools]).await;
    apply(&cluster, "tools.yaml").await;
    ready(&cluster, "tools").await;
    bed.remove().await;
}

#[tokio::test]
async fn two_stand_side_by_side() {
    let (one, other) = (Bed::new("test-one").await, Bed::new("test-other").await);
    let wanted = [Image::Tools];
    let (first, second) = tokio::join!(one.up(&wanted), other.up(&wanted));
    assert_ne!(first.host_address(), second.host_address());
    let store = Minio::start(&one.folder, &one.name, first.host_address())
        .await
        .unwrap();
    let health = format!("/dev/tcp/{}/{}", store.address().ip(), store.address().port());
    for cluster in [&first, &second] {
        apply(cluster, "tools.yaml").await;
        ready(cluster, "tools").await;
        assert_eq!(
            kubectl(cluster, "get nodes -o name").await,
            format!("node/{}", cluster.name())
        );
        // Pods of both reach the store, though it listens on the link of one.
        execute(cluster, "tools", &format!("exec 3<>{health}"))
            .await
            .unwrap();
    }
    one.remove().await;
    assert_eq!(kubectl(&second, "get --raw /readyz").await, "ok");
    other.remove().await;
}

#[tokio::test]
async fn a_database_is_restored_from_a_snapshot_taken_while_it_writes() {
    let bed = Bed::new("test-database").await;
    let cluster = bed.up(&[Image::Tools, Image::MariaDb]).await;
    apply(&cluster, "tools.yaml").await;
    apply(&cluster, "mariadb.yaml").await;
    kubectl(&cluster, "rollout status statefulset/mariadb --timeout=60s").await;
    // By name and through the service.
    execute(&cluster, "tools", "exec 3<>/dev/tcp/mariadb/3306")
        .await
        .unwrap();
    let fill = "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(200));
        INSERT INTO t (v) SELECT REPEAT('x', 200) FROM seq_1_to_5000";
    execute(&cluster, "mariadb-0", &format!("{QUERY} \"{fill}\""))
        .await
        .unwrap();
    let writing =
        format!("while {QUERY} \"INSERT INTO t (v) VALUES ('y')\"; do test ! -e /tmp/stop; done; true");
    let writer = execute(&cluster, "mariadb-0", &writing);
    let snapshot = async {
        apply(&cluster, "snapshot.yaml").await;
        kubectl(
            &cluster,
            "wait volumesnapshot/taken --for=jsonpath={.status.readyToUse}=true --timeout=60s",
        )
        .await;
        execute(&cluster, "mariadb-0", "touch /tmp/stop").await.unwrap();
    };
    tokio::join!(snapshot, async { writer.await.unwrap_err() });
    apply(&cluster, "restored.yaml").await;
    kubectl(&cluster, "rollout status statefulset/restored --timeout=60s").await;
    let rows = format!("{QUERY} \"CHECK TABLE t; SELECT COUNT(*) >= 5000 FROM t\"");
    assert_eq!(
        execute(&cluster, "restored-0", &rows).await.unwrap(),
        "shop.t\tcheck\tstatus\tOK\n1"
    );
    bed.remove().await;
}

#[tokio::test]
async fn a_snapshot_is_of_one_moment() {
    let bed = Bed::new("test-moment").await;
    let cluster = bed.up(&[Image::Tools]).await;
    apply(&cluster, "tools.yaml").await;
    ready(&cluster, "tools").await;
    // No file is ever more than a line ahead of another; copying what lies between them takes a while.
    let write = "for i in {1..8}; do mkdir /data/$i; head -c 25M /dev/zero > /data/$i/large; done
        (while :; do for i in {1..8}; do echo >> /data/$i/lines; done; done) > /dev/null 2>&1 &";
    execute(&cluster, "tools", write).await.unwrap();
    apply(&cluster, "moment.yaml").await;
    ready(&cluster, "moment").await;
    let different = execute(
        &cluster,
        "moment",
        "wc --lines < /data/1/lines; cat /data/*/lines | wc --lines",
    )
    .await
    .unwrap();
    let counts: Vec<i64> = different.lines().map(|line| line.parse().unwrap()).collect();
    let [first, all] = counts[..] else {
        panic!("{different}")
    };
    // Those behind the first are equal to it or a line short.
    assert!((0..8).contains(&(8 * first - all)), "{different}");
    bed.remove().await;
}

#[tokio::test]
async fn classes_keep_their_promises() {
    let bed = Bed::new("test-classes").await;
    let cluster = bed.up(&[Image::Tools]).await;
    apply(&cluster, "classes.yaml").await;
    // Waits for a pod, and gets one.
    ready(&cluster, "waiting").await;
    // A copy of another volume.
    execute(&cluster, "waiting", "echo copied > /data/file")
        .await
        .unwrap();
    apply(&cluster, "clone.yaml").await;
    ready(&cluster, "clone").await;
    assert_eq!(
        execute(&cluster, "clone", "cat /data/file").await.unwrap(),
        "copied"
    );
    // Full when the size asked for is written.
    ready(&cluster, "limited").await;
    let full = execute(&cluster, "limited", "head -c 9M /dev/zero > /data/file")
        .await
        .unwrap_err();
    assert!(full.to_string().contains("No space left on device"), "{full}");
    // No volume; no mount; no snapshot of a volume whose driver cannot; a snapshot that fails.
    let refused = [
        (
            "involvedObject.name=failing",
            "the class says that provision fails",
        ),
        (
            "involvedObject.name=unmountable,reason=FailedMount",
            "the class says that mount fails",
        ),
    ];
    for (selector, reason) in refused {
        until(async || {
            kubectl(
                &cluster,
                &format!("get events --field-selector {selector} -o yaml"),
            )
            .await
            .contains(reason)
        })
        .await;
    }
    for (snapshot, reason) in [
        ("plain", "there is no "),
        ("failing", "the class says that snapshot fails"),
    ] {
        let words = format!("get volumesnapshot {snapshot} -o jsonpath={{.status.error.message}}");
        until(async || kubectl(&cluster, &words).await.contains(reason)).await;
    }
    bed.remove().await;
}

#[tokio::test]
async fn every_program_is_started_again() {
    let bed = Bed::new("test-recovery").await;
    let cluster = bed.up(&[Image::Tools]).await;
    apply(&cluster, "tools.yaml").await;
    ready(&cluster, "tools").await;
    let identity = "get pod tools -o jsonpath={.status.containerStatuses[0].containerID}";
    let before = kubectl(&cluster, identity).await;
    for program in [
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kubelet",
        "kube-proxy",
        "coredns",
        "storage",
        "containerd",
    ] {
        cluster.kill(program).await.unwrap();
        let probe =
            format!("run probe-{program} --image=localhost/tools:1 --restart=Never -- sleep infinity");
        until(async || attempt(&cluster, &probe, None).await.is_ok()).await;
        until(async || {
            let wait = format!("wait pod/probe-{program} --for=condition=Ready --timeout=5s");
            attempt(&cluster, &wait, None).await.is_ok()
        })
        .await;
    }
    assert_eq!(kubectl(&cluster, identity).await, before);
    bed.remove().await;
}

#[tokio::test]
async fn an_exec_stream_goes_through_the_fault_proxy_and_is_cut() {
    let bed = Bed::new("test-exec").await;
    let cluster = bed.up(&[Image::Tools]).await;
    apply(&cluster, "tools.yaml").await;
    ready(&cluster, "tools").await;
    let proxy = Proxy::before_api_server(&cluster.kubeconfig(), Ipv4Addr::LOCALHOST)
        .await
        .unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let kubeconfig = temporary.path().join("kubeconfig");
    fs::write(&kubeconfig, proxy.kubeconfig().unwrap()).unwrap();
    let execute = async |script: &str| {
        let mut command = Command::new(cluster.kubectl());
        command
            .args(["exec", "tools", "--", "bash", "-euc", script])
            .env("KUBECONFIG", &kubeconfig);
        process::run(&mut command).await
    };
    let whole = execute("head -c 1000000 /dev/zero").await.unwrap();
    assert_eq!(whole.stdout.len(), 1_000_000);

    let execs = Pattern::path("/api/v1/namespaces/default/pods/tools/exec");
    proxy.add(Rule::new(execs.clone(), Fault::Cut { after: 100_000 }));
    execute("head -c 1000000 /dev/zero").await.unwrap_err();

    let cut = async { until(async || proxy.cut(&execs) == 1).await };
    let (ended, ()) = tokio::join!(execute("sleep infinity"), cut);
    ended.unwrap_err();
    bed.remove().await;
}

/// Tries until the condition holds, for a minute at most.
async fn until(condition: impl AsyncFn() -> bool) {
    let holds = async {
        while !condition().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), holds)
        .await
        .expect("the condition holds in time");
}
