//! A cluster: up, down, and what can be done to it while it runs.
//!
//! ```text
//! name, index   cluster/claim        a number that no other cluster of the machine has
//! folder        cluster/prepare      certificates, configuration, objects; once
//! namespaces    document → node      process 1 and everything below it
//! settled       settle, images       objects applied, node ready, images loaded
//! ```
//!
//! Must not know what is run on it.

pub(crate) mod claim;
pub(crate) mod layout;
pub(crate) mod prepare;
mod start;

use std::fmt;
use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use snafu::{ResultExt, Snafu, ensure};

use crate::address::Addresses;
use crate::certificates;
use crate::cgroup;
use crate::folder::{self, Folder};
use crate::host;
use crate::images::{self, Archive};
use crate::process::{self, Process};
use crate::programs::{self, Kubernetes};
use layout::Layout;

/// How long the kernel may take to take away a link whose other end has gone.
const UNLINK_LIMIT: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(20);

/// Why a cluster is not as it was asked to be.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
#[expect(
    missing_docs,
    reason = "each variant is the operation its message names; sources are as everywhere"
)]
pub enum Error {
    #[snafu(display(
        "{name:?} is not a cluster name: at most 40 of a-z, 0-9 and -, beginning and ending with a letter or digit"
    ))]
    BadName { name: String },
    #[snafu(display("failed to use the folder of the test bed"))]
    UseFolder { source: folder::Error },
    #[snafu(display("failed to prepare this machine"))]
    PrepareMachine { source: host::Error },
    #[snafu(display("failed to get a program"))]
    GetProgram { source: programs::Error },
    #[snafu(display("failed to make the pause image"))]
    MakePause { source: images::Error },
    #[snafu(display("failed to find free addresses: all {count} are taken"))]
    NoAddresses { count: usize },
    #[snafu(display("failed to take the addresses 10.97.{index}.0: another cluster has them"))]
    AddressesTaken { index: u8 },
    #[snafu(display("failed to take the addresses 10.97.{index}.0"))]
    TakeAddresses { index: u8, source: io::Error },
    #[snafu(display("failed to make the certificates"))]
    MakeCertificates { source: certificates::Error },
    #[snafu(display("failed to write {}", path.display()))]
    WriteState { path: PathBuf, source: io::Error },
    #[snafu(display("failed to read {}", path.display()))]
    ReadState { path: PathBuf, source: io::Error },
    #[snafu(display("failed to understand {}", path.display()))]
    UnderstandState {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[snafu(display("failed to remove {}", path.display()))]
    RemoveState { path: PathBuf, source: io::Error },
    #[snafu(display("failed to arrange the cgroups"))]
    ArrangeCgroups { source: cgroup::Error },
    #[snafu(display("failed to start the cluster {name}; its logs are in {}", logs.display()))]
    Start {
        name: Name,
        logs: PathBuf,
        source: process::Error,
    },
    #[snafu(display("the first process of cluster {name} ended: {last}; its logs are in {}", logs.display()))]
    Ended { name: Name, logs: PathBuf, last: String },
    #[snafu(display("failed to load the image {image}"))]
    LoadImage { image: String, source: process::Error },
    #[snafu(display("failed to pass the image {image} to the runtime"))]
    PassImage { image: String, source: io::Error },
    #[snafu(display("failed to look at or end processes"))]
    HandleProcess { source: process::Error },
    #[snafu(display("the cluster was stopped, and its link {link} is still there"))]
    Linked { link: String },
    #[snafu(display("no program {program} runs in the cluster {name}"))]
    NoProgram { name: Name, program: String },
    #[snafu(display("the cluster {name} does not run"))]
    NotRunning { name: Name },
}

/// Name of a cluster; of its node and of the context in its kubeconfig as well.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// Takes a text that is a valid host name and leaves room for what is put around it.
    pub fn new(name: &str) -> Result<Self, Error> {
        let plain = name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let valid =
            plain && !name.is_empty() && name.len() <= 40 && !name.starts_with('-') && !name.ends_with('-');
        ensure!(valid, BadNameSnafu { name });
        Ok(Self(name.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a cluster begins with.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Images to load before the cluster is said to be up.
    pub images: Vec<Archive>,
}

/// What becomes of the files of something that is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// They stay: it can be started again as it was.
    Keep,
    /// Nothing is left behind.
    Remove,
}

/// What is written down about a cluster.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    addresses: Addresses,
}

