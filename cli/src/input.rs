//! The texts that a command line names: files, folders, standard input.
//! Must not know what is done with them.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use snafu::{ResultExt as _, Snafu};

use crate::error::{self, Kind};

/// One text.
#[derive(Debug)]
pub(crate) struct Input {
    /// What it is called in messages.
    pub(crate) name: String,
    /// What it says.
    pub(crate) text: String,
    /// Whether it was named itself, and not only the folder that it is in.
    pub(crate) named: bool,
}

/// Why an input cannot be had.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    /// A path that is not there or cannot be looked at.
    #[snafu(display("failed to find {}: {source}", path.display()))]
    Find {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder that cannot be listed.
    #[snafu(display("failed to list {}: {source}", path.display()))]
    List {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that cannot be read.
    #[snafu(display("failed to read {}: {source}", path.display()))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that holds no text.
    #[snafu(display("{} is not text in UTF-8", path.display()))]
    NotText {
        /// The file.
        path: PathBuf,
        /// Where it stops being text.
        source: std::string::FromUtf8Error,
    },
}

impl From<Error> for error::Error {
    fn from(error: Error) -> Self {
        let hint = match &error {
            Error::Find { .. } => Some("name a file, a folder, or `-` for standard input"),
            Error::NotText { .. } => Some("save the file as UTF-8"),
            Error::List { .. } | Error::Read { .. } => None,
        };
        let failed = Self::new(Kind::Input, error.to_string());
        match hint {
            Some(hint) => failed.hint(hint),
            None => failed,
        }
    }
}

/// Reads everything that `paths` name, in that order; within folders in the order of the names.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<Input>, Error> {
    let mut inputs = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .context(ReadSnafu { path })?;
            inputs.push(input("<stdin>".to_owned(), bytes, true).context(NotTextSnafu { path })?);
        } else if std::fs::metadata(path).context(FindSnafu { path })?.is_dir() {
            folder(path, &mut inputs)?;
        } else {
            inputs.push(file(path, true)?);
        }
    }
    Ok(inputs)
}

fn file(path: &Path, named: bool) -> Result<Input, Error> {
    let bytes = std::fs::read(path).context(ReadSnafu { path })?;
    input(path.display().to_string(), bytes, named).context(NotTextSnafu { path })
}

fn input(name: String, bytes: Vec<u8>, named: bool) -> Result<Input, std::string::FromUtf8Error> {
    Ok(Input {
        name,
        text: String::from_utf8(bytes)?,
        named,
    })
}

/// Links are not followed below a folder that was named: they may lead in a circle.
fn folder(path: &Path, inputs: &mut Vec<Input>) -> Result<(), Error> {
    let mut entries = std::fs::read_dir(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .context(ListSnafu { path })?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let below = entry.path();
        let kind = entry.file_type().context(FindSnafu { path: &below })?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if kind.is_dir() && !hidden {
            folder(&below, inputs)?;
        } else if kind.is_file() && is_yaml(&below) {
            inputs.push(file(&below, false)?);
        }
    }
    Ok(())
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml" || extension == "json")
}
