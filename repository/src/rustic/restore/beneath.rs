//! Opens and makes what lies below a restore's target, never outside of it.
//!
//! Every step is one name looked up in a directory that is held open, with `openat2` told to follow no link. It must not know
//! what is restored.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path};

use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags, mkdirat, openat, openat2, renameat, unlinkat};
use rustix::io::Errno;

/// Whether a name from a repository can be a file's: one component and nothing that means another place.
pub(super) fn is_name(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    !bytes.is_empty() && bytes != b"." && bytes != b".." && !bytes.contains(&b'/') && !bytes.contains(&0)
}

/// Opens one name in a directory without following a link.
pub(super) fn open(folder: impl AsFd, name: &OsStr, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match openat2(&folder, name, flags, mode, resolve) {
        // Kernels before 5.6, and filters that do not know the call. With a single name the older call follows nothing either.
        Err(Errno::NOSYS | Errno::PERM) => openat(&folder, name, flags, mode),
        opened => opened,
    }
}

/// Opens the directory of that name, or makes it; a file or link that is in its place is removed. Says whether it was made.
pub(super) fn folder(above: &OwnedFd, name: &OsStr) -> io::Result<(OwnedFd, bool)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    match open(above, name, flags, Mode::empty()) {
        Ok(opened) => return Ok((opened, false)),
        Err(Errno::NOENT) => {}
        Err(Errno::NOTDIR | Errno::LOOP) => unlinkat(above, name, AtFlags::empty())?,
        Err(cause) => return Err(cause.into()),
    }
    mkdirat(above, name, Mode::RWXU)?;
    Ok((open(above, name, flags, Mode::empty())?, true))
}

/// Opens the directory that a path below `root` lies in, one name after the other.
pub(super) fn folder_of(root: &OwnedFd, relative: &Path) -> io::Result<OwnedFd> {
    let mut folder = root.try_clone()?;
    for part in relative.parent().into_iter().flat_map(Path::components) {
        if let Component::Normal(name) = part {
            folder = open(&folder, name, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
        }
    }
    Ok(folder)
}

/// The regular file of that name as it is, `None` when there is none.
pub(super) fn existing(folder: &OwnedFd, name: &OsStr) -> Option<File> {
    let opened = open(folder, name, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).ok()?;
    let file = File::from(opened);
    file.metadata().is_ok_and(|found| found.is_file()).then_some(file)
}

/// A name under which something is made before it gets its own.
pub(super) fn temporary() -> OsString {
    format!(".mainstay-{:016x}", rand::random::<u64>()).into()
}

/// Makes a file under a temporary name, readable by nobody else.
pub(super) fn new_file(folder: &OwnedFd, name: &OsStr) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
    Ok(File::from(open(folder, name, flags, Mode::RUSR | Mode::WUSR)?))
}

/// Gives what was made under a temporary name its own; what was there is replaced.
pub(super) fn rename(folder: &OwnedFd, temporary: &OsStr, name: &OsStr) -> io::Result<()> {
    Ok(renameat(folder, temporary, folder, name)?)
}

/// Removes what was made under a temporary name.
pub(super) fn remove(folder: &OwnedFd, temporary: &OsStr) {
    if let Err(cause) = unlinkat(folder, temporary, AtFlags::empty())
        && cause != Errno::NOENT
    {
        tracing::warn!(name = %temporary.to_string_lossy(), %cause, "an unfinished file stays behind");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_none() {
        for name in ["", ".", "..", "a/b", "/a", "../a", "a\0b"] {
            assert!(!is_name(OsStr::new(name)), "{name:?}");
        }
        for name in ["a", "...", ".a", "a b", "ä", "-"] {
            assert!(is_name(OsStr::new(name)), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn a_name_stays_below_its_folder(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            let name = OsStr::from_bytes(&bytes);
            if is_name(name) {
                let joined = Path::new("/root").join(name);
                prop_assert_eq!(joined.parent(), Some(Path::new("/root")));
                prop_assert_eq!(joined.file_name(), Some(name));
            }
        }
    }
}