/// A cluster that runs.
#[derive(Clone, Debug)]
pub struct Cluster {
    folder: Folder,
    name: Name,
    layout: Layout,
    addresses: Addresses,
    kubernetes: Kubernetes,
    process: Process,
}

/// One cluster among those of a folder.
#[derive(Clone, Debug)]
pub struct Status {
    /// Its name.
    pub name: Name,
    /// Its addresses, unless it was never whole.
    pub addresses: Option<Addresses>,
    /// Its first process, when it runs.
    pub process: Option<Process>,
    /// Its administrator's kubeconfig.
    pub kubeconfig: PathBuf,
}

impl Cluster {
    /// Brings a cluster up and returns when pods can be made. One that runs already is taken as it is, with the images
    /// added; one that was kept goes on with what it had. One that cannot be brought up is stopped.
    pub async fn up(folder: &Folder, name: &Name, options: &Options) -> Result<Self, Error> {
        host::allow_clusters().await.context(PrepareMachineSnafu)?;
        host::install(&host::FOR_CLUSTERS)
            .await
            .context(PrepareMachineSnafu)?;
        let kubernetes = programs::kubernetes(folder).await.context(GetProgramSnafu)?;
        let pause = images::pause(folder, &kubernetes).await.context(MakePauseSnafu)?;
        let _lock = folder
            .lock(&format!("cluster-{name}"))
            .await
            .context(UseFolderSnafu)?;
        let mut archives = vec![pause];
        archives.extend_from_slice(&options.images);
        let layout = Layout::new(&folder.clusters().join(name.as_str()));
        let begun = async {
            let cluster = match Self::running(folder, name, &kubernetes)? {
                Some(cluster) => cluster,
                None => Self::begin(folder, name, kubernetes).await?,
            };
            cluster.settle(&archives).await?;
            Ok(cluster)
        };
        let outcome = begun.await;
        if outcome.is_err() {
            // The files stay for who wants to see why.
            stop(&layout).await?;
        }
        outcome
    }

    async fn begin(folder: &Folder, name: &Name, kubernetes: Kubernetes) -> Result<Self, Error> {
        let layout = Layout::new(&folder.clusters().join(name.as_str()));
        let had = read_record(&layout)?.map(|record| record.addresses);
        let claim = claim::take(&folder.clusters(), had)?;
        prepare::prepare(name, &layout, claim.addresses())?;
        start::start(folder, name, claim, kubernetes).await
    }

    /// Finds a cluster that runs.
    pub async fn find(folder: &Folder, name: &Name) -> Result<Option<Self>, Error> {
        let kubernetes = programs::kubernetes(folder).await.context(GetProgramSnafu)?;
        Self::running(folder, name, &kubernetes)
    }

    fn running(folder: &Folder, name: &Name, kubernetes: &Kubernetes) -> Result<Option<Self>, Error> {
        let layout = Layout::new(&folder.clusters().join(name.as_str()));
        let Some(process) = first_process(&layout)? else {
            return Ok(None);
        };
        let Some(Record { addresses }) = read_record(&layout)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            folder: folder.clone(),
            name: name.clone(),
            layout,
            addresses,
            kubernetes: kubernetes.clone(),
            process,
        }))
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Kubeconfig of its administrator; works from this machine with any client.
    pub fn kubeconfig(&self) -> PathBuf {
        self.layout.kubeconfig()
    }

    /// The program `kubectl` of the cluster's own version.
    pub fn kubectl(&self) -> PathBuf {
        self.kubernetes.kubectl()
    }

    /// This machine as pods and the API server see it: what listens there can be reached by them.
    pub fn host_address(&self) -> Ipv4Addr {
        self.addresses.host()
    }

    /// All its addresses.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Folder with one log for each component.
    pub fn logs(&self) -> PathBuf {
        self.layout.logs()
    }

    /// Kills one of its programs, named as its log is, at once and without a chance to clean up. The program is started
    /// again half a second later.
    pub async fn kill(&self, program: &str) -> Result<(), Error> {
        let processes = self.process.inside(program).context(HandleProcessSnafu)?;
        ensure!(
            !processes.is_empty(),
            NoProgramSnafu {
                name: self.name.clone(),
                program
            }
        );
        for process in processes {
            process.kill().await.context(HandleProcessSnafu)?;
        }
        Ok(())
    }

    /// Stops the cluster, as [`remove`] does.
    pub async fn down(self, state: State) -> Result<(), Error> {
        remove(&self.folder, &self.name, state).await
    }
}

