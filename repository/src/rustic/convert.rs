//! Between the format library's types and ours: times, ids, mode bits, faults. Pure.

use jiff::Timestamp;
use rustic_core::jiff::Timestamp as LibraryTimestamp;
use rustic_core::repofile::{NodeType, SnapshotFile};
use rustic_core::{Id, RusticError};

use crate::error::Error;
use crate::restic::{Snapshot, SnapshotId};

/// A time of the library's version of jiff.
pub(super) fn to_library(time: Timestamp) -> LibraryTimestamp {
    let made = LibraryTimestamp::new(time.as_second(), time.subsec_nanosecond());
    made.expect("both versions have the same bounds")
}

/// A time of ours.
pub(super) fn from_library(time: LibraryTimestamp) -> Timestamp {
    let made = Timestamp::new(time.as_second(), time.subsec_nanosecond());
    made.expect("both versions have the same bounds")
}

/// All digits of an id; its `Display` shows eight.
pub(super) fn full(id: &Id) -> String {
    id.to_hex().as_str().to_owned()
}

/// An id from all its digits.
pub(super) fn id(digits: &str) -> Id {
    digits.parse().expect("the name was listed as a SHA-256")
}

pub(super) fn snapshot(id: &Id, file: &SnapshotFile) -> Snapshot {
    Snapshot {
        id: SnapshotId::new(&full(id)).expect("the library's ids are SHA-256"),
        time: from_library(file.time.timestamp()),
        host: file.hostname.clone(),
        paths: file.paths.iter().cloned().collect(),
        tags: file.tags.iter().cloned().collect(),
    }
}

/// What the library says, in one line.
pub(super) fn fault(action: &'static str, error: &RusticError) -> Error {
    let text = error.display_log();
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    Error::Format {
        action,
        cause: line.strip_prefix("Error: ").unwrap_or(&line).to_owned(),
    }
}

/// Bits of Go's `FileMode`, which is what the format's `mode` holds.
mod go {
    pub(super) const DIRECTORY: u32 = 1 << 31;
    pub(super) const SYMLINK: u32 = 1 << 27;
    pub(super) const DEVICE: u32 = 1 << 26;
    pub(super) const PIPE: u32 = 1 << 25;
    pub(super) const SOCKET: u32 = 1 << 24;
    pub(super) const SET_USER: u32 = 1 << 23;
    pub(super) const SET_GROUP: u32 = 1 << 22;
    pub(super) const CHARACTER: u32 = 1 << 21;
    pub(super) const STICKY: u32 = 1 << 20;
}

/// Permission bits that the two notations do not share: POSIX's and Go's.
const SPECIAL: [(u32, u32); 3] = [
    (0o4000, go::SET_USER),
    (0o2000, go::SET_GROUP),
    (0o1000, go::STICKY),
];

/// The format's mode from permission bits as `chmod` takes them and a type.
pub(super) fn to_go_mode(permissions: u32, kind: &NodeType) -> u32 {
    let kind = match kind {
        NodeType::File => 0,
        NodeType::Dir => go::DIRECTORY,
        NodeType::Symlink { .. } => go::SYMLINK,
        NodeType::Dev { .. } => go::DEVICE,
        NodeType::Chardev { .. } => go::DEVICE | go::CHARACTER,
        NodeType::Fifo => go::PIPE,
        NodeType::Socket => go::SOCKET,
    };
    let special = SPECIAL
        .iter()
        .filter(|(posix, _)| permissions & posix != 0)
        .map(|(_, go)| go)
        .sum::<u32>();
    (permissions & 0o777) | kind | special
}

/// Permission bits as `chmod` takes them.
pub(super) fn from_go_mode(mode: u32) -> u32 {
    let special = SPECIAL
        .iter()
        .filter(|(_, go)| mode & go != 0)
        .map(|(posix, _)| posix)
        .sum::<u32>();
    (mode & 0o777) | special
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn modes_as_go_prints_them() {
        // Taken from Go: os.Stat("/dev/null").Mode(), of /tmp and of /usr/bin/passwd.
        assert_eq!(to_go_mode(0o666, &NodeType::Chardev { device: 259 }), 69_206_454);
        assert_eq!(to_go_mode(0o1777, &NodeType::Dir), 2_148_532_735);
        assert_eq!(to_go_mode(0o4755, &NodeType::File), 8_389_101);
    }

    proptest! {
        #[test]
        fn permissions_survive(permissions in 0_u32..0o10000) {
            prop_assert_eq!(from_go_mode(to_go_mode(permissions, &NodeType::File)), permissions);
        }

        #[test]
        fn times_survive(seconds in -60_000_000_000_i64..250_000_000_000, nanoseconds in 0_i32..1_000_000_000) {
            let time = Timestamp::new(seconds, nanoseconds).unwrap();
            prop_assert_eq!(from_library(to_library(time)), time);
        }
    }
}
