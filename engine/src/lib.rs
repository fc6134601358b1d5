//! Checked blueprint and request in, status out: plan → run → drive → status.
//!
//! Must not know what any function does, what an ActionSet looks like, or that Kubernetes exists. Only
//! `driver` is asynchronous.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod request;

pub mod plan;

pub mod run;

pub mod driver;

pub mod status;

pub mod announcement;
pub mod clock;
pub mod function;
pub mod host;
pub mod journal;
mod render;
pub mod scope;
pub mod sealed;
