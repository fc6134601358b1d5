//! Plays recorded `ActionSet`s and compares what happens with what the real Kanister did.
//!
//! ```text
//! bucket      the object store, before and after
//! case        a folder of files → Case
//! recorder    what the controller asks of the API server, as it asks it
//! player      Case → Recording, on a real cluster
//! normalise   Recording → the same without names, times and addresses of one run
//! compare     (expected, seen) → differences
//! controller  ours, inside this process
//! runner      many cases, several at a time
//! ```
//!
//! Must not know how the controller works: it sees requests, objects and buckets.

pub mod bucket;
pub mod case;

pub mod compare;
pub mod controller;
pub mod normalise;
pub mod player;
pub mod recorder;
pub mod runner;
