//! One layer of an image: a tar file whose bytes depend on nothing but its contents.
//! Must not know which image it is for.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use snafu::ResultExt;

use super::recipe::{Content, File};
use super::{Error, ReadSnafu, WriteSnafu, beside, read};

/// How the keys of layers of single files begin.
const FILES: &str = "files-";
/// How many of them are kept.
const KEPT: usize = 32;

/// A finished layer: an uncompressed tar file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) path: PathBuf,
    /// SHA-256 of the file, in hexadecimal.
    pub(crate) digest: String,
}

/// Who owns an entry and who may do what with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    pub(crate) mode: u32,
    pub(crate) user: u64,
    pub(crate) group: u64,
}

impl Access {
    /// Root's, with these permissions.
    pub(crate) const fn root(mode: u32) -> Self {
        Self {
            mode,
            user: 0,
            group: 0,
        }
    }
}

/// What an entry is.
pub(crate) enum Entry<'a> {
    Folder,
    /// Contents and their length.
    File(&'a mut dyn Read, u64),
    /// Points to a path, absolute or relative to its own folder.
    Symlink(&'a Path),
    /// Is the same file as an entry before it, by that one's path.
    Link(&'a Path),
}

/// Writes a layer. All times are the beginning of time.
pub(crate) struct Builder {
    tar: tar::Builder<Hashing<io::BufWriter<fs::File>>>,
    half: PathBuf,
}

impl Builder {
    fn create(half: PathBuf) -> io::Result<Self> {
        let inner = io::BufWriter::new(fs::File::create(&half)?);
        Ok(Self {
            tar: tar::Builder::new(Hashing {
                inner,
                hash: Sha256::new(),
            }),
            half,
        })
    }

    /// Adds an entry at a path without a leading slash.
    pub(crate) fn add(&mut self, path: &Path, access: Access, entry: Entry<'_>) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_mode(access.mode);
        header.set_uid(access.user);
        header.set_gid(access.group);
        header.set_mtime(0);
        header.set_size(0);
        match entry {
            Entry::Folder => {
                header.set_entry_type(tar::EntryType::Directory);
                self.tar.append_data(&mut header, path, io::empty())
            }
            Entry::File(contents, size) => {
                header.set_entry_type(tar::EntryType::Regular);
                header.set_size(size);
                self.tar.append_data(&mut header, path, contents)
            }
            Entry::Symlink(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                self.tar.append_link(&mut header, path, target)
            }
            Entry::Link(target) => {
                header.set_entry_type(tar::EntryType::Link);
                self.tar.append_link(&mut header, path, target)
            }
        }
    }

    fn finish(self, path: &Path) -> io::Result<String> {
        let Hashing { mut inner, hash } = self.tar.into_inner()?;
        inner.flush()?;
        fs::rename(self.half, path)?;
        Ok(HEXLOWER.encode(&hash.finalize()))
    }
}

/// Gives the layer with a key, filling it when it was not made before. The key says everything that decides what is in
/// it. The caller holds the lock of the images.
pub(crate) fn get(
    folder: &Path,
    key: &str,
    fill: impl FnOnce(&mut Builder) -> Result<(), Error>,
) -> Result<Layer, Error> {
    let path = folder.join(format!("{key}.tar"));
    let digest_path = folder.join(format!("{key}.sha256"));
    if path.exists() && digest_path.exists() {
        let digest = String::from_utf8_lossy(&read(&digest_path)?).into_owned();
        return Ok(Layer { path, digest });
    }
    let mut builder = Builder::create(path.with_extension("half")).context(WriteSnafu { path: &path })?;
    fill(&mut builder)?;
    let digest = builder.finish(&path).context(WriteSnafu { path: &path })?;
    fs::write(&digest_path, &digest).context(WriteSnafu { path: digest_path })?;
    Ok(Layer { path, digest })
}

/// Makes a layer of single files.
pub(crate) async fn of_files(folder: &Path, files: Vec<File>) -> Result<Layer, Error> {
    let folder = folder.to_owned();
    beside(move || {
        let mut hash = Sha256::new();
        let mut read_files = Vec::new();
        for file in files {
            let File {
                path,
                access,
                content,
            } = file;
            let contents = match &content {
                Content::Bytes(bytes) => bytes.clone(),
                Content::Copy(source) => read(source)?,
                Content::Folder | Content::Symlink(_) => Vec::new(),
            };
            hash.update(format!("{path} {access:?} {}\n", contents.len()));
            if let Content::Symlink(target) = content {
                hash.update(target);
            }
            hash.update(&contents);
            read_files.push((path, access, content, contents));
        }
        let key = format!("{FILES}{}", HEXLOWER.encode(&hash.finalize()[..16]));
        let layer = get(&folder, &key, |builder| {
            for (path, access, content, contents) in &read_files {
                let entry = match content {
                    Content::Folder => Entry::Folder,
                    Content::Symlink(target) => Entry::Symlink(Path::new(*target)),
                    Content::Bytes(_) | Content::Copy(_) => {
                        Entry::File(&mut contents.as_slice(), contents.len() as u64)
                    }
                };
                builder
                    .add(Path::new(*path), *access, entry)
                    .context(WriteSnafu { path: *path })?;
            }
            Ok(())
        })?;
        forget(&folder)?;
        Ok(layer)
    })
    .await
}

/// Removes all but the newest layers of files: every change of a program of ours makes another.
fn forget(folder: &Path) -> Result<(), Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).context(ReadSnafu { path: folder })? {
        let entry = entry.context(ReadSnafu { path: folder })?;
        if entry.file_name().to_string_lossy().starts_with(FILES) {
            let path = entry.path();
            let made = entry.metadata().and_then(|information| information.modified());
            found.push((made.context(ReadSnafu { path: &path })?, path));
        }
    }
    found.sort();
    // A layer is two files.
    found.truncate(found.len().saturating_sub(2 * KEPT));
    for (_, path) in found {
        fs::remove_file(&path).context(WriteSnafu { path })?;
    }
    Ok(())
}

