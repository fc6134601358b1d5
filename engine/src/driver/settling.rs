//! Lets functions remove what their calls kept for a repeated one, once the outcomes are recorded.
//! Must not know what that is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::later;
use crate::clock::Clock;
use crate::function::{Call, Function};
use crate::plan::StepId;
use crate::run::event::What;

/// How long the last of it is waited for when the run has ended.
const PATIENCE: Duration = Duration::from_secs(30);

/// A call that has ended, and the function it was made to.
pub(super) type Kept = (Arc<dyn Function>, Call);

#[derive(Debug, Default)]
pub(super) struct Settling {
    /// Calls that have ended, before the run knows.
    ended: BTreeMap<(StepId, u32), Kept>,
    /// Calls whose end the run knows, before it is recorded.
    known: Vec<Kept>,
    tasks: JoinSet<()>,
}

impl Settling {
    /// A call has ended.
    pub(super) fn ended(&mut self, step: StepId, attempt: u32, kept: Kept) {
        self.ended.insert((step, attempt), kept);
    }

    /// The run has been told what happened.
    pub(super) fn told(&mut self, what: &What) {
        if let What::Succeeded { step, attempt, .. } | What::Failed { step, attempt, .. } = what {
            self.known.extend(self.ended.remove(&(*step, *attempt)));
        }
    }

    /// All that the run knows is recorded.
    pub(super) fn recorded(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        for (function, call) in self.known.drain(..) {
            self.tasks.spawn(async move { function.settle(&call).await });
        }
    }

    /// Waits until all is removed, or for a while.
    pub(super) async fn finish(&mut self, clock: &dyn Clock) {
        let until = later(clock.now(), PATIENCE);
        tokio::select! {
            () = async { while self.tasks.join_next().await.is_some() {} } => {}
            () = clock.until(until) => tracing::warn!("what ended calls kept was not removed in time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use mainstay_dsl::signature::{Outputs as Declared, Rendering, Signature};
    use serde_json::Map;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::clock::System;
    use crate::function::{Error, Key, Outputs, Recovery, Reporter};
    use crate::plan::Place;
    use crate::scope::Scope;

    #[derive(Debug)]
    struct Keeps {
        signature: Signature,
        settled: Mutex<Vec<u32>>,
    }

    #[async_trait]
    impl Function for Keeps {
        fn signature(&self) -> &Signature {
            &self.signature
        }

        fn recovery(&self) -> Recovery {
            Recovery::Reattach
        }

        async fn call(&self, _call: Call) -> Result<Outputs, Error> {
            Ok(None)
        }

        async fn settle(&self, call: &Call) {
            self.settled.lock().unwrap().push(call.key.attempt);
        }
    }

    fn call(attempt: u32) -> Call {
        Call {
            key: Key {
                run: String::new(),
                name: String::new(),
                namespace: String::new(),
                action: 0,
                phase: "p".into(),
                place: Place::Phase(0),
                item: 0,
                attempt,
            },
            arguments: Map::new(),
            written: Map::new(),
            scope: Arc::new(Scope::default()),
            progress: Reporter::new().0,
            cancel: CancellationToken::new(),
            resumed: false,
        }
    }

    #[tokio::test]
    async fn nothing_is_removed_before_the_outcome_is_recorded() {
        let function = Arc::new(Keeps {
            signature: Signature {
                function: "Keeps".into(),
                summary: "",
                arguments: Vec::new(),
                outputs: Declared::None,
                rendering: Rendering::Engine,
                needs_profile: false,
            },
            settled: Mutex::default(),
        });
        let step = StepId {
            action: 0,
            place: Place::Phase(0),
        };
        let succeeded = |attempt| What::Succeeded {
            step,
            attempt,
            outputs: None,
        };
        let mut settling = Settling::default();
        for attempt in [1, 2] {
            settling.ended(
                step,
                attempt,
                (Arc::clone(&function) as Arc<dyn Function>, call(attempt)),
            );
        }
        settling.recorded();
        settling.told(&succeeded(1));
        settling.finish(&System).await;
        assert!(
            function.settled.lock().unwrap().is_empty(),
            "what was told is not recorded yet"
        );

        settling.recorded();
        settling.recorded();
        settling.finish(&System).await;
        assert_eq!(
            *function.settled.lock().unwrap(),
            [1],
            "once, and not what nobody was told of"
        );
    }
}
