//! The files of one cluster: which is where.
//! Must not know what is in them.

use std::path::{Path, PathBuf};

/// The folder of one cluster.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What the cluster is, written when all else has been: its presence says that the folder is whole.
    pub(crate) fn record(&self) -> PathBuf {
        self.root.join("cluster.json")
    }

    /// What process 1 is told. The path is an argument of that process, by which it is found.
    pub(crate) fn document(&self) -> PathBuf {
        self.root.join("document.json")
    }

    /// The administrator's kubeconfig.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.root.join("kubeconfig")
    }

    /// A component's kubeconfig.
    pub(crate) fn kubeconfig_of(&self, component: &str) -> PathBuf {
        self.configuration(&format!("{component}.kubeconfig"))
    }

    pub(crate) fn configuration(&self, file: &str) -> PathBuf {
        self.root.join("configuration").join(file)
    }

    /// The folder with the configuration of the network plugins.
    pub(crate) fn network_plugins(&self) -> PathBuf {
        self.configuration("network")
    }

    /// The folder with the objects that a new cluster gets.
    pub(crate) fn objects(&self) -> PathBuf {
        self.configuration("objects")
    }

    pub(crate) fn certificate(&self, name: &str) -> PathBuf {
        self.root.join("certificates").join(format!("{name}.crt"))
    }

    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.root.join("certificates").join(format!("{name}.key"))
    }

    pub(crate) fn public_key(&self, name: &str) -> PathBuf {
        self.root.join("certificates").join(format!("{name}.pub"))
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Marks of the images that were loaded, a file for each archive.
    pub(crate) fn loaded(&self) -> PathBuf {
        self.root.join("loaded")
    }

    /// A mark, there once everything a cluster needs was applied since its last start.
    pub(crate) fn settled(&self) -> PathBuf {
        self.root.join("settled")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("database")
    }

    /// What the cluster sees at `/var/lib`, `/var/log` and `/opt`.
    pub(crate) fn covers(&self) -> [(PathBuf, &'static str); 3] {
        [
            (self.root.join("var-lib"), "/var/lib"),
            (self.root.join("var-log"), "/var/log"),
            (self.root.join("opt"), "/opt"),
        ]
    }

    /// All folders, for making them.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        let mut folders = vec![
            self.root.join("certificates"),
            self.network_plugins(),
            self.objects(),
            self.logs(),
            self.loaded(),
            self.database(),
        ];
        for part in [
            "var-lib/kubelet",
            "var-lib/containerd",
            "var-lib/cni",
            "var-lib/volumes",
        ] {
            folders.push(self.root.join(part));
        }
        for part in ["var-log/pods", "var-log/containers", "opt"] {
            folders.push(self.root.join(part));
        }
        folders
    }
}
