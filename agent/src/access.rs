//! Reads what opens stores and repositories: the profile of `kando`, or the access document of the data commands.
//! It must not know how either reached the pod.

use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use mainstay_repository::location::{Profile, RepositoryPath};
use mainstay_repository::restic::Location;
use mainstay_repository::store::{Address, Settings};
use mainstay_repository::{Exit, Secret, Watch};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::arguments;
use crate::exit::Failure;
use crate::signals;

/// Store and password, ready for use.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    store: Store,
    password: Secret,
}

#[derive(Clone, Debug)]
enum Store {
    Profile(Profile),
    Directory(PathBuf),
}

/// The document: `{"profile": …, "password": …}`, where the profile has the form of `toJson .Profile`. A `directory` in
/// place of the profile holds the buckets as folders.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    profile: Option<Json>,
    directory: Option<PathBuf>,
    password: String,
}

impl Access {
    /// Reads the document where the arguments say. Once it has been read from standard input, the end of that can
    /// stop the command.
    pub(crate) fn read(arguments: &arguments::Access, watch: &Watch) -> Result<Self, Failure> {
        let from_input = arguments.document == Path::new("-");
        let text = if from_input {
            let mut input = BufReader::new(io::stdin());
            let mut line = String::new();
            input
                .read_line(&mut line)
                .map_err(|cause| unreadable("standard input", &cause))?;
            if arguments.attached {
                signals::cancel_at_end(input, watch);
            }
            line
        } else {
            if arguments.attached {
                signals::cancel_at_end(io::stdin(), watch);
            }
            read(&arguments.document)?
        };
        let mut access = Self::parse(&text)?;
        if arguments.insecure_tls
            && let Store::Profile(profile) = &mut access.store
        {
            profile.skip_ssl_verify = true;
        }
        Ok(access)
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        // The position is enough: what serde says beyond it may quote a value.
        let document: Document = serde_json::from_str(text).map_err(|error| {
            Failure::unusable(format!(
                "access document cannot be used: line {} column {}",
                error.line(),
                error.column()
            ))
        })?;
        let Document {
            profile,
            directory,
            password,
        } = document;
        let store = match (profile, directory) {
            (Some(profile), None) => Store::Profile(Profile::from_json(&profile.to_string())?),
            (None, Some(directory)) => Store::Directory(directory),
            (Some(_), Some(_)) | (None, None) => {
                return Err(Failure::unusable(
                    "access document needs either profile or directory",
                ));
            }
        };
        Ok(Self {
            store,
            password: Secret::new(password),
        })
    }

    /// Where the repository at `path` lies.
    pub(crate) fn location(&self, path: &RepositoryPath) -> Result<Location, Failure> {
        match &self.store {
            Store::Profile(profile) => Ok(Location::of(profile, path, &Settings::default())?),
            Store::Directory(directory) => Ok(Location {
                address: Address::Directory(directory.join(&path.bucket)),
                prefix: path.prefix.clone(),
            }),
        }
    }

    /// The repository's password.
    pub(crate) fn password(&self) -> &Secret {
        &self.password
    }
}

/// The profile of a kando command: the argument itself, or the file that `@` names.
pub(crate) fn profile(given: &Secret) -> Result<Profile, Failure> {
    match given.expose().strip_prefix('@') {
        Some(file) => Ok(Profile::from_json(&read(Path::new(file))?)?),
        None => Ok(Profile::from_json(given.expose())?),
    }
}

/// A small file as text.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|cause| unreadable(&path.display().to_string(), &cause))
}

fn unreadable(what: &str, cause: &io::Error) -> Failure {
    Failure::new(Exit::Other, format!("failed to read {what}: {cause}"))
}
