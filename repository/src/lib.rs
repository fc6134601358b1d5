//! The data path: files and streams in, a plain object or a deduplicated, encrypted repository in a bucket out, and back.
//!
//! ```text
//! profile JSON ─ location::Profile::from_json ─▶ Profile
//! Profile      ─ store::Address::of           ─▶ Address ─ store::open ─▶ Arc<dyn Store>
//! plain bytes  ─ object::push / pull / delete ─▶ Store            (what `kando location` does)
//! files, dumps ─ restic::open / init          ─▶ restic::Repository (what BackupData, RestoreData … do)
//! ```
//!
//! Nothing here knows Kubernetes, blueprints or command lines. Async ends at [`store`] and [`object`]; a [`restic::Repository`]
//! is blocking and brings the small runtime that its store runs on.

pub mod error;
pub mod location;
pub mod object;
mod producer;
pub mod restic;
mod rustic;
pub mod secret;
pub mod size;
pub mod store;
pub mod watch;

pub use error::{Error, Exit};
pub use location::Profile;
pub use secret::Secret;
pub use watch::Watch;
