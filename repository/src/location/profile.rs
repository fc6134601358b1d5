//! A location profile as `toJson .Profile` renders it for `kando --profile`, decoded once and typed.
//!
//! The shape is `kanister.md` 2.2; the rules for credentials are 4.1 and 4.2. It must not know how a store is reached.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use snafu::{OptionExt as _, ResultExt as _, Snafu};

use super::json::Object;
use crate::Secret;

const AWS_SECRET: &str = "secrets.kanister.io/aws";

/// Why a profile cannot be used. The messages name members, never values.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(super)))]
pub enum Error {
    /// Not JSON at all.
    #[snafu(display("profile is not valid JSON: {source}"))]
    Syntax {
        /// Where and why.
        source: serde_json::Error,
    },
    /// `null`, which `toJson .Profile` gives when the action has none.
    #[snafu(display("no profile was given"))]
    Missing,
    /// A member of the wrong type.
    #[snafu(display("{path} is not {expected}"))]
    WrongType {
        /// Path of the member.
        path: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A `location.type` that Kanister does not have either.
    #[snafu(display("profile: unknown location type {given:?}"))]
    UnknownKind {
        /// What was given.
        given: String,
    },
    /// A location that this program does not serve.
    #[snafu(display("location type {kind} is not supported; use an object store profile"))]
    Unsupported {
        /// Its type.
        kind: Kind,
    },
    /// A location without the member that says where.
    #[snafu(display("profile: location.{member} is empty"))]
    Incomplete {
        /// The member.
        member: &'static str,
    },
    /// A credential of a kind that does not fit.
    #[snafu(display("profile: unsupported credential type {given:?}"))]
    UnknownCredential {
        /// What was given.
        given: String,
    },
    /// A Secret whose type says that it holds something else.
    #[snafu(display("Unsupported type '{given}' for secret '{name}'"))]
    SecretType {
        /// The Secret's type.
        given: String,
        /// `<namespace>:<name>`.
        name: String,
    },
    /// A Secret with a key that its type does not have.
    #[snafu(display("Secret has an unknown field: {field} in '{name}'"))]
    SecretField {
        /// The key.
        field: String,
        /// `<namespace>:<name>`.
        name: String,
    },
    /// A Secret's value that is not base64 of a text.
    #[snafu(display("profile: {field} of secret '{name}' is not a text"))]
    SecretValue {
        /// The key.
        field: String,
        /// `<namespace>:<name>`.
        name: String,
    },
    /// Neither keys nor a token to exchange.
    #[snafu(display("Missing AWS credentials, please check that the secret has {AWS_ID} and {AWS_KEY}"))]
    NoKeys,
    /// A role, which needs a token service that this program does not ask yet.
    #[snafu(display("profile: assuming a role is not supported; use the role's own keys"))]
    Role,
    /// A certificate bundle without a certificate.
    #[snafu(display("the CA bundle holds no certificate in PEM form"))]
    CaBundle,
}

const AWS_ID: &str = "aws_access_key_id";
const AWS_KEY: &str = "aws_secret_access_key";
const AWS_ROLE: &str = "role";

/// A profile: where, with which right, and whether the store's certificate is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Where.
    pub location: Location,
    /// With which right.
    pub credential: Credential,
    /// Whether any certificate is accepted.
    pub skip_ssl_verify: bool,
}

/// `Location` of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// `type`.
    pub kind: Kind,
    /// `bucket`.
    pub bucket: String,
    /// `endpoint`, empty for Amazon.
    pub endpoint: Endpoint,
    /// `prefix`, part of the key of plain objects, ignored for repositories.
    pub prefix: String,
    /// `region`, empty when it is to be found out.
    pub region: String,
}

/// `type` of a location.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Amazon S3 and everything that speaks its protocol.
    S3Compliant,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azure,
    /// A Kopia repository server.
    Kopia,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::S3Compliant => "s3Compliant",
            Self::Gcs => "gcs",
            Self::Azure => "azure",
            Self::Kopia => "kopia",
        })
    }
}

