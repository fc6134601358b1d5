//! Fills the folder of a new cluster: certificates, kubeconfigs, configuration, objects.
//! Must not know whether anything runs.

use std::fs;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use snafu::ResultExt;

use super::layout::Layout;
use super::{
    Error, MakeCertificatesSnafu, Name, Record, RemoveStateSnafu, UnderstandStateSnafu, WriteStateSnafu,
    write,
};
use crate::address::Addresses;
use crate::certificates::{self, Authority, Subject};
use crate::configuration;
use crate::kubeconfig;

/// The number by which the kernel marks a file system as an overlay, on which another cannot be stacked.
const OVERLAY: u64 = 0x794c_7630;

/// Members of this group may do anything.
const MASTERS: Option<&str> = Some("system:masters");

/// Prepares the folder, unless that was done before.
pub(crate) fn prepare(name: &Name, layout: &Layout, addresses: Addresses) -> Result<(), Error> {
    if layout.record().exists() {
        return Ok(());
    }
    // What is there without a record is half of a cluster.
    if layout.root().exists() {
        fs::remove_dir_all(layout.root()).context(RemoveStateSnafu { path: layout.root() })?;
    }
    for folder in layout.folders() {
        fs::create_dir_all(&folder).context(WriteStateSnafu { path: &folder })?;
    }
    let authority = api_server_certificates(layout, &[addresses.node(), addresses.api_service()])?;
    node_certificates(name, layout, addresses, &authority)?;
    let server = format!("https://{}:6443", addresses.node());
    for (component, user) in [
        ("controller-manager", "system:kube-controller-manager"),
        ("scheduler", "system:kube-scheduler"),
        ("proxy", "system:kube-proxy"),
        ("coredns", "testbed:coredns"),
        ("storage", "testbed:storage"),
    ] {
        let subject = Subject {
            name: user,
            ..Subject::default()
        };
        write_kubeconfig(
            &layout.kubeconfig_of(component),
            name,
            &server,
            &authority,
            &subject,
        )?;
    }
    write_administrator(layout, name, &server, &authority)?;
    configure(layout, addresses)?;
    let path = layout.record();
    let record = serde_json::to_vec(&Record { addresses }).context(UnderstandStateSnafu { path: &path })?;
    write(&path, record)
}

/// Makes what every API server needs, with a node or without one, and gives the authority that vouches for it.
pub(crate) fn api_server_certificates(layout: &Layout, addresses: &[Ipv4Addr]) -> Result<Authority, Error> {
    let authority = Authority::new("testbed").context(MakeCertificatesSnafu)?;
    write(
        &layout.certificate("authority"),
        &authority.identity().certificate,
    )?;
    write_secret(&layout.key("authority"), &authority.identity().key)?;
    let mut served: Vec<IpAddr> = addresses.iter().copied().map(IpAddr::from).collect();
    served.push(Ipv4Addr::LOCALHOST.into());
    let subject = Subject {
        name: "kube-apiserver",
        names: &[
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
        ],
        addresses: &served,
        ..Subject::default()
    };
    issue(layout, "api-server", &authority, &subject)?;
    let (private, public) = certificates::token_key().context(MakeCertificatesSnafu)?;
    write_secret(&layout.key("service-accounts"), &private)?;
    write(&layout.public_key("service-accounts"), public)?;
    Ok(authority)
}

/// The kubelet is a server to the API server and its client; the API server is a client of extension servers, for which
/// it has an authority of its own.
fn node_certificates(
    name: &Name,
    layout: &Layout,
    addresses: Addresses,
    authority: &Authority,
) -> Result<(), Error> {
    let client = Subject {
        name: "kube-apiserver-kubelet-client",
        organisation: MASTERS,
        ..Subject::default()
    };
    issue(layout, "kubelet-client", authority, &client)?;
    let user = format!("system:node:{name}");
    let kubelet = Subject {
        name: &user,
        organisation: Some("system:nodes"),
        names: &[name.as_str()],
        addresses: &[addresses.node().into()],
    };
    issue(layout, "kubelet", authority, &kubelet)?;
    let server = format!("https://{}:6443", addresses.node());
    write_kubeconfig(
        &layout.kubeconfig_of("kubelet"),
        name,
        &server,
        authority,
        &kubelet,
    )?;
    let front = Authority::new("testbed-front").context(MakeCertificatesSnafu)?;
    write(
        &layout.certificate("front-authority"),
        &front.identity().certificate,
    )?;
    issue(
        layout,
        "front-proxy",
        &front,
        &Subject {
            name: "front-proxy",
            ..Subject::default()
        },
    )
}

/// Writes the kubeconfig of somebody who may do anything.
pub(crate) fn write_administrator(
    layout: &Layout,
    name: &Name,
    server: &str,
    authority: &Authority,
) -> Result<(), Error> {
    let subject = Subject {
        name: "admin",
        organisation: MASTERS,
        ..Subject::default()
    };
    write_kubeconfig(&layout.kubeconfig(), name, server, authority, &subject)
}

fn write_kubeconfig(
    path: &Path,
    name: &Name,
    server: &str,
    authority: &Authority,
    subject: &Subject<'_>,
) -> Result<(), Error> {
    let identity = authority.issue(subject).context(MakeCertificatesSnafu)?;
    let issuer = &authority.identity().certificate;
    write_secret(
        path,
        &kubeconfig::render(name.as_str(), subject.name, server, issuer, &identity),
    )
}

fn issue(layout: &Layout, file: &str, authority: &Authority, subject: &Subject<'_>) -> Result<(), Error> {
    let identity = authority.issue(subject).context(MakeCertificatesSnafu)?;
    write(&layout.certificate(file), &identity.certificate)?;
    write_secret(&layout.key(file), &identity.key)
}

fn configure(layout: &Layout, addresses: Addresses) -> Result<(), Error> {
    let root = layout.root();
    let system = rustix::fs::statfs(root)
        .map_err(std::io::Error::from)
        .context(WriteStateSnafu { path: root })?;
    let snapshotter = if u64::try_from(system.f_type) == Ok(OVERLAY) {
        "native"
    } else {
        "overlayfs"
    };
    write(
        &layout.configuration("containerd.toml"),
        configuration::containerd(layout, snapshotter),
    )?;
    write(
        &layout.network_plugins().join("10-testbed.conflist"),
        configuration::network(addresses),
    )?;
    write(
        &layout.configuration("kubelet.json"),
        configuration::kubelet(layout, addresses),
    )?;
    write(
        &layout.configuration("proxy.json"),
        configuration::proxy(layout, addresses),
    )?;
    write(&layout.configuration("Corefile"), configuration::names(layout))?;
    // Pods that want the machine's name server get the cluster's, which knows nothing else either.
    write(
        &layout.configuration("resolv.conf"),
        format!("nameserver {}\n", addresses.node()),
    )?;
    write(&layout.objects().join("access.yaml"), configuration::ACCESS)?;
    write(
        &layout.objects().join("names.yaml"),
        configuration::name_service(addresses),
    )?;
    write(&layout.objects().join("storage.yaml"), configuration::STORAGE)
}

/// Writes a file that only its owner can read.
fn write_secret(path: &Path, contents: &str) -> Result<(), Error> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path).context(WriteStateSnafu { path })?;
    file.write_all(contents.as_bytes())
        .context(WriteStateSnafu { path })
}
