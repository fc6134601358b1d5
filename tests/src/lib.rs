//! What tests across crates share.
//!
//! ```text
//! bed       where the servers are
//! definitions   our kinds on an API server
//! scene     a namespace of a test's own, manifests in it
//! database  the database of examples/mysql-on-s3 in a scene
//! program   mainstay as a process
//! replay    the player of recorded ActionSets
//! script    a scripted API server in memory
//! control_plane   a real API server alone, shared by the tests of a file
//! scripted  functions that do what a test says
//! ```
//!
//! Must not be used by any other crate.

pub mod bed;
pub mod control_plane;
pub mod database;
pub mod definitions;
pub mod program;
pub mod replay;
pub mod scene;
pub mod script;
pub mod scripted;
