//! Every template of an action: where it stands, and when it is rendered.
//! Must not know what is wrong with any.

use std::ops::Range;

use crate::checked::{Action, Artifact, ObjectTemplate, Phase, Text, Tree};
use crate::diagnostic::Place;
use crate::pointer::Pointer;
use crate::signature::{Rendering, Signatures};
use crate::template::{Access, Reference, Segment, Span, Template};

/// One template.
#[derive(Clone, Debug)]
pub(super) struct Site<'a> {
    /// Where it stands.
    pub(super) pointer: Pointer,
    /// Whether it is the key at `pointer` and not the value.
    pub(super) key: bool,
    /// The template.
    pub(super) text: &'a Text,
    /// The paths that it reads; none when it does not compile.
    pub(super) references: Vec<Reference>,
    /// When it is rendered.
    pub(super) moment: Moment,
    /// Which part of its phase it is.
    pub(super) part: Part<'a>,
}

/// When a template is rendered, and so what it can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// When the action starts, before any phase.
    Start,
    /// Just before the phase at that position.
    Phase(usize),
    /// Just before the deferred phase.
    Defer,
    /// When everything has ended well.
    End,
}

/// Which part of a phase or action a template is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// An argument of that name, or a part of it.
    Argument(&'a str),
    /// An object reference.
    Object,
    /// `if` or `forEach`.
    Control,
    /// An output artifact.
    Artifact,
}

impl<'a> Site<'a> {
    /// The template that is the value at `pointer`.
    pub(super) fn new(pointer: Pointer, text: &'a Text, moment: Moment, part: Part<'a>) -> Self {
        let references = text
            .template
            .as_ref()
            .map(Template::references)
            .unwrap_or_default();
        Self {
            pointer,
            key: false,
            text,
            references,
            moment,
            part,
        }
    }

    /// The place of a part of the template.
    pub(super) fn at(&self, span: Span) -> Place {
        self.bytes(span.range())
    }

    /// What to write in place of a step of a path, so that it reads `name`.
    pub(super) fn renamed(segment: &Segment, name: &str) -> String {
        match segment.access {
            Access::Field => name.to_owned(),
            Access::Index => format!("\"{name}\""),
        }
    }

    /// The place of some bytes of the template.
    pub(super) fn bytes(&self, bytes: Range<usize>) -> Place {
        if self.key {
            Place::key_bytes(self.pointer.clone(), bytes)
        } else {
            Place::bytes(self.pointer.clone(), bytes)
        }
    }
}

/// All templates of an action in the order in which they are written.
///
/// What a function renders for itself is not among them, save for the object references in it.
pub(super) fn of_action<'a>(action: &'a Action, signatures: &Signatures) -> Vec<Site<'a>> {
    let mut sites = Vec::new();
    let phases = action
        .phases
        .iter()
        .enumerate()
        .map(|(index, phase)| (phase, Moment::Phase(index)));
    for (phase, moment) in phases.chain(action.defer.iter().map(|defer| (defer, Moment::Defer))) {
        let start = sites.len();
        of_phase(phase, moment, &mut sites);
        let rendering = signatures
            .get(&phase.function)
            .map(|signature| signature.rendering);
        if rendering == Some(Rendering::Function) {
            let own: Vec<_> = sites.drain(start..).filter(is_rendered_before_the_call).collect();
            sites.extend(own);
        }
    }
    for artifact in action.artifacts.values() {
        of_artifact(artifact, &mut sites);
    }
    sites
}

/// Whether a template of a function that renders for itself is still one like any other.
fn is_rendered_before_the_call(site: &Site<'_>) -> bool {
    !matches!(site.part, Part::Argument(_)) || site.pointer.tokens().any(|token| token == "objectReference")
}

fn of_phase<'a>(phase: &'a Phase, moment: Moment, sites: &mut Vec<Site<'a>>) {
    for object in phase.objects.values() {
        of_object(object, sites);
    }
    if let Some(condition) = &phase.condition {
        sites.push(Site::new(
            phase.pointer.key("if"),
            condition,
            moment,
            Part::Control,
        ));
    }
    if let Some(items) = &phase.for_each {
        of_tree(
            items,
            &phase.pointer.key("forEach"),
            (moment, Part::Control),
            sites,
        );
    }
    let below = phase.pointer.key("args");
    for (name, tree) in &phase.arguments {
        of_tree(tree, &below.key(name), (moment, Part::Argument(name)), sites);
    }
}

fn of_object<'a>(object: &'a ObjectTemplate, sites: &mut Vec<Site<'a>>) {
    let ObjectTemplate {
        pointer,
        api_version,
        group,
        resource,
        kind,
        name,
        namespace,
    } = object;
    let fields = [
        ("apiVersion", api_version),
        ("group", group),
        ("resource", resource),
        ("kind", kind),
        ("name", name),
        ("namespace", namespace),
    ];
    sites.extend(
        fields
            .into_iter()
            .map(|(field, text)| Site::new(pointer.key(field), text, Moment::Start, Part::Object)),
    );
}

fn of_artifact<'a>(artifact: &'a Artifact, sites: &mut Vec<Site<'a>>) {
    let Artifact {
        pointer,
        key_value,
        kopia_snapshot,
    } = artifact;
    let below = pointer.key("keyValue");
    let values = key_value.iter().map(|(key, text)| (below.key(key), text));
    let snapshot = kopia_snapshot
        .iter()
        .map(|text| (pointer.key("kopiaSnapshot"), text));
    sites.extend(
        values
            .chain(snapshot)
            .map(|(pointer, text)| Site::new(pointer, text, Moment::End, Part::Artifact)),
    );
}

fn of_tree<'a>(
    tree: &'a Tree,
    pointer: &Pointer,
    (moment, part): (Moment, Part<'a>),
    sites: &mut Vec<Site<'a>>,
) {
    match tree {
        Tree::Scalar(_) => {}
        Tree::Text(text) => {
            sites.push(Site::new(pointer.clone(), text, moment, part));
        }
        Tree::List(items) => {
            for (index, item) in items.iter().enumerate() {
                of_tree(item, &pointer.index(index), (moment, part), sites);
            }
        }
        Tree::Map(members) => {
            for (key, value) in members {
                let pointer = pointer.key(&key.written);
                of_tree(value, &pointer, (moment, part), sites);
                sites.push(Site {
                    key: true,
                    ..Site::new(pointer, key, moment, part)
                });
            }
        }
    }
}
