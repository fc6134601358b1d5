//! Gets the blobs that files wait for: in the order of the packs, several requests side by side, each blob decoded once.
//!
//! Memory is bounded by the threads: each holds one range of a pack and one decoded blob. It must not know directories.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustic_core::{BlobId, DataId};

use super::Shared;
use super::pending::Pending;
use crate::error::Error;
use crate::rustic::blob::Location;

/// Threads that fetch, decode and write.
const THREADS: usize = 6;

/// Content that is gathered before it is fetched; more gives longer ranges.
const GATHERED: u64 = 256 << 20;

/// One request asks for at most so many bytes, unless a single blob is longer, and skips at most so many it does not need.
const RANGE: u64 = 2 << 20;
const SKIPPED: u64 = 128 << 10;

/// Blobs that are missing, and who waits for them.
#[derive(Default)]
pub(super) struct Wants {
    blobs: BTreeMap<(String, u64), Want>,
    bytes: u64,
}

/// One blob.
struct Want {
    id: BlobId,
    location: Location,
    by: Vec<(Arc<Pending>, u64)>,
}

/// Blobs of one pack that are fetched with one request.
struct Batch {
    pack: String,
    start: u64,
    end: u64,
    wants: Vec<Want>,
}

impl Wants {
    /// Notes that `pending` needs a blob at a place. One that is nowhere is that file's failure.
    pub(super) fn add(&mut self, shared: &Shared<'_>, pending: &Arc<Pending>, id: DataId, at: u64) {
        let Some(location) = shared.view.blobs.find(&id) else {
            let shown = pending.shown().display().to_string();
            pending.fail(crate::rustic::blob::damaged(&id.into(), &shown, "none").to_string());
            return;
        };
        self.bytes += location.length;
        let key = (location.pack.clone(), location.offset);
        let want = self.blobs.entry(key).or_insert_with(|| Want {
            id: id.into(),
            location,
            by: Vec::new(),
        });
        want.by.push((Arc::clone(pending), at));
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes >= GATHERED
    }

    /// Gets all of it.
    pub(super) fn fetch(&mut self, shared: &Shared<'_>) -> Result<(), Error> {
        self.bytes = 0;
        let batches = batches(std::mem::take(&mut self.blobs));
        side_by_side(&batches, |batch| batch.fetch(shared))
    }
}

/// Joins neighbours; the map is in the order of packs and places.
fn batches(wants: BTreeMap<(String, u64), Want>) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for ((pack, start), want) in wants {
        let end = start + want.location.length;
        match batches.last_mut() {
            Some(last) if last.pack == pack && start <= last.end + SKIPPED && end - last.start <= RANGE => {
                last.end = end;
                last.wants.push(want);
            }
            _ => batches.push(Batch {
                pack,
                start,
                end,
                wants: vec![want],
            }),
        }
    }
    batches
}

impl Batch {
    fn fetch(&self, shared: &Shared<'_>) -> Result<(), Error> {
        shared.watch.check()?;
        let blobs = &shared.view.blobs;
        let sealed = match blobs.fetch(&self.pack, self.start..self.end) {
            Ok(sealed) => sealed,
            // The blobs are asked for one by one below, so that what is whole is restored.
            Err(Error::Missing { .. } | Error::Broken { .. } | Error::Corrupted { .. }) => {
                bytes::Bytes::new()
            }
            Err(fault) => return Err(fault),
        };
        for want in &self.wants {
            let from = usize::try_from(want.location.offset - self.start).unwrap_or(usize::MAX);
            let length = usize::try_from(want.location.length).unwrap_or(usize::MAX);
            let here = sealed.get(from..from.saturating_add(length));
            let content = here.and_then(|here| want.location.content(blobs.restic(), &want.id, here));
            want.deliver(shared, content)?;
        }
        Ok(())
    }
}

impl Want {
    /// Writes the content to everyone who waits for it. Content that came out wrong is asked for again.
    fn deliver(&self, shared: &Shared<'_>, content: Option<Vec<u8>>) -> Result<(), Error> {
        let content = if let Some(content) = content {
            content
        } else {
            let shown = self
                .by
                .first()
                .map(|(pending, _)| pending.shown().display().to_string());
            match shared
                .view
                .blobs
                .data(&self.id.into(), &shown.unwrap_or_default())
            {
                Ok(content) => content,
                Err(fault @ Error::Damaged { .. }) => {
                    for (pending, _) in &self.by {
                        pending.fail(fault.to_string());
                    }
                    return Ok(());
                }
                Err(fault) => return Err(fault),
            }
        };
        for (pending, at) in &self.by {
            if let Err(cause) = pending.write(shared, *at, &content) {
                let written = shared.watch.progress().bytes;
                match Error::target(&shared.target.root, written, cause) {
                    Error::Target { source, .. } => pending.fail(source.to_string()),
                    space => return Err(space),
                }
            }
        }
        Ok(())
    }
}

/// Does `work` for each item on several threads; the first fault ends it.
pub(in crate::rustic) fn side_by_side<T: Sync>(
    items: &[T],
    work: impl Fn(&T) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    let next = AtomicUsize::new(0);
    let take = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(fault) = work(item) {
                // Nobody takes another one.
                next.store(items.len(), Ordering::Relaxed);
                return Err(fault);
            }
        }
        Ok(())
    };
    if items.len() < 2 {
        return take();
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS.min(items.len())).map(|_| scope.spawn(take)).collect();
        let done = threads.into_iter().map(|thread| match thread.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        // Every thread is waited for; the first fault is returned.
        done.fold(Ok(()), Result::and)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn want(pack: &str, offset: u64, length: u64) -> ((String, u64), Want) {
        let location = Location {
            pack: pack.to_owned(),
            offset,
            length,
            uncompressed: None,
        };
        (
            (pack.to_owned(), offset),
            Want {
                id: BlobId::default(),
                location,
                by: Vec::new(),
            },
        )
    }

    #[test]
    fn neighbours_are_fetched_together() {
        let wants = BTreeMap::from([
            want("a", 0, 100),
            want("a", 100, 100),
            want("a", 200 + SKIPPED, 10),
            want("a", 211 + 2 * SKIPPED, 10),
            want("b", 0, RANGE),
            want("b", RANGE, 1),
            want("c", 0, 2 * RANGE),
        ]);
        let batches = batches(wants);
        let shown: Vec<_> = batches
            .iter()
            .map(|batch| (batch.pack.as_str(), batch.start, batch.end, batch.wants.len()))
            .collect();
        assert_eq!(
            shown,
            [
                ("a", 0, 210 + SKIPPED, 3),
                ("a", 211 + 2 * SKIPPED, 221 + 2 * SKIPPED, 1),
                ("b", 0, RANGE, 1),
                ("b", RANGE, RANGE + 1, 1),
                ("c", 0, 2 * RANGE, 1),
            ]
        );
    }

    #[test]
    fn all_items_are_done_and_a_fault_ends_it() {
        let done = AtomicUsize::new(0);
        let items: Vec<u32> = (0..100).collect();
        side_by_side(&items, |_| {
            done.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
        .unwrap();
        assert_eq!(done.load(Ordering::Relaxed), 100);
        let failed = side_by_side(&items, |item| {
            if *item == 50 {
                Err(Error::Cancelled)
            } else {
                Ok(())
            }
        });
        assert!(matches!(failed, Err(Error::Cancelled)));
    }
}
