//! What the cluster refuses or fails at, in its own words and as a kind of failure.
//! Must not know what was asked of it.

use std::error::Error as _;

use mainstay_engine::function::{Cause, Error as Failure};

/// What the cluster says, without the client's decoration.
pub(crate) fn words(error: &kube::Error) -> String {
    if let kube::Error::Api(status) = error {
        return match (&status.message, &status.reason) {
            (message, _) if !message.is_empty() => message.clone(),
            (_, reason) if !reason.is_empty() => reason.clone(),
            _ => format!("the API server answered {}", status.code),
        };
    }
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        // Most errors of the client print their source already.
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        source = cause.source();
    }
    words
}

/// What kind of failure it is.
pub(crate) fn cause(error: &kube::Error) -> Cause {
    match error {
        kube::Error::Api(status) => match status.code {
            // Too many requests, time-outs, and everything that the server blames itself for.
            408 | 429 | 500..=599 => Cause::Unreachable,
            _ => Cause::Mistake,
        },
        kube::Error::HyperError(_)
        | kube::Error::Service(_)
        | kube::Error::ReadEvents(_)
        | kube::Error::UpgradeConnection(_)
        | kube::Error::Auth(_) => Cause::Unreachable,
        _ => Cause::Failed,
    }
}

/// A failure of `kube`, introduced by what was being done.
pub(crate) fn of(doing: &str, error: &kube::Error) -> Failure {
    Failure::new(cause(error), format!("{doing}: {}", words(error)))
}

/// Whether the cluster says that there is no such object.
pub(crate) fn is_not_found(error: &kube::Error) -> bool {
    // A path that is not served at all is refused without a reason.
    matches!(error, kube::Error::Api(status) if status.is_not_found() || status.code == 404)
}

/// Whether the cluster says that there is such an object already.
pub(crate) fn is_already_there(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.is_already_exists())
}

/// Whether the cluster does not let us do this, which trying again does not change.
pub(crate) fn is_forbidden(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if matches!(status.code, 401 | 403))
}
