//! An API server and its database alone: no node, no controllers, no rights needed, ready in seconds.
//! Must not know what is stored in it.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;

use snafu::{ResultExt, Snafu};
use tokio::process::{Child, Command};

use crate::cluster::layout::Layout;
use crate::cluster::{self, Name};
use crate::components::api_server_identity;
use crate::folder::Folder;
use crate::process;
use crate::programs;

/// Why there is no control plane.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The program cannot be had.
    #[snafu(display("failed to get Kubernetes"))]
    Program {
        /// Why.
        source: programs::Error,
    },
    /// Its files cannot be made.
    #[snafu(display("failed to prepare the control plane"))]
    Prepare {
        /// Why.
        source: cluster::Error,
    },
    /// A file or a port cannot be had.
    #[snafu(display("failed to make {what}"))]
    Make {
        /// What it is.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// It did not become ready.
    #[snafu(display("the control plane is not ready: {last}"))]
    NotReady {
        /// The last line of its log.
        last: String,
        /// What waiting for it ended with.
        source: process::Error,
    },
}

/// A control plane that runs until this value is dropped or the process that made it ends, however it does.
#[derive(Debug)]
pub struct ControlPlane {
    layout: Layout,
    /// Its standard input is a pipe: when the other end is closed, it ends.
    _process: Child,
    _folder: TemporaryFolder,
}

impl ControlPlane {
    /// Starts one and returns when it answers.
    pub async fn start(folder: &Folder) -> Result<Self, Error> {
        let kubernetes = programs::kubernetes(folder).await.context(ProgramSnafu)?;
        let port = free_port().context(MakeSnafu { what: "a free port" })?;
        let temporary = TemporaryFolder::new(folder, port).context(MakeSnafu { what: "a folder" })?;
        let layout = Layout::new(&temporary.path);
        for path in layout.folders() {
            std::fs::create_dir_all(path).context(MakeSnafu { what: "a folder" })?;
        }
        let name = Name::new("control-plane").context(PrepareSnafu)?;
        let authority = cluster::prepare::api_server_certificates(&layout, &[]).context(PrepareSnafu)?;
        let server = format!("https://127.0.0.1:{port}");
        cluster::prepare::write_administrator(&layout, &name, &server, &authority).context(PrepareSnafu)?;
        let log = std::fs::File::create(layout.logs().join("control-plane.log"))
            .context(MakeSnafu { what: "a log" })?;
        let errors = log.try_clone().context(MakeSnafu { what: "a log" })?;
        let process = Command::new(kubernetes.program())
            .args(["control-plane", "--data-dir"])
            .arg(layout.database())
            .arg("--")
            .args(api_server_identity(&layout))
            .args([
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                "--endpoint-reconciler-type=none",
                "--service-cluster-ip-range=10.0.0.0/24",
                "--authorization-mode=RBAC",
                &format!("--secure-port={port}"),
                // Nothing makes the service accounts that it would add to pods.
                "--disable-admission-plugins=ServiceAccount",
            ])
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .context(MakeSnafu { what: "a process" })?;
        let control_plane = Self {
            layout,
            _process: process,
            _folder: temporary,
        };
        let mut settle = Command::new(kubernetes.program());
        settle
            .arg("settle")
            .arg("--timeout=60s")
            .arg("--kubeconfig")
            .arg(control_plane.kubeconfig());
        process::run(&mut settle).await.with_context(|_| NotReadySnafu {
            last: control_plane.last_words(),
        })?;
        Ok(control_plane)
    }

    /// Kubeconfig of somebody who may do anything.
    pub fn kubeconfig(&self) -> PathBuf {
        self.layout.kubeconfig()
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.layout.logs().join("control-plane.log")).unwrap_or_default();
        log.lines().last().unwrap_or("it said nothing").to_owned()
    }
}

/// A port that was free a moment ago.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A folder that goes with this value.
#[derive(Debug)]
struct TemporaryFolder {
    path: PathBuf,
}

impl TemporaryFolder {
    /// The port makes the name unique among those that run.
    fn new(folder: &Folder, port: u16) -> io::Result<Self> {
        let path = folder.control_planes().join(port.to_string());
        if path.exists() {
            // Of one that was killed.
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir_all(&path)?;
        Ok(Self { path })
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "not removed");
        }
    }
}
