//! Starts a prepared cluster and waits until it can be used; loads images into one that runs.
//! Must not know how its folder was filled.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use snafu::{OptionExt, ResultExt, ensure};
use tokio::process::Command;

use super::claim::Claim;
use super::layout::Layout;
use super::{
    ArrangeCgroupsSnafu, Cluster, EndedSnafu, Error, HandleProcessSnafu, LoadImageSnafu, Name,
    NotRunningSnafu, PassImageSnafu, ReadStateSnafu, RemoveStateSnafu, StartSnafu, UnderstandStateSnafu,
    first_process, write,
};
use crate::address::Addresses;
use crate::cgroup;
use crate::components::Components;
use crate::configuration::RUNTIME_SOCKET;
use crate::document::{Cgroup, Cover, Document, Network, Setting};
use crate::folder::Folder;
use crate::images::Archive;
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
    let mark = layout.settled();
    if mark.exists() {
        fs::remove_file(&mark).context(RemoveStateSnafu { path: mark })?;
    }
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
    pub(super) async fn settle(&self, images: &[Archive]) -> Result<(), Error> {
        let loaded = async {
            for image in images {
                self.load(image).await?;
            }
            Ok(())
        };
        tokio::select! {
            done = async { tokio::try_join!(self.apply(), loaded) } => done.map(|((), ())| ()),
            ended = self.ended() => ended,
        }
    }

    /// Applies what every cluster needs and waits for what comes of it, unless that was done since the start.
    async fn apply(&self) -> Result<(), Error> {
        let mark = self.layout.settled();
        if mark.exists() {
            return Ok(());
        }
        let mut settle = Command::new(self.kubernetes.program());
        settle
            .arg("settle")
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .args(["--node", self.name.as_str()]);
        settle
            .arg(self.kubernetes.snapshot_definitions())
            .arg(self.layout.objects());
        let output = process::run(&mut settle).await.context(StartSnafu {
            name: self.name.clone(),
            logs: self.layout.logs(),
        })?;
        tracing::debug!("{}", String::from_utf8_lossy(&output.stdout));
        write(&mark, "")
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

    /// Loads an image, unless this one was loaded before.
    pub async fn load(&self, image: &Archive) -> Result<(), Error> {
        let name = image.name();
        let mark = self.layout.loaded().join(name.replace(['/', ':'], "_"));
        let digest = image.digest();
        match fs::read_to_string(&mark) {
            Ok(loaded) if loaded == digest => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(source).context(ReadStateSnafu { path: mark }),
        }
        let mut child = self
            .import()
            .await?
            .spawn()
            .context(PassImageSnafu { image: name })?;
        let input = child.stdin.take().context(NotRunningSnafu {
            name: self.name.clone(),
        })?;
        let input = input.into_owned_fd().context(PassImageSnafu { image: name })?;
        let stream = image.clone();
        let written =
            tokio::task::spawn_blocking(move || stream.write(io::BufWriter::new(fs::File::from(input))));
        let output = child
            .wait_with_output()
            .await
            .context(PassImageSnafu { image: name })?;
        // What the runtime said comes first: when it refuses, writing fails as well, and only because of it.
        process::check("ctr", output).context(LoadImageSnafu { image: name })?;
        written
            .await
            .map_err(io::Error::from)
            .flatten()
            .context(PassImageSnafu { image: name })?;
        write(&mark, digest)
    }

    /// Loads an image from a file such as `docker save` writes.
    pub async fn load_file(&self, archive: &Path) -> Result<(), Error> {
        let input = fs::File::open(archive).context(ReadStateSnafu { path: archive })?;
        let image = archive.display().to_string();
        let mut command = self.import().await?;
        command.stdin(input);
        let child = command.spawn().context(PassImageSnafu { image: &image })?;
        let output = child
            .wait_with_output()
            .await
            .context(PassImageSnafu { image: &image })?;
        process::check("ctr", output).context(LoadImageSnafu { image })?;
        Ok(())
    }

    /// The command that gives the runtime an image from its standard input, once the runtime listens.
    async fn import(&self) -> Result<Command, Error> {
        // The socket lies in the cluster's own /run; the kernel shows it below its process 1.
        let socket = PathBuf::from(format!("/proc/{}/root{RUNTIME_SOCKET}", self.process.id));
        while !socket.exists() {
            let runs = self.process.runs().context(HandleProcessSnafu)?;
            ensure!(
                runs,
                NotRunningSnafu {
                    name: self.name.clone()
                }
            );
            tokio::time::sleep(PAUSE).await;
        }
        let mut command = Command::new("ctr");
        command
            .arg("--address")
            .arg(&socket)
            .args(["--namespace", "k8s.io", "--connect-timeout", "30s"]);
        command.args(["images", "import", "-"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok(command)
    }
}
