//! Checked blueprint and request in, status out: plan → run → drive → status.
//!
//! Must not know what any function does, what an ActionSet looks like, or that Kubernetes exists. Only
//! `driver` is asynchronous.

pub mod function;
pub mod scope;
pub mod sealed;
