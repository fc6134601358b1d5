//! Reads blobs: finds them in the index, fetches, opens, decompresses, and holds the bytes against their name.
//!
//! Nothing that was not verified leaves this module. It must not know what a blob is part of.

use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use rustic_core::repofile::Tree;
use rustic_core::{BlobId, DataId, Id, PackedId, TreeId};
use sha2::{Digest as _, Sha256};

use super::Restic;
use super::bridge::Folder;
use super::convert::full;
use super::seal::hex;
use super::session::{Full, Open};
use crate::error::{self, Error};

/// How often a blob that comes out wrong is fetched before it counts as damaged.
const READS: u32 = 2;

/// Where a blob lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    /// The pack's name.
    pub(super) pack: String,
    /// Place in it.
    pub(super) offset: u64,
    /// Bytes there.
    pub(super) length: u64,
    /// Bytes after decompression, when it is compressed.
    pub(super) uncompressed: Option<usize>,
}

impl Location {
    /// The location as an index has it.
    pub(super) fn new(pack: &Id, offset: u32, length: u32, uncompressed: Option<NonZeroU32>) -> Self {
        Self {
            pack: full(pack),
            offset: offset.into(),
            length: length.into(),
            uncompressed: uncompressed.map(|length| length.get() as usize),
        }
    }

    /// Its bytes in the pack.
    pub(super) fn range(&self) -> Range<u64> {
        self.offset..self.offset + self.length
    }

    /// Bytes of content.
    pub(super) fn content_length(&self) -> u64 {
        self.uncompressed
            .map_or(self.length.saturating_sub(32), |length| length as u64)
    }

    /// The content in `sealed`, which is the pack's bytes at this location; `None` when it is not what `id` names.
    pub(super) fn content(&self, restic: &Restic, id: &BlobId, sealed: &[u8]) -> Option<Vec<u8>> {
        let plain = restic.key.open(sealed)?;
        let content = match self.uncompressed {
            None => plain,
            Some(length) => zstd::bulk::decompress(&plain, length)
                .ok()
                .filter(|content| content.len() == length)?,
        };
        (hex(&Sha256::digest(&content)) == id.to_hex().as_str()).then_some(content)
    }
}

/// Blobs of a repository whose index is loaded.
pub(super) struct Blobs {
    restic: Arc<Restic>,
    index: Full,
}

impl Blobs {
    pub(super) fn new(restic: Arc<Restic>, index: Full) -> Self {
        Self { restic, index }
    }

    /// Drops the index.
    pub(super) fn into_open(self) -> Open {
        self.index.drop_index()
    }

    /// Where the index says a blob is.
    pub(super) fn find<T: PackedId>(&self, id: &T) -> Option<Location> {
        let entry = self.index.get_index_entry(id).ok()?;
        let place = entry.location;
        Some(Location::new(
            &entry.pack,
            place.offset,
            place.length,
            place.uncompressed_length,
        ))
    }

    pub(super) fn restic(&self) -> &Arc<Restic> {
        &self.restic
    }

    /// The content of a blob of `path`.
    pub(super) fn data(&self, id: &DataId, path: &str) -> Result<Vec<u8>, Error> {
        self.read(id, path)
    }

    /// The tree of the directory `path`.
    pub(super) fn tree(&self, id: &TreeId, path: &str) -> Result<Tree, Error> {
        let content = self.read(id, path)?;
        serde_json::from_slice(&content).map_err(|cause| Error::Unreadable {
            kind: "tree",
            id: id.to_string(),
            cause: cause.to_string(),
        })
    }

    fn read<T: PackedId>(&self, id: &T, path: &str) -> Result<Vec<u8>, Error> {
        let id: BlobId = (*id).into();
        let Some(location) = self.find::<T>(&id.into()) else {
            return Err(damaged(&id, path, "none"));
        };
        for _ in 0..READS {
            match self.fetch(&location.pack, location.range()) {
                Ok(sealed) => {
                    if let Some(content) = location.content(&self.restic, &id, &sealed) {
                        return Ok(content);
                    }
                }
                Err(Error::Missing { .. } | Error::Broken { .. } | Error::Corrupted { .. }) => {}
                Err(fault) => return Err(fault),
            }
        }
        Err(damaged(&id, path, &location.pack[..8]))
    }

    /// Bytes of a pack as they are stored.
    pub(super) fn fetch(&self, pack: &str, range: Range<u64>) -> Result<Bytes, Error> {
        self.restic.bridge.get(&Folder::Data.file(pack), range)
    }
}

/// The fault of a blob that is missing or wrong.
pub(super) fn damaged(id: &BlobId, path: &str, pack: &str) -> Error {
    let path = if path.is_empty() { "/" } else { path };
    error::DamagedSnafu {
        blob: id.to_string(),
        path,
        pack,
    }
    .build()
}
