//! Makes trees and repositories, and compares what came back, attribute by attribute.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;
use mainstay_repository::restic::{self, Location, Note, Options, Parent, Repository};
use mainstay_repository::store::Address;
use mainstay_repository::{Error, Secret};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, XattrFlags};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "correct horse";

/// A folder that goes with the test, with room for a repository, a source and a target.
pub(crate) struct Scratch {
    folder: TempDir,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn location(&self) -> Location {
        Location {
            address: Address::Directory(self.folder.path().to_owned()),
            prefix: "repository".to_owned(),
        }
    }

    pub(crate) fn init(&self) -> Box<dyn Repository> {
        restic::init(&self.location(), &Secret::new(PASSWORD), &options()).unwrap()
    }

    pub(crate) fn open(&self) -> Box<dyn Repository> {
        self.try_open().unwrap()
    }

    pub(crate) fn try_open(&self) -> Result<Box<dyn Repository>, Error> {
        restic::open(&self.location(), &Secret::new(PASSWORD), &options())
    }

    /// Runs the real restic on the repository and returns its standard output.
    pub(crate) fn restic(&self, arguments: &[&str]) -> String {
        let (output, status) = self.try_restic(arguments);
        assert!(status, "restic {arguments:?}: {output}");
        output
    }

    pub(crate) fn try_restic(&self, arguments: &[&str]) -> (String, bool) {
        let run = Command::new("restic")
            .args(["--no-cache", "--repo"])
            .arg(self.path("repository"))
            .args(arguments)
            .env("RESTIC_PASSWORD", PASSWORD)
            .env("TZ", "UTC")
            .output();
        let run = run.expect("the tests of the repository need the program restic: apt-get install restic");
        let mut text = String::from_utf8_lossy(&run.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&run.stderr));
        (text, run.status.success())
    }
}

pub(crate) fn options() -> Options {
    Options {
        host: "pod-0".to_owned(),
        retry_lock: Duration::ZERO,
        settle: Duration::ZERO,
    }
}

pub(crate) fn note(tags: &[&str]) -> Note {
    Note {
        host: "pod-0".to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        time: Timestamp::now(),
        parent: Parent::SameHost,
    }
}

/// Bytes that no compression makes smaller, the same for the same seed: splitmix64, as fast as an unoptimised build makes any.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A tree with everything that a backup must keep.
pub(crate) fn rich_tree(root: &Path) {
    let write = |name: &str, content: &[u8]| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    write("empty", b"");
    write("small", b"hello");
    write("a/deep/er/file", b"deep");
    write("large", &noise(1, 9 << 20));
    write("same/one", &noise(2, 700_000));
    write("same/two", &noise(2, 700_000));
    write("text", &b"the same line again and again\n".repeat(100_000));
    write("names/with blank", b"1");
    write("names/\"quoted\" and \\backslash", b"2");
    write("names/new\nline", b"3");
    write("names/ä € 😀 <&>", b"4");
    fs::write(
        root.join("names").join(OsStr::from_bytes(b"not \xff utf-8 \xc3")),
        b"5",
    )
    .unwrap();
    write("a.txt", b"sorts between a and a/");
    write("linked", &noise(3, 50_000));
    fs::hard_link(root.join("linked"), root.join("a/linked too")).unwrap();
    symlink("../small", root.join("a/to small")).unwrap();
    symlink("nowhere/at all", root.join("dangling")).unwrap();
    fs::create_dir(root.join("empty folder")).unwrap();
    sparse(&root.join("sparse"));
    write("set-id", b"x");
    write("secret", b"x");
    mode(&root.join("set-id"), 0o6755);
    mode(&root.join("secret"), 0o400);
    mode(&root.join("empty folder"), 0o1777);
    xattr(&root.join("small"), "user.comment", b"a \0 b");
    xattr(&root.join("a"), "user.folder", b"");
    if is_root() {
        rustix::fs::chown(root.join("text"), Some(rustix::fs::Uid::from_raw(12_345)), None).unwrap();
        rustix::fs::mkfifoat(CWD, root.join("pipe"), rustix::fs::Mode::from_raw_mode(0o640)).unwrap();
    }
    times(&root.join("small"), 1_234_567_890, 123_456_789);
    times(&root.join("empty"), -12_345, 500_000_000);
    times(&root.join("a/deep"), 86_400, 0);
}

fn sparse(path: &Path) {
    use std::os::unix::fs::FileExt as _;
    let file = fs::File::create(path).unwrap();
    file.set_len(20 << 20).unwrap();
    file.write_all_at(&noise(4, 10_000), 5 << 20).unwrap();
}

pub(crate) fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn xattr(path: &Path, name: &str, value: &[u8]) {
    rustix::fs::setxattr(path, name, value, XattrFlags::empty()).unwrap();
}

pub(crate) fn times(path: &Path, seconds: i64, nanoseconds: i64) {
    let at = Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds,
    };
    let times = Timestamps {
        last_access: at,
        last_modification: at,
    };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Every entry below `root` as one line, so that a difference is a readable diff.
pub(crate) fn described(root: &Path) -> String {
    let mut links = BTreeMap::new();
    let mut lines = Vec::new();
    describe(root, Path::new(""), &mut links, &mut lines);
    lines.join("\n")
}

fn describe(root: &Path, relative: &Path, links: &mut BTreeMap<u64, PathBuf>, lines: &mut Vec<String>) {
    let mut names: Vec<_> = fs::read_dir(root.join(relative))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    for name in names {
        let relative = relative.join(&name);
        let path = root.join(&relative);
        let found = fs::symlink_metadata(&path).unwrap();
        let kind = found.file_type();
        let content = if kind.is_dir() {
            "folder".to_owned()
        } else if kind.is_symlink() {
            format!("-> {:?}", fs::read_link(&path).unwrap())
        } else if kind.is_fifo() {
            "pipe".to_owned()
        } else {
            format!("{} {}", found.len(), digest(&fs::read(&path).unwrap()))
        };
        let first = links.entry(found.ino()).or_insert_with(|| relative.clone());
        let same = if !kind.is_dir() && found.nlink() > 1 {
            format!(" = {first:?}")
        } else {
            String::new()
        };
        lines.push(format!(
            "{relative:?} {:o} {}:{} {}.{:09} {content}{same}{}",
            found.mode(),
            found.uid(),
            found.gid(),
            found.mtime(),
            found.mtime_nsec(),
            attributes(&path),
        ));
        if kind.is_dir() {
            describe(root, &relative, links, lines);
        }
    }
}

fn digest(content: &[u8]) -> String {
    let mut shown = String::new();
    for byte in &Sha256::digest(content)[..6] {
        write!(shown, "{byte:02x}").unwrap();
    }
    shown
}

fn attributes(path: &Path) -> String {
    let mut names = vec![0; 4_096];
    let length = rustix::fs::llistxattr(path, names.as_mut_slice()).unwrap_or(0);
    let names = names[..length]
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty());
    let mut shown = String::new();
    for name in names {
        let mut value = vec![0; 4_096];
        let length = rustix::fs::lgetxattr(path, name, value.as_mut_slice()).unwrap();
        write!(shown, " {}={:?}", String::from_utf8_lossy(name), &value[..length]).unwrap();
    }
    shown
}
