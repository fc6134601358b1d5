//! The object that an action is for: `.StatefulSet`, `.Deployment` and their kin are set for one kind only.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::parsed::Action;

use super::Rules;
use super::sites::Site;

/// The roots that are set for one kind of object, in the spelling of `kind`.
const TARGETS: [(&str, &str); 5] = [
    ("StatefulSet", "statefulset"),
    ("Deployment", "deployment"),
    ("DeploymentConfig", "deploymentconfig"),
    ("PVC", "pvc"),
    ("Namespace", "namespace"),
];

/// Reports targets that an action of this kind does not have, once for each. What is read only if it is there
/// is fine.
pub(super) fn check(rules: &mut Rules<'_>, action: &Action, sites: &[Site<'_>]) {
    let Some(kind) = action.kind.as_deref() else {
        return;
    };
    let mut told = BTreeSet::new();
    for site in sites {
        for reference in &site.references {
            let Some(&(root, needed)) = TARGETS.iter().find(|(root, _)| reference.root() == Some(root))
            else {
                continue;
            };
            let read = reference.segments.len() > 1 && !reference.guarded;
            if read && !kind.eq_ignore_ascii_case(needed) && told.insert(root) {
                rules.report(
                    Diagnostic::warning(
                        Code::WrongTarget,
                        format!(
                            "`.{root}` is set only for objects of kind {root}, and this action is for {kind}"
                        ),
                        site.at(reference.segments[0].span),
                        "nothing is set here",
                    )
                    .also(Place::value(action.pointer.key("kind")), "the action's kind")
                    .note("nobody checks `kind`: the action runs on whatever object the ActionSet names")
                    .help(format!(
                        "change `kind` to `{root}`, or read `.Object`, which is set for every kind"
                    )),
                );
            }
        }
    }
}
