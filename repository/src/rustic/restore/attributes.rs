//! Owner, extended attributes, mode and times of what was restored, in the order in which none undoes another.
//!
//! Everything is set through an open file or directory, so that a name swapped meanwhile changes nothing. What fails is
//! returned, each as a text. It must not know about content.

use std::io;
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::path::PathBuf;

use rustic_core::repofile::Metadata;
use rustix::fs::{
    AtFlags, Gid, Mode, Timespec, Timestamps, Uid, XattrFlags, chownat, fchmod, fchown, fsetxattr, fstat,
    futimens, utimensat,
};
use rustix::io::Errno;

use crate::rustic::convert;

/// Sets all attributes of an open file or directory.
pub(super) fn of_file(file: impl AsFd, metadata: &Metadata) -> Vec<String> {
    let mut failed = Vec::new();
    let (owner, group) = (metadata.uid.map(Uid::from_raw), metadata.gid.map(Gid::from_raw));
    // First the owner: changing it clears the set-id bits and capabilities.
    let owned = fstat(&file)
        .is_ok_and(|found| Some(found.st_uid) == metadata.uid && Some(found.st_gid) == metadata.gid);
    if !owned {
        note(&mut failed, "owner", fchown(&file, owner, group));
    }
    for attribute in &metadata.extended_attributes {
        let value = attribute.value.as_deref().unwrap_or_default();
        let set = fsetxattr(&file, attribute.name.as_str(), value, XattrFlags::empty());
        note(&mut failed, &format!("attribute {}", attribute.name), set);
    }
    if let Some(mode) = metadata.mode {
        note(
            &mut failed,
            "mode",
            fchmod(&file, Mode::from_raw_mode(convert::from_go_mode(mode))),
        );
    }
    if let Some(times) = times(metadata) {
        note(&mut failed, "times", futimens(&file, &times));
    }
    failed
}

/// Sets all attributes of a directory.
pub(super) fn of_folder(folder: &OwnedFd, metadata: &Metadata) -> Vec<String> {
    of_file(folder, metadata)
}

/// Sets the attributes of a link, device or pipe, which is held open without being opened: only its place is.
pub(super) fn of_special(place: &OwnedFd, is_link: bool, metadata: &Metadata) -> Vec<String> {
    let mut failed = Vec::new();
    let (owner, group) = (metadata.uid.map(Uid::from_raw), metadata.gid.map(Gid::from_raw));
    note(
        &mut failed,
        "owner",
        chownat(place, "", owner, group, AtFlags::EMPTY_PATH),
    );
    let path = PathBuf::from(format!("/proc/self/fd/{}", place.as_raw_fd()));
    if !is_link {
        for attribute in &metadata.extended_attributes {
            let value = attribute.value.as_deref().unwrap_or_default();
            let set = rustix::fs::setxattr(&path, attribute.name.as_str(), value, XattrFlags::empty());
            note(&mut failed, &format!("attribute {}", attribute.name), set);
        }
        if let Some(mode) = metadata.mode {
            let mode = Mode::from_raw_mode(convert::from_go_mode(mode));
            note(
                &mut failed,
                "mode",
                rustix::fs::chmodat(rustix::fs::CWD, &path, mode, AtFlags::empty()),
            );
        }
    }
    if let Some(times) = times(metadata) {
        note(
            &mut failed,
            "times",
            utimensat(place, "", &times, AtFlags::EMPTY_PATH),
        );
    }
    failed
}

/// The device a directory is on.
pub(super) fn device(folder: &OwnedFd) -> io::Result<u64> {
    Ok(fstat(folder)?.st_dev)
}

fn note(failed: &mut Vec<String>, what: &str, result: Result<(), Errno>) {
    if let Err(cause) = result {
        failed.push(format!("{what}: {cause}"));
    }
}

fn times(metadata: &Metadata) -> Option<Timestamps> {
    let modified = metadata.mtime?;
    let accessed = metadata.atime.unwrap_or(modified);
    Some(Timestamps {
        last_access: timespec(accessed),
        last_modification: timespec(modified),
    })
}

/// The system counts nanoseconds forward also before 1970.
fn timespec(time: rustic_core::jiff::Timestamp) -> Timespec {
    let (seconds, nanoseconds) = (time.as_second(), i64::from(time.subsec_nanosecond()));
    let borrow = i64::from(nanoseconds < 0);
    Timespec {
        tv_sec: seconds - borrow,
        tv_nsec: nanoseconds + borrow * 1_000_000_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_1970() {
        let at = |seconds, nanoseconds| {
            let time = rustic_core::jiff::Timestamp::new(seconds, nanoseconds).unwrap();
            let Timespec { tv_sec, tv_nsec } = timespec(time);
            (tv_sec, tv_nsec)
        };
        assert_eq!(at(5, 7), (5, 7));
        assert_eq!(at(-5, 0), (-5, 0));
        assert_eq!(at(-5, -250_000_000), (-6, 750_000_000));
        assert_eq!(at(0, -1), (-1, 999_999_999));
    }
}
