//! Counting what a snapshot holds, by the rules of `restic stats`.

use std::fmt;
use std::str::FromStr;

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Files and bytes that a restore writes; hard links once.
    #[default]
    RestoreSize,
    /// Files and bytes, those of equal content once.
    FilesByContents,
    /// As `files-by-contents`, but a blob that a file holds several times counts once, and empty files do not count.
    BlobsPerFile,
    /// Blobs and bytes in the store.
    RawData,
}

impl Mode {
    const ALL: [(Self, &'static str); 4] = [
        (Self::RestoreSize, "restore-size"),
        (Self::FilesByContents, "files-by-contents"),
        (Self::BlobsPerFile, "blobs-per-file"),
        (Self::RawData, "raw-data"),
    ];
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL
            .iter()
            .find(|(mode, _)| mode == self)
            .map_or("", |(_, name)| name);
        formatter.write_str(name)
    }
}

/// A mode that `restic stats` does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownMode(String);

impl fmt::Display for UnknownMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "unknown stats mode {:?}", self.0)
    }
}

impl std::error::Error for UnknownMode {}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        let known = Self::ALL.iter().find(|(_, name)| *name == text);
        known
            .map(|(mode, _)| *mode)
            .ok_or_else(|| UnknownMode(text.to_owned()))
    }
}

/// The counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Files and directories, or blobs for [`Mode::RawData`].
    pub count: u64,
    /// Bytes.
    pub bytes: u64,
}