/// Passes on what is written and hashes it.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::archive::{Archive, Start};

    /// A layer made from scratch.
    async fn layer(folder: &Path) -> Layer {
        let access = Access {
            mode: 0o640,
            user: 7,
            group: 8,
        };
        let file = |path, content| File {
            path,
            access,
            content,
        };
        let files = vec![
            file("a", Content::Folder),
            file("a/file", Content::Bytes(b"contents".to_vec())),
            file("a/link", Content::Symlink("file")),
        ];
        of_files(folder, files).await.unwrap()
    }

    #[tokio::test]
    async fn the_same_files_give_the_same_bytes() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (first, second) = (layer(one.path()).await, layer(other.path()).await);
        assert_eq!(fs::read(&first.path).unwrap(), fs::read(&second.path).unwrap());
        assert_eq!(
            first.digest,
            HEXLOWER.encode(&Sha256::digest(fs::read(&first.path).unwrap()))
        );
        let mut tar = tar::Archive::new(fs::File::open(&first.path).unwrap());
        let entries: Vec<String> = tar
            .entries()
            .unwrap()
            .map(|entry| describe(&entry.unwrap()))
            .collect();
        insta::assert_snapshot!(entries.join("\n"));
    }

    fn describe(entry: &tar::Entry<'_, fs::File>) -> String {
        let header = entry.header();
        let path = entry.path().unwrap().display().to_string();
        let target = entry
            .link_name()
            .unwrap()
            .unwrap_or_default()
            .display()
            .to_string();
        let (mode, user, group) = (
            header.mode().unwrap(),
            header.uid().unwrap(),
            header.gid().unwrap(),
        );
        let (kind, size, time) = (header.entry_type(), entry.size(), header.mtime().unwrap());
        format!("{kind:?} {path} -> {target:?} mode {mode:o} owner {user}:{group} size {size} time {time}")
    }

    #[tokio::test]
    async fn an_archive_says_what_it_holds() {
        let temporary = tempfile::tempdir().unwrap();
        let start = Start {
            environment: vec!["PATH=/bin"],
            entrypoint: vec!["/file"],
            ..Start::default()
        };
        let layers = vec![layer(temporary.path()).await];
        let archive = Archive {
            name: "localhost/example:1".into(),
            start,
            layers,
        };
        let mut stream = Vec::new();
        archive.write(&mut stream).unwrap();
        let mut tar = tar::Archive::new(stream.as_slice());
        let mut texts = Vec::new();
        for entry in tar.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().display().to_string();
            let mut contents = Vec::new();
            entry.read_to_end(&mut contents).unwrap();
            let json: Option<serde_json::Value> = serde_json::from_slice(&contents).ok();
            texts.push(json.map_or_else(|| format!("{name}: a layer"), |json| format!("{name}: {json:#}")));
        }
        insta::assert_snapshot!(texts.join("\n"));
    }
}
