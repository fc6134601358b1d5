//! An image as the stream that `ctr images import`, `docker load` and their like take.
//! Must not know what is in the layers.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use data_encoding::HEXLOWER;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::layer::Layer;

/// The architecture as images spell it.
const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "amd64"
};

/// How containers of an image start. The names are those of the OCI image specification.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Start {
    #[serde(rename = "Env")]
    pub(crate) environment: Vec<&'static str>,
    pub(crate) entrypoint: Vec<&'static str>,
    #[serde(rename = "Cmd")]
    pub(crate) command: Vec<&'static str>,
    /// Empty is root.
    pub(crate) user: &'static str,
}

/// An image whose layers are on this machine. It becomes one stream only when it is wanted as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    pub(crate) name: String,
    pub(crate) start: Start,
    pub(crate) layers: Vec<Layer>,
}

impl Archive {
    /// Its name, with the tag.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A text that is the same for the same image only.
    pub fn digest(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(format!("{} {}", self.name, self.configuration())))
    }

    /// Writes the stream.
    pub fn write(&self, to: impl Write) -> io::Result<()> {
        let configuration = self.configuration();
        let names: Vec<String> = self
            .layers
            .iter()
            .map(|layer| format!("{}.tar", layer.digest))
            .collect();
        let manifest =
            json!([{ "Config": "config.json", "RepoTags": [self.name], "Layers": names }]).to_string();
        let mut tar = tar::Builder::new(to);
        add(
            &mut tar,
            "manifest.json",
            manifest.as_bytes(),
            manifest.len() as u64,
        )?;
        add(
            &mut tar,
            "config.json",
            configuration.as_bytes(),
            configuration.len() as u64,
        )?;
        for (layer, name) in self.layers.iter().zip(&names) {
            let contents = fs::File::open(&layer.path)?;
            let size = contents.metadata()?.len();
            add(&mut tar, name, contents, size)?;
        }
        tar.into_inner()?.flush()
    }

    /// Writes the stream to a file that is there only when it is whole.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let half = path.with_extension("half");
        self.write(io::BufWriter::new(fs::File::create(&half)?))?;
        fs::rename(half, path)
    }

    fn configuration(&self) -> String {
        let digests: Vec<String> = self
            .layers
            .iter()
            .map(|layer| format!("sha256:{}", layer.digest))
            .collect();
        let made = json!({ "created": "1970-01-01T00:00:00Z" });
        json!({
            "architecture": ARCHITECTURE,
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": self.start,
            "rootfs": { "type": "layers", "diff_ids": digests },
            "history": vec![made; digests.len()],
        })
        .to_string()
    }
}

fn add(tar: &mut tar::Builder<impl Write>, name: &str, contents: impl Read, size: u64) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_size(size);
    tar.append_data(&mut header, name, contents)
}
