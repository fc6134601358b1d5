//! Looks for damage: indexes against the listing, all trees, and if asked all content. Our own, since a finding must say which
//! snapshots and files it concerns.
//!
//! Nothing is repaired here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rustic_core::repofile::{IndexBlob, NodeType, SnapshotFile};
use rustic_core::{BlobId, TreeId};
use sha2::{Digest as _, Sha256};

use super::blob::{Blobs, Location};
use super::bridge::Folder;
use super::lock::Kind;
use super::restore::side_by_side;
use super::seal::hex;
use super::session::Session;
use super::{Restic, convert, pack, snapshot};
use crate::error::Error;
use crate::restic::check::{Depth, Finding, Report, Severity};
use crate::watch::Watch;

/// Snapshots and paths that a finding names at most.
const NAMED: usize = 10;

/// See [`crate::restic::Repository::check`].
pub(super) fn check(restic: &Arc<Restic>, depth: Depth, watch: &Watch) -> Result<Report, Error> {
    let (session, open) = Session::begin(restic, Kind::Shared, watch)?;
    let mut check = Check {
        restic,
        watch,
        packs: BTreeMap::new(),
        lost: BTreeMap::new(),
        findings: Vec::new(),
    };
    check.indexes()?;
    check.listing()?;
    check.content(depth)?;
    // An index that cannot be read is a finding above and would stop the library here.
    let readable = check
        .findings
        .iter()
        .all(|finding| !finding.object.starts_with(Folder::Index.word()));
    if readable {
        let blobs = Blobs::new(Arc::clone(restic), session.full(open)?);
        check.snapshots(&blobs)?;
    }
    Ok(Report {
        findings: check.findings,
    })
}

