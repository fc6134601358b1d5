//! The profile of an action: checked, and as the JSON that `kando` reads.
//! Must not know what it is used for.

use mainstay_engine::function::{Cause, Error as Failure};
use mainstay_engine::scope::{Credential, Profile as Given, Scope};
use mainstay_engine::sealed::Sealed;
use mainstay_repository::location;
use serde_json::{Value as Json, json};
use snafu::{OptionExt as _, ResultExt as _, Snafu};

/// Why there is no store to be used.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    /// The action names no profile.
    #[snafu(display("Failed to validate Profile: Profile must be non-nil"))]
    NoProfile,
    /// The profile is of no use.
    #[snafu(display("Failed to validate Profile: {source}"), visibility(pub(crate)))]
    Unusable {
        /// What is wrong with it.
        source: location::Error,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(Cause::Mistake, error.to_string())
    }
}

/// A profile that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    /// What it says.
    pub(crate) location: location::Profile,
    /// The same as `toJson .Profile` renders it.
    pub(crate) json: Sealed<Json>,
}

impl Profile {
    /// The profile of the action.
    pub(crate) fn of(scope: &Scope) -> Result<Self, Error> {
        let json = rendered(scope.profile.as_ref().context(NoProfileSnafu)?);
        let location = location::Profile::from_json(&json.to_string()).context(UnusableSnafu)?;
        Ok(Self {
            location,
            json: Sealed::new(json),
        })
    }
}

/// The profile as `toJson .Profile` renders it.
fn rendered(given: &Given) -> Json {
    let Given {
        location_type,
        bucket,
        endpoint,
        prefix,
        region,
        credential,
        skip_ssl_verify,
    } = given;
    let (kind, key_pair, secret, kopia) = match credential {
        Credential::KeyPair { id, secret } => (
            "keyPair",
            json!({"ID": id, "Secret": secret.open()}),
            Json::Null,
            Json::Null,
        ),
        Credential::Secret(secret) => ("secret", Json::Null, secret.open().clone(), Json::Null),
        Credential::Kopia(kopia) => ("kopia", Json::Null, Json::Null, kopia.open().clone()),
    };
    json!({
        "Location": {
            "type": location_type, "bucket": bucket, "endpoint": endpoint, "prefix": prefix, "region": region,
        },
        "Credential": {"Type": kind, "KeyPair": key_pair, "Secret": secret, "KopiaServerSecret": kopia},
        "SkipSSLVerify": skip_ssl_verify,
    })
}
