//! Stage 2's maker: from what was written to what it means, with everything that is wrong with it.
//!
//! The checked blueprint is always made: Kanister fails a phase only when it reaches it, and whether to go on
//! in spite of diagnostics is the caller's choice. Must not know what any function does.

mod conditions;
mod extensions;
mod fields;
mod functions;
mod graph;
mod inputs;
mod literals;
mod names;
mod objects;
mod outputs;
mod patterns;
mod references;
mod resolve;
mod scripts;
mod sites;
mod targets;
mod templates;
mod typing;
mod values;

use crate::checked::Checked;
use crate::diagnostic::{Diagnostic, Severity};
use crate::parsed::Parsed;
use crate::signature::Signatures;

/// Who has to be able to run the blueprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Kanister too: what only mainstay knows is a mistake, and so is what Kanister's webhook refuses.
    Kanister,
    /// mainstay.
    Mainstay,
}

/// What a blueprint means, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Check {
    /// What it means, as far as it means something.
    pub checked: Checked,
    /// What is wrong with it, in the order of the rules; without positions in the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl Check {
    /// Whether there is anything that prevents the blueprint from doing what it says.
    pub fn has_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// Resolves a blueprint and checks it against the functions there are.
///
/// [`Source::locate`](crate::source::Source::locate) puts positions into the diagnostics.
pub fn check(parsed: &Parsed, signatures: &Signatures, mode: Mode) -> Check {
    let checked = resolve::resolve(parsed);
    let mut rules = Rules {
        parsed,
        signatures,
        mode,
        diagnostics: Vec::new(),
    };
    names::check(&mut rules);
    functions::check(&mut rules);
    values::check(&mut rules);
    for action in checked.actions.values() {
        let sites = sites::of_action(action, signatures);
        templates::check(&mut rules, &sites);
        fields::check(&mut rules, &sites);
        references::check(&mut rules, action, &sites);
        if let Some(written) = parsed.actions.get(&action.name) {
            inputs::check(&mut rules, written, &sites);
            targets::check(&mut rules, written, &sites);
        }
        patterns::check(&mut rules, &sites);
        conditions::check(&mut rules, action);
        graph::check(&mut rules, action);
        scripts::check(&mut rules, action);
    }
    if mode == Mode::Kanister {
        extensions::check(&mut rules);
    }
    Check {
        checked,
        diagnostics: rules.diagnostics,
    }
}

/// What every rule sees, and where it reports.
struct Rules<'a> {
    parsed: &'a Parsed,
    signatures: &'a Signatures,
    mode: Mode,
    diagnostics: Vec<Diagnostic>,
}

impl Rules<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}
