//! `WaitV2`: until conditions on objects hold, written as templates over the object.

use std::collections::BTreeMap;

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_dsl::template::{Functions, MissingKey, Settings, Template, Value};
use mainstay_engine::function::{Cause, Error as Failure, Outputs as Returned, Recovery};
use serde_json::Value as Json;

use super::conditions::{self, Evaluation, is_true};
use super::wait::TIMEOUT;
use crate::arguments::{Conditions, required};
use crate::declaration::{Declaration, Work, keeps_nothing};

const CONDITIONS: Argument = required(
    "conditions",
    Kind::Conditions,
    "`anyOf` and `allOf`: templates over the object that must render to `true`.",
);

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
        call: _,
    } = work;
    let timeout = conditions::timeout(&arguments.text_or_empty(&TIMEOUT)?)?;
    let wanted = conditions::with_rendered_references(work, arguments.conditions(&CONDITIONS)?)?;
    let templates = compiled(&wanted)?;
    let evaluate = |condition: &str, object: &Json| {
        let mut random = rand::rng();
        let mut settings = Settings::new(context.clock.now(), &mut random);
        settings.missing_key = MissingKey::Default;
        evaluated(&templates[condition], object, &mut settings)
    };
    conditions::wait(&context.client, timeout, &wanted, evaluate).await?;
    Ok(None)
}

/// Kanister takes a condition that is no template for one that never holds, and waits for it.
fn compiled(conditions: &Conditions) -> Result<BTreeMap<String, Template>, Failure> {
    let Conditions { any_of, all_of } = conditions;
    let each = any_of.iter().chain(all_of).map(|condition| {
        let text = &condition.condition;
        match Template::compile(text, Functions::Printer) {
            Ok(template) => Ok((text.clone(), template)),
            Err(error) => Err(Failure::new(
                Cause::Mistake,
                format!("Failed to parse condition {text:?}: {error}"),
            )),
        }
    });
    each.collect()
}

fn evaluated(template: &Template, object: &Json, settings: &mut Settings<'_>) -> Evaluation {
    let rendered = template.render(&Value::printer(object), settings);
    Ok(is_true(&rendered.map_err(|error| error.to_string())?))
}

fn signature() -> Signature {
    Signature {
        function: "WaitV2".into(),
        summary: "Waits until conditions on objects of the cluster hold.",
        arguments: vec![TIMEOUT, CONDITIONS],
        outputs: Outputs::None,
        rendering: Rendering::Function,
        needs_profile: false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_over_the_object() {
        let object = json!({
            "status": {"phase": "Active", "conditions": [{"type": "Available", "status": "True"}]},
        });
        let check = |condition: &str| {
            let mut random = rand::rng();
            let mut settings = Settings::new(jiff::Timestamp::UNIX_EPOCH, &mut random);
            settings.missing_key = MissingKey::Default;
            let template = Template::compile(condition, Functions::Printer).unwrap();
            evaluated(&template, &object, &mut settings)
        };
        assert_eq!(
            check(r#"{{ if (eq .status.phase "Active")}}true{{ else }}false{{ end }}"#),
            Ok(true)
        );
        assert_eq!(
            check(r#"{{ if (eq .status.phase "Invalid")}}true{{ else }}false{{ end }}"#),
            Ok(false)
        );
        assert_eq!(
            check("{{ .status.nope }}"),
            Ok(false),
            "what is missing prints as <no value>"
        );
        assert_eq!(
            check(concat!(
                r#"{{ $available := false }}{{ range $condition := $.status.conditions }}"#,
                r#"{{ if (eq .type "Available") }}{{ $available = true }}{{ end }}{{ end }}{{ $available }}"#,
            )),
            Ok(true)
        );
    }
}
