//! The control plane alone: it answers, and it goes with the value that stands for it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use mainstay_testbed::process::{self, Process};
use mainstay_testbed::{ControlPlane, Folder, programs};
use tokio::process::Command;

#[tokio::test]
async fn it_stores_objects_and_leaves_nothing() {
    let folder = Folder::from_environment().unwrap();
    let kubernetes = programs::kubernetes(&folder).await.unwrap();
    let control_plane = ControlPlane::start(&folder).await.unwrap();
    let kubeconfig = control_plane.kubeconfig();
    let kubectl = async |words: &str| {
        let mut command = Command::new(kubernetes.kubectl());
        command.args(words.split(' ')).env("KUBECONFIG", &kubeconfig);
        String::from_utf8(process::run(&mut command).await.unwrap().stdout).unwrap()
    };
    kubectl("create namespace example").await;
    kubectl("-n example create configmap one --from-literal=key=value").await;
    let value = kubectl("-n example get configmap one -o jsonpath={.data.key}").await;
    assert_eq!(value, "value");

    let state = kubeconfig.parent().unwrap().to_owned();
    let database = state.join("database");
    assert_eq!(running(&database), 1);
    drop(control_plane);
    assert!(!state.exists());
    let gone = async {
        while running(&database) != 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), gone)
        .await
        .unwrap();
}

fn running(argument: &Path) -> usize {
    Process::with_argument(argument).unwrap().len()
}
