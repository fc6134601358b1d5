//! What a run tells whoever watches it, in words: the source of Kubernetes Events.
//! Must not know where announcements go; losing one changes nothing.

/// One announcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of thing happened, in Kanister's words (such as `Started Phase`).
    pub reason: String,
    /// The sentence.
    pub message: String,
    /// The action whose blueprint hears of it as well; absent when only the request does.
    pub blueprint_of: Option<usize>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Things go as they should.
    Normal,
    /// Something failed.
    Warning,
}

impl Announcement {
    /// Good news about the run.
    pub fn normal(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Normal,
            reason: reason.into(),
            message: message.into(),
            blueprint_of: None,
        }
    }

    /// Bad news about an action, which its blueprint hears as well.
    pub fn warning(action: usize, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            reason: reason.into(),
            message: message.into(),
            blueprint_of: Some(action),
        }
    }
}
