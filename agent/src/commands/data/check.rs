//! `data check`: whether a repository is there and opens with the password.

use mainstay_repository::{Error, Watch};

use super::Door;
use crate::arguments::OneRepository;
use crate::commands::output;
use crate::exit::Failure;

/// Tries the door. A closed one is an answer, anything else that goes wrong is a failure.
pub(super) fn run(repository: &OneRepository, watch: &Watch) -> Result<(), Failure> {
    let (password_incorrect, unavailable) = match Door::of(repository, watch)?.open() {
        Ok(_) => (false, false),
        Err(Error::Password) => (true, false),
        Err(Error::Absent { .. }) => (false, true),
        Err(other) => return Err(other.into()),
    };
    output::print("passwordIncorrect", &password_incorrect.to_string())?;
    output::print("repoUnavailable", &unavailable.to_string())
}