/// Stops the cluster of this name, whatever of it there is, and leaves nothing of it on the machine but, when asked to,
/// its files. No such cluster is no error.
pub async fn remove(folder: &Folder, name: &Name, state: State) -> Result<(), Error> {
    let _lock = folder
        .lock(&format!("cluster-{name}"))
        .await
        .context(UseFolderSnafu)?;
    let layout = Layout::new(&folder.clusters().join(name.as_str()));
    if !layout.root().exists() {
        return Ok(());
    }
    stop(&layout).await?;
    match state {
        State::Keep => Ok(()),
        State::Remove => fs::remove_dir_all(layout.root()).context(RemoveStateSnafu { path: layout.root() }),
    }
}

/// Ends everything of a cluster that runs.
async fn stop(layout: &Layout) -> Result<(), Error> {
    // The kernel ends every process of the namespaces with their first, and then takes away mounts, interfaces and routes.
    for process in Process::with_argument(&layout.document()).context(HandleProcessSnafu)? {
        process.kill().await.context(HandleProcessSnafu)?;
    }
    if let Some(record) = read_record(layout)? {
        unlinked(record.addresses).await?;
        let cgroups = cgroup::find(&record.addresses.cgroup()).context(ArrangeCgroupsSnafu)?;
        cgroup::remove(&cgroups).await.context(ArrangeCgroupsSnafu)?;
    }
    Ok(())
}

/// Returns when the cluster's link is gone, which the kernel takes away some time after its processes.
async fn unlinked(addresses: Addresses) -> Result<(), Error> {
    let link = Path::new("/sys/class/net").join(addresses.link());
    let gone = async {
        while link.exists() {
            tokio::time::sleep(PAUSE).await;
        }
    };
    let outcome = tokio::time::timeout(UNLINK_LIMIT, gone).await;
    ensure!(
        outcome.is_ok(),
        LinkedSnafu {
            link: addresses.link()
        }
    );
    Ok(())
}

/// Lists the clusters of a folder, those that were kept among them.
pub fn list(folder: &Folder) -> Result<Vec<Status>, Error> {
    let mut found = Vec::new();
    let path = folder.clusters();
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(source) => return Err(source).context(ReadStateSnafu { path }),
    };
    for entry in entries {
        let entry = entry.context(ReadStateSnafu { path: &path })?;
        let Ok(name) = Name::new(&entry.file_name().to_string_lossy()) else {
            continue;
        };
        let layout = Layout::new(&entry.path());
        found.push(Status {
            name,
            addresses: read_record(&layout)?.map(|record| record.addresses),
            process: first_process(&layout)?,
            kubeconfig: layout.kubeconfig(),
        });
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

fn first_process(layout: &Layout) -> Result<Option<Process>, Error> {
    Ok(Process::with_argument(&layout.document())
        .context(HandleProcessSnafu)?
        .into_iter()
        .next())
}

fn read_record(layout: &Layout) -> Result<Option<Record>, Error> {
    let path = layout.record();
    match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text)
            .context(UnderstandStateSnafu { path })
            .map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(source).context(ReadStateSnafu { path }),
    }
}

fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<(), Error> {
    fs::write(path, contents).context(WriteStateSnafu { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["dev", "a", "e2e-1", &"x".repeat(40)] {
            assert_eq!(Name::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "-a", "a-", "A", "a.b", "../x", &"x".repeat(41)] {
            assert!(Name::new(bad).is_err(), "{bad}");
        }
    }
}
