//! The engine as a library: a function of one's own, a blueprint that calls it, and a run from text to artifact.
//!
//! `cargo run --package mainstay-examples --bin embed`

#![expect(clippy::print_stdout, reason = "what an example prints is what it is for")]

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use mainstay_dsl::signature::{Argument, Kind, Output, Outputs as Declared, Rendering, Signature};
use mainstay_dsl::{Mode, Source, check, parse};
use mainstay_engine::announcement::Announcement;
use mainstay_engine::clock::System;
use mainstay_engine::driver::{Ending, Settings, Surroundings, control, drive};
use mainstay_engine::function::{self, Call, Function, Functions, Outputs, Recovery};
use mainstay_engine::host::{Host, Preparation, Prepared};
use mainstay_engine::journal::{self, Journal};
use mainstay_engine::plan::{Lookup, Plan};
use mainstay_engine::request::{Action, Identity, ObjectReference, Request};
use mainstay_engine::run::Run;
use mainstay_engine::scope::Scope;
use mainstay_engine::sealed::Sealed;
use mainstay_engine::status::Status;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

const BLUEPRINT: &str = r#"
apiVersion: cr.kanister.io/v1alpha1
kind: Blueprint
metadata: {name: greeting}
actions:
  greet:
    outputArtifacts:
      greeting:
        keyValue:
          text: "{{ .Phases.second.Output.text }}"
    phases:
    - func: Join
      name: first
      args: {left: Hello, right: "{{ .Options.who }}"}
    - func: Join
      name: second
      args: {left: "{{ .Phases.first.Output.text }}", right: "and good night"}
"#;

/// A function that blueprints can call: joins two texts.
#[derive(Debug)]
struct Join(Signature);

impl Join {
    fn new() -> Self {
        let argument = |name, summary| Argument {
            name,
            kind: Kind::Text,
            required: true,
            default: None,
            extension: false,
            summary,
        };
        Self(Signature {
            function: "Join".into(),
            summary: "Joins two texts.",
            arguments: vec![
                argument("left", "The first text."),
                argument("right", "The second text."),
            ],
            outputs: Declared::Known(vec![Output {
                name: "text",
                summary: "Both.",
            }]),
            rendering: Rendering::Engine,
            needs_profile: false,
        })
    }
}

#[async_trait]
impl Function for Join {
    fn signature(&self) -> &Signature {
        &self.0
    }

    fn recovery(&self) -> Recovery {
        // Joining twice is the same as joining once.
        Recovery::Rerun
    }

    async fn call(&self, call: Call) -> Result<Outputs, function::Error> {
        let text = |name: &str| {
            call.arguments
                .get(name)
                .and_then(Json::as_str)
                .unwrap_or_default()
        };
        let joined = json!({ "text": format!("{}, {}", text("left"), text("right")) });
        Ok(joined.as_object().cloned())
    }
}

/// The surroundings of a run, which print what they are told.
#[derive(Debug)]
struct Terminal;

#[async_trait]
impl Host for Terminal {
    async fn prepare(&self, preparation: Preparation<'_>) -> Result<Prepared, function::Error> {
        let scope = Scope {
            options: preparation.request.options.clone(),
            ..Scope::default()
        };
        Ok(Prepared {
            scope,
            snapshot: None,
        })
    }

    async fn secret(&self, reference: &ObjectReference) -> Result<Sealed<Json>, function::Error> {
        Err(missing(reference))
    }

    async fn config_map(&self, reference: &ObjectReference) -> Result<Json, function::Error> {
        Err(missing(reference))
    }

    async fn announce(&self, _run: &Identity, announcement: Announcement) {
        println!("{}: {}", announcement.reason, announcement.message);
    }
}

fn missing(reference: &ObjectReference) -> function::Error {
    let message = format!("there is no {} here", reference.kind);
    function::Error::new(function::Cause::Mistake, message)
}

#[async_trait]
impl Journal for Terminal {
    async fn record(&self, _status: &Status) -> Result<(), journal::Error> {
        // A run that is to survive this program is kept here, and resumed with `Run::resume`.
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let join: Arc<dyn Function> = Arc::new(Join::new());
    let functions: Functions = [join].into_iter().collect();

    // Text to checked blueprint.
    let sources =
        Source::from_yaml("greeting.yaml", BLUEPRINT).map_err(|mistakes| format!("{mistakes:?}"))?;
    let source = sources.first().ok_or("the text holds no blueprint")?;
    let (parsed, mistakes) = parse(source);
    let parsed = parsed.ok_or_else(|| format!("{mistakes:?}"))?;
    let checked = check(&parsed, &functions.signatures(), Mode::Mainstay);
    if checked.has_errors() {
        return Err(format!("{:?}", checked.diagnostics).into());
    }

    // Checked blueprint and request to plan.
    let request = Request {
        run: Identity {
            uid: "1".to_owned(),
            name: "example".to_owned(),
            namespace: "here".to_owned(),
        },
        actions: vec![Action {
            action: "greet".into(),
            blueprint: "greeting".to_owned(),
            options: [("who".to_owned(), "world".to_owned())].into(),
            ..Action::default()
        }],
        ..Request::default()
    };
    let lookup = Lookup::Found(Arc::new(checked.checked));
    let plan = Plan::new(&request, &[lookup], &functions)?;
    println!("{plan}");

    // Plan to status.
    let (_control, orders) = control(CancellationToken::new());
    let surroundings = Surroundings {
        functions,
        host: Arc::new(Terminal),
        journal: Arc::new(Terminal),
        clock: Arc::new(System),
        random: Box::new(StdRng::from_rng(&mut rand::rng())),
        settings: Settings::default(),
    };
    let ending = drive(Run::new(Arc::new(plan)), surroundings, orders).await?;
    if let Ending::Finished(status) = ending {
        println!("\n{}", status.state);
        for (name, artifact) in &status.actions[0].artifacts {
            println!("{name}: {:?}", artifact.key_value);
        }
    }
    Ok(())
}
