//! What makes an ActionSet one that can be looked at any further. Pure.
//! Must not know what exists in the cluster.
//!
//! Kanister checks the same, writes nothing, and the ActionSet waits for ever.

use mainstay_api::ActionSet;
use mainstay_api::actionset::ActionSpec;
use snafu::{OptionExt, Snafu, ensure};

/// The kinds that are found without a resource name; `unstructured` is Kanister's word for any other.
const KINDS: [&str; 6] = [
    "statefulset",
    "deployment",
    "pvc",
    "deploymentconfig",
    "namespace",
    "unstructured",
];

/// What is wrong with it.
#[derive(Debug, PartialEq, Eq, Snafu)]
pub(crate) enum Invalid {
    /// It asks for nothing at all.
    #[snafu(display("the ActionSet has no spec"))]
    NoSpec,
    /// An object cannot be found by what is said of it.
    #[snafu(display(
        "action {action}: an object of kind {kind:?} needs apiVersion and resource, such as v1 and configmaps"
    ))]
    Object {
        /// The action.
        action: String,
        /// The kind.
        kind: String,
    },
}

/// Checks what an ActionSet asks for.
pub(crate) fn validate(action_set: &ActionSet) -> Result<(), Invalid> {
    let spec = action_set.spec.as_ref().context(NoSpecSnafu)?;
    spec.actions.iter().try_for_each(validate_object)
}

fn validate_object(action: &ActionSpec) -> Result<(), Invalid> {
    let object = &action.object;
    let is_known = KINDS.contains(&object.kind.to_lowercase().as_str());
    ensure!(
        is_known || !(object.api_version.is_empty() || object.resource.is_empty()),
        ObjectSnafu {
            action: &action.name,
            kind: &object.kind
        }
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value as Json, json};

    use super::*;

    #[track_caller]
    fn check(action_set: &Json, wanted: Result<(), &str>) {
        let action_set = ActionSet::deserialize(action_set).unwrap();
        let found = validate(&action_set).map_err(|invalid| invalid.to_string());
        assert_eq!(found, wanted.map_err(str::to_owned));
    }

    #[track_caller]
    fn check_object(object: &Json, wanted: Result<(), &str>) {
        check(
            &json!({"spec": {"actions": [{"name": "go", "object": object}]}}),
            wanted,
        );
    }

    #[test]
    fn an_action_set_needs_a_spec() {
        check(&json!({}), Err("the ActionSet has no spec"));
        check(&json!({"spec": {}}), Ok(()));
        check(&json!({"spec": {"actions": []}}), Ok(()));
    }

    #[test]
    fn an_object_is_found_by_its_kind_or_by_its_resource() {
        check_object(&json!({"kind": "StatefulSet", "name": "a"}), Ok(()));
        check_object(&json!({"kind": "dEPLOYMENT", "name": "a"}), Ok(()));
        check_object(
            &json!({"apiVersion": "v1", "resource": "configmaps", "name": "a"}),
            Ok(()),
        );
        check_object(
            &json!({"kind": "ConfigMap", "apiVersion": "v1", "name": "a"}),
            Err(
                "action go: an object of kind \"ConfigMap\" needs apiVersion and resource, such as v1 and configmaps",
            ),
        );
        check_object(
            &json!({}),
            Err("action go: an object of kind \"\" needs apiVersion and resource, such as v1 and configmaps"),
        );
    }
}
