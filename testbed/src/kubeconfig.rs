//! The text of a kubeconfig file with one cluster and one user.
//! Must not know where it is written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::certificates::Identity;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    api_version: &'a str,
    kind: &'a str,
    clusters: [Named<'a, ClusterPart<'a>>; 1],
    users: [Named<'a, UserPart>; 1],
    contexts: [Named<'a, ContextPart<'a>>; 1],
    #[serde(rename = "current-context")]
    current_context: &'a str,
}

/// An entry of one of the lists: its name, and what it is under a key that tells the lists apart.
#[derive(Serialize)]
struct Named<'a, T> {
    name: &'a str,
    #[serde(flatten)]
    part: T,
}

#[derive(Serialize)]
struct ClusterPart<'a> {
    cluster: Cluster<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Cluster<'a> {
    server: &'a str,
    certificate_authority_data: String,
}

#[derive(Serialize)]
struct UserPart {
    user: User,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct User {
    client_certificate_data: String,
    client_key_data: String,
}

#[derive(Serialize)]
struct ContextPart<'a> {
    context: Context<'a>,
}

#[derive(Serialize)]
struct Context<'a> {
    cluster: &'a str,
    user: &'a str,
}

/// Renders the file: `cluster` names the cluster and the context, `user` the user, `server` is the URL of the API
/// server and `authority` the certificate (PEM) that vouches for it.
pub(crate) fn render(
    cluster: &str,
    user: &str,
    server: &str,
    authority: &str,
    identity: &Identity,
) -> String {
    let Identity { certificate, key } = identity;
    let config = Config {
        api_version: "v1",
        kind: "Config",
        clusters: [Named {
            name: cluster,
            part: ClusterPart {
                cluster: Cluster {
                    server,
                    certificate_authority_data: STANDARD.encode(authority),
                },
            },
        }],
        users: [Named {
            name: user,
            part: UserPart {
                user: User {
                    client_certificate_data: STANDARD.encode(certificate),
                    client_key_data: STANDARD.encode(key),
                },
            },
        }],
        contexts: [Named {
            name: cluster,
            part: ContextPart {
                context: Context { cluster, user },
            },
        }],
        current_context: cluster,
    };
    serde_yaml::to_string(&config).expect("strings in structures have a YAML form")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_one_of_each() {
        let identity = Identity {
            certificate: "CERTIFICATE".into(),
            key: "KEY".into(),
        };
        insta::assert_snapshot!(render(
            "example",
            "admin",
            "https://10.97.0.2:6443",
            "AUTHORITY",
            &identity
        ));
    }
}
