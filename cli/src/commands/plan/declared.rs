//! Functions known by their signatures alone: enough to plan, never called.

use std::sync::Arc;

use async_trait::async_trait;
use mainstay_dsl::signature::Signature;
use mainstay_engine::function::{Call, Cause, Error, Function, Functions, Outputs, Recovery};

/// Every function there is, without the cluster that it would work on.
pub(super) fn functions() -> Functions {
    mainstay_functions::signatures()
        .iter()
        .map(|signature| Arc::new(Declared(signature.clone())) as Arc<dyn Function>)
        .collect()
}

#[derive(Debug)]
struct Declared(Signature);

#[async_trait]
impl Function for Declared {
    fn signature(&self) -> &Signature {
        &self.0
    }

    fn recovery(&self) -> Recovery {
        Recovery::Fail
    }

    async fn call(&self, _call: Call) -> Result<Outputs, Error> {
        Err(Error::new(Cause::Mistake, "a plan is only shown"))
    }
}
