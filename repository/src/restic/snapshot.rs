//! Snapshots, how they are selected, and what lies in them. Pure values.

use jiff::Timestamp;

/// Name of a snapshot: 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId(String);

impl SnapshotId {
    /// Takes the name as listed; `None` when it is not one.
    pub fn new(hex: &str) -> Option<Self> {
        let digits = hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        digits.then(|| Self(hex.to_owned()))
    }

    /// The first eight digits, which is what `BackupData`'s `backupID` holds.
    pub fn short(&self) -> &str {
        &self.0[..8]
    }

    /// All digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for SnapshotId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A snapshot as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Its name.
    pub id: SnapshotId,
    /// When the backup began.
    pub time: Timestamp,
    /// Host it was made on; a pod's name.
    pub host: String,
    /// What was stored.
    pub paths: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
}

/// Which snapshots: those that fulfil all that is given. The default selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Ids or their beginnings; empty for any. One that matches no snapshot, or more than one, is a fault.
    pub ids: Vec<String>,
    /// A tag it must have.
    pub tag: Option<String>,
    /// The host it must be from.
    pub host: Option<String>,
    /// A path it must hold.
    pub path: Option<String>,
}

impl Selection {
    /// Every snapshot.
    pub fn all() -> Self {
        Self::default()
    }

    /// The one snapshot with that id or beginning of an id.
    pub fn id(id: impl Into<String>) -> Self {
        Self {
            ids: vec![id.into()],
            ..Self::default()
        }
    }

    /// Those with that tag.
    pub fn tag(tag: impl Into<String>) -> Self {
        Self {
            tag: Some(tag.into()),
            ..Self::default()
        }
    }
}

impl std::fmt::Display for Selection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { ids, tag, host, path } = self;
        let mut words: Vec<String> = ids.clone();
        let named = [("tag", tag), ("host", host), ("path", path)];
        words.extend(
            named
                .into_iter()
                .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name} {value}"))),
        );
        if words.is_empty() {
            return formatter.write_str("anything");
        }
        formatter.write_str(&words.join(", "))
    }
}

/// A snapshot and a path in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which snapshot.
    pub snapshot: Which,
    /// The path from the snapshot's root; empty or `/` for all of it.
    pub path: String,
}

/// One snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one with that id or beginning of an id.
    Id(String),
    /// The newest of those selected.
    Latest(Selection),
}

impl Place {
    /// Everything in the snapshot with that id.
    pub fn id(id: impl Into<String>) -> Self {
        Self {
            snapshot: Which::Id(id.into()),
            path: String::new(),
        }
    }

    /// Everything in the newest snapshot with that tag.
    pub fn latest_with_tag(tag: impl Into<String>) -> Self {
        Self {
            snapshot: Which::Latest(Selection::tag(tag)),
            path: String::new(),
        }
    }

    /// The same snapshot at a path.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }
}

/// Something in a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name; bytes that are not UTF-8 escaped as restic does.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes of content.
    pub size: u64,
    /// Permission bits as `chmod` takes them.
    pub mode: u32,
    /// Last change of its content.
    pub modified: Option<Timestamp>,
    /// Owner.
    pub user: u32,
    /// Owning group.
    pub group: u32,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link and where it points.
    Symlink(String),
    /// A device, pipe or socket.
    Special,
}
