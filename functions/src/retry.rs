//! Bears failures of the API server that pass.
//! Must not know what is asked of it; only requests that may be repeated belong here.

use std::time::Duration;

use mainstay_engine::function::Cause;
use tokio::time::{Instant, sleep};

use crate::failure;

/// How long a failure may last before it is one of the call.
const PATIENCE: Duration = Duration::from_mins(1);
/// The pause before the second request.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The pauses between attempts: doubled each time, up to a bound.
#[derive(Debug)]
pub(crate) struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Pauses {
    /// Waits for the next pause.
    pub(crate) async fn pause(&mut self) {
        sleep(self.next()).await;
    }

    fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST_PAUSE);
        pause
    }
}

/// Makes a request again while the API server cannot be reached or has too much to do.
pub(crate) async fn patiently<T, R>(mut request: impl FnMut() -> R) -> kube::Result<T>
where
    R: Future<Output = kube::Result<T>>,
{
    let give_up = Instant::now() + PATIENCE;
    let mut pauses = Pauses::default();
    loop {
        match request().await {
            Err(error) if failure::cause(&error) == Cause::Unreachable => {
                let pause = pauses.next();
                if Instant::now() + pause > give_up {
                    return Err(error);
                }
                tracing::debug!(
                    error = failure::words(&error),
                    ?pause,
                    "the API server fails; asking again"
                );
                sleep(pause).await;
            }
            result => return result,
        }
    }
}
