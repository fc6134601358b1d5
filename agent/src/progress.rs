//! The progress line: how far a data command is, once a second on standard error, for the controller that follows.

use std::io::{self, Write as _};
use std::time::Duration;

use mainstay_repository::Watch;
use mainstay_repository::watch::Progress;
use serde::Serialize;
use tokio::sync::oneshot;

/// What begins the line.
const MARKER: &str = "###Mainstay-progress###:";
/// Often enough for a person who looks, and small against a log's size.
const PERIOD: Duration = Duration::from_secs(1);

/// The line, with its newline.
fn line(progress: Progress) -> String {
    #[derive(Serialize)]
    struct Line {
        bytes: u64,
        total: u64,
        files: u64,
    }
    let Progress { bytes, total, files } = progress;
    let json = serde_json::to_string(&Line { bytes, total, files }).expect("three numbers are always JSON");
    format!("{MARKER} {json}\n")
}

/// Prints a line whenever something changed, at most once a second, and a last one when `done` comes.
pub(crate) async fn report(watch: Watch, mut done: oneshot::Receiver<()>) {
    let mut last = watch.progress();
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        let ended = tokio::select! {
            _ = ticks.tick() => false,
            _ = &mut done => true,
        };
        let progress = watch.progress();
        if progress != last {
            // A closed standard error stops nothing: the work counts, not the report about it.
            drop(io::stderr().write_all(line(progress).as_bytes()));
            last = progress;
        }
        if ended {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_is_marker_and_json() {
        assert_eq!(
            line(Progress {
                bytes: 1,
                total: 2,
                files: 3
            }),
            "###Mainstay-progress###: {\"bytes\":1,\"total\":2,\"files\":3}\n"
        );
    }
}
