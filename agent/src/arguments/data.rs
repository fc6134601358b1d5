//! Words of the data commands.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `data`.
#[derive(Debug, Subcommand)]
pub(crate) enum Data {
    /// Say that this program has the data commands
    Probe,
    /// Back up a folder as a new snapshot
    Backup {
        /// Which repository and how to get in.
        #[command(flatten)]
        repository: OneRepository,
        /// Tag of the snapshot; one that has the same tag and path already is the result
        #[arg(long)]
        tag: String,
        /// Host that the snapshot names; this one's name when absent
        #[arg(long)]
        host: Option<String>,
        /// The folder or file
        path: PathBuf,
    },
    /// Restore a snapshot
    Restore {
        /// Which repository and how to get in.
        #[command(flatten)]
        repository: OneRepository,
        /// Which snapshot.
        #[command(flatten)]
        snapshot: OneSnapshot,
        /// Restore what is below this path of the snapshot
        #[arg(long)]
        subtree: Option<String>,
        /// Folder that becomes the root of what is restored
        target: PathBuf,
    },
    /// Forget snapshots
    Delete {
        /// How to get in.
        #[command(flatten)]
        access: Access,
        /// What.
        #[command(flatten)]
        doomed: Doomed,
    },
    /// Count files and bytes of a snapshot
    Stats {
        /// Which repository and how to get in.
        #[command(flatten)]
        repository: OneRepository,
        /// Id of the snapshot
        #[arg(long)]
        snapshot: String,
        /// What to count
        #[arg(long, default_value = "restore-size")]
        mode: String,
    },
    /// Try to open a repository
    Check {
        /// Which repository and how to get in.
        #[command(flatten)]
        repository: OneRepository,
    },
}

/// Snapshots to be deleted.
#[derive(Debug, Args)]
pub(crate) struct Doomed {
    /// Bucket and path of a repository, once for each snapshot
    #[arg(long, required = true)]
    pub(crate) repository: Vec<String>,
    /// Id of a snapshot of the repository at the same position
    #[arg(long, required_unless_present = "tag", conflicts_with = "tag")]
    pub(crate) snapshot: Vec<String>,
    /// Tag of a snapshot of the repository at the same position
    #[arg(long)]
    pub(crate) tag: Vec<String>,
    /// Give back the space that only they used
    #[arg(long)]
    pub(crate) reclaim_space: bool,
    /// Do not mind tags that no snapshot has
    #[arg(long)]
    pub(crate) allow_missing: bool,
}

/// How to get in.
#[derive(Debug, Args)]
pub(crate) struct Access {
    /// File with profile and password, a JSON document; - for the first line of standard input
    #[arg(long = "access", value_name = "FILE", env = "MAINSTAY_ACCESS")]
    pub(crate) document: PathBuf,
    /// Stop when standard input ends
    #[arg(long)]
    pub(crate) attached: bool,
    /// Accept any certificate
    #[arg(long)]
    pub(crate) insecure_tls: bool,
}

/// A repository and how to get in.
#[derive(Debug, Args)]
pub(crate) struct OneRepository {
    /// How to get in.
    #[command(flatten)]
    pub(crate) access: Access,
    /// Bucket and path of the repository
    #[arg(long)]
    pub(crate) repository: String,
}

/// One snapshot.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct OneSnapshot {
    /// Its id, or the beginning of it
    #[arg(long)]
    pub(crate) snapshot: Option<String>,
    /// A tag; the newest that has it is meant
    #[arg(long)]
    pub(crate) tag: Option<String>,
}
