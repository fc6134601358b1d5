//! From YAML text to JSON values with their spans.
//! Must not know what a blueprint looks like, save that templates in it need quotes.

mod explain;

use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};
use serde_json::{Map, Value as Json};

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::pointer::Pointer;

use super::node::{Kind, Member, Node, Style};
use super::scalar::{self, Scalar};

/// One document of a text.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) value: Json,
    pub(super) root: Node,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Maps and lists within each other; what the API server's own reader bears.
const DEPTH: usize = 100;

/// Values in one text, those that aliases repeat included: a few lines of aliases can mean billions.
const NODES: usize = 500_000;

/// Templates without quotes that are read past: each one costs another reading.
const COVERED: usize = 100;

/// Reads all documents of `text`.
///
/// A template without quotes can make a text unreadable. It is then covered by a filler of the same length, so
/// that the rest is read too and every position stays true.
pub(super) fn load(text: &str) -> Result<Vec<Document>, Vec<Diagnostic>> {
    let mut readable = text.to_owned();
    let mut covered = Vec::new();
    loop {
        let mut loader = Loader {
            written: text,
            text: &readable,
            offsets: offsets(&readable),
            parser: Parser::new_from_str(&readable),
            covered: &covered,
            anchors: BTreeMap::new(),
            nodes_left: NODES,
            diagnostics: Vec::new(),
        };
        match loader.documents() {
            Ok(mut documents) => {
                for span in covered {
                    report(
                        &mut documents,
                        explain::unquoted_template(&text[span.clone()], span),
                    );
                }
                return Ok(documents);
            }
            Err(Stop::Template(span)) if covered.len() < COVERED => {
                readable.replace_range(span.clone(), &"x".repeat(span.len()));
                covered.push(span);
            }
            Err(stop) => {
                let last = match stop {
                    Stop::Template(span) => explain::unquoted_template(&text[span.clone()], span),
                    Stop::For(diagnostic) => *diagnostic,
                };
                let found = covered
                    .into_iter()
                    .map(|span| explain::unquoted_template(&text[span.clone()], span));
                return Err(found.chain([last]).collect());
            }
        }
    }
}

/// Adds a diagnostic to the document in which it is.
fn report(documents: &mut [Document], diagnostic: Diagnostic) {
    let start = diagnostic.place().span.as_ref().map_or(0, |span| span.start);
    let after = documents.partition_point(|document| document.root.span.start <= start);
    if let Some(document) = documents.get_mut(after.saturating_sub(1)) {
        document.diagnostics.push(diagnostic);
    }
}

/// The byte of each character, where the two differ.
fn offsets(text: &str) -> Option<Vec<usize>> {
    (!text.is_ascii()).then(|| {
        text.char_indices()
            .map(|(byte, _)| byte)
            .chain([text.len()])
            .collect()
    })
}

struct Loader<'a> {
    /// The text as it is.
    written: &'a str,
    /// The text that is read: some of it may be covered.
    text: &'a str,
    covered: &'a [Range<usize>],
    offsets: Option<Vec<usize>>,
    parser: Parser<'a, StrInput<'a>>,
    anchors: BTreeMap<usize, (Json, Node)>,
    nodes_left: usize,
    diagnostics: Vec<Diagnostic>,
}

/// What ends the reading of a text.
enum Stop {
    /// A template without quotes: there may be more to read without it.
    Template(Range<usize>),
    /// Something else.
    For(Box<Diagnostic>),
}

impl From<Diagnostic> for Stop {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::For(Box::new(diagnostic))
    }
}

