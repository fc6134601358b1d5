//! The configuration files of the components, as text. Pure: the same cluster gives the same files.
//! Must not know where they are written, nor which flags the components get.

use serde_json::{Value, json};

use crate::address::Addresses;
use crate::cluster::layout::Layout;

/// Name of the pause image; the runtime cannot start a pod without it.
pub(crate) const PAUSE_IMAGE: &str = "localhost/pause:1";

/// Where the runtime listens, within the cluster.
pub(crate) const RUNTIME_SOCKET: &str = "/run/containerd/containerd.sock";

/// Where Debian puts the network plugins.
const NETWORK_PLUGINS: &str = "/usr/lib/cni";

/// Objects that are the same in every cluster.
pub(crate) const ACCESS: &str = include_str!("configuration/access.yaml");
pub(crate) const STORAGE: &str = include_str!("configuration/storage.yaml");

/// containerd's file. `snapshotter` is `overlayfs`, or `native` where overlays cannot be stacked.
///
/// The process cannot lower its score with the kernel's memory killer when it lacks `CAP_SYS_RESOURCE`, and there may be
/// no control of huge pages; neither matters here.
pub(crate) fn containerd(layout: &Layout, snapshotter: &str) -> String {
    let plugins = layout.network_plugins();
    let plugins = plugins.display();
    format!(
        r#"version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
oom_score = 0
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
address = "{RUNTIME_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE_IMAGE}"
restrict_oom_score_adj = true
disable_apparmor = true
disable_hugetlb_controller = true
tolerate_missing_hugetlb_controller = true
device_ownership_from_security_context = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{NETWORK_PLUGINS}"
conf_dir = "{plugins}"

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "{snapshotter}"
default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
BinaryName = "runc"
"#
    )
}

/// The network of pods: a bridge in the node. Nothing is translated, since the machine has a route to the pods.
pub(crate) fn network(addresses: Addresses) -> String {
    pretty(&json!({
        "cniVersion": "0.4.0",
        "name": "testbed",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": true,
                "isDefaultGateway": true,
                "ipMasq": false,
                "hairpinMode": true,
                "ipam": {
                    "type": "host-local",
                    "dataDir": "/run/cni-addresses",
                    "ranges": [[{ "subnet": addresses.pods() }]],
                },
            },
            { "type": "portmap", "capabilities": { "portMappings": true } },
        ],
    }))
}

/// The kubelet's file.
pub(crate) fn kubelet(layout: &Layout, addresses: Addresses) -> String {
    pretty(&json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": addresses.node(),
        "authentication": {
            "anonymous": { "enabled": false },
            "webhook": { "enabled": true },
            "x509": { "clientCAFile": layout.certificate("authority") },
        },
        "authorization": { "mode": "Webhook" },
        "tlsCertFile": layout.certificate("kubelet"),
        "tlsPrivateKeyFile": layout.key("kubelet"),
        "clusterDomain": "cluster.local",
        "clusterDNS": [addresses.name_service()],
        "resolvConf": layout.configuration("resolv.conf"),
        "containerRuntimeEndpoint": format!("unix://{RUNTIME_SOCKET}"),
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": false,
        "failSwapOn": false,
        // It may not be allowed to change its score.
        "oomScoreAdj": 0,
        // The machine's disk is shared with builds: never evict, never collect images.
        "evictionHard": {
            "memory.available": "0%",
            "nodefs.available": "0%",
            "nodefs.inodesFree": "0%",
            "imagefs.available": "0%",
            "imagefs.inodesFree": "0%",
        },
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "maxPods": 200,
        // The first "ready" is told with the first regular status: after 10 s when this is left alone.
        "nodeStatusUpdateFrequency": "1s",
        "nodeStatusReportFrequency": "5m",
        "enableProfilingHandler": false,
    }))
}

/// kube-proxy's file.
pub(crate) fn proxy(layout: &Layout, addresses: Addresses) -> String {
    pretty(&json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clusterCIDR": addresses.pods(),
        "clientConnection": { "kubeconfig": layout.kubeconfig_of("proxy") },
        "oomScoreAdj": 0,
        "bindAddress": addresses.node(),
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        // 0 leaves the machine's settings alone.
        "conntrack": { "maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s" },
        "iptables": { "minSyncPeriod": "100ms", "syncPeriod": "30s" },
    }))
}

/// CoreDNS's file. What is not of the cluster does not exist. This needs a block of its own: `template` comes before
/// `kubernetes` within a block, whatever the order in the file, and would answer everything.
pub(crate) fn names(layout: &Layout) -> String {
    let kubeconfig = layout.kubeconfig_of("coredns");
    let kubeconfig = kubeconfig.display();
    format!(
        "cluster.local:53 in-addr.arpa:53 {{
  errors
  ready 127.0.0.1:8181
  kubernetes cluster.local in-addr.arpa {{
    kubeconfig {kubeconfig}
    pods insecure
    ttl 1
  }}
}}
.:53 {{
  template ANY ANY {{
    rcode NXDOMAIN
  }}
}}
"
    )
}

/// The objects through which pods find the name server, which is not a pod: a service without a selector and its
/// endpoints, made by hand.
pub(crate) fn name_service(addresses: Addresses) -> String {
    let ports = json!([
        { "name": "dns", "port": 53, "protocol": "UDP" },
        { "name": "dns-tcp", "port": 53, "protocol": "TCP" },
    ]);
    documents([
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": { "name": "kube-dns", "namespace": "kube-system", "labels": { "k8s-app": "kube-dns" } },
            "spec": { "clusterIP": addresses.name_service(), "ports": ports },
        }),
        json!({
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "kube-dns-node",
                "namespace": "kube-system",
                "labels": { "kubernetes.io/service-name": "kube-dns" },
            },
            "addressType": "IPv4",
            "ports": ports,
            "endpoints": [{ "addresses": [addresses.node()] }],
        }),
    ])
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn documents(values: [Value; 2]) -> String {
    values
        .map(|value| {
            format!(
                "---
{value:#}
"
            )
        })
        .concat()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// All files of one cluster, so that a change of any shows.
    #[test]
    fn every_file() {
        let layout = Layout::new(Path::new("/state/example"));
        let addresses = Addresses::of(3);
        let files = [
            ("containerd", containerd(&layout, "overlayfs")),
            ("network", network(addresses)),
            ("kubelet", kubelet(&layout, addresses)),
            ("proxy", proxy(&layout, addresses)),
            ("names", names(&layout)),
            ("name service", name_service(addresses)),
        ];
        let texts = files.map(|(name, text)| {
            format!(
                "# {name}
{text}
"
            )
        });
        insta::assert_snapshot!(texts.concat());
    }

    #[test]
    fn fixed_objects_are_yaml() {
        use serde::Deserialize as _;
        for text in [ACCESS, STORAGE] {
            for document in serde_yaml::Deserializer::from_str(text) {
                let object = Value::deserialize(document).unwrap();
                assert!(object["kind"].is_string(), "{object}");
            }
        }
    }
}
