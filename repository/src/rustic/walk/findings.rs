//! What a walk met: counts, failures, remarks. Shared by the threads that read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::restic::{Failure, Remark};

/// Failures and remarks that are kept; the rest is counted.
const KEPT: usize = 1_000;

/// What a walk met so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    entries: AtomicU64,
    regular: AtomicU64,
    /// Entries that are missing from the snapshot.
    lost: AtomicU64,
    lost_files: AtomicU64,
    failed: AtomicU64,
    failures: Mutex<Vec<Failure>>,
    remarks: Mutex<Vec<Remark>>,
}

impl Findings {
    /// An entry was found.
    pub(super) fn found(&self) {
        self.entries.fetch_add(1, Ordering::Relaxed);
    }

    /// It is a regular file.
    pub(super) fn regular(&self) {
        self.regular.fetch_add(1, Ordering::Relaxed);
    }

    /// Part of an entry is missing from the snapshot, the entry is not.
    pub(super) fn failure(&self, path: &Path, cause: &io::Error) {
        self.record(path.to_owned(), cause.to_string());
    }

    /// An entry, or what lies below it, is missing from the snapshot.
    pub(super) fn unreadable(&self, path: &Path, cause: &io::Error) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        self.failure(path, cause);
    }

    /// A regular file is missing from the snapshot: gone, which is no failure, or unreadable.
    pub(super) fn unreadable_file(&self, path: &Path, cause: &io::Error) {
        self.lost_files.fetch_add(1, Ordering::Relaxed);
        if cause.kind() == io::ErrorKind::NotFound {
            self.remark(Remark::Vanished(path.to_owned()));
        } else {
            self.unreadable(path, cause);
        }
    }

    pub(super) fn remark(&self, remark: Remark) {
        let mut remarks = self.remarks.lock().unwrap_or_else(PoisonError::into_inner);
        if remarks.len() < KEPT {
            remarks.push(remark);
        }
    }

    pub(super) fn record(&self, path: PathBuf, cause: String) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() < KEPT {
            failures.push(Failure { path, cause });
        }
    }

    /// Entries that are in the snapshot, ancestors of the root not counted.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
            .load(Ordering::Relaxed)
            .saturating_sub(self.lost_files.load(Ordering::Relaxed))
    }

    /// Regular files that are in the snapshot.
    pub(crate) fn files(&self) -> u64 {
        self.regular
            .load(Ordering::Relaxed)
            .saturating_sub(self.lost_files.load(Ordering::Relaxed))
    }

    /// Entries that are not.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Failures, those kept and their number.
    pub(crate) fn failures(&self) -> (Vec<Failure>, u64) {
        let kept = self
            .failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        (kept, self.failed.load(Ordering::Relaxed))
    }

    /// Remarks that were kept.
    pub(crate) fn remarks(&self) -> Vec<Remark> {
        self.remarks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
