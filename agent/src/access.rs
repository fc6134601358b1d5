//! Reads the profile of `kando`. It must not know how it reached the pod.

use std::io;
use std::path::Path;

use mainstay_repository::location::Profile;
use mainstay_repository::{Exit, Secret};

use crate::exit::Failure;

/// The profile of a kando command: the argument itself, or the file that `@` names.
pub(crate) fn profile(given: &Secret) -> Result<Profile, Failure> {
    match given.expose().strip_prefix('@') {
        Some(file) => Ok(Profile::from_json(&read(Path::new(file))?)?),
        None => Ok(Profile::from_json(given.expose())?),
    }
}

/// A small file as text.
fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|cause| unreadable(&path.display().to_string(), &cause))
}

fn unreadable(what: &str, cause: &io::Error) -> Failure {
    Failure::new(Exit::Other, format!("failed to read {what}: {cause}"))
}
