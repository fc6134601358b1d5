//! The engine from blueprint text to status, with scripted functions over memory.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cases;
mod crash;
mod driving;
mod fixture;
mod histories;
mod matrix;
mod plans;
mod properties;
