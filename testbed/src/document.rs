//! What the program `node` is told: the Go package of that name reads this as JSON.
//! Must not know what the programs are.

use std::path::PathBuf;

use serde::Serialize;

/// Everything process 1 of a cluster needs to know. All paths are absolute.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Document {
    pub(crate) hostname: String,
    /// Folder with one log for each program.
    pub(crate) logs: PathBuf,
    pub(crate) network: Network,
    pub(crate) cgroups: Vec<Cgroup>,
    /// Parts of the machine's tree that the cluster sees replaced by its own.
    pub(crate) covers: Vec<Cover>,
    /// Machine-wide kernel settings that only look as if they had these values.
    pub(crate) shown: Vec<Setting>,
    /// Kernel settings of the cluster's own network.
    pub(crate) settings: Vec<Setting>,
    /// What is kept running, in the order of starting.
    pub(crate) programs: Vec<Program>,
}

/// The link between machine and cluster; addresses have a prefix length.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Network {
    pub(crate) link: String,
    pub(crate) host: String,
    pub(crate) node: String,
    pub(crate) routes: Vec<String>,
}

/// One hierarchy of cgroups and the cluster's group in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Cgroup {
    /// Where the machine has the hierarchy.
    pub(crate) mount: PathBuf,
    /// The group's folder below it.
    pub(crate) group: String,
    /// `cgroup` or `cgroup2`.
    pub(crate) kind: String,
    /// Options to mount the same hierarchy with.
    pub(crate) options: String,
}

impl Cgroup {
    pub(crate) fn path(&self) -> PathBuf {
        self.mount.join(&self.group)
    }
}

/// Shows `from` at `to`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cover {
    pub(crate) from: PathBuf,
    pub(crate) to: PathBuf,
}

/// A kernel setting, by its path below `/proc/sys`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Setting {
    pub(crate) path: &'static str,
    pub(crate) value: &'static str,
}

/// A program and its log's name.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) command: Vec<String>,
}
