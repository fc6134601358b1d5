//! The contract between the engine and what a phase can call.
//! Must not know which functions there are.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use mainstay_dsl::name::{FunctionName, PhaseName};
use mainstay_dsl::signature::{Signature, Signatures};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tokio_util::sync::CancellationToken;

use crate::plan::Place;
use crate::scope::Scope;

/// Something a phase can call.
///
/// # Guarantees asked of an implementer
/// A call that is dropped or cancelled leaves nothing behind that its [`Recovery`] does not account for.
/// Every object it makes is named from [`Call::key`], so that a repeated call finds it instead of making
/// another.
#[async_trait]
pub trait Function: Send + Sync + fmt::Debug {
    /// Name, arguments and outputs.
    fn signature(&self) -> &Signature;

    /// What becomes of a call that was under way when the controller died.
    fn recovery(&self) -> Recovery;

    /// Performs one attempt of one step.
    async fn call(&self, call: Call) -> Result<Outputs, Error>;

    /// Removes what the call kept for a repeated call to find, such as a pod that has ended.
    ///
    /// To be called once the outcome is recorded, well or not: were it removed before, a crash in between would have
    /// the work done twice. Doing it twice is the same as once. The outcome stands whatever happens here.
    async fn settle(&self, _call: &Call) {}
}

/// What becomes of an interrupted call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// It is called again with [`Call::resumed`] set, finds what the first call made and goes on waiting for it.
    Reattach,
    /// It is called again; doing so twice is the same as once.
    Rerun,
    /// It has failed: nobody can know how far it came.
    Fail,
}

/// One attempt of a step.
#[derive(Clone, Debug)]
pub struct Call {
    /// Identifies this attempt for ever.
    pub key: Key,
    /// The rendered arguments (as written, where the signature says that the function renders them).
    pub arguments: Map<String, Json>,
    /// The arguments as they were written.
    pub written: Map<String, Json>,
    /// What templates see.
    pub scope: Arc<Scope>,
    /// Where to report progress.
    pub progress: Reporter,
    /// Cancelled when the run is; the call then ends soon with [`Cause::Cancelled`].
    pub cancel: CancellationToken,
    /// Whether an earlier call with the same key may have been under way before.
    pub resumed: bool,
}

impl Call {
    /// What templates see while this call goes on, `.CurrentPhase` included; for functions that render for
    /// themselves. Holds opened secrets.
    pub fn parameters(&self) -> Json {
        self.scope.parameters_during(self.key.place, &self.key.phase)
    }
}

/// Identifies one attempt of one step of one run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The run's unique identifier (an ActionSet's UID).
    pub run: String,
    /// The run's name.
    pub name: String,
    /// The run's namespace.
    pub namespace: String,
    /// The position of the action in the request.
    pub action: usize,
    /// The phase. Its name need not be its own: two phases may share one.
    pub phase: PhaseName,
    /// Which phase of the action it is; with `action`, this is what tells two phases of one name apart.
    pub place: Place,
    /// The repetition under `forEach`; 0 otherwise.
    pub item: usize,
    /// The attempt, from 1.
    pub attempt: u32,
}

/// Outputs of a call by key; absent when the function makes none.
pub type Outputs = Option<Map<String, Json>>;

/// How far a call has come. Absent members are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Progress {
    /// Bytes written to the store so far.
    pub uploaded_bytes: Option<u64>,
    /// Bytes read from the store so far.
    pub downloaded_bytes: Option<u64>,
    /// Bytes to be written in all.
    pub upload_size: Option<u64>,
    /// Bytes to be read in all.
    pub download_size: Option<u64>,
    /// Files done so far.
    pub files: Option<u64>,
    /// The pod that works, as `namespace/name`.
    pub pod: Option<String>,
    /// Whole percent done.
    pub percent: Option<u8>,
}

/// Takes the progress of one call. The newest report counts; nobody waits for it to be seen.
#[derive(Clone, Debug)]
pub struct Reporter(tokio::sync::watch::Sender<Progress>);

impl Reporter {
    /// A reporter and what sees its reports.
    pub fn new() -> (Self, tokio::sync::watch::Receiver<Progress>) {
        let (sender, receiver) = tokio::sync::watch::channel(Progress::default());
        (Self(sender), receiver)
    }

    /// Changes what is reported.
    pub fn update(&self, change: impl FnOnce(&mut Progress)) {
        self.0.send_modify(change);
    }
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Error {
    /// One sentence or chain of causes for people, outermost first, joined by `: `; without secrets.
    pub message: String,
    /// What kind of failure it is; decides about trying again.
    pub cause: Cause,
    /// Pod and container the failure came from, when there is one, as `namespace/pod/container`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The process's exit code, when one ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The last lines it printed, bounded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_lines: Vec<String>,
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// An argument, a reference or the target is wrong; trying again changes nothing.
    Mistake,
    /// What was asked for was done and failed.
    Failed,
    /// Something needed could not be reached; trying again may help.
    Unreachable,
    /// The run was cancelled.
    Cancelled,
    /// The attempt took longer than its phase allows.
    TimedOut,
}

impl Error {
    /// A failure of `cause` with a message and nothing else.
    pub fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            cause,
            place: None,
            exit_code: None,
            last_lines: Vec::new(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// The functions a program offers, by name. Passed as a value; nothing registers itself. Clones share.
#[derive(Clone, Debug, Default)]
pub struct Functions(Arc<BTreeMap<FunctionName, Arc<dyn Function>>>);

impl Functions {
    /// The function of that name.
    pub fn get(&self, name: &FunctionName) -> Option<&Arc<dyn Function>> {
        self.0.get(name)
    }

    /// What all of them accept and return.
    pub fn signatures(&self) -> Signatures {
        self.0
            .values()
            .map(|function| function.signature().clone())
            .collect()
    }
}

impl FromIterator<Arc<dyn Function>> for Functions {
    fn from_iter<I: IntoIterator<Item = Arc<dyn Function>>>(functions: I) -> Self {
        let functions = functions.into_iter();
        let by_name = functions.map(|function| (function.signature().function.clone(), function));
        Self(Arc::new(by_name.collect()))
    }
}