/// With which right the store is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Type `keyPair`: an access key and its secret; a project and its service account for gcs; an account and its key for azure.
    KeyPair {
        /// The public half.
        id: String,
        /// The other.
        secret: Secret,
    },
    /// Type `secret` with a Secret of type `secrets.kanister.io/aws`.
    Aws {
        /// Access key, empty when a web identity is to be exchanged instead.
        id: String,
        /// Its secret.
        secret: Secret,
        /// Role to assume with it.
        role: Option<String>,
    },
    /// Anything else that a profile for an unsupported location may carry; kept so that the location is what the message is about.
    Other,
}

/// Address of a store, normalised: no slashes at its end, with a scheme.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Endpoint(String);

impl Endpoint {
    /// Normalises what the profile says; without a scheme it is https, as for restic and Kanister.
    pub fn new(given: &str) -> Self {
        let trimmed = given.trim_end_matches('/');
        if trimmed.is_empty() || trimmed.contains("://") {
            return Self(trimmed.to_owned());
        }
        Self(format!("https://{trimmed}"))
    }

    /// The address, `None` for Amazon's own.
    pub fn url(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }
}

impl Profile {
    /// Decodes the argument of `kando --profile`.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let value: Value = serde_json::from_str(text).context(SyntaxSnafu)?;
        let profile = Object::new(&value, "profile")?;
        if profile.is_absent() {
            return MissingSnafu.fail();
        }
        let location = location(&profile.object("Location")?)?;
        let credential = credential(&profile.object("Credential")?, location.kind)?;
        Ok(Self {
            location,
            credential,
            skip_ssl_verify: profile.truth("SkipSSLVerify")?,
        })
    }
}

fn location(object: &Object<'_>) -> Result<Location, Error> {
    let given = object.text("type")?;
    let kinds = [Kind::S3Compliant, Kind::Gcs, Kind::Azure, Kind::Kopia];
    let kind = kinds
        .into_iter()
        .find(|kind| kind.to_string() == given)
        .context(UnknownKindSnafu { given })?;
    Ok(Location {
        kind,
        bucket: object.text("bucket")?,
        endpoint: Endpoint::new(&object.text("endpoint")?),
        prefix: object.text("prefix")?,
        region: object.text("region")?,
    })
}

fn credential(object: &Object<'_>, kind: Kind) -> Result<Credential, Error> {
    let given = object.text("Type")?;
    match given.as_str() {
        "keyPair" => {
            let pair = object.object("KeyPair")?;
            Ok(Credential::KeyPair {
                id: pair.text("ID")?,
                secret: pair.text("Secret")?.into(),
            })
        }
        "secret" if kind == Kind::S3Compliant => aws(&object.object("Secret")?),
        "secret" | "kopia" if kind != Kind::S3Compliant => Ok(Credential::Other),
        _ => UnknownCredentialSnafu { given }.fail(),
    }
}

/// A Secret of Amazon's kind. A session token is refused like any other key that the type does not have.
fn aws(secret: &Object<'_>) -> Result<Credential, Error> {
    let metadata = secret.object("metadata")?;
    let name = format!("{}:{}", metadata.text("namespace")?, metadata.text("name")?);
    let given = secret.text("type")?;
    if given != AWS_SECRET {
        return SecretTypeSnafu { given, name }.fail();
    }
    let (mut id, mut key, mut role) = (String::new(), String::new(), String::new());
    for (field, value) in secret.object("data")?.texts()? {
        let text = decoded(&field, &value, &name)?;
        match field.as_str() {
            AWS_ID => id = text,
            AWS_KEY => key = text,
            AWS_ROLE => role = text,
            _ => return SecretFieldSnafu { field, name }.fail(),
        }
    }
    Ok(Credential::Aws {
        id,
        secret: key.into(),
        role: (!role.is_empty()).then_some(role),
    })
}

fn decoded(field: &str, value: &str, name: &str) -> Result<String, Error> {
    let bytes = BASE64_STANDARD.decode(value).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.with_context(|| SecretValueSnafu { field, name })
}

#[cfg(test)]
mod tests;
