//! The one declaration that each function consists of, and what all functions share when they are called.
//! Must not know any function.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use mainstay_dsl::signature::{Argument, Kind, Signature};
use mainstay_engine::function::{Call, Cause, Error as Failure, Function, Outputs, Recovery};
use tokio::time::timeout;

use crate::arguments::{Arguments, optional};
use crate::context::Context;
use crate::pod;
use crate::secrets::Secrets;

/// How long tidying up may take when nobody waits for more.
const TIDYING: Duration = Duration::from_secs(30);

/// All there is to say about a function.
pub(crate) struct Declaration {
    /// Name, arguments, outputs.
    pub(crate) signature: fn() -> Signature,
    /// What becomes of an interrupted call.
    pub(crate) recovery: Recovery,
    /// Performs a call whose arguments are complete and known.
    pub(crate) call: for<'a> fn(Work<'a>) -> BoxFuture<'a, Result<Outputs, Failure>>,
    /// Removes what a call keeps for a repeated one, once its outcome is recorded.
    pub(crate) settle: for<'a> fn(Work<'a>) -> BoxFuture<'a, Result<(), Failure>>,
}

/// For functions that keep nothing, or only what is meant to stay.
pub(crate) fn keeps_nothing(_: Work<'_>) -> BoxFuture<'_, Result<(), Failure>> {
    Box::pin(async { Ok(()) })
}

/// For functions that keep their pods, in the namespace that their arguments name or in the controller's.
pub(crate) fn keeps_pods(work: Work<'_>) -> BoxFuture<'_, Result<(), Failure>> {
    const NAMESPACE: Argument = optional("namespace", Kind::Text, "", "");
    Box::pin(async move {
        let namespace = pod::namespace(work.arguments, &NAMESPACE, &work.context.settings)?;
        Ok(pod::settle(work.context, &work.call.key, &namespace, pod::Grace::None).await?)
    })
}

/// What a function is called with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work<'a> {
    /// The cluster.
    pub(crate) context: &'a Context,
    /// The arguments, complete and known.
    pub(crate) arguments: &'a Arguments<'a>,
    /// The rest of the call.
    pub(crate) call: &'a Call,
}

impl Declaration {
    /// The function in a cluster.
    pub(crate) fn in_cluster(&'static self, context: &Context) -> Arc<dyn Function> {
        Arc::new(Declared {
            declaration: self,
            signature: (self.signature)(),
            context: context.clone(),
        })
    }
}

/// A declared function in a cluster.
struct Declared {
    declaration: &'static Declaration,
    signature: Signature,
    context: Context,
}

impl std::fmt::Debug for Declared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("Declared")
            .field(&self.signature.function)
            .finish()
    }
}

#[async_trait]
impl Function for Declared {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn recovery(&self) -> Recovery {
        self.declaration.recovery
    }

    async fn call(&self, call: Call) -> Result<Outputs, Failure> {
        let outcome = self.perform(&call).await;
        outcome.map_err(|failure| Secrets::of(&call.scope).hidden_in(failure))
    }

    async fn settle(&self, call: &Call) {
        if let Err(error) = self.tidy(call).await {
            let function = self.signature.function.as_str();
            tracing::warn!(run = call.key.name, function, %error, "what the call kept is still there");
        }
    }
}

impl Declared {
    async fn perform(&self, call: &Call) -> Result<Outputs, Failure> {
        let arguments = Arguments::of(&self.signature, &call.arguments)?;
        let work = Work {
            context: &self.context,
            arguments: &arguments,
            call,
        };
        tokio::select! {
            biased;
            () = call.cancel.cancelled() => {}
            outcome = (self.declaration.call)(work) => return outcome,
        }
        self.settle(call).await;
        Err(Failure::new(
            Cause::Cancelled,
            format!("{} was cancelled", self.signature.function),
        ))
    }

    async fn tidy(&self, call: &Call) -> Result<(), Failure> {
        let arguments = Arguments::of(&self.signature, &call.arguments)?;
        let work = Work {
            context: &self.context,
            arguments: &arguments,
            call,
        };
        match timeout(TIDYING, (self.declaration.settle)(work)).await {
            Ok(settled) => settled,
            Err(_) => Err(Failure::new(
                Cause::TimedOut,
                "the API server did not answer in time",
            )),
        }
    }
}
