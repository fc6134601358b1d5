//! Time as an argument: the system's clock, and whatever a test puts in its place.
//! Must not know what waits for it.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

/// Tells the time and waits for it.
#[async_trait]
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Returns when it is `at` or later. Dropping the future is enough to stop waiting.
    async fn until(&self, at: Timestamp);
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

#[async_trait]
impl Clock for System {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn until(&self, at: Timestamp) {
        // A clock that is set back in the meantime only prolongs the wait: look again after each sleep.
        while let Ok(rest) = std::time::Duration::try_from(at.duration_since(self.now()))
            && !rest.is_zero()
        {
            tokio::time::sleep(rest).await;
        }
    }
}
