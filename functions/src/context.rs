//! What functions need of the program that runs them.
//! Must not know where any of it was configured.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use mainstay_engine::clock::Clock;

/// The cluster, and how pods are made in it.
#[derive(Clone)]
pub struct Context {
    /// Speaks to the cluster.
    pub client: Client,
    /// How the program was told to act in it.
    pub settings: Settings,
    /// The time that templates see.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Context {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            client: _,
            settings,
            clock,
        } = self;
        formatter
            .debug_struct("Context")
            .field("settings", settings)
            .field("clock", clock)
            .finish_non_exhaustive()
    }
}

/// How the program was told to act in the cluster.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The controller's namespace; pods go there when a blueprint names none.
    pub namespace: String,
    /// The controller's service account, given to pods in its own namespace.
    pub service_account: Option<String>,
    /// The image of pods whose blueprint names none.
    pub tools_image: String,
    /// The image whose `mainstay-agent install FOLDER` puts the agent where other containers run it.
    pub agent_image: String,
    /// What deleting an object means for those whose keys begin with its key.
    pub siblings: Siblings,
    /// How long a pod may take to leave `Pending`.
    pub pod_ready: Duration,
    /// How long it is borne that no node takes a pod, that its node is not ready, or that the runtime does not start it.
    pub obstacle: Duration,
    /// Whether pods use the default service account, and no token of it.
    pub secure_defaults: bool,
}

impl Settings {
    /// Kanister's defaults: pods have 15 minutes to start.
    pub fn new(
        namespace: impl Into<String>,
        tools_image: impl Into<String>,
        agent_image: impl Into<String>,
    ) -> Self {
        Self {
            namespace: namespace.into(),
            service_account: None,
            tools_image: tools_image.into(),
            agent_image: agent_image.into(),
            siblings: Siblings::Spared,
            pod_ready: Duration::from_mins(15),
            obstacle: Duration::from_secs(30),
            secure_defaults: false,
        }
    }
}

/// What deleting an object means for those whose keys begin with its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Siblings {
    /// They stay, unless they are below it.
    Spared,
    /// They go as well, as with Kanister: `a/ab` goes with `a/a`.
    Deleted,
}
