//! One command per file. Here only the list, and the runtime that they share.

mod data;
mod install;
mod location;
mod output;
mod stream;
mod version;

use std::future::Future;

use mainstay_repository::{Exit, Watch};
use tokio::runtime::Builder;

use crate::arguments::Command;
use crate::exit::Failure;
use crate::signals;

pub(crate) use version::print as print_version;

/// Performs `command`.
pub(crate) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Location(location) => in_runtime(|watch| location::run(location, watch)),
        Command::Output { key, value } => output::run(&key, &value),
        Command::Stream(stream) => in_runtime(|watch| stream::run(stream, watch)),
        Command::Data(data) => in_runtime(|watch| data::run(data, watch)),
        Command::Install { directory } => install::run(&directory),
    }
}

/// Runs what `start` makes with a watch that signals cancel.
fn in_runtime<F>(start: impl FnOnce(Watch) -> F) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|cause| Failure::new(Exit::Other, format!("failed to start: {cause}")))?;
    let watch = Watch::new();
    let result = runtime.block_on(async {
        signals::cancel_on_signals(&watch)
            .map_err(|cause| Failure::new(Exit::Other, format!("failed to listen for signals: {cause}")))?;
        start(watch).await
    });
    // A read of standard input cannot be interrupted; nobody waits for it.
    runtime.shutdown_background();
    result
}
