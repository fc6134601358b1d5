//! The Profile: where backups go and with which credential.
//! Must not know any store; holds references to secrets, never their content.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};

use crate::API_VERSION;
use crate::kind::kind;
use crate::reference::{ObjectReference, reference};
use crate::schema::{boolean, integer, map, object, text};

/// A location and the credential for it. It has neither `spec` nor `status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Always [`API_VERSION`].
    #[serde(default = "api_version")]
    pub api_version: String,
    /// Always `Profile`.
    #[serde(default = "kind_name")]
    pub kind: String,
    /// Name, namespace, labels and the rest.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Where.
    #[serde(default)]
    pub location: Location,
    /// With which credential.
    #[serde(default)]
    pub credential: Credential,
    /// Whether the store's certificate is not verified.
    #[serde(default, rename = "skipSSLVerify")]
    pub skip_ssl_verify: bool,
}

kind!(Profile, "profiles");

/// A place in a store. Every member is written even when it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Location {
    /// `s3Compliant`, `gcs`, `azure` or `kopia`.
    #[serde(rename = "type")]
    pub type_: String,
    /// The bucket.
    pub bucket: String,
    /// The endpoint; empty for the provider's own.
    pub endpoint: String,
    /// What the keys of plain objects start with.
    pub prefix: String,
    /// The region.
    pub region: String,
}

/// Where the credential is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Credential {
    /// `keyPair`, `secret` or `kopia`; tells which of the members below counts.
    #[serde(rename = "type")]
    pub type_: String,
    /// Two members of a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_pair: Option<KeyPair>,
    /// A whole Secret, whose type tells what it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<ObjectReference>,
    /// Access to a Kopia repository server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kopia_server_secret: Option<KopiaServerSecret>,
}

/// An identity and its secret, as two members of one Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeyPair {
    /// The key of the identity.
    pub id_field: String,
    /// The key of its secret.
    pub secret_field: String,
    /// The Secret.
    pub secret: ObjectReference,
}

/// Access to a Kopia repository server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KopiaServerSecret {
    /// The user.
    pub username: String,
    /// The host the user belongs to.
    pub hostname: String,
    /// The user's passphrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_passphrase: Option<SecretMember>,
    /// The server's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_cert: Option<SecretMember>,
    /// Sizes and other numbers by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub connect_options: BTreeMap<String, i64>,
}

/// One member of a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecretMember {
    /// The key within the Secret.
    pub key: String,
    /// The Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<ObjectReference>,
}

impl Profile {
    /// A profile to be created; its certificate checks are on.
    pub fn new(metadata: ObjectMeta, location: Location, credential: Credential) -> Self {
        Self {
            api_version: api_version(),
            kind: kind_name(),
            metadata,
            location,
            credential,
            skip_ssl_verify: false,
        }
    }
}

/// The schema of a Profile.
pub(crate) fn schema() -> JSONSchemaProps {
    object([
        ("apiVersion", text()),
        ("kind", text()),
        ("metadata", object([])),
        (
            "location",
            object([
                ("type", text()),
                ("bucket", text()),
                ("endpoint", text()),
                ("prefix", text()),
                ("region", text()),
            ]),
        ),
        ("credential", credential()),
        ("skipSSLVerify", boolean()),
    ])
}

fn credential() -> JSONSchemaProps {
    let member = || object([("key", text()), ("secret", reference())]);
    object([
        ("type", text()),
        (
            "keyPair",
            object([
                ("idField", text()),
                ("secretField", text()),
                ("secret", reference()),
            ]),
        ),
        ("secret", reference()),
        (
            "kopiaServerSecret",
            object([
                ("username", text()),
                ("hostname", text()),
                ("userPassphrase", member()),
                ("tlsCert", member()),
                ("connectOptions", map(integer())),
            ]),
        ),
    ])
}

fn api_version() -> String {
    API_VERSION.to_owned()
}

fn kind_name() -> String {
    "Profile".to_owned()
}
