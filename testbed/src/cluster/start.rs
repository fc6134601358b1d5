//! Starts a prepared cluster and waits until it can be used; loads images into one that runs.
//! Must not know how its folder was filled.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use snafu::{OptionExt, ResultExt};
use tokio::process::Command;

use super::claim::Claim;
use super::layout::Layout;
use super::{
    ArrangeCgroupsSnafu, Cluster, EndedSnafu, Error, HandleProcessSnafu, LoadImageSnafu, Name,
    NotRunningSnafu, ReadStateSnafu, StartSnafu, UnderstandStateSnafu, first_process, write,
};
use crate::address::Addresses;
use crate::cgroup;
use crate::components::Components;
use crate::configuration::RUNTIME_SOCKET;
use crate::document::{Cgroup, Cover, Document, Network, Setting};
use crate::folder::Folder;
use crate::process;
use crate::programs::Kubernetes;

const PAUSE: Duration = Duration::from_millis(50);

/// What the kubelet demands of the whole machine. It is shown these values; the machine keeps its own.
const SHOWN: [Setting; 6] = [
    Setting {
        path: "vm/overcommit_memory",
        value: "1",
    },
    Setting {
        path: "vm/panic_on_oom",
        value: "0",
    },
    Setting {
        path: "kernel/panic",
        value: "10",
    },
    Setting {
        path: "kernel/panic_on_oops",
        value: "1",
    },
    Setting {
        path: "kernel/keys/root_maxkeys",
        value: "1000000",
    },
    Setting {
        path: "kernel/keys/root_maxbytes",
        value: "25000000",
    },
];

const SETTINGS: [Setting; 2] = [
    Setting {
        path: "net/ipv4/ip_forward",
        value: "1",
    },
    Setting {
        path: "net/bridge/bridge-nf-call-iptables",
        value: "1",
    },
];

/// Starts process 1, which starts everything else.
pub(crate) async fn start(
    folder: &Folder,
    name: &Name,
    claim: Claim,
    kubernetes: Kubernetes,
) -> Result<Cluster, Error> {
    let layout = Layout::new(&folder.clusters().join(name.as_str()));
    let addresses = claim.addresses();
    let cgroups = cgroup::find(&addresses.cgroup()).context(ArrangeCgroupsSnafu)?;
    cgroup::make(&cgroups).context(ArrangeCgroupsSnafu)?;
    let document = describe(name, &layout, addresses, &kubernetes, cgroups);
    let path = layout.document();
    let text = serde_json::to_vec_pretty(&document).context(UnderstandStateSnafu { path: &path })?;
    write(&path, text)?;
    process::run(
        Command::new(kubernetes.program())
            .arg("node")
            .arg(layout.document()),
    )
    .await
    .context(StartSnafu {
        name: name.clone(),
        logs: layout.logs(),
    })?;
    let process = first_process(&layout)?.context(NotRunningSnafu { name: name.clone() })?;
    drop(claim);
    Ok(Cluster {
        folder: folder.clone(),
        name: name.clone(),
        layout,
        addresses,
        kubernetes,
        process,
    })
}

fn describe(
    name: &Name,
    layout: &Layout,
    addresses: Addresses,
    kubernetes: &Kubernetes,
    cgroups: Vec<Cgroup>,
) -> Document {
    let program = kubernetes.program();
    let components = Components {
        name: name.as_str(),
        kubernetes: &program,
        layout,
        addresses,
    };
    Document {
        hostname: name.to_string(),
        logs: layout.logs(),
        network: Network {
            link: addresses.link(),
            host: format!("{}/30", addresses.host()),
            node: format!("{}/30", addresses.node()),
            routes: vec![addresses.pods(), addresses.services()],
        },
        cgroups,
        covers: layout
            .covers()
            .into_iter()
            .map(|(from, to)| Cover { from, to: to.into() })
            .collect(),
        shown: SHOWN.to_vec(),
        settings: SETTINGS.to_vec(),
        programs: components.all(),
    }
}

impl Cluster {
    /// Waits until the node is ready and the images are loaded, and no longer when process 1 ends.
    pub(super) async fn settle(&self, archives: &[PathBuf]) -> Result<(), Error> {
        let mut settle = Command::new(self.kubernetes.program());
        settle
            .arg("settle")
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .arg("--node")
            .arg(self.name.as_str());
        settle
            .arg(self.kubernetes.snapshot_definitions())
            .arg(self.layout.objects());
        let settled = async {
            let output = process::run(&mut settle).await.context(StartSnafu {
                name: self.name.clone(),
                logs: self.layout.logs(),
            })?;
            tracing::debug!("{}", String::from_utf8_lossy(&output.stdout));
            Ok(())
        };
        let loaded = async {
            for archive in archives {
                self.load(archive).await?;
            }
            Ok(())
        };
        tokio::select! {
            done = async { tokio::try_join!(settled, loaded) } => done.map(|((), ())| ()),
            ended = self.ended() => ended,
        }
    }

    /// Returns, with an error, when process 1 has ended.
    async fn ended(&self) -> Result<(), Error> {
        while self.process.runs().context(HandleProcessSnafu)? {
            tokio::time::sleep(PAUSE).await;
        }
        let path = self.layout.logs().join("node.log");
        let log = fs::read_to_string(&path).context(ReadStateSnafu { path })?;
        let last = log.lines().last().unwrap_or("it said nothing");
        EndedSnafu {
            name: self.name.clone(),
            logs: self.layout.logs(),
            last,
        }
        .fail()
    }

    /// Loads the archive of an image, unless this archive was loaded before.
    pub async fn load(&self, archive: &Path) -> Result<(), Error> {
        let information = fs::metadata(archive).context(ReadStateSnafu { path: archive })?;
        let state = format!(
            "{} {} {}",
            information.len(),
            information.mtime(),
            information.mtime_nsec()
        );
        let name = archive.file_name().unwrap_or(archive.as_os_str());
        let mark = self.layout.loaded().join(name);
        match fs::read_to_string(&mark) {
            Ok(loaded) if loaded == state => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(source).context(ReadStateSnafu { path: mark }),
        }
        // The socket lies in the cluster's own /run; the kernel shows it below its process 1.
        let socket = PathBuf::from(format!("/proc/{}/root{RUNTIME_SOCKET}", self.process.id));
        while !socket.exists() {
            tokio::time::sleep(PAUSE).await;
        }
        let mut command = Command::new("ctr");
        command
            .arg("--address")
            .arg(&socket)
            .args(["--namespace", "k8s.io", "--connect-timeout", "30s"]);
        command.args(["images", "import"]).arg(archive);
        process::run(&mut command)
            .await
            .context(LoadImageSnafu { archive })?;
        write(&mark, state)
    }
}
