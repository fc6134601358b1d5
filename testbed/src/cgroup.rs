//! The groups of processes of a cluster: one in every hierarchy that the machine has.
//! Must not know what runs in them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use snafu::{OptionExt, ResultExt, Snafu};

use crate::document::Cgroup;

const REMOVAL_LIMIT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// What went wrong with the machine's cgroups.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The kernel's list of mounts cannot be read.
    #[snafu(display("failed to read /proc/self/mountinfo"))]
    Mounts {
        /// Why.
        source: io::Error,
    },
    /// No hierarchy is mounted.
    #[snafu(display("failed to find a cgroup hierarchy: nothing is mounted below /sys/fs/cgroup"))]
    NoHierarchy,
    /// A group cannot be made.
    #[snafu(display("failed to make the cgroup {}", path.display()))]
    Make {
        /// Its folder, or a file in it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A group cannot be removed: something still runs in it.
    #[snafu(display("failed to remove the cgroup {}", path.display()))]
    Remove {
        /// Its folder, or one below.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Finds the machine's hierarchies and the place of a group with this name in each.
///
/// A machine with version 1 has one hierarchy for each controller or a few of them, and perhaps a version 2 hierarchy
/// with nothing of use in it beside them, which is left out.
pub(crate) fn find(group: &str) -> Result<Vec<Cgroup>, Error> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").context(MountsSnafu)?;
    let found = parse(&mounts, group);
    if found.is_empty() {
        NoHierarchySnafu.fail()
    } else {
        Ok(found)
    }
}

/// Fields of a line of mountinfo (proc(5)): the fifth is the mount point; after a lone hyphen come the kind of the file
/// system, its source and its own options.
fn parse(mounts: &str, group: &str) -> Vec<Cgroup> {
    let mut found = Vec::new();
    for line in mounts.lines() {
        let Some((before, after)) = line.split_once(" - ") else {
            continue;
        };
        let Some(mount) = before.split(' ').nth(4) else {
            continue;
        };
        let mut fields = after.split(' ');
        let kind = fields.next().unwrap_or_default();
        let options = fields.nth(1).unwrap_or_default();
        if mount.starts_with("/sys/fs/cgroup") && (kind == "cgroup" || kind == "cgroup2") {
            // What is left of the options names the controllers.
            let controllers: Vec<&str> = options
                .split(',')
                .filter(|option| !matches!(*option, "rw" | "ro" | "xattr" | "nsdelegate"))
                .collect();
            found.push(Cgroup {
                mount: mount.into(),
                group: group.into(),
                kind: kind.into(),
                options: if kind == "cgroup" {
                    hierarchy(&controllers)
                } else {
                    String::new()
                },
            });
        }
    }
    if found.iter().any(|cgroup| cgroup.kind == "cgroup") {
        found.retain(|cgroup| cgroup.kind == "cgroup");
    }
    found
}

/// A hierarchy without controllers, systemd's, must be said to have none.
fn hierarchy(controllers: &[&str]) -> String {
    let named: Vec<&str> = controllers
        .iter()
        .copied()
        .filter(|option| option.starts_with("name="))
        .collect();
    if named.is_empty() {
        controllers.join(",")
    } else {
        format!("none,{}", named.join(","))
    }
}

/// Makes the groups, empty and ready to be joined.
pub(crate) fn make(cgroups: &[Cgroup]) -> Result<(), Error> {
    for cgroup in cgroups {
        let path = cgroup.path();
        if cgroup.kind == "cgroup2" {
            enable_controllers(&cgroup.mount)?;
        }
        fs::create_dir_all(&path).context(MakeSnafu { path: &path })?;
        // A new group of this controller may use no processor and no memory until it is told which.
        for file in ["cpuset.cpus", "cpuset.mems"] {
            let (from, to) = (cgroup.mount.join(file), path.join(file));
            if cgroup.kind == "cgroup" && from.exists() {
                let value = fs::read(&from).context(MakeSnafu { path: &from })?;
                fs::write(&to, value).context(MakeSnafu { path: &to })?;
            }
        }
    }
    Ok(())
}

/// In version 2 a group has the controllers that the one above passes on.
fn enable_controllers(mount: &Path) -> Result<(), Error> {
    let available = mount.join("cgroup.controllers");
    let controllers = fs::read_to_string(&available).context(MakeSnafu { path: available })?;
    let passed = mount.join("cgroup.subtree_control");
    let already = fs::read_to_string(&passed).context(MakeSnafu { path: &passed })?;
    for controller in controllers.split_ascii_whitespace() {
        if !already.split_ascii_whitespace().any(|each| each == controller) {
            fs::write(&passed, format!("+{controller}")).context(MakeSnafu { path: &passed })?;
        }
    }
    Ok(())
}

/// Removes the groups and all below them, waiting for the kernel to have taken leave of their processes.
pub(crate) async fn remove(cgroups: &[Cgroup]) -> Result<(), Error> {
    for cgroup in cgroups {
        let path = cgroup.path();
        let mut failure = None;
        let emptied = async {
            while let Err(error) = remove_tree(&path) {
                failure = Some(error);
                tokio::time::sleep(PAUSE).await;
            }
        };
        if tokio::time::timeout(REMOVAL_LIMIT, emptied).await.is_err() {
            let source = failure.context(NoHierarchySnafu)?;
            return Err(source).context(RemoveSnafu { path });
        }
    }
    Ok(())
}

/// A cgroup's folder holds files that cannot be removed and go with it, so that only folders are.
fn remove_tree(path: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    fs::remove_dir(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1_with_a_version_2_beside_it() {
        let mounts = "\
30 20 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
33 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
";
        insta::assert_debug_snapshot!(parse(mounts, "example"));
    }

    #[test]
    fn version_2_alone() {
        let mounts =
            "30 20 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n";
        insta::assert_debug_snapshot!(parse(mounts, "example"));
    }
}
