//! Debian packages → a layer, with all they depend on, without running any of their scripts and without rights.
//! Must not know which packages are wanted for what.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use snafu::ResultExt;
use tokio::process::Command;

use super::layer::{self, Access, Builder, Entry, Layer};
use super::recipe::Selection;
use super::{DownloadSnafu, Error, UnpackSnafu, WriteSnafu, beside, read};
use crate::folder::Folder;
use crate::process;

/// What other packages depend on for their installation, which does not happen here: named whole, or by the end.
const NOT_NEEDED: [&str; 6] = [
    "debconf",
    "dpkg",
    "init-system-helpers",
    "perl",
    "usrmerge",
    "-perl",
];
const NOT_NEEDED_BEGINNINGS: [&str; 3] = ["perl-", "libperl", "gcc-"];

/// Folders of the old layout that are links into `usr` today.
const MERGED: [&str; 4] = ["bin", "lib", "lib64", "sbin"];

/// Documentation and translations.
const LEFT_OUT: [&str; 7] = [
    "usr/share/bug",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/perl5",
];

/// Certificate authorities: what the package's script would put together, and where everybody looks for it.
const AUTHORITIES: &str = "usr/share/ca-certificates/mozilla";
const AUTHORITIES_BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";

/// Makes the layer. It is made once for each selection and release of Debian, and kept until its file is removed.
pub(crate) async fn layer(folder: &Folder, layers: &Path, selection: Selection) -> Result<Layer, Error> {
    let release = read(Path::new("/etc/os-release"))?;
    let recipe = format!("{selection:?} {NOT_NEEDED:?} {NOT_NEEDED_BEGINNINGS:?} {LEFT_OUT:?}");
    let mut hash = Sha256::new();
    hash.update(recipe);
    hash.update(release);
    let key = format!("packages-{}", HEXLOWER.encode(&hash.finalize()[..16]));
    let files = if layers.join(format!("{key}.sha256")).exists() {
        Vec::new()
    } else {
        download(&folder.images().join("packages"), selection).await?
    };
    let layers = layers.to_owned();
    beside(move || layer::get(&layers, &key, |builder| unpack(&files, selection, builder))).await
}

