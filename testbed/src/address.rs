//! The addresses of a cluster, all derived from one small number.
//! Must not know whether a cluster of that number exists.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

/// Numbers of clusters that fit beside each other on one machine.
pub(crate) const INDEXES: std::ops::RangeInclusive<u8> = 0..=250;

/// The networks of the cluster with one index:
///
/// | | |
/// |---|---|
/// | `10.97.I.0/30` | link between the machine (`.1`) and the node (`.2`) |
/// | `10.98.I.0/24` | pods |
/// | `10.99.I.0/24` | services; `.1` is the API server, `.10` the name server |
///
/// The machine reaches all of them through the node. Pods reach the machine at its end of the link and nothing beyond,
/// because the machine does not forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Addresses {
    index: u8,
}

impl Addresses {
    pub(crate) fn of(index: u8) -> Self {
        Self { index }
    }

    pub(crate) fn index(self) -> u8 {
        self.index
    }

    /// The machine, as pods see it.
    pub fn host(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 97, self.index, 1)
    }

    /// The node, which is the API server as well.
    pub fn node(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 97, self.index, 2)
    }

    /// The API server, as pods see it.
    pub fn api_service(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 99, self.index, 1)
    }

    /// The name server, as pods see it.
    pub fn name_service(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 99, self.index, 10)
    }

    /// The network of pods.
    pub fn pods(self) -> String {
        format!("10.98.{}.0/24", self.index)
    }

    /// The network of services.
    pub fn services(self) -> String {
        format!("10.99.{}.0/24", self.index)
    }

    /// Name of the machine's end of the link.
    pub(crate) fn link(self) -> String {
        format!("mainstay-{}", self.index)
    }

    /// Name of the cluster's group in every hierarchy of cgroups.
    pub(crate) fn cgroup(self) -> String {
        format!("mainstay-testbed-{}", self.index)
    }
}
