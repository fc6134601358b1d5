//! One regular file that is being restored: under a temporary name until it is complete.
//!
//! In delta mode blobs that are in place already are copied from the file that is there. It must not know packs.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustic_core::DataId;
use rustic_core::repofile::{Metadata, Node};
use sha2::{Digest as _, Sha256};

use super::{Shared, attributes, beneath};
use crate::restic::restore::Mode;
use crate::rustic::seal::hex;

/// Blocks of zeros of this size, at multiples of it, are left out and become holes.
const HOLE: usize = 4 << 10;

/// A regular file on its way.
pub(super) struct Pending {
    file: File,
    folder: Arc<OwnedFd>,
    name: OsString,
    /// Where it is until it is complete; none when the file that is there is the right one already.
    temporary: Option<OsString>,
    metadata: Metadata,
    pub(super) relative: PathBuf,
    /// Content, each piece with its place.
    pieces: Vec<Piece>,
    failed: Mutex<Option<String>>,
    named: AtomicBool,
}

/// One blob of the content.
struct Piece {
    id: DataId,
    at: u64,
    length: usize,
    present: bool,
}

impl Pending {
    /// Makes the file, or finds that it is there.
    pub(super) fn begin(
        shared: &Shared<'_>,
        node: &Node,
        folder: &Arc<OwnedFd>,
        relative: PathBuf,
    ) -> io::Result<Self> {
        let name = node.name().into_owned();
        let mut pieces = pieces(shared, node);
        let there = match shared.target.mode {
            Mode::Full => None,
            Mode::Delta => beneath::existing(folder, &name),
        };
        if let Some(there) = &there {
            for piece in &mut pieces {
                piece.present = piece.is_in(there);
            }
            let size = there.metadata()?.len();
            if size == node.meta.size && pieces.iter().all(|piece| piece.present) {
                let file = there.try_clone()?;
                return Ok(Self::new(file, folder, None, node, relative, pieces));
            }
        }
        let temporary = beneath::temporary();
        let file = beneath::new_file(folder, &temporary)?;
        let pending = Self::new(file, folder, Some(temporary), node, relative, pieces);
        pending.file.set_len(node.meta.size)?;
        if let Some(there) = there {
            for piece in pending.pieces.iter().filter(|piece| piece.present) {
                if let Some(content) = piece.read(&there) {
                    pending.write(shared, piece.at, &content)?;
                }
            }
        }
        Ok(pending)
    }

    fn new(
        file: File,
        folder: &Arc<OwnedFd>,
        temporary: Option<OsString>,
        node: &Node,
        relative: PathBuf,
        pieces: Vec<Piece>,
    ) -> Self {
        Self {
            file,
            folder: Arc::clone(folder),
            name: node.name().into_owned(),
            temporary,
            metadata: node.meta.clone(),
            relative,
            pieces,
            failed: Mutex::default(),
            named: AtomicBool::new(false),
        }
    }

    /// The blobs that must be fetched, each with its place.
    pub(super) fn missing(&self) -> Vec<(DataId, u64)> {
        self.pieces
            .iter()
            .filter(|piece| !piece.present)
            .map(|piece| (piece.id, piece.at))
            .collect()
    }

    /// Writes a piece of content; blocks of zeros stay holes.
    pub(super) fn write(&self, shared: &Shared<'_>, at: u64, content: &[u8]) -> io::Result<()> {
        for (start, end) in solid(at, content) {
            self.file.write_all_at(&content[start..end], at + start as u64)?;
        }
        shared.watch.add_bytes(content.len() as u64);
        Ok(())
    }

    /// Some of its content could not be had; it will not get its name.
    pub(super) fn fail(&self, cause: String) {
        self.failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(cause);
    }

    /// Gives the complete file its attributes and its name.
    pub(super) fn finish(&self, shared: &Shared<'_>) {
        if let Err(cause) = self.try_finish(shared) {
            shared.failure(&self.relative, cause);
        }
    }

    fn try_finish(&self, shared: &Shared<'_>) -> Result<(), String> {
        if let Some(cause) = self.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(cause);
        }
        let unlike = || self.pieces.iter().find(|piece| !piece.is_in(&self.file));
        if shared.target.verify
            && let Some(piece) = unlike()
        {
            return Err(format!("what was written at {} does not read back", piece.at));
        }
        for cause in attributes::of_file(&self.file, &self.metadata) {
            shared.failure(&self.relative, cause);
        }
        if let Some(temporary) = &self.temporary {
            beneath::rename(&self.folder, temporary, &self.name).map_err(|cause| cause.to_string())?;
        }
        self.named.store(true, Ordering::Release);
        shared.watch.add_file();
        shared.report(|report| {
            report.files += 1;
            report.bytes += self.metadata.size;
        });
        Ok(())
    }

    /// Its path for messages.
    pub(super) fn shown(&self) -> &Path {
        &self.relative
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary
            && !self.named.load(Ordering::Acquire)
        {
            beneath::remove(&self.folder, temporary);
        }
    }
}

impl Piece {
    fn read(&self, file: &File) -> Option<Vec<u8>> {
        let mut content = vec![0; self.length];
        file.read_exact_at(&mut content, self.at).ok()?;
        Some(content)
    }

    /// Whether a file holds this content at its place.
    fn is_in(&self, file: &File) -> bool {
        let content = self.read(file);
        content.is_some_and(|content| hex(&Sha256::digest(content)) == self.id.to_hex().as_str())
    }
}

fn pieces(shared: &Shared<'_>, node: &Node) -> Vec<Piece> {
    let mut at = 0;
    let piece = |id: &DataId| {
        let length = shared
            .view
            .blobs
            .find(id)
            .map_or(0, |location| location.content_length());
        let piece = Piece {
            id: *id,
            at,
            length: usize::try_from(length).unwrap_or(usize::MAX),
            present: false,
        };
        at += length;
        piece
    };
    node.content.iter().flatten().map(piece).collect()
}

/// The parts of `content` that are not blocks of zeros; `at` is its place in the file.
fn solid(at: u64, content: &[u8]) -> Vec<(usize, usize)> {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    let hole = HOLE as u64;
    let mut start = 0;
    while start < content.len() {
        // Up to the next multiple in the file, where a block begins.
        let rest = usize::try_from(hole - (at + start as u64) % hole).unwrap_or(HOLE);
        let end = (start + rest).min(content.len());
        let empty = end - start == HOLE && content[start..end].iter().all(|byte| *byte == 0);
        match parts.last_mut() {
            _ if empty => {}
            Some(last) if last.1 == start => last.1 = end,
            _ => parts.push((start, end)),
        }
        start = end;
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn zeros_at_block_boundaries_become_holes() {
        let mut content = vec![1; 3 * HOLE];
        content[HOLE..2 * HOLE].fill(0);
        assert_eq!(solid(0, &content), [(0, HOLE), (2 * HOLE, 3 * HOLE)]);
        // Shifted by a byte no block is empty as a whole.
        assert_eq!(solid(1, &content), [(0, 3 * HOLE)]);
        assert_eq!(solid(0, &[]), []);
    }

    proptest! {
        #[test]
        fn nothing_but_zeros_is_left_out(at in 0_u64..10_000, ones in prop::collection::vec(0_usize..20_000, 0..6)) {
            let mut content = vec![0; 20_000];
            for one in ones {
                content[one] = 1;
            }
            let mut rebuilt = vec![0; content.len()];
            for (start, end) in solid(at, &content) {
                rebuilt[start..end].copy_from_slice(&content[start..end]);
            }
            prop_assert_eq!(rebuilt, content);
        }
    }
}
