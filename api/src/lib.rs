//! The wire types of `cr.kanister.io/v1alpha1`, byte for byte as Kanister reads and writes them, and the
//! definitions that let an API server store them.
//!
//! Must not know what any field means: no defaults that decide something, no validation, no logic.

pub mod actionset;
pub mod blueprint;
pub mod definition;
mod kind;
pub mod profile;
pub mod reference;
mod schema;
pub mod status;

pub use actionset::ActionSet;
pub use blueprint::Blueprint;
pub use profile::Profile;
pub use reference::ObjectReference;

/// The API group of all kinds here.
pub const GROUP: &str = "cr.kanister.io";

/// The one version, served and stored.
pub const VERSION: &str = "v1alpha1";

/// Group and version as objects write them.
pub const API_VERSION: &str = "cr.kanister.io/v1alpha1";
