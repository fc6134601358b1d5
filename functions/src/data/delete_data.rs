//! `DeleteData`: backups, taken out of their repositories.

use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_engine::function::{Cause, Error as Failure, Outputs as Returned, Recovery};
use mainstay_repository::location::RepositoryPath;

use super::access::Access;
use super::agent::{Order, Which};
use super::helper::{Helper, keeps_agents};
use super::{
    BACKUP_ARTIFACT_PREFIX, Common, ENCRYPTION_KEY, INSECURE_TLS, RECLAIM_SPACE, SPACE_FREED, TOOLS_IMAGE,
    require_one, tools_image, within,
};
use crate::arguments::{Arguments, POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE, optional, required};
use crate::declaration::{Declaration, Work};

const NAMESPACE: Argument = required("namespace", Kind::Text, "Namespace of the new pod.");
const BACKUP_ID: Argument = optional(
    "backupID",
    Kind::Text,
    "none; `backupTag` is needed then",
    "Identifier of the backup; several with blanks between them, as many as there are prefixes.",
);
const BACKUP_TAG: Argument = optional(
    "backupTag",
    Kind::Text,
    "none; `backupID` is needed then",
    "Tag of the backup; several with blanks between them, as many as there are prefixes.",
);

/// The function.
///
/// The pod goes on without the controller. One that is gone is made anew, and does not mind what is gone as well.
pub(crate) static DECLARATION: Declaration = Declaration {
    signature,
    recovery: Recovery::Reattach,
    call: |work| Box::pin(call(work)),
    settle: keeps_agents,
};

async fn call(work: Work<'_>) -> Result<Returned, Failure> {
    let Work {
        context,
        arguments,
        call,
    } = work;
    let backups = named(arguments)?;
    let common = Common::read(arguments)?;
    let access = Access::of(&call.scope, common.encryption_key)?;
    let prefixes = arguments.text_or_empty(&BACKUP_ARTIFACT_PREFIX)?;
    let backups = paired(&prefixes, backups, &access)?;
    let order = Order::Delete {
        backups: &backups,
        reclaim_space: arguments.boolean(&RECLAIM_SPACE)?.unwrap_or_default(),
        // An earlier call may have come as far as this.
        allow_missing: call.resumed,
    };
    let helper = Helper {
        prefix: "delete-data-",
        part: String::new(),
        namespace: arguments.text_or_empty(&NAMESPACE)?,
        image: tools_image(arguments, context)?,
        volumes: Vec::new(),
        options: common.options,
        access: &access,
        insecure_tls: common.insecure_tls,
    };
    let outputs = helper.carry_out(context, call, &order).await;
    outputs
        .map(Some)
        .map_err(|failure| within("Failed to delete backup", failure))
}

/// The backups that are to be deleted.
fn named(arguments: &Arguments<'_>) -> Result<Vec<Which>, Failure> {
    let of = |text: String, which: fn(String) -> Which| -> Vec<Which> {
        text.split_whitespace().map(str::to_owned).map(which).collect()
    };
    let ids = of(arguments.text_or_empty(&BACKUP_ID)?, Which::Id);
    let tags = of(arguments.text_or_empty(&BACKUP_TAG)?, Which::Tag);
    match (ids.is_empty(), tags.is_empty()) {
        (false, true) => Ok(ids),
        (true, false) => Ok(tags),
        (true, true) | (false, false) => Err(require_one(&BACKUP_ID, &BACKUP_TAG)),
    }
}

/// Each backup with its repository. Kanister puts the bucket in front of the first prefix only.
fn paired(
    prefixes: &str,
    backups: Vec<Which>,
    access: &Access,
) -> Result<Vec<(RepositoryPath, Which)>, Failure> {
    let mut prefixes: Vec<&str> = prefixes.split_whitespace().collect();
    if prefixes.is_empty() {
        // The bucket's own root.
        prefixes.push("");
    }
    if backups.len() > prefixes.len() {
        let message = format!(
            "{} backups are to be deleted, but backupArtifactPrefix names {} repositories",
            backups.len(),
            prefixes.len()
        );
        return Err(Failure::new(Cause::Mistake, message));
    }
    let pairs = prefixes.into_iter().zip(backups).enumerate();
    pairs
        .map(|(position, (prefix, backup))| {
            let repository = match position {
                0 => access.repository(prefix)?,
                _ => access.repository_as_given(prefix)?,
            };
            Ok((repository, backup))
        })
        .collect()
}

fn signature() -> Signature {
    Signature {
        function: "DeleteData".into(),
        summary: "Deletes backups from their repositories.",
        arguments: vec![
            NAMESPACE,
            BACKUP_ARTIFACT_PREFIX,
            BACKUP_ID,
            BACKUP_TAG,
            ENCRYPTION_KEY,
            RECLAIM_SPACE,
            INSECURE_TLS,
            TOOLS_IMAGE,
            POD_OVERRIDE,
            POD_LABELS,
            POD_ANNOTATIONS,
        ],
        outputs: Outputs::Known(vec![SPACE_FREED]),
        rendering: Rendering::Engine,
        needs_profile: true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::data::access;

    #[test]
    fn backups_and_their_repositories() {
        let cases = [
            json!({"backupArtifactPrefix": "one", "backupID": "a"}),
            json!({"backupArtifactPrefix": "bucket/one other/two", "backupID": " a  b "}),
            json!({"backupArtifactPrefix": "one two", "backupTag": "a"}),
            json!({"backupArtifactPrefix": "", "backupTag": "a"}),
            json!({"backupArtifactPrefix": "one", "backupID": "a b"}),
            json!({"backupArtifactPrefix": "one", "backupID": "a", "backupTag": "b"}),
            json!({"backupArtifactPrefix": "one", "backupID": " "}),
        ];
        let access = Access::of(&access::tests::scope(), None).unwrap();
        let shown = cases.map(|mut case| {
            let given = case.as_object_mut().unwrap();
            given.insert("namespace".to_owned(), "ns".into());
            let arguments = Arguments::of(&signature(), given).unwrap();
            let prefixes = arguments.text_or_empty(&BACKUP_ARTIFACT_PREFIX).unwrap();
            let pairs = named(&arguments).and_then(|backups| paired(&prefixes, backups, &access));
            pairs.map_err(|failure| failure.message)
        });
        insta::assert_debug_snapshot!(shown);
    }
}
