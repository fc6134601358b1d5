//! `install`: this program's own file, copied to where other containers of the pod can run it.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use mainstay_repository::Exit;

use crate::exit::Failure;

const NAME: &str = "mainstay-agent";
/// Runs under any user of the pod's other containers.
const MODE: u32 = 0o755;

/// Copies this program into `directory` and names the copy `kando` as well. A copy that is there is replaced whole, so
/// that a container that runs it at this moment is not disturbed.
pub(crate) fn run(directory: &Path) -> Result<(), Failure> {
    copy(directory).map_err(|cause| {
        Failure::new(
            Exit::Other,
            format!("failed to install into {}: {cause}", directory.display()),
        )
    })
}

fn copy(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let unfinished = directory.join(format!(".{NAME}.new"));
    fs::copy(std::env::current_exe()?, &unfinished)?;
    fs::set_permissions(&unfinished, Permissions::from_mode(MODE))?;
    File::open(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, directory.join(NAME))?;

    let link = directory.join(".kando.new");
    match fs::remove_file(&link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => symlink(NAME, &link)?,
    }
    fs::rename(link, directory.join("kando"))
}
