//! Which image is made of what.
//! Must not know how.

use std::path::PathBuf;

use super::Error;
use super::archive::Start;
use super::binaries::{self, Profile};
use super::layer::Access;

/// Name of the image that every pod begins with; the runtime is told the same.
pub(crate) const PAUSE: &str = crate::configuration::PAUSE_IMAGE;

/// An image that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Image {
    /// A shell, its tools, restic, and our agent under both its names.
    Tools,
    /// A MariaDB server with its clients and the tools.
    MariaDb,
    /// Our agent and nothing else.
    Agent,
    /// The program `mainstay` and nothing else.
    Controller,
}

/// A set of Debian packages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selection {
    pub(crate) packages: &'static [&'static str],
    /// Paths to leave out.
    pub(crate) without: &'static [&'static str],
}

/// One file of an image.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Without a leading slash.
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Folder,
    Bytes(Vec<u8>),
    /// What a file of this machine holds.
    Copy(PathBuf),
    Symlink(&'static str),
}

/// One layer.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Packages(Selection),
    Files(Vec<File>),
}

/// All there is to an image but its name.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) parts: Vec<Part>,
    pub(crate) start: Start,
}

const PATH: &str = "PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin";

/// Somebody who is not root, for images that need nobody in particular.
const NOBODY: &str = "65532:65532";

const TOOLS: Selection = Selection {
    packages: &[
        "bash",
        "ca-certificates",
        "coreutils",
        "findutils",
        "grep",
        "gzip",
        "procps",
        "restic",
        "sed",
        "tar",
    ],
    without: &["usr/lib/ssl", "usr/bin/openssl", "usr/bin/c_rehash"],
};

/// The server's package proper depends on Perl, a cluster and a dozen programs for administrators; its core does not.
const MARIADB: Selection = Selection {
    packages: &[
        "bash",
        "coreutils",
        "findutils",
        "grep",
        "gzip",
        "hostname",
        "mariadb-client",
        "mariadb-server-core",
        "procps",
        "sed",
        "tar",
    ],
    without: &["usr/share/mysql/mysql-test"],
};

const CERTIFICATES: Selection = Selection {
    packages: &["ca-certificates"],
    without: &["usr", "etc/ssl/openssl.cnf"],
};

impl Image {
    /// Every image.
    pub const ALL: [Self; 4] = [Self::Tools, Self::MariaDb, Self::Agent, Self::Controller];

    /// Its name in a pod, with the tag.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tools => "localhost/tools:1",
            Self::MariaDb => "localhost/mariadb:1",
            Self::Agent => "localhost/mainstay-agent:1",
            Self::Controller => "localhost/mainstay-controller:1",
        }
    }

    pub(crate) async fn recipe(self, profile: Profile) -> Result<Recipe, Error> {
        Ok(match self {
            Self::Tools => Recipe {
                parts: vec![
                    Part::Packages(TOOLS),
                    Part::Files(system(&[ROOT, NOBODY_ELSE])),
                    agent(profile).await?,
                ],
                start: Start {
                    environment: vec![PATH],
                    command: vec!["/bin/bash"],
                    ..Start::default()
                },
            },
            Self::MariaDb => Recipe {
                parts: vec![
                    Part::Packages(MARIADB),
                    Part::Files(system(&[ROOT, MYSQL, NOBODY_ELSE])),
                    mariadb(),
                    agent(profile).await?,
                ],
                start: Start {
                    environment: vec![PATH],
                    entrypoint: vec!["/entrypoint"],
                    ..Start::default()
                },
            },
            Self::Agent => Recipe {
                parts: vec![
                    Part::Packages(CERTIFICATES),
                    Part::Files(accounts(&[ROOT, NONROOT, NOBODY_ELSE])),
                    agent(profile).await?,
                ],
                start: Start {
                    environment: vec![PATH],
                    entrypoint: vec!["/usr/local/bin/mainstay-agent"],
                    user: NOBODY,
                    ..Start::default()
                },
            },
            Self::Controller => {
                let program = binaries::build("mainstay", "mainstay", profile).await?;
                Recipe {
                    parts: vec![
                        Part::Packages(CERTIFICATES),
                        Part::Files(accounts(&[ROOT, NONROOT, NOBODY_ELSE])),
                        Part::Files(vec![copy("usr/local/bin/mainstay", program)]),
                    ],
                    start: Start {
                        environment: vec![PATH],
                        entrypoint: vec!["/usr/local/bin/mainstay"],
                        user: NOBODY,
                        ..Start::default()
                    },
                }
            }
        })
    }
}

/// The image that every pod begins with.
pub(crate) fn pause(program: PathBuf) -> Recipe {
    Recipe {
        parts: vec![Part::Files(vec![copy("pause", program)])],
        start: Start {
            entrypoint: vec!["/pause"],
            user: NOBODY,
            ..Start::default()
        },
    }
}

async fn agent(profile: Profile) -> Result<Part, Error> {
    let program = binaries::build("mainstay-agent", "mainstay-agent", profile).await?;
    Ok(Part::Files(vec![
        copy("usr/local/bin/mainstay-agent", program),
        symlink("usr/local/bin/kando", "mainstay-agent"),
    ]))
}

const ROOT: &str = "root:x:0:0:root:/root:/bin/sh\n";
const MYSQL: &str = "mysql:x:999:999:MariaDB:/var/lib/mysql:/bin/sh\n";
const NONROOT: &str = "nonroot:x:65532:65532::/tmp:/bin/sh\n";
const NOBODY_ELSE: &str = "nobody:x:65534:65534::/:/bin/sh\n";

/// Who there is, and where to put what is not kept. The tools image knows root and nobody alone: a recorded run backs
/// the list of its users up, and holds the size.
fn accounts(users: &[&str]) -> Vec<File> {
    let users = users.concat();
    let groups = "root:x:0:\nmysql:x:999:\nnonroot:x:65532:\nnogroup:x:65534:\n";
    vec![
        text("etc/passwd", 0o644, &users),
        text("etc/group", 0o644, groups),
        folder("root", Access::root(0o700)),
        folder("tmp", Access::root(0o1777)),
    ]
}

/// What the scripts of packages would make, and the links that stand for the old layout.
fn system(users: &[&str]) -> Vec<File> {
    let mut files = accounts(users);
    files.extend([
        folder("run", Access::root(0o755)),
        folder("var/tmp", Access::root(0o1777)),
        symlink("bin", "usr/bin"),
        symlink("sbin", "usr/sbin"),
        symlink("lib", "usr/lib"),
        symlink("lib64", "usr/lib64"),
        symlink("usr/bin/sh", "bash"),
    ]);
    files
}

fn mariadb() -> Part {
    let mysql = Access {
        mode: 0o755,
        user: 999,
        group: 999,
    };
    Part::Files(vec![
        text("entrypoint", 0o755, include_str!("mariadb-entrypoint.sh")),
        folder("run/mysqld", mysql),
        folder("var/lib/mysql", mysql),
    ])
}

fn text(path: &'static str, mode: u32, text: &str) -> File {
    File {
        path,
        access: Access::root(mode),
        content: Content::Bytes(text.into()),
    }
}

fn copy(path: &'static str, source: PathBuf) -> File {
    File {
        path,
        access: Access::root(0o755),
        content: Content::Copy(source),
    }
}

fn folder(path: &'static str, access: Access) -> File {
    File {
        path,
        access,
        content: Content::Folder,
    }
}

fn symlink(path: &'static str, target: &'static str) -> File {
    File {
        path,
        access: Access::root(0o777),
        content: Content::Symlink(target),
    }
}
