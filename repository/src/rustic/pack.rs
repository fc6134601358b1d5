//! Writes one tree as a pack of its own, with its index: for trees that the format library cannot make.
//!
//! It must not know why a tree is written.

use std::num::NonZeroU32;

use rustic_core::repofile::{BlobType, IndexBlob, IndexFile, IndexPack, PackId, Tree};
use rustic_core::{BlobId, Id, TreeId};

use super::Restic;
use super::blob::Location;
use super::bridge::Folder;
use super::seal::{id_of, json_of};
use crate::error::Error;

/// Type bytes of a header's entry.
const TREE: u8 = 1;
const COMPRESSED_TREE: u8 = 3;

const LEVEL: i32 = 3;

/// Stores `tree`: first the pack, then the index that names it.
pub(super) fn store_tree(restic: &Restic, tree: &Tree) -> Result<TreeId, Error> {
    let failed = |cause: &dyn std::fmt::Display| Error::Format {
        action: "store a tree",
        cause: cause.to_string(),
    };
    let (json, id) = tree.serialize().map_err(|cause| failed(&cause))?;
    let plain_length = u32::try_from(json.len()).map_err(|cause| failed(&cause))?;
    let (sealed, uncompressed) = if restic.version() < 2 {
        (restic.key.seal(&json), None)
    } else {
        let compressed = zstd::bulk::compress(&json, LEVEL).map_err(|cause| failed(&cause))?;
        (restic.key.seal(&compressed), NonZeroU32::new(plain_length))
    };
    let length = u32::try_from(sealed.len()).map_err(|cause| failed(&cause))?;
    let content = pack(restic, &id, sealed, length, uncompressed);
    let name = id_of(&content);
    restic.bridge.put(&Folder::Data.file(&name), content)?;

    // Blob locations have no constructor outside the library; their JSON has.
    let blob = serde_json::json!({
        "id": BlobId::from(id), "type": BlobType::Tree, "offset": 0, "length": length, "uncompressed_length": uncompressed,
    });
    let blob: IndexBlob = serde_json::from_value(blob).map_err(|cause| failed(&cause))?;
    let pack = name.parse::<Id>().map_err(|cause| failed(&cause))?;
    let pack = IndexPack {
        id: PackId::from(pack),
        blobs: vec![blob],
        time: None,
        size: None,
    };
    let index = IndexFile {
        packs: vec![pack],
        ..IndexFile::default()
    };
    let json = json_of(&index);
    let sealed = restic
        .key
        .seal_file(&json, restic.version())
        .map_err(|cause| failed(&cause))?;
    restic.bridge.put(&Folder::Index.file(&id_of(&sealed)), sealed)?;
    Ok(id)
}

/// A tree that was written under one of the `indexes`, which a repository whose index was loaded before does not know.
pub(super) fn written_tree(restic: &Restic, indexes: &[String], id: &TreeId) -> Result<Tree, Error> {
    let unreadable = |cause: String| Error::Unreadable {
        kind: "tree",
        id: id.to_string(),
        cause,
    };
    for name in indexes {
        let index = index(restic, name)?;
        for pack in &index.packs {
            let Some(blob) = pack.blobs.iter().find(|blob| blob.id == BlobId::from(*id)) else {
                continue;
            };
            let place = blob.location;
            let location = Location::new(&pack.id, place.offset, place.length, place.uncompressed_length);
            let sealed = restic
                .bridge
                .get(&Folder::Data.file(&location.pack), location.range())?;
            let content = location.content(restic, &blob.id, &sealed);
            let content = content.ok_or_else(|| unreadable("it is not what was written".to_owned()))?;
            return serde_json::from_slice(&content).map_err(|cause| unreadable(cause.to_string()));
        }
    }
    Err(unreadable("no index names it".to_owned()))
}

/// Reads an index file.
pub(super) fn index(restic: &Restic, name: &str) -> Result<IndexFile, Error> {
    let damaged = |cause: String| Error::Unreadable {
        kind: Folder::Index.word(),
        id: name[..8].to_owned(),
        cause,
    };
    let sealed = restic.bridge.read_named(Folder::Index, name)?;
    let json = restic
        .key
        .open_file(&sealed)
        .map_err(|cause| damaged(cause.to_owned()))?;
    serde_json::from_slice(&json).map_err(|cause| damaged(cause.to_string()))
}

/// `blob ‖ sealed header ‖ length of the header`.
fn pack(
    restic: &Restic,
    id: &TreeId,
    blob: Vec<u8>,
    length: u32,
    uncompressed: Option<NonZeroU32>,
) -> Vec<u8> {
    let mut header = vec![if uncompressed.is_some() {
        COMPRESSED_TREE
    } else {
        TREE
    }];
    header.extend_from_slice(&length.to_le_bytes());
    header.extend(
        uncompressed
            .into_iter()
            .flat_map(|length| length.get().to_le_bytes()),
    );
    let hex = id.to_hex();
    header.extend(
        (0..32).filter_map(|byte| u8::from_str_radix(&hex.as_str()[2 * byte..2 * byte + 2], 16).ok()),
    );
    let header = restic.key.seal(&header);
    let mut content = blob;
    content.extend_from_slice(&header);
    let length = u32::try_from(header.len()).expect("a header of one entry is short");
    content.extend_from_slice(&length.to_le_bytes());
    content
}
