//! What tests across crates share: where the test bed is, and the player of recorded `ActionSet`s.
//!
//! Must not be used by any other crate.

pub mod bed;
pub mod replay;
pub mod script;
