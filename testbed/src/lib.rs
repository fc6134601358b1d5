//! The test bed: a real one-node Kubernetes and a real object store on this machine.
//!
//! ```text
//! folder      where everything lies; the one place that reads the environment
//! host        what the machine must offer: rights, programs, Debian packages
//! programs    Kubernetes, MinIO and helm, built once by Go and kept
//! images      container images from Debian packages and our own programs, without a registry
//! cluster     up, down, status; addresses, certificates, configuration, cgroups below it
//! control_plane   etcd and the API server alone, as an ordinary process
//! minio       the object store
//! fault       a proxy before either that fails as it is told to
//! ```
//!
//! A test or a command opens a [`Folder`] and asks for what it needs; whatever has to be built is built then, once:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use mainstay_testbed::{Cluster, Folder, Minio, Name, Options, State};
//!
//! let folder = Folder::from_environment()?;
//! let name = Name::new("example")?;
//! let cluster = Cluster::up(&folder, &name, &Options::default()).await?;
//! let store = Minio::start(&folder, &name, cluster.host_address()).await?;
//! println!("KUBECONFIG={} S3={}", cluster.kubeconfig().display(), store.endpoint());
//! store.stop(State::Remove).await?;
//! cluster.down(State::Remove).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Must not know what mainstay is for: nothing here reads a blueprint or knows our kinds.

mod address;
mod certificates;
mod cgroup;
pub mod cluster;
mod components;
mod configuration;
pub mod control_plane;
mod document;
pub mod fault;
pub mod folder;
pub mod host;
pub mod images;
mod kubeconfig;
pub mod minio;
pub mod process;
pub mod programs;

pub use address::Addresses;
pub use cluster::{Cluster, Name, Options, State};
pub use control_plane::ControlPlane;
pub use folder::Folder;
pub use minio::Minio;
