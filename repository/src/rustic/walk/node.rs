//! Makes the format's node from what the system says of a file, field for field as restic fills it.
//!
//! Equal trees must be encoded equally, or unchanged directories would be stored again.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustic_core::jiff::Timestamp;
use rustic_core::repofile::{Metadata, Node, NodeType};
use rustix::fs::{FileType, Stat, lgetxattr, llistxattr, readlinkat};
use rustix::io::Errno;

use super::names::Names;
use crate::rustic::convert;

/// The largest attribute that Linux stores, and the longest list of their names.
const ATTRIBUTE: usize = 64 << 10;

/// What kind of entry it is; a link's target is read.
pub(super) fn kind(folder: &OwnedFd, name: &OsStr, seen: &Stat) -> io::Result<NodeType> {
    Ok(match FileType::from_raw_mode(seen.st_mode) {
        FileType::Directory => NodeType::Dir,
        FileType::Symlink => {
            let target = readlinkat(folder, name, Vec::new())?;
            NodeType::from_link(Path::new(OsStr::from_bytes(target.to_bytes())))
        }
        FileType::BlockDevice => NodeType::Dev { device: seen.st_rdev },
        FileType::CharacterDevice => NodeType::Chardev { device: seen.st_rdev },
        FileType::Fifo => NodeType::Fifo,
        FileType::Socket => NodeType::Socket,
        FileType::RegularFile => NodeType::File,
        FileType::Unknown => return Err(io::Error::other("it is of no known type")),
    })
}

/// The node without extended attributes.
pub(super) fn made(name: &OsStr, kind: NodeType, seen: &Stat, names: &Names) -> Node {
    let modified = time(seen.st_mtime, seen.st_mtime_nsec);
    let (regular, folder) = (kind == NodeType::File, kind == NodeType::Dir);
    let links = if folder { 0 } else { widened(seen.st_nlink) };
    let metadata = Metadata {
        mode: Some(convert::to_go_mode(seen.st_mode & 0o7777, &kind)),
        mtime: modified,
        // Reading for a backup may change it, so restic stores the other one; equal trees then stay equal.
        atime: modified,
        ctime: time(seen.st_ctime, seen.st_ctime_nsec),
        uid: Some(seen.st_uid),
        gid: Some(seen.st_gid),
        user: names.user(seen.st_uid),
        group: names.group(seen.st_gid),
        inode: seen.st_ino,
        // Only to recognise hard links: device numbers differ from node to node.
        device_id: if links > 1 { seen.st_dev } else { 0 },
        size: if regular {
            u64::try_from(seen.st_size).unwrap_or_default()
        } else {
            0
        },
        links,
        extended_attributes: Vec::new(),
    };
    Node::new_node(name, kind, metadata)
}

/// The node of a stream.
pub(super) fn of_stream(name: &str, at: jiff::Timestamp) -> Node {
    let at = Some(convert::to_library(at));
    let metadata = Metadata {
        mode: Some(0o644),
        mtime: at,
        atime: at,
        ctime: at,
        ..Metadata::default()
    };
    Node::new_node(OsStr::new(name), NodeType::File, metadata)
}

/// Adds all extended attributes, access control lists included. One that cannot be stored is a failure.
pub(super) fn add_attributes(node: &mut Node, folder: &OwnedFd, name: &OsStr) -> io::Result<()> {
    // There is no call that takes a directory and a name; the directory's entry in /proc is not followed further than to it.
    let path = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(name);
    let listed = match whole(256, |buffer| llistxattr(&path, buffer)) {
        Ok(listed) => listed,
        // Not every file system has attributes, and not every kind of file.
        Err(Errno::OPNOTSUPP | Errno::PERM) => return Ok(()),
        Err(cause) => return Err(cause.into()),
    };
    for attribute in listed
        .split(|byte| *byte == 0)
        .filter(|attribute| !attribute.is_empty())
    {
        let shown = String::from_utf8(attribute.to_vec());
        let shown = shown.map_err(|_bytes| io::Error::other("an attribute's name is not UTF-8"))?;
        match whole(1_024, |buffer| lgetxattr(&path, attribute, buffer)) {
            Ok(value) => {
                let json = serde_json::json!({ "name": shown, "value": base64_of(&value) });
                let made = serde_json::from_value(json).map_err(io::Error::other)?;
                node.meta.extended_attributes.push(made);
            }
            // Removed since it was listed.
            Err(Errno::NODATA) => {}
            Err(cause) => return Err(io::Error::other(format!("attribute {shown}: {cause}"))),
        }
    }
    node.meta.extended_attributes.sort();
    Ok(())
}

/// Calls with a buffer that grows until the answer fits.
fn whole(guess: usize, ask: impl Fn(&mut [u8]) -> Result<usize, Errno>) -> Result<Vec<u8>, Errno> {
    let mut size = guess;
    loop {
        let mut buffer = vec![0; size];
        match ask(&mut buffer) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(Errno::RANGE) if size < ATTRIBUTE => size = ATTRIBUTE,
            Err(cause) => return Err(cause),
        }
    }
}

/// The library's type for an attribute is not public; its JSON is.
fn base64_of(value: &[u8]) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(value)
}

fn time(seconds: i64, nanoseconds: impl TryInto<i64>) -> Option<Timestamp> {
    let nanoseconds = i32::try_from(nanoseconds.try_into().ok()?).ok()?;
    // The system counts nanoseconds forward also before 1970; the library wants both of one sign.
    Timestamp::from_second(seconds)
        .ok()?
        .checked_add(rustic_core::jiff::SignedDuration::new(0, nanoseconds))
        .ok()
}

/// The count of links has another width on every architecture.
fn widened(links: impl TryInto<u64>) -> u64 {
    links.try_into().unwrap_or_default()
}
