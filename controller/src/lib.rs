//! The long-running program: watches ActionSets and Blueprints, carries the former out and checks the latter.
//!
//! ```text
//! watch ─▶ ActionSet ─▶ dereference ─▶ check ─▶ plan ─▶ drive ─▶ publish
//!                       blueprints     dsl      engine  engine   status, Events, metrics
//! ```
//!
//! Must not know how a template is evaluated, nor what any function does.

pub mod args;

pub mod runtime;

pub mod actionset;
mod blueprint;
mod definitions;

pub mod convert;
pub mod events;
pub mod health;
pub mod host;
pub mod logging;
pub mod metrics;
mod objects;
mod refusal;

pub use actionset::Context;
pub use args::Arguments;
pub use runtime::run;

/// A fault with its causes, outermost first.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_words = cause.to_string();
        // Some faults tell their cause themselves.
        if !words.ends_with(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        next = cause.source();
    }
    words
}
