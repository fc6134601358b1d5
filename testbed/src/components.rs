//! The programs of a cluster and their flags. Pure: the same cluster gives the same command lines.
//! Must not know how they are started.

use std::path::Path;

use crate::address::Addresses;
use crate::cluster::layout::Layout;
use crate::document::Program;

/// What the command lines are made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Components<'a> {
    /// Name of the cluster and of its node.
    pub(crate) name: &'a str,
    /// The program that is every component.
    pub(crate) kubernetes: &'a Path,
    pub(crate) layout: &'a Layout,
    pub(crate) addresses: Addresses,
}

impl Components<'_> {
    /// All of them, in the order of starting. None waits for another: each tries until those it needs are there.
    pub(crate) fn all(&self) -> Vec<Program> {
        vec![
            self.containerd(),
            self.etcd(),
            self.api_server(),
            self.controller_manager(),
            self.scheduler(),
            self.coredns(),
            self.kubelet(),
            self.storage(),
            self.proxy(),
        ]
    }

    fn program(&self, name: &'static str, flags: &[String]) -> Program {
        let mut command = vec![self.kubernetes.display().to_string(), name.to_owned()];
        command.extend_from_slice(flags);
        Program { name, command }
    }

    fn containerd(&self) -> Program {
        let configuration = self.layout.configuration("containerd.toml").display().to_string();
        Program {
            name: "containerd",
            command: vec!["containerd".into(), "--config".into(), configuration],
        }
    }

    fn etcd(&self) -> Program {
        self.program("etcd", &[flag("data-dir", self.layout.database().display())])
    }

    fn api_server(&self) -> Program {
        let Self {
            layout, addresses, ..
        } = self;
        let mut flags = vec![
            "--etcd-servers=http://127.0.0.1:2379".into(),
            flag("advertise-address", addresses.node()),
            "--secure-port=6443".into(),
            flag("service-cluster-ip-range", addresses.services()),
            "--authorization-mode=Node,RBAC".into(),
            "--enable-admission-plugins=NodeRestriction".into(),
            "--allow-privileged".into(),
            flag(
                "kubelet-certificate-authority",
                layout.certificate("authority").display(),
            ),
            flag(
                "kubelet-client-certificate",
                layout.certificate("kubelet-client").display(),
            ),
            flag("kubelet-client-key", layout.key("kubelet-client").display()),
            "--kubelet-preferred-address-types=InternalIP".into(),
            flag(
                "requestheader-client-ca-file",
                layout.certificate("front-authority").display(),
            ),
            "--requestheader-allowed-names=front-proxy".into(),
            "--requestheader-extra-headers-prefix=X-Remote-Extra-".into(),
            "--requestheader-group-headers=X-Remote-Group".into(),
            "--requestheader-username-headers=X-Remote-User".into(),
            flag(
                "proxy-client-cert-file",
                layout.certificate("front-proxy").display(),
            ),
            flag("proxy-client-key-file", layout.key("front-proxy").display()),
            "--enable-aggregator-routing".into(),
        ];
        flags.extend(api_server_identity(layout));
        self.program("kube-apiserver", &flags)
    }

    /// Without `--authentication-kubeconfig`: the manager would look up a role before it exists and end. Only its health
    /// is then served to strangers.
    fn controller_manager(&self) -> Program {
        let Self {
            layout, addresses, ..
        } = self;
        let flags = [
            flag("kubeconfig", layout.kubeconfig_of("controller-manager").display()),
            "--leader-elect=false".into(),
            "--use-service-account-credentials".into(),
            flag(
                "service-account-private-key-file",
                layout.key("service-accounts").display(),
            ),
            flag("root-ca-file", layout.certificate("authority").display()),
            flag(
                "cluster-signing-cert-file",
                layout.certificate("authority").display(),
            ),
            flag("cluster-signing-key-file", layout.key("authority").display()),
            flag("cluster-cidr", addresses.pods()),
            flag("service-cluster-ip-range", addresses.services()),
            "--allocate-node-cidrs=false".into(),
            "--bind-address=127.0.0.1".into(),
        ];
        self.program("kube-controller-manager", &[&flags[..], &hurry()].concat())
    }

    fn scheduler(&self) -> Program {
        let flags = [
            flag("kubeconfig", self.layout.kubeconfig_of("scheduler").display()),
            "--leader-elect=false".into(),
            "--bind-address=127.0.0.1".into(),
        ];
        self.program("kube-scheduler", &[&flags[..], &hurry()].concat())
    }

    fn coredns(&self) -> Program {
        self.program(
            "coredns",
            &[
                "-conf".into(),
                self.layout.configuration("Corefile").display().to_string(),
            ],
        )
    }

    fn kubelet(&self) -> Program {
        let flags = [
            flag("config", self.layout.configuration("kubelet.json").display()),
            flag("kubeconfig", self.layout.kubeconfig_of("kubelet").display()),
            flag("hostname-override", self.name),
            flag("node-ip", self.addresses.node()),
        ];
        self.program("kubelet", &flags)
    }

    fn storage(&self) -> Program {
        let flags = [
            flag("node", self.name),
            flag("kubeconfig", self.layout.kubeconfig_of("storage").display()),
            "--folder=/var/lib/volumes".into(),
        ];
        self.program("storage", &flags)
    }

    fn proxy(&self) -> Program {
        let flags = [
            flag("config", self.layout.configuration("proxy.json").display()),
            flag("hostname-override", self.name),
        ];
        self.program("kube-proxy", &flags)
    }
}

/// How the API server proves who it is and knows who others are: the same with and without a node.
pub(crate) fn api_server_identity(layout: &Layout) -> Vec<String> {
    vec![
        flag("client-ca-file", layout.certificate("authority").display()),
        flag("tls-cert-file", layout.certificate("api-server").display()),
        flag("tls-private-key-file", layout.key("api-server").display()),
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local".into(),
        flag(
            "service-account-key-file",
            layout.public_key("service-accounts").display(),
        ),
        flag(
            "service-account-signing-key-file",
            layout.key("service-accounts").display(),
        ),
        "--profiling=false".into(),
    ]
}

/// The usual limit of requests makes the first service account five seconds late.
fn hurry() -> [String; 2] {
    ["--kube-api-qps=500".into(), "--kube-api-burst=1000".into()]
}

fn flag(name: &str, value: impl std::fmt::Display) -> String {
    format!("--{name}={value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_line() {
        let layout = Layout::new(Path::new("/state/example"));
        let components = Components {
            name: "example",
            kubernetes: Path::new("/programs/kubernetes"),
            layout: &layout,
            addresses: Addresses::of(3),
        };
        let lines: Vec<String> = components
            .all()
            .iter()
            .map(|program| format!("{}:\n  {}\n", program.name, program.command.join("\n  ")))
            .collect();
        insta::assert_snapshot!(lines.concat());
    }
}
