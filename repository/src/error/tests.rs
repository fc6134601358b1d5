use std::collections::BTreeSet;
use std::io;

use super::*;

/// One of each, as a user may meet it.
#[expect(clippy::too_many_lines, reason = "a list of all variants")]
fn all() -> Vec<Error> {
    let key = || "backups/a.sql".to_owned();
    let endpoint = || "https://minio:9000".to_owned();
    let io = || io::Error::from(io::ErrorKind::PermissionDenied);
    let since = Timestamp::constant(1_795_600_000, 0);
    vec![
        Error::Throttled {
            status: 503,
            code: "SlowDown".into(),
            seconds: 900,
            key: key(),
        },
        Error::Unreachable {
            endpoint: endpoint(),
            cause: "connection refused".into(),
        },
        Error::Untrusted {
            endpoint: endpoint(),
            cause: "invalid peer certificate: UnknownIssuer".into(),
        },
        Error::Broken {
            received: 3_250_586,
            expected: 8 << 20,
            key: key(),
        },
        Error::Corrupted { key: key() },
        Error::Expired,
        Error::Credential {
            code: "SignatureDoesNotMatch".into(),
        },
        Error::Denied {
            operation: Operation::PutObject,
            key: key(),
        },
        Error::Locked { key: key() },
        Error::Region {
            actual: "eu-west-1".into(),
            profile: "us-east-1".into(),
        },
        Error::Clock,
        Error::Bucket {
            bucket: "db-s3".into(),
        },
        Error::Missing { key: key() },
        Error::Replaced { key: key() },
        Error::Refused {
            operation: Operation::PutObject,
            status: 411,
            code: "MissingContentLength".into(),
            key: key(),
        },
        Error::Absent {
            location: "s3://db-s3/backups".into(),
        },
        Error::Present {
            location: "s3://db-s3/backups".into(),
        },
        Error::Password,
        Error::Held {
            host: "pod-0.1a2b3c4d".into(),
            since,
            exclusive: true,
        },
        Error::LockLost { seconds: 1_380 },
        Error::Listing {
            folder: "data".into(),
            missing: 3,
        },
        Error::Behind {
            snapshot: "089ea071".into(),
        },
        Error::Damaged {
            blob: "9ccb846e".into(),
            path: "/var/lib/mysql/t.ibd".into(),
            pack: "73d04e61".into(),
        },
        Error::Unreadable {
            kind: "index",
            id: "1a2b3c4d".into(),
            cause: "it does not decompress".into(),
        },
        Error::NoSnapshot {
            wanted: "tag nightly".into(),
        },
        Error::NoPath {
            snapshot: "089ea071".into(),
            path: "/data".into(),
        },
        Error::Source {
            path: "/var/lib/mysql".into(),
            source: io(),
        },
        Error::Producer {
            program: "mysqldump".into(),
            status: "status 2".into(),
            lines: vec!["Access denied".into()],
        },
        Error::Start {
            program: "mysqldump".into(),
            source: io(),
        },
        Error::Stream {
            action: "read",
            source: io(),
        },
        Error::Target {
            path: "/data/file".into(),
            source: io(),
        },
        Error::Space {
            path: "/data".into(),
            written: 3_435_973_836,
        },
        Error::TooSmall {
            path: "/data".into(),
            bytes: 13_207_024_435,
            inodes: 40_211,
            free_bytes: 1 << 30,
            free_inodes: 12,
        },
        Error::TooLarge { key: key() },
        Error::Length {
            expected: 10,
            actual: 9,
            key: key(),
        },
        Error::Path { path: "../..".into() },
        Error::Profile {
            source: crate::location::Error::Unsupported {
                kind: crate::location::Kind::Kopia,
            },
        },
        Error::Format {
            action: "read the index",
            cause: "unexpected end".into(),
        },
        Error::File {
            action: "list",
            path: "/store/data".into(),
            source: io(),
        },
        Error::Cancelled,
    ]
}

#[test]
fn messages_and_exit_codes() {
    let lines: Vec<String> = all()
        .iter()
        .map(|error| format!("{:>3} {}: {error}", error.exit().code(), error.code()))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// `docs/faults.md` has a row for every code with its exit code, and none is left over.
#[test]
fn every_code_is_explained() {
    let expected: BTreeSet<String> = all()
        .iter()
        .map(|error| format!("| {} | {} |", error.code(), error.exit().code()))
        .collect();
    assert_eq!(expected.len(), all().len(), "codes are told apart");
    let page = include_str!("../../../docs/faults.md");
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| code"));
    let found: BTreeSet<String> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            format!("| {} | {} |", cells[1], cells[2])
        })
        .collect();
    assert_eq!(
        found, expected,
        "rows of docs/faults.md on the left, codes on the right"
    );
}
