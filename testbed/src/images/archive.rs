//! An image as one file that `ctr images import`, `docker load` and their like take: tar files in a tar file. The same
//! contents give the same bytes.
//! Must not know where contents come from.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

/// Architecture as images spell it.
const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "amd64"
};

/// How containers of an image start. The names are those of the OCI image specification.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Start {
    #[serde(rename = "Env")]
    pub(crate) environment: Vec<String>,
    pub(crate) entrypoint: Vec<String>,
    #[serde(rename = "Cmd")]
    pub(crate) command: Vec<String>,
    /// Empty is root.
    pub(crate) user: String,
    #[serde(rename = "WorkingDir")]
    pub(crate) folder: String,
}

/// A finished layer: an uncompressed tar file.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) path: PathBuf,
    /// SHA-256 of the file, in hexadecimal.
    pub(crate) digest: String,
}

/// Writes a layer. Owners, modes and contents are as given, times are the beginning of time.
pub(crate) struct Builder {
    tar: tar::Builder<Hashing<File>>,
    path: PathBuf,
}

/// The kinds of things in a layer.
pub(crate) enum Entry<'a> {
    Folder,
    File(&'a mut dyn Read, u64),
    /// Points to a path, absolute or relative to its own folder.
    Symlink(&'a Path),
    /// Is the same file as one before it, by its path in the layer.
    Link(&'a Path),
}

/// Who owns an entry and who may do what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    pub(crate) mode: u32,
    pub(crate) user: u64,
    pub(crate) group: u64,
}

impl Access {
    /// Root's, with these permissions.
    pub(crate) fn root(mode: u32) -> Self {
        Self {
            mode,
            user: 0,
            group: 0,
        }
    }
}

impl Builder {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut tar = tar::Builder::new(Hashing {
            inner: File::create(path)?,
            hash: Sha256::new(),
        });
        tar.mode(tar::HeaderMode::Deterministic);
        Ok(Self {
            tar,
            path: path.to_owned(),
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

    pub(crate) fn finish(self) -> io::Result<Layer> {
        let Hashing { mut inner, hash } = self.tar.into_inner()?;
        inner.flush()?;
        Ok(Layer {
            path: self.path,
            digest: HEXLOWER.encode(&hash.finalize()),
        })
    }
}

/// Writes the archive of an image to a file that is there only when it is whole.
pub(crate) fn write(path: &Path, name: &str, start: &Start, layers: &[Layer]) -> io::Result<()> {
    let digests: Vec<String> = layers
        .iter()
        .map(|layer| format!("sha256:{}", layer.digest))
        .collect();
    let configuration = json!({
        "architecture": ARCHITECTURE,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": start,
        "rootfs": { "type": "layers", "diff_ids": digests },
        "history": digests.iter().map(|_| json!({ "created": "1970-01-01T00:00:00Z" })).collect::<Vec<_>>(),
    })
    .to_string();
    let files: Vec<String> = layers
        .iter()
        .map(|layer| format!("{}.tar", layer.digest))
        .collect();
    let manifest = json!([{ "Config": "config.json", "RepoTags": [name], "Layers": files }]).to_string();
    let half = path.with_extension("half");
    let mut tar = tar::Builder::new(File::create(&half)?);
    let mut add = |name: &str, contents: &mut dyn Read, size: u64| {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_size(size);
        tar.append_data(&mut header, name, contents)
    };
    add("manifest.json", &mut manifest.as_bytes(), manifest.len() as u64)?;
    add(
        "config.json",
        &mut configuration.as_bytes(),
        configuration.len() as u64,
    )?;
    for (layer, file) in layers.iter().zip(&files) {
        let mut contents = File::open(&layer.path)?;
        let size = contents.metadata()?.len();
        add(file, &mut contents, size)?;
    }
    tar.into_inner()?.flush()?;
    fs::rename(&half, path)
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
