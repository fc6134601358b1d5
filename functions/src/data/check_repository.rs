//! `CheckRepository`: whether a repository is there and opens with the password.

use mainstay_dsl::signature::{Outputs, Rendering, Signature};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};

use super::access::Access;
use super::agent::Order;
use super::helper::{Helper, keeps_agents};
use super::{
    BACKUP_ARTIFACT_PREFIX, Common, ENCRYPTION_KEY, INSECURE_TLS, TOOLS_IMAGE, VERSION, output, outputs,
    tools_image, within,
};
use crate::arguments::{POD_ANNOTATIONS, POD_LABELS, POD_OVERRIDE};
use crate::declaration::{Declaration, Work};

/// The function.
///
/// The pod goes on without the controller.
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
    let common = Common::read(arguments)?;
    let access = Access::of(&call.scope, common.encryption_key)?;
    let repository = access.repository(&arguments.text_or_empty(&BACKUP_ARTIFACT_PREFIX)?)?;
    let order = Order::Check {
        repository: &repository,
    };
    let helper = Helper {
        prefix: "check-repository-",
        part: String::new(),
        // There is no argument for it, so Kanister takes its own.
        namespace: context.settings.namespace.clone(),
        image: tools_image(arguments, context)?,
        volumes: Vec::new(),
        options: common.options,
        access: &access,
        insecure_tls: common.insecure_tls,
    };
    let from_agent = helper.carry_out(context, call, &order).await;
    let from_agent = from_agent.map_err(|failure| within("Failed to check repository", failure))?;
    Ok(Some(outputs(from_agent, [])))
}

fn signature() -> Signature {
    Signature {
        function: "CheckRepository".into(),
        summary: "Says whether a repository exists and opens with the password.",
        arguments: vec![
            BACKUP_ARTIFACT_PREFIX,
            TOOLS_IMAGE,
            ENCRYPTION_KEY,
            INSECURE_TLS,
            POD_OVERRIDE,
            POD_LABELS,
            POD_ANNOTATIONS,
        ],
        outputs: Outputs::Known(vec![
            output("passwordIncorrect", "`true` when the password opens no key."),
            output("repoUnavailable", "`true` when there is no repository."),
            VERSION,
        ]),
        rendering: Rendering::Engine,
        needs_profile: true,
    }
}
