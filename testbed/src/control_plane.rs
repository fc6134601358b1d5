//! An API server and its database alone: no node, no controllers, no rights needed, ready in seconds.
//! Must not know what is stored in it.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use snafu::{ResultExt, Snafu};
use tokio::process::{Child, ChildStdin, Command};

use crate::cluster::layout::Layout;
use crate::cluster::{self, Name};
use crate::components::api_server_identity;
use crate::folder::{self, Folder};
use crate::process::{self, Process};
use crate::programs::{self, Kubernetes};

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
    /// The folder of the test bed cannot be used.
    #[snafu(display("failed to use the folder of the test bed"))]
    UseFolder {
        /// Why.
        source: folder::Error,
    },
    /// Processes cannot be looked at.
    #[snafu(display("failed to look for other control planes"))]
    Look {
        /// Why.
        source: process::Error,
    },
    /// It did not become ready.
    #[snafu(display("the control plane is not ready: {last}"))]
    NotReady {
        /// The last line of its log.
        last: String,
        /// What waiting for it ended with.
        source: process::Error,
    },
    /// It ended instead.
    #[snafu(display("the control plane ended: {last}"))]
    Ended {
        /// The last line of its log.
        last: String,
    },
}

/// A control plane that runs until this value is dropped or the process that made it ends, however it does.
#[derive(Debug)]
pub struct ControlPlane {
    layout: Layout,
    process: Child,
    /// The other end of its standard input: when this is closed, it ends. Kept apart, because waiting for a process closes
    /// what the process still has of it.
    _open: Option<ChildStdin>,
}

impl ControlPlane {
    /// Starts one and returns when it answers.
    pub async fn start(folder: &Folder) -> Result<Self, Error> {
        let kubernetes = programs::kubernetes(folder).await.context(ProgramSnafu)?;
        let mut control_plane = {
            // Held until the process runs, by which others see that the folder is in use.
            let _lock = folder.lock("control-planes").await.context(UseFolderSnafu)?;
            sweep(&folder.control_planes())?;
            let port = free_port().context(MakeSnafu { what: "a free port" })?;
            let layout = prepare(&folder.control_planes().join(port.to_string()), port)?;
            let mut process = launch(&kubernetes, &layout, port).context(MakeSnafu { what: "a process" })?;
            let open = process.stdin.take();
            Self {
                layout,
                process,
                _open: open,
            }
        };
        let mut settle = Command::new(kubernetes.program());
        settle
            .arg("settle")
            .arg("--timeout=60s")
            .arg("--kubeconfig")
            .arg(control_plane.kubeconfig());
        let last = || last_words(&control_plane.layout);
        tokio::select! {
            ready = process::run(&mut settle) => {
                ready.with_context(|_| NotReadySnafu { last: last() })?;
            }
            _ended = control_plane.process.wait() => return EndedSnafu { last: last() }.fail(),
        }
        Ok(control_plane)
    }

    /// Kubeconfig of somebody who may do anything.
    pub fn kubeconfig(&self) -> PathBuf {
        self.layout.kubeconfig()
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        let gone = self.process.start_kill();
        // A killed process is gone in no time, and must be before its files are.
        while matches!(self.process.try_wait(), Ok(None)) && gone.is_ok() {
            std::thread::yield_now();
        }
        if let Err(error) = fs::remove_dir_all(self.layout.root()) {
            tracing::warn!(path = %self.layout.root().display(), %error, "not removed");
        }
    }
}

/// Removes the folders of control planes that ended without removing them.
fn sweep(folder: &Path) -> Result<(), Error> {
    let what = "room for another";
    fs::create_dir_all(folder).context(MakeSnafu { what })?;
    for entry in fs::read_dir(folder).context(MakeSnafu { what })? {
        let path = entry.context(MakeSnafu { what })?.path();
        if Process::with_argument(&Layout::new(&path).database())
            .context(LookSnafu)?
            .is_empty()
        {
            fs::remove_dir_all(&path).context(MakeSnafu { what })?;
        }
    }
    Ok(())
}

fn prepare(root: &Path, port: u16) -> Result<Layout, Error> {
    let layout = Layout::new(root);
    for path in layout.folders() {
        fs::create_dir_all(path).context(MakeSnafu { what: "a folder" })?;
    }
    let name = Name::new("control-plane").context(PrepareSnafu)?;
    let authority = cluster::prepare::api_server_certificates(&layout, &[]).context(PrepareSnafu)?;
    let server = format!("https://127.0.0.1:{port}");
    cluster::prepare::write_administrator(&layout, &name, &server, &authority).context(PrepareSnafu)?;
    Ok(layout)
}

fn launch(kubernetes: &Kubernetes, layout: &Layout, port: u16) -> io::Result<Child> {
    let log = fs::File::create(log(layout))?;
    let errors = log.try_clone()?;
    Command::new(kubernetes.program())
        .args(["control-plane", "--data-dir"])
        .arg(layout.database())
        .arg("--")
        .args(api_server_identity(layout))
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
}

fn log(layout: &Layout) -> PathBuf {
    layout.logs().join("control-plane.log")
}

fn last_words(layout: &Layout) -> String {
    match fs::read_to_string(log(layout)) {
        Ok(log) => log.lines().last().unwrap_or("it said nothing").to_owned(),
        Err(error) => format!("its log cannot be read: {error}"),
    }
}

/// A port that was free a moment ago.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
