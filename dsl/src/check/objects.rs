//! What a phase fetches: `.Phases.<phase>.Secrets.<name>` needs an entry under the phase's `objects`.

use crate::checked::Phase;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::suggest;
use crate::template::Segment;

use super::sites::Site;

/// Reports a Secret or ConfigMap that the phase does not fetch. `whose` names the phase in messages.
pub(super) fn unknown(
    phase: &Phase,
    kind: &'static str,
    site: &Site<'_>,
    (segment, whose): (&Segment, String),
) -> Option<Diagnostic> {
    let name = &*segment.name;
    let place = site.at(segment.span);
    if let Some(object) = phase.objects.get(name) {
        let written = &object.kind.written;
        if written.eq_ignore_ascii_case(kind) || written.contains("{{") {
            return None;
        }
        let found = if written.is_empty() {
            "no kind".to_owned()
        } else {
            format!("kind `{written}`")
        };
        return Some(
            Diagnostic::error(
                Code::UnknownObject,
                format!("object `{name}` of {whose} is no {kind}"),
                place,
                format!("read as a {kind}"),
            )
            .also(
                Place::value(object.pointer.key("kind")),
                format!("it has {found}"),
            )
            .note("only objects of kind `Secret` and `ConfigMap` are fetched")
            .help(format!("give the object `kind: {kind}`")),
        );
    }
    let names = || phase.objects.keys().map(String::as_str);
    let diagnostic = Diagnostic::error(
        Code::UnknownObject,
        format!("{whose} has no object `{name}`"),
        place.clone(),
        format!("no such {kind}"),
    )
    .note(format!("objects of {whose}: {}", suggest::list(names())));
    Some(match suggest::closest(name, names()) {
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`?"))
            .patch(place, Site::renamed(segment, near)),
        None => diagnostic.help(format!(
            "add `{name}` with `kind: {kind}` under `objects` of the phase"
        )),
    })
}
