//! `Wait`: until conditions on objects hold, written with paths into the object.

use std::sync::LazyLock;

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_dsl::template::{Functions, MissingKey, Settings, Template, Value};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};
use regex::{Captures, Regex};
use serde_json::Value as Json;

use super::conditions::{self, Evaluation, is_true};
use super::jsonpath::Path;
use crate::arguments::{Arguments, required};
use crate::declaration::{Declaration, Work, keeps_nothing};

pub(super) const TIMEOUT: Argument = required("timeout", Kind::Duration, "How long to wait at most.");
const CONDITIONS: Argument = required(
    "conditions",
    Kind::Conditions,
    "`anyOf` and `allOf`: templates that must render to `true`; `{$.path}` in them stands for a field of the object.",
);

/// A path within a condition: `{$.status.phase}`. It ends at the first brace.
static PLACE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\s*\$([^}]*)\}").expect("the pattern is well-formed"));

/// The function. Looking again changes nothing.
pub(crate) static DECLARATION: Declaration = Declaration {
    signature,
    recovery: Recovery::Rerun,
    call: |work| Box::pin(call(work)),
    settle: keeps_nothing,
};

async fn call(work: Work<'_>) -> Result<Returned, Failure> {
    let Work {
        context,
        arguments,
        call,
    } = work;
    let timeout = conditions::timeout(&arguments.text_or_empty(&TIMEOUT)?)?;
    // Rendering has put texts where paths were to be: what counts is what was written.
    let written = Arguments::written(&call.written).conditions(&CONDITIONS)?;
    let wanted = conditions::with_rendered_references(work, written)?;
    let evaluate = |condition: &str, object: &Json| {
        let mut random = rand::rng();
        let mut settings = Settings::new(context.clock.now(), &mut random);
        settings.missing_key = MissingKey::Zero;
        evaluated(condition, object, &mut settings)
    };
    conditions::wait(&context.client, timeout, &wanted, evaluate).await?;
    Ok(None)
}

/// Puts what the paths find into the condition, as text, and renders the rest as a template without data.
fn evaluated(condition: &str, object: &Json, settings: &mut Settings<'_>) -> Evaluation {
    let mut missing = None;
    let filled = PLACE.replace_all(condition, |place: &Captures<'_>| match Path::parse(&place[1]) {
        Ok(path) => path.text(object).unwrap_or_else(|error| {
            missing.get_or_insert(error);
            String::new()
        }),
        // As in Kanister; the check of blueprints names such paths.
        Err(_) => String::new(),
    });
    if let Some(error) = missing {
        return Err(error.to_string());
    }
    let template = Template::compile(&filled, Functions::Kanister).map_err(|error| error.to_string())?;
    let rendered = template
        .render(&Value::Nil, settings)
        .map_err(|error| error.to_string())?;
    Ok(is_true(&rendered))
}

fn signature() -> Signature {
    Signature {
        function: "Wait".into(),
        summary: "Waits until conditions on objects of the cluster hold.",
        arguments: vec![TIMEOUT, CONDITIONS],
        outputs: Outputs::None,
        rendering: Rendering::Both,
        needs_profile: false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(condition: &str) -> Evaluation {
        let object = json!({
            "spec": {"replicas": 3},
            "status": {
                "phase": "Active",
                "replicas": 3,
                "conditions": [{"type": "Available", "status": "True"}],
            },
        });
        let mut random = rand::rng();
        let mut settings = Settings::new(jiff::Timestamp::UNIX_EPOCH, &mut random);
        settings.missing_key = MissingKey::Zero;
        evaluated(condition, &object, &mut settings)
    }

    #[test]
    fn conditions_by_path() {
        assert_eq!(
            check(r#"{{ if eq "{$.status.phase}" "Active" }}true{{ else }}false{{ end }}"#),
            Ok(true)
        );
        assert_eq!(
            check(r#"{{ if eq "{ $.status.phase }" "Gone" }}true{{ else }}false{{ end }}"#),
            Ok(false)
        );
        assert_eq!(
            check("{{ if (eq {$.spec.replicas} { $.status.replicas } )}}true{{ else }}false{{ end }}"),
            Ok(true)
        );
        assert_eq!(
            check(
                "{{ if and (eq {$.spec.replicas} 3)\n (eq \"{ $.status.conditions[?(@.type == \"Available\")].status }\" \
                 \"True\") }}\n true \n{{ end }}"
            ),
            Ok(true)
        );
        // A path without braces is a text, and so always true.
        assert_eq!(check(r#"{{ if "$.data.nope" }}true{{ end }}"#), Ok(true));
        assert_eq!(
            check("{$.status.something}"),
            Err(String::from("something is not found"))
        );
        assert_eq!(
            check("{$.book[?(@.price<10).quantity}"),
            Ok(false),
            "what is no path is nothing"
        );
        assert_eq!(check("true"), Ok(true));
        assert_eq!(check("True"), Ok(false));
    }
}
