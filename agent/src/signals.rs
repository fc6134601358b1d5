//! Who may ask the program to stop: a signal.

use std::io;

use mainstay_repository::Watch;
use tokio::signal::unix::{SignalKind, signal};

/// Cancels `watch` on SIGTERM and SIGINT for as long as the runtime lives.
///
/// As PID 1 of a container the program has no default handlers, so without this a deleted pod would be killed only after
/// its grace period, with the repository still locked.
pub(crate) fn cancel_on_signals(watch: &Watch) -> io::Result<()> {
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let mut signals = signal(kind)?;
        let watch = watch.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                watch.cancel();
            }
        });
    }
    Ok(())
}
