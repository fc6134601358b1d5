//! What opens a repository: the action's profile and the password, checked, and as the document that the agent reads.
//! Must not know how the document reaches the agent.

use mainstay_engine::scope::Scope;
use mainstay_engine::sealed::Sealed;
use mainstay_repository::location::{self, Credential, RepositoryPath};
use mainstay_repository::restic::Location;
use mainstay_repository::store::Settings;
use serde_json::json;

use crate::profile::{Error, Profile};

/// Hexadecimal SHA-256 of `testpassword`: the password of every repository whose blueprint names none. Kanister's
/// backups could not be read without it.
const SHARED_PASSWORD: &str = "9f735e0df9a1ddc702bf0a1a7b83033f9f7153a00c29de82cedadc9957289b05";

/// Profile and password of the repositories that one call works on.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    profile: Profile,
    password: Sealed<String>,
}

impl Access {
    /// Takes the profile from the action and the password from the blueprint.
    pub(crate) fn of(scope: &Scope, encryption_key: Option<String>) -> Result<Self, Error> {
        let profile = Profile::of(scope)?;
        let password = Sealed::new(encryption_key.unwrap_or_else(|| SHARED_PASSWORD.to_owned()));
        Ok(Self { profile, password })
    }

    /// The repository of `artifact_prefix`, the bucket in front of it unless it is there.
    pub(crate) fn repository(&self, artifact_prefix: &str) -> Result<RepositoryPath, Error> {
        self.checked(RepositoryPath::with_bucket(
            &self.profile.location.location.bucket,
            artifact_prefix,
        ))
    }

    /// The repository of `artifact_prefix`, which begins with the bucket.
    pub(crate) fn repository_as_given(&self, artifact_prefix: &str) -> Result<RepositoryPath, Error> {
        self.checked(RepositoryPath::as_given(artifact_prefix))
    }

    /// Refuses a location that repositories cannot lie in, before any pod is made for it.
    fn checked(&self, path: RepositoryPath) -> Result<RepositoryPath, Error> {
        match Location::of(&self.profile.location, &path, &Settings::default()) {
            Ok(_) => Ok(path),
            Err(source) => Err(Error::Unusable { source }),
        }
    }

    /// Whether the profile has any certificate accepted.
    pub(crate) fn skip_ssl_verify(&self) -> bool {
        self.profile.location.skip_ssl_verify
    }

    /// The document that `--access` of the agent names, in one line.
    pub(crate) fn document(&self) -> Sealed<String> {
        let Self { profile, password } = self;
        Sealed::new(json!({"profile": profile.json.open(), "password": password.open()}).to_string())
    }

    /// The environment that `restic` needs to open the repository at `path`, by Kanister's rules.
    pub(crate) fn restic_environment(&self, path: &RepositoryPath) -> Result<Environment, Error> {
        let (id, secret) = match &self.profile.location.credential {
            Credential::KeyPair { id, secret }
            | Credential::Aws {
                id,
                secret,
                role: None,
            } if !id.is_empty() => (id, secret),
            Credential::KeyPair { .. } | Credential::Aws { .. } | Credential::Other => {
                return Err(Error::Unusable {
                    source: location::Error::NoKeys,
                });
            }
        };
        let endpoint = self
            .profile
            .location
            .location
            .endpoint
            .url()
            .unwrap_or("s3.amazonaws.com");
        Ok(Environment(vec![
            ("AWS_ACCESS_KEY_ID", Sealed::new(id.clone())),
            ("AWS_SECRET_ACCESS_KEY", Sealed::new(secret.expose().to_owned())),
            ("RESTIC_REPOSITORY", Sealed::new(format!("s3:{endpoint}/{path}"))),
            ("RESTIC_PASSWORD", self.password.clone()),
        ]))
    }
}

/// Names and values of a process's environment.
#[derive(Clone, Debug)]
pub(crate) struct Environment(pub(crate) Vec<(&'static str, Sealed<String>)>);

#[cfg(test)]
pub(super) mod tests {
    use mainstay_engine::scope::{self, Profile as Given};

    use super::*;

    /// The scope of an action with a profile.
    pub(crate) fn scope() -> Scope {
        Scope {
            profile: Some(Given {
                location_type: "s3Compliant".to_owned(),
                bucket: "bucket".to_owned(),
                endpoint: "http://minio:9000/".to_owned(),
                prefix: "ignored".to_owned(),
                region: "us-east-1".to_owned(),
                credential: scope::Credential::KeyPair {
                    id: "AKID".to_owned(),
                    secret: Sealed::new("it's secret".to_owned()),
                },
                skip_ssl_verify: false,
            }),
            ..Scope::default()
        }
    }

    #[test]
    fn document_holds_profile_and_password() {
        let access = Access::of(&scope(), Some("pass\"word".to_owned())).unwrap();
        insta::assert_snapshot!(access.document().open());
        assert!(!format!("{access:?}").contains("it's secret"), "{access:?}");
    }

    #[test]
    fn environment_of_restic() {
        let access = Access::of(&scope(), None).unwrap();
        let path = access.repository("copies/db").unwrap();
        let Environment(variables) = access.restic_environment(&path).unwrap();
        let shown: Vec<String> = variables
            .iter()
            .map(|(name, value)| format!("{name}={}", value.open()))
            .collect();
        insta::assert_debug_snapshot!(shown);
    }

    #[test]
    fn profiles_that_cannot_be_used() {
        let with = |location_type: &str| {
            let mut scope = scope();
            if let Some(profile) = &mut scope.profile {
                location_type.clone_into(&mut profile.location_type);
            }
            scope
        };
        let shown = [Scope::default(), with("kopia"), with("azure"), with("tape")].map(|scope| {
            let repository = Access::of(&scope, None).and_then(|access| access.repository("one"));
            repository
                .map(|path| path.to_string())
                .map_err(|error| error.to_string())
        });
        insta::assert_debug_snapshot!(shown);
    }
}
