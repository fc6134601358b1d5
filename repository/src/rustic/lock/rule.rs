//! When one lock keeps another out, as a pure function. It must not know how locks are stored.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A lock that was not renewed for so long belongs to nobody.
pub(crate) const STALE: SignedDuration = SignedDuration::from_mins(30);

/// Who could not renew for so long must not rely on the lock any more.
pub(crate) const LOST_SECONDS: u64 = 22 * 60 + 30;

/// A lock younger than this, stale or not, may belong to a suspended node that wakes up and goes on.
pub(crate) const SUSPENDED: SignedDuration = SignedDuration::from_hours(24);

/// A lock file, member for member as restic writes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Lock {
    /// When it was last renewed.
    pub(crate) time: Timestamp,
    /// Whether it excludes everybody.
    pub(crate) exclusive: bool,
    /// Who holds it: `<pod>.<8 random hex>`, since pod names and process ids repeat.
    pub(crate) hostname: String,
    #[serde(default)]
    pub(crate) username: String,
    #[serde(default)]
    pub(crate) pid: u32,
    #[serde(default)]
    pub(crate) uid: u32,
    #[serde(default)]
    pub(crate) gid: u32,
}

impl Lock {
    /// Whether nobody has renewed it for too long.
    pub(crate) fn is_stale(&self, now: Timestamp) -> bool {
        now.duration_since(self.time) > STALE
    }
}

/// The lock among `others` that keeps one of ours out: any for an exclusive one, an exclusive one for a shared one. Stale locks
/// keep nobody out.
pub(crate) fn obstacle(others: &[Lock], exclusive: bool, now: Timestamp) -> Option<&Lock> {
    others
        .iter()
        .find(|other| (exclusive || other.exclusive) && !other.is_stale(now))
}

/// The lock among `others` whose holder may still wake up and write packs that no index names yet.
pub(crate) fn sleeper(others: &[Lock], now: Timestamp) -> Option<&Lock> {
    others
        .iter()
        .find(|other| now.duration_since(other.time) <= SUSPENDED)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_000_000, 0);

    fn lock(minutes: i64, exclusive: bool) -> Lock {
        Lock {
            time: NOW - SignedDuration::from_mins(minutes),
            exclusive,
            hostname: format!("{minutes}"),
            username: String::new(),
            pid: 1,
            uid: 0,
            gid: 0,
        }
    }

    #[test]
    fn table() {
        let cases = [
            (vec![], true, None),
            (vec![lock(1, false)], false, None),
            (vec![lock(1, false)], true, Some("1")),
            (vec![lock(1, true)], false, Some("1")),
            (vec![lock(1, true)], true, Some("1")),
            (vec![lock(30, true)], false, Some("30")),
            (vec![lock(31, true)], false, None),
            (
                vec![lock(31, true), lock(2, false), lock(3, true)],
                false,
                Some("3"),
            ),
            (
                vec![lock(31, true), lock(2, false), lock(3, true)],
                true,
                Some("2"),
            ),
            // A clock that is behind ours makes a lock younger than now.
            (vec![lock(-5, true)], false, Some("-5")),
        ];
        for (others, exclusive, expected) in cases {
            let found = obstacle(&others, exclusive, NOW).map(|lock| lock.hostname.as_str());
            assert_eq!(found, expected, "{others:?} {exclusive}");
        }
    }

    #[test]
    fn sleepers_are_a_day_old_at_most() {
        assert!(sleeper(&[lock(31, false)], NOW).is_some());
        assert!(sleeper(&[lock(24 * 60, true)], NOW).is_some());
        assert!(sleeper(&[lock(24 * 60 + 1, true)], NOW).is_none());
    }

    #[test]
    fn restics_own_file_is_read() {
        let text = r#"{"time":"2026-11-25T10:02:11.123456789+02:00","exclusive":true,"hostname":"h","username":"root","pid":7}"#;
        let lock: Lock = serde_json::from_str(text).unwrap();
        assert_eq!((lock.exclusive, lock.pid, lock.gid), (true, 7, 0));
        assert_eq!(lock.time.to_string(), "2026-11-25T08:02:11.123456789Z");
    }

    proptest! {
        #[test]
        fn two_exclusive_locks_never_coexist(minutes in 0_i64..30, exclusive in any::<bool>()) {
            prop_assert!(obstacle(&[lock(minutes, exclusive)], true, NOW).is_some());
            prop_assert_eq!(obstacle(&[lock(minutes, exclusive)], false, NOW).is_some(), exclusive);
        }
    }
}
