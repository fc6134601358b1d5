//! A location profile with its credential, ready to be used.
//! Must not know what is stored there. What it returns keeps its secrets sealed.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use mainstay_api::Profile as Wire;
use mainstay_api::profile::{KeyPair, KopiaServerSecret, SecretMember};
use mainstay_engine::function::{self, Cause};
use mainstay_engine::request::ObjectReference;
use mainstay_engine::scope::{Credential, Profile};
use mainstay_engine::sealed::Sealed;
use serde_json::{Value as Json, json};
use snafu::{OptionExt, ResultExt, Snafu, ensure};

use crate::objects::{self, Objects, Resource, SECRETS};

const PROFILES: Resource = Resource::known(mainstay_api::GROUP, mainstay_api::VERSION, "profiles");

/// Secret types of credentials, and the keys that the first two may hold.
const AWS: (&str, [&str; 3]) = (
    "secrets.kanister.io/aws",
    ["aws_access_key_id", "aws_secret_access_key", "role"],
);
const AZURE: (&str, [&str; 4]) = (
    "secrets.kanister.io/azure",
    [
        "azure_storage_account_id",
        "azure_storage_key",
        "azure_storage_environment",
        "azure_federated_identity",
    ],
);
const GCP: (&str, [&str; 2]) = (
    "secrets.kanister.io/gcp",
    ["gcp_project_id", "service-account.json"],
);
const FILESTORE: &str = "secrets.kanister.io/filestore";

/// Why a profile cannot be used, in Kanister's words.
#[derive(Debug, Snafu)]
pub(super) enum Error {
    /// The profile or one of its secrets could not be had.
    #[snafu(display("{source}"))]
    Fetch {
        /// Why.
        source: objects::Error,
    },
    /// The profile is not one.
    #[snafu(display("failed to decode profile '{profile}': {source}"))]
    Decode {
        /// Which.
        profile: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The credential is of a type that there is not.
    #[snafu(display("CredentialType '{type_}' not supported"))]
    CredentialType {
        /// The type.
        type_: String,
    },
    /// The credential's type says where it is, and nothing is there.
    #[snafu(display("Profile '{profile}' has credential type '{type_}' and no such member"))]
    NoMember {
        /// Which profile.
        profile: String,
        /// The type.
        type_: String,
    },
    /// The secret lacks the identity.
    #[snafu(display("Key '{key}' not found in secret '{secret}'"))]
    NoKey {
        /// The key.
        key: String,
        /// The secret, as `namespace:name`.
        secret: String,
    },
    /// The secret lacks the identity's secret.
    #[snafu(display("Value '{key}' not found in secret '{secret}'"))]
    NoValue {
        /// The key.
        key: String,
        /// The secret, as `namespace:name`.
        secret: String,
    },
    /// The secret's type is none that holds credentials.
    #[snafu(display("Unsupported type '{type_}' for secret '{secret}'"))]
    SecretType {
        /// The type.
        type_: String,
        /// The secret, as `namespace:name`.
        secret: String,
    },
    /// The secret holds something that its type does not know.
    #[snafu(display("Secret '{secret}' has an unknown field '{key}'"))]
    UnknownField {
        /// The secret, as `namespace:name`.
        secret: String,
        /// The key.
        key: String,
    },
}

impl From<Error> for function::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Fetch { source } => source.into(),
            other => Self::new(Cause::Mistake, other.to_string()),
        }
    }
}

/// Fetches the profile that `reference` names and its credential.
pub(super) async fn resolve(objects: &Objects, reference: &ObjectReference) -> Result<Profile, Error> {
    let ObjectReference { namespace, name, .. } = reference;
    let found = objects
        .get(&PROFILES, namespace, name)
        .await
        .context(FetchSnafu)?;
    let wire: Wire = serde_json::from_value(found).with_context(|_| DecodeSnafu {
        profile: format!("{namespace}:{name}"),
    })?;
    let credential = credential(objects, &wire, &format!("{namespace}:{name}")).await?;
    Ok(Profile {
        location_type: wire.location.type_,
        bucket: wire.location.bucket,
        endpoint: wire.location.endpoint,
        prefix: wire.location.prefix,
        region: wire.location.region,
        credential,
        skip_ssl_verify: wire.skip_ssl_verify,
    })
}

