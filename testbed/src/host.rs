//! What the machine must offer: the right to make namespaces, and programs from Debian's packages.
//! Must not know what they are used for.

use std::path::Path;

use snafu::{ResultExt, Snafu, ensure};
use tokio::process::Command;

use crate::process;

/// What the machine does not offer.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The user is not root.
    #[snafu(display("a cluster makes namespaces, mounts and cgroups, for which it needs root"))]
    NotRoot,
    /// The kernel was built without something.
    #[snafu(display("a cluster needs a kernel with {feature}, which {} would show", file.display()))]
    Kernel {
        /// What is missing.
        feature: &'static str,
        /// Where it would be seen.
        file: &'static Path,
    },
    /// Packages are missing and cannot be installed from here.
    #[snafu(display("missing: {packages}; install with: apt-get install {packages}"))]
    Missing {
        /// Their names, separated by spaces.
        packages: String,
    },
    /// Installing failed.
    #[snafu(display("failed to install {packages}"))]
    Install {
        /// Their names, separated by spaces.
        packages: String,
        /// What apt-get said.
        source: process::Error,
    },
}

/// A Debian package, known by a file that it brings.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// Its name.
    pub name: &'static str,
    /// The file.
    pub file: &'static str,
}

/// What a cluster runs on.
pub const FOR_CLUSTERS: [Package; 4] = [
    Package {
        name: "containerd",
        file: "/usr/bin/containerd",
    },
    Package {
        name: "runc",
        file: "/usr/sbin/runc",
    },
    Package {
        name: "containernetworking-plugins",
        file: "/usr/lib/cni/bridge",
    },
    Package {
        name: "iptables",
        file: "/usr/sbin/iptables",
    },
];

/// The switch that makes packets between two pods of one node pass the rules that services are made of.
const BRIDGE_FILTER: &str = "/proc/sys/net/bridge/bridge-nf-call-iptables";

const KERNEL: [(&str, &str); 8] = [
    ("network namespaces", "/proc/self/ns/net"),
    ("process namespaces", "/proc/self/ns/pid"),
    ("mount namespaces", "/proc/self/ns/mnt"),
    ("cgroup namespaces", "/proc/self/ns/cgroup"),
    ("cgroups", "/sys/fs/cgroup"),
    ("host name namespaces", "/proc/self/ns/uts"),
    ("IPC namespaces", "/proc/self/ns/ipc"),
    ("the module br_netfilter", BRIDGE_FILTER),
];

/// Refuses when this user on this kernel cannot run a cluster.
pub async fn allow_clusters() -> Result<(), Error> {
    ensure!(is_root(), NotRootSnafu);
    for (module, file) in [
        ("br_netfilter", BRIDGE_FILTER),
        ("overlay", "/sys/module/overlay"),
    ] {
        if !Path::new(file).exists() {
            // It may be built in, or there may be no such program; the checks below tell.
            if let Err(error) = process::run(Command::new("modprobe").arg(module)).await {
                tracing::debug!(module, %error, "not loaded");
            }
        }
    }
    for (feature, file) in KERNEL {
        let file = Path::new(file);
        ensure!(file.exists(), KernelSnafu { feature, file });
    }
    Ok(())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Installs those of the packages that are missing, or says in one sentence which they are when it may not.
pub async fn install(packages: &[Package]) -> Result<(), Error> {
    let missing: Vec<&str> = packages
        .iter()
        .filter(|package| !Path::new(package.file).exists())
        .map(|package| package.name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    ensure!(is_root(), MissingSnafu { packages });
    tracing::info!(%packages, "installing Debian packages");
    // The machine's lists may be absent or older than what the archive holds.
    if apt_get(&["install"], &missing).await.is_ok() {
        return Ok(());
    }
    apt_get(&["update"], &[])
        .await
        .context(InstallSnafu { packages: &packages })?;
    apt_get(&["install"], &missing)
        .await
        .context(InstallSnafu { packages })
}

async fn apt_get(words: &[&str], packages: &[&str]) -> Result<(), process::Error> {
    let mut command = Command::new("apt-get");
    command
        .args([
            "--quiet",
            "--yes",
            "--no-install-recommends",
            "-o",
            "DPkg::Lock::Timeout=300",
        ])
        .args(words)
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive");
    process::run(&mut command).await.map(drop)
}
