//! A recorded case as its files give it.
//! Must not know what any object means.

use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_json::Value as Json;
use snafu::{OptionExt as _, ResultExt as _, Snafu};

/// One case: objects before the run, blueprint, `ActionSet`s, and what happened.
#[derive(Clone, Debug)]
pub struct Case {
    /// The folder's name, which is also the namespace of the workload.
    pub name: String,
    /// Objects that exist before the run.
    pub setup: Vec<Json>,
    /// The blueprint, unless the case wants none.
    pub blueprint: Option<Json>,
    /// The `ActionSet`s, run one after the other.
    pub action_sets: Vec<Json>,
    /// What the real Kanister did.
    pub expected: Json,
    /// Where ours differs on purpose.
    pub accepted: Vec<Accepted>,
}

/// A difference that is meant: a row of `COMPATIBILITY.md`.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
pub struct Accepted {
    /// Where, as the comparison names it.
    pub place: String,
    /// Why.
    pub reason: String,
}

/// Why a case could not be read.
#[derive(Debug, Snafu)]
pub enum Error {
    /// A file could not be read.
    #[snafu(display("failed to read {}", path.display()))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not YAML.
    #[snafu(display("failed to parse {}", path.display()))]
    Yaml {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_yaml::Error,
    },
    /// `expected.json` is not JSON.
    #[snafu(display("failed to parse {}", path.display()))]
    Expected {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The folder has no name.
    #[snafu(display("{} is not a folder of a case", path.display()))]
    Folder {
        /// The folder.
        path: PathBuf,
    },
}

impl Case {
    /// Reads the case in `folder`.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let name = folder
            .file_name()
            .and_then(|name| name.to_str())
            .context(FolderSnafu { path: folder })?;
        let expected = folder.join("expected.json");
        let text = std::fs::read_to_string(&expected).context(ReadSnafu { path: &expected })?;
        Ok(Self {
            name: name.to_owned(),
            setup: documents(&folder.join("setup.yaml"))?,
            blueprint: documents(&folder.join("blueprint.yaml"))?.into_iter().next(),
            action_sets: documents(&folder.join("actionset.yaml"))?,
            expected: serde_json::from_str(&text).context(ExpectedSnafu { path: expected })?,
            accepted: accepted(&folder.join("ours.yaml"))?,
        })
    }

    /// Reads every case below `folder`, or `folder` itself when it is one, in the order of their names.
    pub fn read_all(folder: &Path) -> Result<Vec<Self>, Error> {
        if folder.join("expected.json").is_file() {
            return Ok(vec![Self::read(folder)?]);
        }
        let entries = std::fs::read_dir(folder).context(ReadSnafu { path: folder })?;
        let mut folders = Vec::new();
        for entry in entries {
            let path = entry.context(ReadSnafu { path: folder })?.path();
            if path.join("expected.json").is_file() {
                folders.push(path);
            }
        }
        folders.sort();
        folders.iter().map(|folder| Self::read(folder)).collect()
    }
}

/// The differences that a case accepts; none when there is no such file.
fn accepted(path: &Path) -> Result<Vec<Accepted>, Error> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path).context(ReadSnafu { path })?;
    serde_yaml::from_str(&text).context(YamlSnafu { path })
}

/// The documents of a YAML file; none when there is no such file.
fn documents(path: &Path) -> Result<Vec<Json>, Error> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path).context(ReadSnafu { path })?;
    let mut documents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(&text) {
        let value = Json::deserialize(document).context(YamlSnafu { path })?;
        if !value.is_null() {
            documents.push(value);
        }
    }
    Ok(documents)
}
