//! What restic prints, read with Kanister's patterns, so that outputs are what blueprints have always seen.

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

/// Digits, perhaps a fraction, and a unit up to TiB.
const BYTES: &str = r"\d+(?:\.\d+)?\s(?:[TGMK]i)?B";

static SNAPSHOT: LazyLock<Regex> = LazyLock::new(|| pattern(r"snapshot\s(.*?)\ssaved$"));
static PROCESSED: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"processed\s(\d+)\sfiles,\s({BYTES})\sin\s")));
static ADDED: LazyLock<Regex> = LazyLock::new(|| pattern(&format!("^Added to the repo: ({BYTES})$")));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns are constants, and a test uses each")
}

/// What `restic backup` says about the backup it made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Backup {
    /// Short id; absent when it made none.
    pub(crate) id: Option<String>,
    /// How many files, empty when it does not say.
    pub(crate) file_count: String,
    /// Bytes of their content, empty when it does not say.
    pub(crate) size: String,
    /// Bytes added to the repository, empty when it does not say: restic says so in other words since 0.14.
    pub(crate) physical_size: String,
}

impl Backup {
    /// Reads the output of `restic backup`. The last line of a kind counts.
    pub(crate) fn read(output: &str) -> Self {
        let mut backup = Self::default();
        for line in output.split('\n') {
            if let Some(found) = SNAPSHOT.captures(line) {
                backup.id = Some(found[1].to_owned());
            }
            if let Some(found) = PROCESSED.captures(line) {
                found[1].clone_into(&mut backup.file_count);
                found[2].clone_into(&mut backup.size);
            }
            if let Some(found) = ADDED.captures(line) {
                found[1].clone_into(&mut backup.physical_size);
            }
        }
        backup
    }
}

/// The short ids in the output of `restic snapshots --json`, oldest first.
pub(crate) fn snapshot_ids(output: &str) -> Result<Vec<String>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Snapshot {
        short_id: String,
    }
    // `null` is what restic prints for no snapshots.
    let snapshots: Option<Vec<Snapshot>> = serde_json::from_str(output)?;
    Ok(snapshots
        .unwrap_or_default()
        .into_iter()
        .map(|snapshot| snapshot.short_id)
        .collect())
}

/// Whether restic says that there is no repository. It has no exit code for that before 0.17.
pub(crate) fn is_without_repository(stderr: &[String]) -> bool {
    stderr
        .iter()
        .any(|line| line.contains("Is there a repository at the following location?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        let cases = [
            ("snapshot 1a2b3c4d saved", Some("1a2b3c4d")),
            ("snapshot 123abcd", None),
            ("Invalid message", None),
            ("snapshot abc123\n saved", None),
        ];
        for (output, expected) in cases {
            assert_eq!(Backup::read(output).id.as_deref(), expected, "{output:?}");
        }
    }

    #[test]
    fn counts_and_sizes() {
        let read = |line: &str| {
            let backup = Backup::read(line);
            (backup.file_count, backup.size)
        };
        for size in [
            "11.235 KiB",
            "11 KiB",
            "0.111 KiB",
            "11.235 B",
            "1.5 MiB",
            "2 GiB",
            "3.25 TiB",
        ] {
            let line = format!("processed 9 files, {size} in 0:00");
            assert_eq!(read(&line), ("9".to_owned(), size.to_owned()), "{line:?}");
        }
        assert_eq!(
            read("processed 9 files, 11.235 KiB in "),
            ("9".to_owned(), "11.235 KiB".to_owned())
        );
        for size in [
            "11. KiB", ".111 KiB", ". KiB", "1 PiB", "1 KB", "1 MB", "1 iB", "asdf",
        ] {
            let line = format!("processed 9 files, {size} in 0:00");
            assert_eq!(read(&line), (String::new(), String::new()), "{line:?}");
        }
        for line in [
            "processed  9 files, 11.235 KiB in 0:00",
            "processed 9,999,999 files, 11.235 KiB in 0:00",
            "processed 9.999 files, 11.235 KiB in 0:00",
            "processed 9 files 11.235 KiB in 0:00",
            "asdf 9 files, 11.235 KiB in 0:00",
            "processed 9 files, 11.235 KiB in",
        ] {
            assert_eq!(read(line), (String::new(), String::new()), "{line:?}");
        }
    }

    #[test]
    fn added_bytes() {
        let cases = [
            (
                "Added to the repo: 53.771 KiB\nmore\nprocessed 9 files, 1 B in 0:00",
                "53.771 KiB",
            ),
            (
                "processed 9 files, 1 B in 0:00\nmore\nAdded to the repo: 53.771 KiB",
                "53.771 KiB",
            ),
            ("Added to the repo: 0 B", "0 B"),
            ("Added to the repo: 0 Bogus", ""),
            ("AAdded to the repo: 0 B", ""),
            ("Added to the repository: 703 B (665 B stored)", ""),
        ];
        for (output, expected) in cases {
            assert_eq!(Backup::read(output).physical_size, expected, "{output:?}");
        }
    }

    #[test]
    fn lists() {
        let two = r#"[{"short_id":"7c0bfeb9","id":"7c0bfeb93f"},{"short_id":"aaaaaaaa"}]"#;
        assert_eq!(snapshot_ids(two).unwrap(), ["7c0bfeb9", "aaaaaaaa"]);
        assert_eq!(snapshot_ids("null").unwrap(), Vec::<String>::new());
        assert_eq!(snapshot_ids("[]").unwrap(), Vec::<String>::new());
        assert!(snapshot_ids("not JSON").is_err());
    }
}