struct Check<'a> {
    restic: &'a Restic,
    watch: &'a Watch,
    /// What the indexes say of each pack.
    packs: BTreeMap<String, Vec<IndexBlob>>,
    /// Blobs that are missing or wrong, each with the finding that says why.
    lost: BTreeMap<BlobId, usize>,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn find(&mut self, severity: Severity, object: String, cause: impl Into<String>) -> usize {
        let (snapshots, paths) = (Vec::new(), Vec::new());
        self.findings.push(Finding {
            severity,
            object,
            cause: cause.into(),
            snapshots,
            paths,
        });
        self.findings.len() - 1
    }

    /// A pack is damaged as a whole: so is every blob that no other pack holds.
    fn lose_pack(&mut self, id: &str, cause: &str) {
        let finding = self.find(Severity::Damage, named(Folder::Data, id), cause);
        for blob in self.packs.get(id).into_iter().flatten() {
            self.lost.entry(blob.id).or_insert(finding);
        }
    }

    fn indexes(&mut self) -> Result<(), Error> {
        for (id, _) in self.restic.bridge.list(Folder::Index)? {
            self.watch.check()?;
            match pack::index(self.restic, &id) {
                Ok(index) => {
                    for pack in index.packs {
                        self.packs.insert(convert::full(&pack.id), pack.blobs);
                    }
                }
                Err(Error::Unreadable { cause, .. }) => {
                    self.find(Severity::Damage, named(Folder::Index, &id), cause);
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    fn listing(&mut self) -> Result<(), Error> {
        let listed: BTreeMap<String, u64> = self.restic.bridge.list(Folder::Data)?.into_iter().collect();
        let mut wrong = Vec::new();
        for (id, blobs) in &self.packs {
            let expected = size(blobs);
            match listed.get(id) {
                Some(found) if *found == expected => {}
                Some(found) => {
                    wrong.push((id.clone(), format!("it has {found} bytes instead of {expected}")));
                }
                // A store may list late; what it answers to a direct question counts.
                None => match self.restic.bridge.size(&Folder::Data.file(id))? {
                    Some(found) if found == expected => {}
                    Some(found) => {
                        wrong.push((id.clone(), format!("it has {found} bytes instead of {expected}")));
                    }
                    None => wrong.push((id.clone(), "it is missing".to_owned())),
                },
            }
        }
        for (id, cause) in wrong {
            self.lose_pack(&id, &cause);
        }
        for id in listed.keys().filter(|id| !self.packs.contains_key(*id)) {
            let (snapshots, paths) = (Vec::new(), Vec::new());
            let (object, cause) = (named(Folder::Data, id), "no index names it".to_owned());
            self.findings.push(Finding {
                severity: Severity::Untidy,
                object,
                cause,
                snapshots,
                paths,
            });
        }
        Ok(())
    }

    /// Reads packs and opens every blob in them.
    fn content(&mut self, depth: Depth) -> Result<(), Error> {
        let percent = match depth {
            Depth::Structure => return Ok(()),
            Depth::Read => 100,
            Depth::Sample(percent) => percent,
        };
        let known: BTreeSet<&str> = self
            .findings
            .iter()
            .map(|finding| finding.object.as_str())
            .collect();
        let chosen: Vec<(&String, &Vec<IndexBlob>)> = self
            .packs
            .iter()
            .filter(|(id, _)| !known.contains(named(Folder::Data, id).as_str()))
            .filter(|_| rand::random_range(0..100) < u32::from(percent))
            .collect();
        let wrong: Mutex<Vec<(String, Wrong)>> = Mutex::default();
        side_by_side(&chosen, |(id, blobs)| {
            self.watch.check()?;
            if let Some(found) = self.read_pack(id, blobs)? {
                wrong
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(((*id).clone(), found));
            }
            Ok(())
        })?;
        for (id, found) in wrong.into_inner().unwrap_or_else(PoisonError::into_inner) {
            match found {
                Wrong::All(cause) => self.lose_pack(&id, cause),
                Wrong::Some(blobs) => {
                    for blob in blobs {
                        let object = format!("blob {blob} in {}", named(Folder::Data, &id));
                        let finding = self.find(Severity::Damage, object, "it is not what its name says");
                        self.lost.entry(blob).or_insert(finding);
                    }
                }
            }
        }
        Ok(())
    }

    fn read_pack(&self, id: &str, blobs: &[IndexBlob]) -> Result<Option<Wrong>, Error> {
        let content = match self.restic.bridge.read(&Folder::Data.file(id)) {
            Err(Error::Missing { .. }) => return Ok(Some(Wrong::All("it is missing"))),
            Err(Error::Broken { .. } | Error::Corrupted { .. }) => {
                return Ok(Some(Wrong::All("it cannot be read whole")));
            }
            read => read?,
        };
        self.watch.add_bytes(content.len() as u64);
        let pack = convert::id(id);
        let bad = blobs.iter().filter(|blob| {
            let place = blob.location;
            let location = Location::new(&pack, place.offset, place.length, place.uncompressed_length);
            let range = place.offset as usize..place.offset as usize + place.length as usize;
            content
                .get(range)
                .and_then(|sealed| location.content(self.restic, &blob.id, sealed))
                .is_none()
        });
        let bad: Vec<BlobId> = bad.map(|blob| blob.id).collect();
        if !bad.is_empty() {
            return Ok(Some(Wrong::Some(bad)));
        }
        // All blobs are whole; the header matters only to who must rebuild an index from it.
        let whole = hex(&Sha256::digest(&content)) == id;
        Ok((!whole).then_some(Wrong::All("its bytes are not what its name says")))
    }

    /// Walks all snapshots: trees that cannot be read, blobs that are nowhere, and which files need what is lost.
    fn snapshots(&mut self, blobs: &Blobs) -> Result<(), Error> {
        let mut seen = BTreeMap::new();
        for (id, _) in self.restic.bridge.list(Folder::Snapshots)? {
            match snapshot::read(&self.restic.bridge, &self.restic.key, &id) {
                Ok(Some(file)) => self.snapshot(blobs, &id, &file, &mut seen)?,
                Ok(None) => {}
                Err(Error::Unreadable { cause, .. }) => {
                    self.find(Severity::Damage, named(Folder::Snapshots, &id), cause);
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    fn snapshot(
        &mut self,
        blobs: &Blobs,
        id: &str,
        file: &SnapshotFile,
        seen: &mut Seen,
    ) -> Result<(), Error> {
        let short = &id[..8];
        for (finding, paths) in self.tree(blobs, &file.tree, "", seen)? {
            let finding = &mut self.findings[finding];
            if finding.snapshots.len() < NAMED {
                finding.snapshots.push(short.to_owned());
            }
            let room = NAMED - finding.paths.len().min(NAMED);
            let new: Vec<String> = paths
                .into_iter()
                .filter(|path| !finding.paths.contains(path))
                .take(room)
                .collect();
            finding.paths.extend(new);
        }
        Ok(())
    }

    /// Findings that concern a tree, with paths relative to the snapshot. A tree that was walked is not walked again unless
    /// something in it is lost, as its paths may differ.
    fn tree(&mut self, blobs: &Blobs, id: &TreeId, path: &str, seen: &mut Seen) -> Result<Hits, Error> {
        self.watch.check()?;
        if seen.get(id) == Some(&true) {
            return Ok(Hits::new());
        }
        let mut hits = Hits::new();
        let tree = match blobs.tree(id, path) {
            Ok(tree) => tree,
            Err(Error::Damaged { .. }) => {
                let finding = self.lost_blob(BlobId::from(*id), "tree");
                hit(&mut hits, finding, path);
                return Ok(hits);
            }
            Err(Error::Unreadable { cause, .. }) => {
                let finding = self.find(Severity::Damage, format!("tree {id}"), cause);
                self.lost.entry(BlobId::from(*id)).or_insert(finding);
                hit(&mut hits, finding, path);
                return Ok(hits);
            }
            Err(fault) => return Err(fault),
        };
        for node in tree.nodes {
            let path = format!("{path}/{}", node.name);
            for content in node.content.iter().flatten() {
                let blob = BlobId::from(*content);
                if self.lost.contains_key(&blob) || blobs.find(content).is_none() {
                    let finding = self.lost_blob(blob, "blob");
                    hit(&mut hits, finding, &path);
                }
            }
            match (&node.node_type, &node.subtree) {
                (NodeType::Dir, Some(subtree)) => {
                    for (finding, paths) in self.tree(blobs, subtree, &path, seen)? {
                        hits.entry(finding).or_default().extend(paths);
                    }
                }
                (NodeType::Dir, None) => {
                    let finding = self.find(
                        Severity::Damage,
                        format!("tree {id}"),
                        "a directory in it has no content",
                    );
                    hit(&mut hits, finding, &path);
                }
                _ => {}
            }
        }
        seen.insert(*id, hits.is_empty());
        Ok(hits)
    }

    /// The finding of a blob that is lost; one that nobody found before is in no index.
    fn lost_blob(&mut self, id: BlobId, word: &str) -> usize {
        if let Some(finding) = self.lost.get(&id) {
            return *finding;
        }
        let finding = self.find(
            Severity::Damage,
            format!("{word} {id}"),
            "it is missing or not what its name says",
        );
        self.lost.insert(id, finding);
        finding
    }
}

/// What is wrong with a pack.
enum Wrong {
    All(&'static str),
    Some(Vec<BlobId>),
}

/// Trees that were walked, and whether nothing in them is lost.
type Seen = BTreeMap<TreeId, bool>;

/// Paths by finding.
type Hits = BTreeMap<usize, Vec<String>>;

fn hit(hits: &mut Hits, finding: usize, path: &str) {
    let path = if path.is_empty() { "/" } else { path };
    let paths = hits.entry(finding).or_default();
    if paths.len() < NAMED {
        paths.push(path.to_owned());
    }
}

fn named(folder: Folder, id: &str) -> String {
    format!("{} {}", folder.word(), &id[..8])
}

/// Bytes that a pack with these blobs has: the blobs, a header of an entry for each, sealed, and its length.
fn size(blobs: &[IndexBlob]) -> u64 {
    let entry = |blob: &IndexBlob| {
        if blob.location.uncompressed_length.is_some() {
            41
        } else {
            37
        }
    };
    blobs
        .iter()
        .map(|blob| u64::from(blob.location.length) + entry(blob))
        .sum::<u64>()
        + 32
        + 4
}
