//! The variables in reach at a point of the text, each with its slot in the frame of the template.

use crate::template::ast::{Name, Slot, Span, Variable};

/// The variables of one template, innermost last.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// A name that was only assigned has no slot: Go lets such a template compile and fails when it runs.
    names: Vec<(Name, Option<Slot>)>,
    /// The next free slot.
    next: Slot,
    /// One more than the highest slot that was used.
    peak: Slot,
    /// How many loops are open.
    pub(super) loops: usize,
}

/// A point to which a scope returns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    names: usize,
    /// The first slot after the point.
    pub(super) next: Slot,
    peak: Slot,
    loops: usize,
}

impl Scope {
    /// The scope at the start of a template: only `$`.
    pub(super) fn new() -> Self {
        Self {
            names: vec![("$".into(), Some(0))],
            next: 1,
            peak: 1,
            loops: 0,
        }
    }

    /// How many slots the template needs.
    pub(super) fn slots(&self) -> Slot {
        self.peak
    }

    /// The next free slot.
    pub(super) fn next(&self) -> Slot {
        self.next
    }

    /// Declares a variable. Nothing if there are too many.
    pub(super) fn declare(&mut self, name: &str, span: Span) -> Option<Variable> {
        let name: Name = name.into();
        let slot = self.next;
        self.next = slot.checked_add(1)?;
        self.peak = self.peak.max(self.next);
        self.names.push((name.clone(), Some(slot)));
        Some(Variable {
            name,
            slots: vec![slot],
            span,
        })
    }

    /// Makes a name readable because it is assigned, whether it was declared or not.
    pub(super) fn assign(&mut self, name: &str, span: Span) -> Variable {
        let variable = self.resolve(name, span);
        self.names.push((variable.name.clone(), None));
        variable
    }

    /// The variable of a name; nothing if no variable has it.
    pub(super) fn find(&self, name: &str, span: Span) -> Option<Variable> {
        self.names
            .iter()
            .any(|(known, _)| &**known == name)
            .then(|| self.resolve(name, span))
    }

    fn resolve(&self, name: &str, span: Span) -> Variable {
        let slots = self.names.iter().rev().filter(|(known, _)| &**known == name);
        Variable {
            name: name.into(),
            slots: slots.filter_map(|(_, slot)| *slot).collect(),
            span,
        }
    }

    /// Opens a block: what is declared from here on ends with it.
    pub(super) fn mark(&mut self) -> Mark {
        let mark = Mark {
            names: self.names.len(),
            next: self.next,
            peak: self.peak,
            loops: self.loops,
        };
        self.peak = self.next;
        mark
    }

    /// Closes a block. Gives one more than the highest slot that was used inside.
    pub(super) fn release(&mut self, mark: Mark) -> Slot {
        let inside = self.peak;
        self.names.truncate(mark.names);
        self.next = mark.next;
        self.peak = mark.peak.max(inside);
        self.loops = mark.loops;
        inside
    }
}
