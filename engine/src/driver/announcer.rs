//! Announces in order, without holding anything up.
//! Must not know what announcements say.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::later;
use crate::announcement::Announcement;
use crate::clock::Clock;
use crate::host::Host;
use crate::request::Identity;

/// How long the announcements of a run that has ended are waited for.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Announcer {
    queue: Option<mpsc::UnboundedSender<Announcement>>,
    task: JoinSet<()>,
}

impl Announcer {
    pub(super) fn new(host: Arc<dyn Host>, run: Identity) -> Self {
        let (queue, mut waiting) = mpsc::unbounded_channel();
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Some(announcement) = waiting.recv().await {
                host.announce(&run, announcement).await;
            }
        });
        Self {
            queue: Some(queue),
            task,
        }
    }

    pub(super) fn announce(&self, announcement: Announcement) {
        if let Some(queue) = &self.queue
            && queue.send(announcement).is_err()
        {
            tracing::warn!("announcements are no longer taken");
        }
    }

    /// Waits until everything is announced, or for a while.
    pub(super) async fn finish(&mut self, clock: &dyn Clock) {
        self.queue = None;
        let until = later(clock.now(), PATIENCE);
        tokio::select! {
            _ = self.task.join_next() => {}
            () = clock.until(until) => tracing::warn!("announcements of an ended run were given up"),
        }
    }
}
