//! `mainstay plan`: what the actions of a blueprint would do, in which order and why, without a cluster.

mod declared;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::ValueEnum;
use mainstay_dsl::check::Mode;
use mainstay_dsl::checked::Checked;
use mainstay_dsl::diagnostic::Severity;
use mainstay_dsl::name::ActionName;
use mainstay_dsl::source::Source;
use mainstay_engine::plan::{Lookup, Plan};
use mainstay_engine::request::{Action, Identity, ObjectReference, Request};

use crate::args::Color;
use crate::error::{Error, Kind, output};
use crate::input::{self, Input};
use crate::render;

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A file with one blueprint, or `-` for standard input.
    #[arg(value_name = "FILE|-")]
    pub(crate) path: PathBuf,
    /// The action; all of them when it is not given.
    #[arg(short, long)]
    pub(crate) action: Option<String>,
    /// What the action would be for.
    #[arg(long, value_name = "KIND/NAME")]
    pub(crate) object: Option<String>,
    /// The namespace of the object.
    #[arg(short, long, default_value = "default")]
    pub(crate) namespace: String,
    /// How to print the plan.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

/// How a plan is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One line for each step.
    Text,
    /// A graph in the language of Graphviz: `mainstay plan … -o dot | dot -Tsvg`.
    Dot,
}

/// Prints the plan. A blueprint with errors is refused, and they are shown.
pub(crate) fn run(arguments: &Arguments, color: Color) -> Result<ExitCode, Error> {
    let inputs = input::read(std::slice::from_ref(&arguments.path))?;
    let [input] = inputs.as_slice() else {
        return Err(
            Error::new(Kind::Input, format!("{} is a folder", arguments.path.display()))
                .hint("name one file; `mainstay check` takes folders"),
        );
    };
    let Some((name, blueprint)) = read(input, color)? else {
        return Ok(ExitCode::from(Kind::Failed as u8));
    };
    let request = request(arguments, &name, &blueprint)?;
    let blueprint = Arc::new(blueprint);
    let lookups: Vec<_> = request
        .actions
        .iter()
        .map(|_| Lookup::Found(Arc::clone(&blueprint)))
        .collect();
    let plan = Plan::new(&request, &lookups, &declared::functions())
        .map_err(|refusal| Error::new(Kind::Failed, refusal.to_string()))?;
    let text = match arguments.output {
        Format::Text => plan.to_string(),
        Format::Dot => plan.dot().to_string(),
    };
    io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .map_err(|error| output(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// The one blueprint of a text and its name, or nothing when it has errors, which are then shown.
fn read(input: &Input, color: Color) -> Result<Option<(String, Checked)>, Error> {
    let signatures = mainstay_functions::signatures();
    let (checked, mut diagnostics) = match Source::from_yaml(&input.name, &input.text).as_deref() {
        Ok([source]) => {
            let name = source
                .value()
                .pointer("/metadata/name")
                .and_then(|name| name.as_str());
            let (checked, diagnostics) = mainstay_dsl::diagnose(source, &signatures, Mode::Mainstay);
            (
                checked.map(|checked| (name.unwrap_or("blueprint").to_owned(), checked)),
                diagnostics,
            )
        }
        Ok([]) => (None, vec![mainstay_dsl::no_blueprint()]),
        Ok(sources) => {
            let message = format!("{} holds {} blueprints", input.name, sources.len());
            return Err(Error::new(Kind::Input, message).hint("put the one to plan into a file of its own"));
        }
        Err(diagnostics) => (None, diagnostics.clone()),
    };
    diagnostics.retain(|diagnostic| diagnostic.severity == Severity::Error);
    if diagnostics.is_empty() {
        return Ok(checked);
    }
    let mut stderr = anstream::AutoStream::new(io::stderr().lock(), color.choice());
    for diagnostic in &diagnostics {
        let text = render::text(diagnostic, &input.name, Some(&input.text));
        stderr
            .write_all((text + "\n\n").as_bytes())
            .map_err(|error| output(&error))?;
    }
    Ok(None)
}

/// A request for the actions that were asked for, as an ActionSet would make it.
fn request(arguments: &Arguments, blueprint: &str, checked: &Checked) -> Result<Request, Error> {
    let wanted: Vec<&ActionName> = match &arguments.action {
        None => checked.actions.keys().collect(),
        Some(action) => {
            let action = checked.actions.get_key_value(&ActionName::from(action.as_str()));
            vec![
                action
                    .map(|(name, _)| name)
                    .ok_or_else(|| no_action(arguments, checked))?,
            ]
        }
    };
    let given = arguments.object.as_deref().map(object).transpose()?;
    let actions = wanted.into_iter().map(|name| {
        let kind = checked.actions.get(name).and_then(|action| action.kind.clone());
        let (kind, object) = match &given {
            Some((kind, name)) => (kind.clone(), name.clone()),
            None => (kind.unwrap_or_else(|| "object".to_owned()), "NAME".to_owned()),
        };
        Action {
            action: name.clone(),
            blueprint: blueprint.to_owned(),
            object: ObjectReference {
                kind,
                name: object,
                namespace: arguments.namespace.clone(),
                ..ObjectReference::default()
            },
            ..Action::default()
        }
    });
    Ok(Request {
        run: Identity {
            name: blueprint.to_owned(),
            namespace: arguments.namespace.clone(),
            ..Identity::default()
        },
        actions: actions.collect(),
        ..Request::default()
    })
}

fn object(text: &str) -> Result<(String, String), Error> {
    match text.split_once('/') {
        Some((kind, name)) if !kind.is_empty() && !name.is_empty() => Ok((kind.to_owned(), name.to_owned())),
        _ => Err(
            Error::new(Kind::Usage, format!("`{text}` does not name an object"))
                .hint("write its kind and its name, such as `statefulset/database`"),
        ),
    }
}

fn no_action(arguments: &Arguments, checked: &Checked) -> Error {
    let name = arguments.action.as_deref().unwrap_or_default();
    let names = || checked.actions.keys().map(ActionName::as_str);
    let error = Error::new(
        Kind::Usage,
        format!("{} has no action `{name}`", arguments.path.display()),
    );
    match mainstay_dsl::suggest::closest(name, names()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("its actions: {}", mainstay_dsl::suggest::list(names()))),
    }
}
