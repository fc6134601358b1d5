//! What a long operation reports while it runs, and how it is stopped. It must not know who looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use crate::error::{self, Error};

/// Byte and file counters and a cancel token, shared by everyone who holds a clone.
///
/// Operations poll it at every blob, part or file; after [`Watch::cancel`] they end with [`Error::Cancelled`].
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<State>);

#[derive(Debug, Default)]
struct State {
    bytes: AtomicU64,
    total: AtomicU64,
    files: AtomicU64,
    cancelled: CancellationToken,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of content handled so far.
    pub bytes: u64,
    /// Bytes that are expected, zero as long as nobody knows.
    pub total: u64,
    /// Files, links and special files handled so far.
    pub files: u64,
}

impl Watch {
    /// Starts at zero, not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// The counters now.
    pub fn progress(&self) -> Progress {
        Progress {
            bytes: self.0.bytes.load(Ordering::Relaxed),
            total: self.0.total.load(Ordering::Relaxed),
            files: self.0.files.load(Ordering::Relaxed),
        }
    }

    /// Asks the operation to stop.
    pub fn cancel(&self) {
        self.0.cancelled.cancel();
    }

    /// Whether somebody asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.is_cancelled()
    }

    /// Waits until somebody asks to stop.
    pub async fn cancelled(&self) {
        self.0.cancelled.cancelled().await;
    }

    /// [`Error::Cancelled`] once somebody asked to stop.
    pub fn check(&self) -> Result<(), Error> {
        if self.is_cancelled() {
            return error::CancelledSnafu.fail();
        }
        Ok(())
    }

    /// Counts content.
    pub fn add_bytes(&self, bytes: u64) {
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts one file, link or special file.
    pub fn add_file(&self) {
        self.0.files.fetch_add(1, Ordering::Relaxed);
    }

    /// Says how much content is expected.
    pub fn expect_bytes(&self, total: u64) {
        self.0.total.store(total, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_counters_and_cancel() {
        let watch = Watch::new();
        let other = watch.clone();
        other.add_bytes(3);
        other.add_file();
        other.expect_bytes(9);
        assert_eq!(
            watch.progress(),
            Progress {
                bytes: 3,
                total: 9,
                files: 1
            }
        );
        assert!(watch.check().is_ok());
        other.cancel();
        assert!(matches!(watch.check(), Err(Error::Cancelled)));
    }
}
