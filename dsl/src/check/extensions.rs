//! What only mainstay knows, in a blueprint that Kanister must be able to run.

use crate::diagnostic::{Code, Diagnostic, Place};

use super::Rules;

/// The fields that are ours, and what Kanister does without them.
const FIELDS: [(&str, &str); 7] = [
    (
        "dependsOn",
        "Kanister runs the phases in the order in which they are written",
    ),
    ("if", "Kanister runs every phase"),
    ("forEach", "Kanister runs a phase once"),
    ("retry", "Kanister tries a phase once"),
    ("timeout", "Kanister waits for a phase for as long as it takes"),
    ("onInterrupt", "Kanister never takes up an interrupted run"),
    (
        "order",
        "Kanister runs the phases in the order in which they are written",
    ),
];

/// Reports every field that Kanister would drop.
pub(super) fn check(rules: &mut Rules<'_>) {
    let mut found = Vec::new();
    for action in rules.parsed.actions.values() {
        if action.order.is_some() {
            found.push(action.pointer.key("order"));
        }
        for phase in action.every_phase() {
            let written = [
                ("dependsOn", phase.depends_on.is_some()),
                ("if", phase.condition.is_some()),
                ("forEach", phase.for_each.is_some()),
                ("retry", phase.retry.is_some()),
                ("timeout", phase.timeout.is_some()),
                ("onInterrupt", phase.on_interrupt.is_some()),
            ];
            found.extend(
                written
                    .into_iter()
                    .filter(|&(_, present)| present)
                    .map(|(field, _)| phase.pointer.key(field)),
            );
        }
    }
    for pointer in found {
        let field = pointer.tokens().last().unwrap_or_default();
        let instead = FIELDS
            .iter()
            .find(|(name, _)| *name == field)
            .map_or("", |(_, instead)| instead);
        rules.report(
            Diagnostic::error(
                Code::NotPortable,
                format!("Kanister does not know `{field}`"),
                Place::key(pointer),
                "an extension of mainstay",
            )
            .note(format!("the cluster drops the field without a word; {instead}"))
            .help(format!(
                "remove `{field}`, or check without `--kanister` if only mainstay runs this blueprint"
            )),
        );
    }
}
