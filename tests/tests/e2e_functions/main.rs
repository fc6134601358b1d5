//! Functions on a real cluster: what they return, what they say when they fail, and that nothing is left behind.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod data;
mod exec;
mod faults;
mod pods;
mod scene;
mod snapshots;
mod workloads;
