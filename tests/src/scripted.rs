//! Functions that do what a test says, and remember how they were called.
//! Must not touch anything.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use mainstay_dsl::signature::{Argument, Kind, Outputs as Declared, Rendering, Signature};
use mainstay_engine::function::{Call, Cause, Error, Function, Functions, Outputs, Recovery};
use tokio::sync::watch;

/// `Say`, which returns its argument `text` as its output `said`, and `Hold`, which does the same once it is let go.
///
/// Clones share what they remember.
#[derive(Clone, Debug)]
pub struct Scripted {
    calls: Arc<Mutex<Vec<String>>>,
    seen: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Default for Scripted {
    fn default() -> Self {
        Self {
            calls: Arc::default(),
            seen: watch::Sender::new(0),
            open: watch::Sender::new(false),
        }
    }
}

impl Scripted {
    /// What a controller can call. `recovery` is what becomes of an interrupted `Hold`.
    pub fn functions(&self, recovery: Recovery) -> Functions {
        let function = |name: &str, recovery| -> Arc<dyn Function> {
            Arc::new(One {
                signature: signature(name),
                recovery,
                script: self.clone(),
            })
        };
        [function("Say", Recovery::Rerun), function("Hold", recovery)]
            .into_iter()
            .collect()
    }

    /// Lets every `Hold` go, those to come as well.
    pub fn let_go(&self) {
        self.open.send_replace(true);
    }

    /// Everything that was called and how it ended, in order.
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns when that many lines are remembered.
    pub async fn remembers(&self, lines: usize) {
        // The sender lives as long as this value.
        drop(self.seen.subscribe().wait_for(|seen| *seen >= lines).await);
    }

    fn remember(&self, line: String) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(line);
        self.seen.send_replace(calls.len());
    }
}

#[derive(Debug)]
struct One {
    signature: Signature,
    recovery: Recovery,
    script: Scripted,
}

#[async_trait]
impl Function for One {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn recovery(&self) -> Recovery {
        self.recovery
    }

    async fn call(&self, call: Call) -> Result<Outputs, Error> {
        let name = format!("{} {}", self.signature.function, call.key.phase);
        let again = if call.resumed { " again" } else { "" };
        self.script.remember(format!("{name} called{again}"));
        if self.signature.function.as_str() == "Hold" {
            let mut open = self.script.open.subscribe();
            tokio::select! {
                () = call.cancel.cancelled() => {
                    self.script.remember(format!("{name} cancelled"));
                    return Err(Error::new(Cause::Cancelled, "cancelled"));
                }
                opened = open.wait_for(|open| *open) => drop(opened),
            }
        }
        self.script.remember(format!("{name} ended"));
        let said = call.arguments.get("text").cloned();
        Ok(said.map(|said| [("said".to_owned(), said)].into_iter().collect()))
    }
}

fn signature(name: &str) -> Signature {
    Signature {
        function: name.into(),
        summary: "Does what a test says.",
        arguments: vec![Argument {
            name: "text",
            kind: Kind::Text,
            required: false,
            default: None,
            extension: false,
            summary: "What it says.",
        }],
        outputs: Declared::Script,
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}