/// Downloads the packages of a machine that has none.
async fn download(folder: &Path, selection: Selection) -> Result<Vec<PathBuf>, Error> {
    let packages = selection.packages.join(" ");
    tracing::info!(%packages, "downloading Debian packages");
    if folder.exists() {
        fs::remove_dir_all(folder).context(WriteSnafu { path: folder })?;
    }
    let archives = folder.join("archives");
    fs::create_dir_all(archives.join("partial")).context(WriteSnafu { path: &archives })?;
    let status = folder.join("status");
    fs::write(&status, "").context(WriteSnafu { path: &status })?;
    let options = [
        "Debug::NoLocking=1".to_owned(),
        "APT::Sandbox::User=root".to_owned(),
        format!("Dir::State::status={}", status.display()),
        format!("Dir::Cache={}", folder.display()),
        format!("Dir::Cache::archives={}", archives.display()),
    ];
    let fetch = || {
        let mut command = Command::new("apt-get");
        command.args(["--quiet", "--yes", "--no-install-recommends", "--download-only"]);
        command.args(options.iter().flat_map(|option| ["-o", option]));
        command
            .arg("install")
            .args(selection.packages)
            .env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    // The machine's lists may be absent or older than what the archive holds.
    if process::run(&mut fetch()).await.is_err() {
        let mut update = Command::new("apt-get");
        process::run(update.args(["--quiet", "update"]))
            .await
            .context(DownloadSnafu { packages: &packages })?;
        process::run(&mut fetch())
            .await
            .context(DownloadSnafu { packages: &packages })?;
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(&archives).context(WriteSnafu { path: &archives })? {
        let path = entry.context(WriteSnafu { path: &archives })?.path();
        if path.extension().is_some_and(|extension| extension == "deb") && is_needed(&path) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The file's name begins with the package's, up to the first underscore.
fn is_needed(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let package = name.split('_').next().unwrap_or_default();
    let whole = NOT_NEEDED
        .iter()
        .any(|each| package == *each || each.starts_with('-') && package.ends_with(each));
    !whole
        && !NOT_NEEDED_BEGINNINGS
            .iter()
            .any(|beginning| package.starts_with(beginning))
}

fn unpack(files: &[PathBuf], selection: Selection, builder: &mut Builder) -> Result<(), Error> {
    let mut unpacking = Unpacking {
        selection,
        builder,
        folders: BTreeSet::new(),
        authorities: Vec::new(),
    };
    for file in files {
        unpacking.package(file).context(UnpackSnafu { package: file })?;
    }
    let Unpacking { authorities, .. } = unpacking;
    if !authorities.is_empty() {
        let entry = Entry::File(&mut authorities.as_slice(), authorities.len() as u64);
        let path = Path::new(AUTHORITIES_BUNDLE);
        builder
            .add(path, Access::root(0o644), entry)
            .context(WriteSnafu { path })?;
    }
    Ok(())
}

struct Unpacking<'a> {
    selection: Selection,
    builder: &'a mut Builder,
    /// Those that are in the layer already: packages share many.
    folders: BTreeSet<PathBuf>,
    authorities: Vec<u8>,
}

impl Unpacking<'_> {
    fn package(&mut self, file: &Path) -> io::Result<()> {
        let mut unpacker = std::process::Command::new("dpkg-deb")
            .arg("--fsys-tarfile")
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = unpacker.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut tar = tar::Archive::new(output);
        for entry in tar.entries()? {
            self.entry(entry?)?;
        }
        // The padding at the end is read too, so that the unpacker does not write to a closed pipe.
        io::copy(&mut tar.into_inner(), &mut io::sink())?;
        let status = unpacker.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("dpkg-deb failed ({status})")))
        }
    }

    fn entry(&mut self, mut entry: tar::Entry<'_, impl io::Read>) -> io::Result<()> {
        let path = merged(&entry.path()?);
        let left_out = LEFT_OUT
            .iter()
            .chain(self.selection.without)
            .any(|part| path.starts_with(part));
        if left_out || path.as_os_str().is_empty() {
            return Ok(());
        }
        let header = entry.header();
        let access = Access {
            mode: header.mode()?,
            user: header.uid()?,
            group: header.gid()?,
        };
        let size = entry.size();
        let target = entry.link_name()?.map(std::borrow::Cow::into_owned);
        match (entry.header().entry_type(), target) {
            (tar::EntryType::Directory, _) => {
                if self.folders.insert(path.clone()) {
                    self.builder.add(&path, access, Entry::Folder)?;
                }
            }
            (tar::EntryType::Regular, _) if path.starts_with(AUTHORITIES) => {
                io::copy(&mut entry, &mut self.authorities)?;
            }
            (tar::EntryType::Regular, _) => self.builder.add(&path, access, Entry::File(&mut entry, size))?,
            (tar::EntryType::Symlink, Some(target)) => {
                self.builder.add(&path, access, Entry::Symlink(&target))?;
            }
            (tar::EntryType::Link, Some(target)) => {
                self.builder.add(&path, access, Entry::Link(&merged(&target)))?;
            }
            (kind, _) => return Err(io::Error::other(format!("{} is a {kind:?}", path.display()))),
        }
        Ok(())
    }
}

/// The path of a package's file in today's layout: without the leading dot, with `bin` and its like below `usr`. The
/// folders of the old layout themselves become nothing: an image has links in their place.
fn merged(path: &Path) -> PathBuf {
    let path: PathBuf = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect();
    match path.components().next() {
        Some(Component::Normal(first)) if MERGED.iter().any(|old| first == *old) => {
            if path.components().count() == 1 {
                PathBuf::new()
            } else {
                Path::new("usr").join(path)
            }
        }
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_paths_move_below_usr() {
        for (old, new) in [
            ("./bin/bash", "usr/bin/bash"),
            (
                "./lib/x86_64-linux-gnu/libc.so.6",
                "usr/lib/x86_64-linux-gnu/libc.so.6",
            ),
            ("./bin/", ""),
            ("./", ""),
            ("./usr/bin/env", "usr/bin/env"),
            ("./library/x", "library/x"),
        ] {
            assert_eq!(merged(Path::new(old)), Path::new(new), "{old}");
        }
    }

    #[test]
    fn packages_for_installing_are_left_out() {
        let kept: Vec<&str> = [
            "dpkg_1.21.23_amd64.deb",
            "perl-base_5.36.0-7_amd64.deb",
            "libperl5.36_5.36.0-7_amd64.deb",
            "libtext-glob-perl_0.11-3_all.deb",
            "gcc-12-base_12.2.0-14_amd64.deb",
            "libgcc-s1_12.2.0-14_amd64.deb",
            "bash_5.2.15-2_amd64.deb",
        ]
        .into_iter()
        .filter(|file| is_needed(Path::new(file)))
        .collect();
        assert_eq!(kept, ["libgcc-s1_12.2.0-14_amd64.deb", "bash_5.2.15-2_amd64.deb"]);
    }
}
