//! A check of a repository as a value.

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Indexes against the listing with sizes, and all trees.
    Structure,
    /// All packs and blobs besides, opened and hashed.
    Read,
    /// As `Read`, for so many of a hundred packs.
    Sample(u8),
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Damage, and what is only untidy.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing is damaged; what is only untidy does not count.
    pub fn is_sound(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.severity == Severity::Untidy)
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The object it is about, `pack 73d04e61` for instance.
    pub object: String,
    /// What is wrong with it.
    pub cause: String,
    /// Snapshots that need it, short ids; the first ten.
    pub snapshots: Vec<String>,
    /// Files that need it; the first ten.
    pub paths: Vec<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is lost: packs that no index names, for instance, which a killed run leaves.
    Untidy,
    /// Data is lost or wrong.
    Damage,
}
