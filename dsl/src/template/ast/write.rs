//! A tree back to text that compiles to the same tree. Trim markers and comments are not part of a tree.

use std::fmt;

use super::{Body, Branch, Call, Command, Item, Operand, Pipe, Term, Tree};

impl fmt::Display for Tree {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for (name, body) in &self.definitions {
            if !std::sync::Arc::ptr_eq(body, &self.root) {
                write_definition(&mut text, name, body);
            }
        }
        write_items(&mut text, &self.root.items);
        formatter.write_str(&text)
    }
}

fn write_definition(text: &mut String, name: &str, body: &Body) {
    open(text, &format!("define {}", quoted(name.as_bytes())));
    write_items(text, &body.items);
    open(text, "end");
}

/// Writes an action. A brace directly before it would be taken for part of its opening, so a space parts them that
/// a trim marker removes again.
fn open(text: &mut String, inside: &str) {
    text.push_str(if text.ends_with('{') { " {{- " } else { "{{" });
    text.push_str(inside);
    text.push_str("}}");
}

fn write_items(text: &mut String, items: &[Item]) {
    for item in items {
        match item {
            Item::Text(plain) => write_text(text, plain),
            Item::Action(pipe) => open(text, &pipe_text(pipe)),
            Item::If(branch) => write_branch(text, "if", branch),
            Item::With(branch) => write_branch(text, "with", branch),
            Item::Range(branch) => write_branch(text, "range", branch),
            Item::Call(call) => write_call(text, call),
            Item::Break(_) => open(text, "break"),
            Item::Continue(_) => open(text, "continue"),
        }
    }
}

/// Text as it is, but for two braces, which only a comment between them keeps from opening an action.
fn write_text(text: &mut String, plain: &str) {
    for character in plain.chars() {
        if character == '{' && text.ends_with('{') {
            text.push_str(" {{- /**/ -}} ");
        }
        text.push(character);
    }
}

fn write_branch(text: &mut String, keyword: &str, branch: &Branch) {
    open(text, &format!("{keyword} {}", pipe_text(&branch.pipe)));
    write_items(text, &branch.then);
    if !branch.otherwise.is_empty() {
        open(text, "else");
        write_items(text, &branch.otherwise);
    }
    open(text, "end");
}

fn write_call(text: &mut String, call: &Call) {
    let argument = call
        .argument
        .as_ref()
        .map(|pipe| format!(" {}", pipe_text(pipe)))
        .unwrap_or_default();
    open(
        text,
        &format!("template {}{argument}", quoted(call.name.as_bytes())),
    );
}

fn pipe_text(pipe: &Pipe) -> String {
    let names: Vec<&str> = pipe.variables.iter().map(|variable| &*variable.name).collect();
    let commands: Vec<String> = pipe.commands.iter().map(command_text).collect();
    let commands = commands.join(" | ");
    if names.is_empty() {
        return commands;
    }
    format!(
        "{} {} {commands}",
        names.join(", "),
        if pipe.assigns { "=" } else { ":=" }
    )
}

fn command_text(command: &Command) -> String {
    let operands = std::iter::once(&command.head).chain(&command.arguments);
    operands.map(operand_text).collect::<Vec<_>>().join(" ")
}

fn operand_text(operand: &Operand) -> String {
    let mut text = match &operand.term {
        Term::Dot if operand.path.is_empty() => ".".to_owned(),
        Term::Dot => String::new(),
        Term::Nil => "nil".to_owned(),
        Term::Bool(truth) => truth.to_string(),
        Term::Number(number) => number.text.to_string(),
        Term::Text(bytes) => quoted(bytes),
        Term::Variable(variable) => variable.name.to_string(),
        Term::Function(function) => function.name.to_owned(),
        Term::Parenthesis(pipe) => format!("({})", pipe_text(pipe)),
    };
    for segment in &operand.path {
        text.push('.');
        text.push_str(&segment.name);
    }
    text
}

fn quoted(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&crate::template::print::quote::quote(bytes, false)).into_owned()
}