async fn credential(objects: &Objects, wire: &Wire, profile: &str) -> Result<Credential, Error> {
    let credential = &wire.credential;
    let type_ = credential.type_.as_str();
    let no_member = NoMemberSnafu { profile, type_ };
    match type_ {
        "keyPair" => key_pair(objects, credential.key_pair.as_ref().context(no_member)?).await,
        "secret" => {
            let reference = credential.secret.as_ref().context(no_member)?;
            let secret = Content::fetch(objects, &reference.namespace, &reference.name).await?;
            check_type(&secret)?;
            Ok(Credential::Secret(Sealed::new(secret.object)))
        }
        "kopia" => {
            kopia(
                objects,
                credential.kopia_server_secret.as_ref().context(no_member)?,
            )
            .await
        }
        _ => CredentialTypeSnafu { type_ }.fail(),
    }
}

async fn key_pair(objects: &Objects, pair: &KeyPair) -> Result<Credential, Error> {
    let secret = Content::fetch(objects, &pair.secret.namespace, &pair.secret.name).await?;
    let id = secret.text(&pair.id_field).with_context(|| NoKeySnafu {
        key: &pair.id_field,
        secret: &secret.place,
    })?;
    let value = secret.text(&pair.secret_field).with_context(|| NoValueSnafu {
        key: &pair.secret_field,
        secret: &secret.place,
    })?;
    Ok(Credential::KeyPair {
        id,
        secret: Sealed::new(value),
    })
}

async fn kopia(objects: &Objects, wire: &KopiaServerSecret) -> Result<Credential, Error> {
    let password = member(objects, wire.user_passphrase.as_ref()).await?;
    let certificate = member(objects, wire.tls_cert.as_ref()).await?;
    Ok(Credential::Kopia(Sealed::new(json!({
        "Username": wire.username,
        "Hostname": wire.hostname,
        "Password": password,
        "Cert": certificate,
        "ConnectOptions": (!wire.connect_options.is_empty()).then_some(&wire.connect_options),
    }))))
}

async fn member(objects: &Objects, member: Option<&SecretMember>) -> Result<String, Error> {
    let named = member.and_then(|member| Some((member.secret.as_ref()?, member.key.as_str())));
    let (reference, key) = named.with_context(|| NoMemberSnafu {
        profile: "",
        type_: "kopia",
    })?;
    let secret = Content::fetch(objects, &reference.namespace, &reference.name).await?;
    secret.text(key).with_context(|| NoKeySnafu {
        key,
        secret: &secret.place,
    })
}

/// Kanister looks at the type and, for some types, at the keys when an action starts; whether they are complete
/// shows when they are used.
fn check_type(secret: &Content) -> Result<(), Error> {
    let type_ = secret.object["type"].as_str().unwrap_or_default();
    let known: &[&str] = match type_ {
        _ if type_ == AWS.0 => &AWS.1,
        _ if type_ == AZURE.0 => &AZURE.1,
        _ if type_ == GCP.0 => {
            for key in GCP.1 {
                ensure!(
                    secret.data.contains_key(key),
                    NoKeySnafu {
                        key,
                        secret: &secret.place
                    }
                );
            }
            return Ok(());
        }
        FILESTORE => return Ok(()),
        _ => {
            return SecretTypeSnafu {
                type_,
                secret: &secret.place,
            }
            .fail();
        }
    };
    match secret.data.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => UnknownFieldSnafu {
            secret: &secret.place,
            key,
        }
        .fail(),
    }
}

/// A Secret that is being read.
struct Content {
    /// `namespace:name`, as messages have it.
    place: String,
    object: Json,
    data: BTreeMap<String, Vec<u8>>,
}

impl Content {
    async fn fetch(objects: &Objects, namespace: &str, name: &str) -> Result<Self, Error> {
        let object = objects.get(&SECRETS, namespace, name).await.context(FetchSnafu)?;
        let members = object["data"].as_object().into_iter().flatten();
        let data = members
            .filter_map(|(key, value)| Some((key.clone(), BASE64.decode(value.as_str()?).ok()?)))
            .collect();
        Ok(Self {
            place: format!("{namespace}:{name}"),
            object,
            data,
        })
    }

    /// The text of a member. Bytes that are no text are replaced, as in Go's JSON.
    fn text(&self, key: &str) -> Option<String> {
        let bytes = self.data.get(key)?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }
}
