//! A number for a cluster that no other cluster of the machine has, whatever folder that one lives in.
//! Must not know what is derived from the number.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;

use snafu::ResultExt;

use super::layout::Layout;
use super::{AddressesTakenSnafu, Error, NoAddressesSnafu, ReadStateSnafu, TakeAddressesSnafu, read_record};
use crate::address::{Addresses, INDEXES};

/// Holds the number until the cluster's link to the machine is there, which then holds it.
///
/// What holds it in between is a socket with a name outside the file system: of several processes one can have it, and it
/// goes with the process.
#[derive(Debug)]
pub(crate) struct Claim {
    addresses: Addresses,
    _socket: UnixListener,
}

impl Claim {
    pub(crate) fn addresses(&self) -> Addresses {
        self.addresses
    }
}

/// Takes the addresses a kept cluster had, or else the first that are free.
pub(crate) fn take(clusters: &Path, wanted: Option<Addresses>) -> Result<Claim, Error> {
    if let Some(addresses) = wanted {
        return match attempt(addresses)? {
            Some(claim) => Ok(claim),
            None => AddressesTakenSnafu {
                index: addresses.index(),
            }
            .fail(),
        };
    }
    let kept = kept(clusters)?;
    for index in INDEXES {
        if kept.contains(&index) {
            continue;
        }
        if let Some(claim) = attempt(Addresses::of(index))? {
            return Ok(claim);
        }
    }
    NoAddressesSnafu {
        count: INDEXES.count(),
    }
    .fail()
}

fn attempt(addresses: Addresses) -> Result<Option<Claim>, Error> {
    if Path::new("/sys/class/net").join(addresses.link()).exists() {
        return Ok(None);
    }
    let index = addresses.index();
    let name = SocketAddr::from_abstract_name(format!("mainstay-testbed/{index}"))
        .context(TakeAddressesSnafu { index })?;
    match UnixListener::bind_addr(&name) {
        Ok(socket) => Ok(Some(Claim {
            addresses,
            _socket: socket,
        })),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
        Err(source) => Err(source).context(TakeAddressesSnafu { index }),
    }
}

/// The numbers that clusters of this folder will want again.
fn kept(clusters: &Path) -> Result<BTreeSet<u8>, Error> {
    let mut kept = BTreeSet::new();
    if !clusters.exists() {
        return Ok(kept);
    }
    for entry in fs::read_dir(clusters).context(ReadStateSnafu { path: clusters })? {
        let entry = entry.context(ReadStateSnafu { path: clusters })?;
        if let Some(record) = read_record(&Layout::new(&entry.path()))? {
            kept.insert(record.addresses.index());
        }
    }
    Ok(kept)
}
