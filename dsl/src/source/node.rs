//! Where the parts of a YAML document stand: a tree of spans in the shape of its JSON value.
//! Must not know any value.

use std::ops::Range;

use crate::pointer::Pointer;

use super::offset;

/// One value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The bytes of the text, quotes and brackets included.
    pub(super) span: Range<usize>,
    /// What stands there.
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Scalar(Style),
    List(Vec<Node>),
    Map(Vec<Member>),
}

/// One member of a map. Of several with the same key the last one counts.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) key: Node,
    pub(super) value: Node,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `|`, with the number of columns that are not part of the value.
    Literal {
        indent: usize,
    },
    /// `>`, with the number of columns that are not part of the value.
    Folded {
        indent: usize,
    },
}

/// What was found at a pointer.
#[derive(Debug)]
pub(super) struct Found<'a> {
    /// The value, or the closest one around it.
    pub(super) node: &'a Node,
    /// The key it stands under, when it stands in a map.
    pub(super) key: Option<&'a Node>,
    /// Whether it is the value itself.
    pub(super) complete: bool,
}

impl Node {
    pub(super) fn find(&self, pointer: &Pointer) -> Found<'_> {
        let mut found = Found {
            node: self,
            key: None,
            complete: true,
        };
        for token in pointer.tokens() {
            let below = match &found.node.kind {
                Kind::Scalar(_) => None,
                Kind::List(items) => token
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get(index))
                    .map(|item| (item, None)),
                Kind::Map(members) => members
                    .iter()
                    .rev()
                    .find(|member| member.name == token)
                    .map(|member| (&member.value, Some(&member.key))),
            };
            let Some((node, key)) = below else {
                found.complete = false;
                break;
            };
            found = Found {
                node,
                key,
                complete: true,
            };
        }
        found
    }

    /// The bytes to point at: a scalar whole; of a map or list only its beginning, which names it well enough
    /// and does not underline half of the file.
    pub(super) fn head(&self) -> Range<usize> {
        match &self.kind {
            Kind::Scalar(_) => self.span.clone(),
            Kind::List(items) => items.first().map_or_else(|| self.span.clone(), Self::head),
            Kind::Map(members) => members
                .first()
                .map_or_else(|| self.span.clone(), |member| member.key.head()),
        }
    }

    /// The bytes of the text that became `bytes` of `decoded`; all of the scalar when that cannot be told.
    pub(super) fn bytes(&self, text: &str, decoded: Option<&str>, bytes: &Range<usize>) -> Range<usize> {
        match (&self.kind, decoded) {
            (Kind::Scalar(style), Some(decoded)) => {
                offset::locate(text, &self.span, *style, decoded, bytes).unwrap_or_else(|| self.span.clone())
            }
            _ => self.head(),
        }
    }

    /// A part of a scalar's value as it has to be written in the style of this one.
    pub(super) fn encode(&self, decoded: String) -> String {
        match self.kind {
            Kind::Scalar(Style::SingleQuoted) => decoded.replace('\'', "''"),
            Kind::Scalar(Style::DoubleQuoted) => decoded.replace('\\', "\\\\").replace('"', "\\\""),
            _ => decoded,
        }
    }
}
