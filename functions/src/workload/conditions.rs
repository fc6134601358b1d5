//! Waiting for conditions on objects, whatever they are written in.
//! Must not know how a condition is evaluated.

use std::time::Duration;

use kube::Client;
use mainstay_dsl::parsed::parse_duration;
use mainstay_dsl::template::{self, Functions, Template, Value};
use mainstay_engine::function::{Cause, Error as Failure};
use serde_json::Value as Json;
use tokio::time::{Instant, sleep_until};

use crate::arguments::{Condition, Conditions, Reference};
use crate::cluster;
use crate::declaration::Work;
use crate::failure;
use crate::retry::Pauses;

/// The longest pause between two looks. Kanister looks every 10 seconds at least; a look costs one request.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What a condition that cannot be evaluated says.
pub(super) type Evaluation = Result<bool, String>;

/// Waits until any of `any_of` or all of `all_of` hold.
///
/// A condition that cannot be evaluated ends its round and is tried again in the next, until the time is up.
pub(super) async fn wait(
    client: &Client,
    timeout: Duration,
    conditions: &Conditions,
    mut evaluate: impl FnMut(&str, &Json) -> Evaluation,
) -> Result<(), Failure> {
    let deadline = Instant::now() + timeout;
    let mut pauses = Pauses::up_to(LONGEST_PAUSE);
    let mut last_error = None;
    loop {
        tokio::select! {
            biased;
            round = round(client, conditions, &mut evaluate) => match round {
                Ok(true) => return Ok(()),
                Ok(false) => last_error = None,
                Err(error) => last_error = Some(error),
            },
            // A look that is under way when the time is up says nothing more.
            () = sleep_until(deadline) => return Err(late(last_error)),
        }
        let next = Instant::now() + pauses.next();
        if next >= deadline {
            sleep_until(deadline).await;
            return Err(late(last_error));
        }
        sleep_until(next).await;
    }
}

async fn round(
    client: &Client,
    conditions: &Conditions,
    evaluate: &mut impl FnMut(&str, &Json) -> Evaluation,
) -> Evaluation {
    let Conditions { any_of, all_of } = conditions;
    for condition in any_of {
        if holds(client, condition, evaluate).await? {
            return Ok(true);
        }
    }
    for condition in all_of {
        if !holds(client, condition, evaluate).await? {
            return Ok(false);
        }
    }
    Ok(!all_of.is_empty())
}

async fn holds(
    client: &Client,
    condition: &Condition,
    evaluate: &mut impl FnMut(&str, &Json) -> Evaluation,
) -> Evaluation {
    let Condition { condition, reference } = condition;
    let object = cluster::api(client, reference).get(&reference.name).await;
    let object = object.map_err(|error| failure::words(&error))?;
    let object = serde_json::to_value(object).map_err(|error| error.to_string())?;
    evaluate(condition, &object)
}

/// Whether a rendered condition says that it holds.
pub(super) fn is_true(rendered: &str) -> bool {
    rendered.trim() == "true"
}

fn late(last_error: Option<String>) -> Failure {
    let message =
        "Failed to wait for the condition to be met: Context done while polling: context deadline exceeded";
    let message = match last_error {
        Some(error) => format!("{error}: {message}"),
        None => message.to_owned(),
    };
    Failure::new(Cause::Failed, message)
}

/// The time an argument gives.
pub(super) fn timeout(text: &str) -> Result<Duration, Failure> {
    parse_duration(text).ok_or_else(|| {
        let message = format!("Failed to parse timeout: time: invalid duration {text:?}");
        Failure::new(Cause::Mistake, message)
    })
}

/// The conditions as they were written, their references rendered with what the action's templates see.
pub(super) fn with_rendered_references(
    work: Work<'_>,
    conditions: Conditions,
) -> Result<Conditions, Failure> {
    let parameters = Value::parameters(&work.call.parameters());
    let parameters = parameters.map_err(|error| Failure::new(Cause::Mistake, error.to_string()))?;
    let render = |text: String| render(work, &text, &parameters);
    let rendered = |list: Vec<Condition>| {
        let each = list.into_iter().map(|Condition { condition, reference }| {
            let Reference {
                api_version,
                group,
                resource,
                kind,
                name,
                namespace,
            } = reference;
            Ok(Condition {
                condition,
                reference: Reference {
                    api_version: render(api_version)?,
                    group: render(group)?,
                    resource: render(resource)?,
                    kind: render(kind)?,
                    name: render(name)?,
                    namespace: render(namespace)?,
                },
            })
        });
        each.collect::<Result<Vec<_>, Failure>>()
    };
    let Conditions { any_of, all_of } = conditions;
    Ok(Conditions {
        any_of: rendered(any_of)?,
        all_of: rendered(all_of)?,
    })
}

fn render(work: Work<'_>, text: &str, parameters: &Value) -> Result<String, Failure> {
    let mistake = |error: template::Error| Failure::new(Cause::Mistake, error.to_string());
    let mut random = rand::rng();
    let mut settings = template::Settings::new(work.context.clock.now(), &mut random);
    let template = Template::compile(text, Functions::Kanister).map_err(mistake)?;
    template.render(parameters, &mut settings).map_err(mistake)
}
