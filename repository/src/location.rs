//! Where data goes and with which right: the profile that a blueprint hands over, and the names that follow from it.
//!
//! Pure: nothing here opens a connection or reads the environment.

mod json;
mod key;
mod path;
mod profile;

pub use key::Key;
pub use path::RepositoryPath;
pub use profile::{Credential, Endpoint, Error, Kind, Location, Profile};
