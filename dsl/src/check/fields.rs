//! Paths that no data can have: the types of a template's data are known before there is any.

use crate::diagnostic::{Code, Diagnostic};
use crate::suggest;
use crate::template::shape::{StructType, Type};
use crate::template::{Reference, Segment};

use super::Rules;
use super::sites::Site;
use super::typing;

/// Reports the fields that do not exist.
pub(super) fn check(rules: &mut Rules<'_>, sites: &[Site<'_>]) {
    for site in sites {
        let unknown = site
            .references
            .iter()
            .filter_map(|reference| unknown_field(site, reference));
        rules.diagnostics.extend(unknown);
    }
}

/// The first segment of a path that the type before it does not have.
fn unknown_field(site: &Site<'_>, reference: &Reference) -> Option<Diagnostic> {
    let mut of = Type::parameters();
    let mut owner = String::new();
    for segment in &reference.segments {
        let Some(next) = typing::step(of, segment) else {
            return Some(match of {
                Type::Struct(fields) | Type::Pointer(fields) => no_field(site, segment, (fields, &owner)),
                _ => no_fields(site, segment, (of, &owner)),
            });
        };
        of = next;
        owner.push('.');
        owner.push_str(&segment.name);
    }
    None
}

fn no_fields(site: &Site<'_>, segment: &Segment, (of, owner): (Type, &str)) -> Diagnostic {
    Diagnostic::error(
        Code::UnknownTemplateField,
        format!("`{owner}` is {} and has no fields", typing::describe(of)),
        site.at(segment.span),
        "nothing can follow here",
    )
    .help(format!("end the path at `{owner}`"))
}

fn no_field(site: &Site<'_>, segment: &Segment, (fields, owner): (&StructType, &str)) -> Diagnostic {
    let place = site.at(segment.span);
    let written = &segment.name;
    let what = if owner.is_empty() {
        "the data of a template".to_owned()
    } else {
        format!("`{owner}`")
    };
    let diagnostic = Diagnostic::error(
        Code::UnknownTemplateField,
        format!("{what} has no field `{written}`"),
        place.clone(),
        "unknown field",
    )
    .note(format!("fields of {what}: {}", suggest::list(names(fields))));
    match suggest::closest(written, names(fields)) {
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`?"))
            .patch(place, Site::renamed(segment, near)),
        None => diagnostic,
    }
}

fn names(of: &StructType) -> impl Iterator<Item = &'static str> {
    of.names()
        .into_iter()
        .filter(|name| !matches!(*name, "TypeMeta" | "ObjectMeta"))
}
