//! Bears failures of the API server that pass.
//! Must not know what is asked of it; only requests that may be repeated belong here.

use std::time::Duration;

use mainstay_engine::function::Cause;
use tokio::time::{Instant, sleep};

use crate::failure;

/// How long failures are borne.
const PATIENCE: Duration = Duration::from_mins(1);
/// The pause before the second request.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The pauses between attempts, or between looks: doubled each time, up to a bound.
#[derive(Debug)]
pub(crate) struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self::up_to(LONGEST_PAUSE)
    }
}

impl Pauses {
    /// Pauses of which none is longer than `longest`.
    pub(crate) fn up_to(longest: Duration) -> Self {
        Self {
            next: FIRST_PAUSE,
            longest,
        }
    }

    /// Waits for the next pause.
    pub(crate) async fn pause(&mut self) {
        sleep(self.next()).await;
    }

    /// The next pause, for who waits for something else besides.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        pause
    }
}

/// Decides whether a request that failed is made again, for as long as failures that pass are borne.
#[derive(Debug)]
pub(crate) struct Patience {
    give_up: Instant,
    pauses: Pauses,
}

impl Patience {
    /// From now on.
    pub(crate) fn new() -> Self {
        Self {
            give_up: Instant::now() + PATIENCE,
            pauses: Pauses::default(),
        }
    }

    /// Waits for the next attempt after `error`; hands it back when there is to be none.
    pub(crate) async fn after(&mut self, error: kube::Error) -> kube::Result<()> {
        let pause = self.pauses.next();
        if failure::cause(&error) != Cause::Unreachable || Instant::now() + pause > self.give_up {
            return Err(error);
        }
        tracing::debug!(
            error = failure::words(&error),
            ?pause,
            "the API server fails; asking again"
        );
        sleep(pause).await;
        Ok(())
    }
}

/// Makes a request again while the API server cannot be reached or has too much to do.
pub(crate) async fn patiently<T, R>(mut request: impl FnMut() -> R) -> kube::Result<T>
where
    R: Future<Output = kube::Result<T>>,
{
    let mut patience = Patience::new();
    loop {
        match request().await {
            Ok(answer) => return Ok(answer),
            Err(error) => patience.after(error).await?,
        }
    }
}
