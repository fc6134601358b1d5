//! Blueprint text in, checked blueprint out: `Source` → `Parsed` → `Checked`, or diagnostics.
//!
//! ```text
//! text          source   Source     JSON value and where each part of it stands
//!   parse       parsed   Parsed     what was written, field by field      + diagnostics
//!   check       checked  Checked    what it means; templates compiled     + diagnostics
//! ```
//!
//! Must not know that Kubernetes, time or randomness exists: what a template may see of them comes in as
//! arguments.

pub mod check;
pub mod checked;
pub mod diagnostic;
pub mod name;
pub mod parsed;
pub mod pointer;
pub mod print;
pub mod signature;
pub mod source;
pub mod suggest;
pub mod template;

use diagnostic::{Code, Place};

pub use check::{Check, Mode, check};
pub use checked::Checked;
pub use diagnostic::Diagnostic;
pub use parsed::{Parsed, parse};
pub use print::print;
pub use signature::Signatures;
pub use source::Source;

/// All that is wrong with a blueprint, in the order of its text, and what it means when it means something.
pub fn diagnose(source: &Source, signatures: &Signatures, mode: Mode) -> (Option<Checked>, Vec<Diagnostic>) {
    let (parsed, mut diagnostics) = parse(source);
    let checked = parsed.map(|parsed| {
        let found = check(&parsed, signatures, mode);
        diagnostics.extend(
            found
                .diagnostics
                .into_iter()
                .map(|diagnostic| source.locate(diagnostic)),
        );
        found.checked
    });
    diagnostics.sort_by(|one, other| one.order().cmp(&other.order()));
    (checked, diagnostics)
}

/// What to say of a text that should hold a blueprint and does not.
pub fn no_blueprint() -> Diagnostic {
    Diagnostic::error(
        Code::NotABlueprint,
        "there is no blueprint in this text",
        Place::text(0..0),
        "no document here has `kind: Blueprint`",
    )
    .help("a blueprint begins with `apiVersion: cr.kanister.io/v1alpha1` and `kind: Blueprint`")
}
