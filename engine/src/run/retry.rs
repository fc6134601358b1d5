//! Whether a failed attempt is followed by another, and when.
//! Must not know what a run does in between.

use std::time::Duration;

use mainstay_dsl::checked::Retry;

use crate::function::Cause;

/// No pause is longer than this.
const LONGEST: Duration = Duration::from_hours(1);

/// The pause after attempt number `attempt` (from 1) that failed for `cause`; absent when it was the last.
pub(super) fn pause(retry: Option<Retry>, attempt: u32, cause: Cause) -> Option<Duration> {
    let retry = retry?;
    let helps = match cause {
        Cause::Failed | Cause::Unreachable | Cause::TimedOut => true,
        Cause::Mistake | Cause::Cancelled => false,
    };
    if !helps || attempt >= retry.attempts {
        return None;
    }
    // Doubled after each attempt; what does not fit into a factor is past the longest pause in any case.
    let factor = 1u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    Some(retry.backoff.saturating_mul(factor).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        let retry = Some(Retry {
            attempts: 100,
            backoff: Duration::from_secs(10),
        });
        let pauses: Vec<_> = [1, 2, 3, 9, 10, 40, 99, 100]
            .map(|attempt| pause(retry, attempt, Cause::Failed).map(|pause| pause.as_secs()))
            .into();
        assert_eq!(
            pauses,
            [
                Some(10),
                Some(20),
                Some(40),
                Some(2560),
                Some(3600),
                Some(3600),
                Some(3600),
                None
            ]
        );
    }

    #[test]
    fn mistakes_and_cancelled_calls_are_not_tried_again() {
        let retry = Some(Retry {
            attempts: 3,
            backoff: Duration::ZERO,
        });
        let pauses = [
            Cause::Mistake,
            Cause::Failed,
            Cause::Unreachable,
            Cause::Cancelled,
            Cause::TimedOut,
        ]
        .map(|cause| pause(retry, 1, cause).is_some());
        assert_eq!(pauses, [false, true, true, false, true]);
    }
}
