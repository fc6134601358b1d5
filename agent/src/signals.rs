//! Who may ask the program to stop: a signal, or the end of its standard input when it was started over an exec stream.

use std::io::{self, Read};
use std::thread;

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

/// Cancels `watch` when `input` ends.
///
/// An exec stream carries no signals: when the controller dies or cancels, its end is all that reaches the process.
pub(crate) fn cancel_at_end(mut input: impl Read + Send + 'static, watch: &Watch) {
    let watch = watch.clone();
    thread::spawn(move || {
        let mut rest = [0_u8; 256];
        while matches!(input.read(&mut rest), Ok(count) if count > 0) {}
        watch.cancel();
    });
}
