//! What is to be freed, as a value.

/// How a prune goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Delete at once what is not needed, instead of marking it now and deleting it in a prune a day later. Refused while
    /// another lock younger than a day exists, stale or not: a suspended node may wake up and go on.
    pub now: bool,
    /// Share of unused bytes that may stay in packs, in percent of what is used.
    pub unused_percent: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            now: false,
            unused_percent: 5,
        }
    }
}

/// What a prune will do. Holds the exclusive lock until it is carried out or dropped.
#[derive(Debug)]
pub struct Plan {
    /// What it will do, in numbers.
    pub report: Report,
    pub(crate) inner: crate::rustic::Prune,
}

/// What a prune does or did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Packs deleted now, marked by an earlier prune or never needed.
    pub deleted_packs: u64,
    /// Packs marked, to be deleted by a prune a day later.
    pub marked_packs: u64,
    /// Packs written anew without what is unused in them.
    pub repacked_packs: u64,
    /// Bytes that the repository becomes smaller by.
    pub freed: u64,
    /// Bytes of packs that are marked.
    pub marked: u64,
}
