//! What the API server's refusals mean: their words, and whether trying again may help.
//! Must not know what was asked for.

/// What the API server said, in its own words.
pub(crate) fn told(error: &kube::Error) -> String {
    match error {
        // Its answer for a path that it does not serve is not in the form of its other answers.
        kube::Error::Api(status) if status.code == 404 && status.details.is_none() => {
            "the server could not find the requested resource".to_owned()
        }
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}

/// Whether trying again may help: the server is busy or broken, or could not be reached.
pub(crate) fn is_transient(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => matches!(status.code, 408 | 429 | 500..=599),
        kube::Error::HyperError(_) | kube::Error::Service(_) | kube::Error::ReadEvents(_) => true,
        _ => false,
    }
}