impl<'a> Loader<'a> {
    fn documents(&mut self) -> Result<Vec<Document>, Stop> {
        let mut documents = Vec::new();
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(documents),
                (Event::DocumentStart(_), _) => {
                    self.anchors.clear();
                    let first = self.next()?;
                    let (value, root) = self.node(first, &Pointer::root(), 0)?;
                    let diagnostics = std::mem::take(&mut self.diagnostics);
                    documents.push(Document {
                        value,
                        root,
                        diagnostics,
                    });
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Range<usize>), Stop> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, self.bytes(span))),
            Some(Err(error)) => {
                let at = self.byte(error.marker().index());
                Err(explain::template_before(self.text, at).map_or_else(
                    || explain::syntax(self.text, at, error.info()).into(),
                    Stop::Template,
                ))
            }
            None => Ok((Event::StreamEnd, self.text.len()..self.text.len())),
        }
    }

    fn byte(&self, character: usize) -> usize {
        match &self.offsets {
            Some(offsets) => offsets.get(character).copied().unwrap_or(self.text.len()),
            None => character.min(self.text.len()),
        }
    }

    fn bytes(&self, span: Span) -> Range<usize> {
        let start = self.byte(span.start.index());
        start..self.byte(span.end.index()).max(start)
    }

    fn node(
        &mut self,
        (event, span): (Event<'a>, Range<usize>),
        pointer: &Pointer,
        depth: usize,
    ) -> Result<(Json, Node), Stop> {
        self.spend(1, &span)?;
        if depth > DEPTH {
            let message = format!("more than {DEPTH} lists and maps stand within each other");
            return Err(
                Diagnostic::error(Code::YamlSyntax, message, Place::text(span), "too deep")
                    .help("write it flatter: no blueprint needs this")
                    .into(),
            );
        }
        let (anchor, read) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (anchor, self.scalar(&text, style, tag.as_deref(), span, pointer))
            }
            Event::SequenceStart(anchor, _) => (anchor, self.list(span, pointer, depth)?),
            Event::MappingStart(anchor, _) if self.text[span.start..].starts_with("{{") => {
                (anchor, self.template(span)?)
            }
            Event::MappingStart(anchor, _) => (anchor, self.map(span, pointer, depth)?),
            Event::Alias(anchor) => (0, self.alias(anchor, span)?),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => (
                0,
                (
                    Json::Null,
                    Node {
                        span,
                        kind: Kind::Scalar(Style::Plain),
                    },
                ),
            ),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, read.clone());
        }
        Ok(read)
    }

    fn spend(&mut self, nodes: usize, span: &Range<usize>) -> Result<(), Stop> {
        match self.nodes_left.checked_sub(nodes) {
            Some(left) => {
                self.nodes_left = left;
                Ok(())
            }
            None => Err(Diagnostic::error(
                Code::YamlSyntax,
                format!("the text holds more than {NODES} values"),
                Place::text(span.clone()),
                "the limit is reached here",
            )
            .help("use fewer aliases (`*name`): each one repeats all that it refers to")
            .into()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Range<usize>,
        pointer: &Pointer,
    ) -> (Json, Node) {
        let column = span.start
            - self.text[..span.start]
                .rfind('\n')
                .map_or(0, |newline| newline + 1);
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal { indent: column },
            ScalarStyle::Folded => Style::Folded { indent: column },
        };
        let tag = tag.map(|tag| (tag.is_yaml_core_schema(), tag.suffix.as_str()));
        let value = match (tag, style) {
            _ if self.covered.contains(&span) => Json::String(self.written[span.clone()].to_owned()),
            (Some((true, "bool" | "int" | "float" | "null")), _) | (None, Style::Plain) => {
                self.plain(text, &span, pointer)
            }
            _ => Json::String(text.to_owned()),
        };
        (
            value,
            Node {
                span,
                kind: Kind::Scalar(style),
            },
        )
    }

    fn plain(&mut self, text: &str, span: &Range<usize>, pointer: &Pointer) -> Json {
        match scalar::resolve(text) {
            Scalar::Plain(value) => value,
            Scalar::Ambiguous(value) => {
                self.diagnostics
                    .push(explain::ambiguous(text, &value, (pointer, span)));
                value
            }
            Scalar::NotFinite => {
                self.diagnostics.push(explain::not_finite(text, (pointer, span)));
                Json::String(text.to_owned())
            }
        }
    }

    fn list(
        &mut self,
        mut span: Range<usize>,
        pointer: &Pointer,
        depth: usize,
    ) -> Result<(Json, Node), Stop> {
        let (mut values, mut nodes) = (Vec::new(), Vec::new());
        loop {
            let event = self.next()?;
            if matches!(event.0, Event::SequenceEnd) {
                span.end = event.1.end.max(span.end);
                return Ok((
                    Json::Array(values),
                    Node {
                        span,
                        kind: Kind::List(nodes),
                    },
                ));
            }
            let (value, node) = self.node(event, &pointer.index(values.len()), depth + 1)?;
            values.push(value);
            nodes.push(node);
        }
    }

    fn map(&mut self, mut span: Range<usize>, pointer: &Pointer, depth: usize) -> Result<(Json, Node), Stop> {
        let (mut values, mut members) = (Map::new(), Vec::<Member>::new());
        let mut merged = Vec::new();
        loop {
            let event = self.next()?;
            if matches!(event.0, Event::MappingEnd) {
                span.end = event.1.end.max(span.end);
                break;
            }
            let (key, key_node) = self.node(event, pointer, depth + 1)?;
            let merge = key == "<<" && matches!(key_node.kind, Kind::Scalar(Style::Plain));
            let Some(name) = scalar::key(&key) else {
                self.diagnostics
                    .push(explain::key_not_text(&key, &key_node, pointer));
                let event = self.next()?;
                self.node(event, pointer, depth + 1)?;
                continue;
            };
            let event = self.next()?;
            let (value, node) = self.node(event, &pointer.key(&name), depth + 1)?;
            if merge {
                merged.push((value, node));
                continue;
            }
            if values.contains_key(&name)
                && let Some(first) = members.iter().find(|member| member.name == name)
            {
                self.diagnostics.push(explain::duplicate_key(
                    &name,
                    &pointer.key(&name),
                    &key_node,
                    &first.key,
                ));
            }
            values.insert(name.clone(), value);
            members.push(Member {
                name,
                key: key_node,
                value: node,
            });
        }
        for (value, node) in merged {
            self.merge(&mut values, &mut members, value, node);
        }
        Ok((
            Json::Object(values),
            Node {
                span,
                kind: Kind::Map(members),
            },
        ))
    }

    /// `<<: *base`: the members of other maps, where this one does not have them.
    fn merge(&mut self, values: &mut Map<String, Json>, members: &mut Vec<Member>, value: Json, node: Node) {
        match (value, node.kind) {
            (Json::Object(object), Kind::Map(others)) => {
                for other in others {
                    if values.contains_key(&other.name) {
                        continue;
                    }
                    if let Some(value) = object.get(&other.name) {
                        values.insert(other.name.clone(), value.clone());
                        members.push(other);
                    }
                }
            }
            (Json::Array(list), Kind::List(nodes)) => {
                for (value, node) in list.into_iter().zip(nodes) {
                    self.merge(values, members, value, node);
                }
            }
            (_, _) => self.diagnostics.push(
                Diagnostic::error(
                    Code::YamlSyntax,
                    "`<<` merges a map or a list of maps",
                    Place::text(node.span),
                    "this is neither",
                )
                .help("let it refer to a map, as in `<<: *base`"),
            ),
        }
    }

    fn alias(&mut self, anchor: usize, span: Range<usize>) -> Result<(Json, Node), Stop> {
        let Some((value, node)) = self.anchors.get(&anchor).cloned() else {
            return Err(Diagnostic::error(
                Code::YamlSyntax,
                "an alias stands within what it refers to",
                Place::text(span),
                "refers to itself",
            )
            .help("write the value out")
            .into());
        };
        self.spend(count(&value), &span)?;
        Ok((value, node))
    }

    /// `key: {{ … }}`: to YAML a map whose key is a map. It is read as the text that was meant, so that what
    /// stands in it is checked too.
    fn template(&mut self, mut span: Range<usize>) -> Result<(Json, Node), Stop> {
        let mut open = 1;
        while open > 0 {
            let (event, inner) = self.next()?;
            match event {
                Event::MappingStart(..) | Event::SequenceStart(..) => open += 1,
                Event::MappingEnd | Event::SequenceEnd => open -= 1,
                Event::StreamEnd => break,
                _ => {}
            }
            span.end = inner.end.max(span.end);
        }
        let written = &self.written[span.clone()];
        self.diagnostics
            .push(explain::unquoted_template(written, span.clone()));
        Ok((
            Json::String(written.to_owned()),
            Node {
                span,
                kind: Kind::Scalar(Style::Plain),
            },
        ))
    }
}

fn count(value: &Json) -> usize {
    match value {
        Json::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Json::Object(members) => 1 + members.values().map(count).sum::<usize>(),
        _ => 1,
    }
}
