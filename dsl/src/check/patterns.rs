//! What is allowed and almost never meant.

use crate::diagnostic::{Code, Diagnostic};
use crate::template::ast::{Command, Item, Operand, Pipe, Term};
use crate::template::shape::{BYTES, Type};

use super::Rules;
use super::sites::Site;
use super::typing::{self, Scope};

/// Reports the patterns within single templates.
pub(super) fn check(rules: &mut Rules<'_>, sites: &[Site<'_>]) {
    for site in sites {
        let Ok(template) = &site.text.template else {
            continue;
        };
        let tree = template.ast();
        let mut walk = Walk {
            site,
            found: Vec::new(),
        };
        // What a definition is called with is not known, so nothing can be said of it.
        let root = Some(Type::parameters());
        walk.items(&tree.root.items, Scope { dot: root, root });
        rules.diagnostics.append(&mut walk.found);
    }
}

/// A walk through a template that knows the type of the dot.
struct Walk<'a> {
    site: &'a Site<'a>,
    found: Vec<Diagnostic>,
}

impl Walk<'_> {
    fn items(&mut self, items: &[Item], scope: Scope) {
        for item in items {
            match item {
                Item::Text(_) | Item::Break(_) | Item::Continue(_) => {}
                Item::Action(pipe) => {
                    self.pipe(pipe, scope);
                    if pipe.variables.is_empty() && typing::of_pipe(pipe, scope) == Some(BYTES) {
                        self.found.push(self.bytes_printed(pipe));
                    }
                }
                Item::If(branch) => {
                    self.pipe(&branch.pipe, scope);
                    self.items(&branch.then, scope);
                    self.items(&branch.otherwise, scope);
                }
                Item::With(branch) => {
                    self.pipe(&branch.pipe, scope);
                    self.items(
                        &branch.then,
                        Scope {
                            dot: typing::of_pipe(&branch.pipe, scope),
                            ..scope
                        },
                    );
                    self.items(&branch.otherwise, scope);
                }
                Item::Range(branch) => {
                    self.pipe(&branch.pipe, scope);
                    let dot = typing::of_pipe(&branch.pipe, scope).map(typing::element);
                    self.items(&branch.then, Scope { dot, ..scope });
                    self.items(&branch.otherwise, scope);
                }
                Item::Call(call) => call.argument.iter().for_each(|pipe| self.pipe(pipe, scope)),
            }
        }
    }

    fn pipe(&mut self, pipe: &Pipe, scope: Scope) {
        for (at, command) in pipe.commands.iter().enumerate() {
            let piped = at.checked_sub(1).map(|before| &pipe.commands[before]);
            self.command(command, piped, scope);
            for operand in std::iter::once(&command.head).chain(&command.arguments) {
                if let Term::Parenthesis(inner) = &operand.term {
                    self.pipe(inner, scope);
                }
            }
        }
    }

    fn command(&mut self, command: &Command, piped: Option<&Command>, scope: Scope) {
        let Term::Function(function) = &command.head.term else {
            return;
        };
        // The value is the last argument, and that is the piped one when there is one.
        let value = match piped {
            Some(piped) => piped.arguments.is_empty().then_some(&piped.head),
            None => command.arguments.last(),
        };
        let Some(value) = value else { return };
        match function.name {
            "date" | "htmlDate" | "dateInZone" | "date_in_zone" | "htmlDateInZone"
                if is_time(value, scope) =>
            {
                self.found.push(self.present_moment(value));
            }
            "default" => self.found.extend(self.late_default(value, scope)),
            _ => {}
        }
    }

    fn bytes_printed(&self, pipe: &Pipe) -> Diagnostic {
        let place = self.site.at(pipe.span);
        let written = &self.site.text.written[pipe.span.range()];
        Diagnostic::warning(
            Code::BytesPrinted,
            "a secret's value is bytes, and bytes are printed as a list of numbers",
            place.clone(),
            "prints something like `[112 97 115 115]`",
        )
        .help("turn it into text with `toString`")
        .patch(place, format!("{written} | toString"))
    }

    fn present_moment(&self, value: &Operand) -> Diagnostic {
        let place = self.site.at(value.span);
        let written = &self.site.text.written[value.span.range()];
        let parsed = format!("toDate \"2006-01-02T15:04:05.999999999Z07:00\" {written}");
        Diagnostic::warning(
            Code::DateOfText,
            "this formats the present moment, not the start of the action",
            place,
            "a text and not a time",
        )
        .note("Sprig's date functions take the present moment for everything that is not a time or a number")
        .help(format!("make a time of it first: `{parsed} | date …`"))
    }

    /// `.Options.x | default "d"`: the field fails before `default` is reached.
    fn late_default(&self, value: &Operand, scope: Scope) -> Option<Diagnostic> {
        let (last, before) = value.path.split_last()?;
        let owner = Operand {
            term: value.term.clone(),
            path: before.to_vec(),
            span: value.span,
        };
        let (Type::Map(_) | Type::JsonMap) = typing::of_operand(&owner, scope)? else {
            return None;
        };
        let written = &self.site.text.written[value.span.range()];
        let map = written.strip_suffix(&*last.name)?.strip_suffix('.')?;
        let map = if map.is_empty() { "." } else { map };
        let instead = format!("(index {map} \"{}\")", last.name);
        let place = self.site.at(value.span);
        Some(
            Diagnostic::warning(
                Code::LateDefault,
                format!(
                    "this fails when `{}` is missing: the default is never reached",
                    last.name
                ),
                place.clone(),
                "fails before `default` runs",
            )
            .help(format!(
                "read it with index, which gives an empty value: `{instead}`"
            ))
            .patch(place, instead),
        )
    }
}

/// Whether an operand is the action's start, which is a text.
fn is_time(value: &Operand, scope: Scope) -> bool {
    let root = match &value.term {
        Term::Dot => scope.dot == Some(Type::parameters()),
        Term::Variable(variable) => *variable.name == *"$" && scope.root.is_some(),
        _ => false,
    };
    root && matches!(value.path.as_slice(), [only] if *only.name == *"Time")
}
