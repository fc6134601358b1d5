//! A real object store: MinIO as a process of this machine. It outlives clusters and is reachable from all of them.
//! Must not know what is kept in it.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use snafu::{ResultExt, Snafu};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::cluster::{Name, State};
use crate::folder::{self, Folder};
use crate::process::{self, Process};
use crate::programs;

/// Access key of every store of a test bed. It guards nothing.
pub const ACCESS_KEY: &str = "testbed";
/// Secret key of every store of a test bed. It guards nothing.
pub const SECRET_KEY: &str = "testbed-secret";
/// Region that the store says it is in.
pub const REGION: &str = "us-east-1";

const READY_LIMIT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// Why there is no store.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The program cannot be had.
    #[snafu(display("failed to get the object store's program"))]
    Program {
        /// Why.
        source: programs::Error,
    },
    /// The folder of the test bed cannot be used.
    #[snafu(display("failed to use the folder of the test bed"))]
    UseFolder {
        /// Why.
        source: folder::Error,
    },
    /// Its files cannot be made, read or removed.
    #[snafu(display("failed to handle {}", path.display()))]
    Files {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no free port.
    #[snafu(display("failed to find a free port of {address}"))]
    Port {
        /// The address.
        address: Ipv4Addr,
        /// Why.
        source: io::Error,
    },
    /// It cannot be started.
    #[snafu(display("failed to start the object store"))]
    Start {
        /// Why.
        source: io::Error,
    },
    /// It does not become ready.
    #[snafu(display("the object store at {endpoint} is not ready; its log is {}", log.display()))]
    NotReady {
        /// Where it should answer.
        endpoint: String,
        /// What it says.
        log: PathBuf,
    },
    /// Its process cannot be found or ended.
    #[snafu(display("failed to look at or end the object store's process"))]
    Handle {
        /// Why.
        source: process::Error,
    },
}

/// A store that runs. It goes on when this value is dropped: it is stopped by [`Minio::stop`] or [`remove`].
#[derive(Clone, Debug)]
pub struct Minio {
    folder: Folder,
    name: Name,
    address: SocketAddr,
}

impl Minio {
    /// Starts a store, or finds the one of this name, and returns when it answers.
    ///
    /// `address` is one of this machine's: a cluster's [`host_address`](crate::Cluster::host_address), so that pods reach
    /// it, or the loopback address. Data of a store that was kept is there again.
    pub async fn start(folder: &Folder, name: &Name, address: Ipv4Addr) -> Result<Self, Error> {
        let program = programs::minio(folder).await.context(ProgramSnafu)?;
        let _lock = folder
            .lock(&format!("store-{name}"))
            .await
            .context(UseFolderSnafu)?;
        if let Some(store) = Self::find(folder, name)? {
            return Ok(store);
        }
        let root = folder.stores().join(name.as_str());
        let data = data(folder, name);
        fs::create_dir_all(&data).context(FilesSnafu { path: &data })?;
        let port = free_port(address).context(PortSnafu { address })?;
        let address = SocketAddr::from((address, port));
        let written = root.join("address");
        fs::write(&written, address.to_string()).context(FilesSnafu { path: written })?;
        let log = root.join("log");
        let output = fs::File::create(&log).context(FilesSnafu { path: &log })?;
        let errors = output.try_clone().context(FilesSnafu { path: &log })?;
        let mut command = Command::new(program);
        command
            .args(["server", "--quiet", "--address", &address.to_string()])
            .arg(&data)
            .env("MINIO_ROOT_USER", ACCESS_KEY)
            .env("MINIO_ROOT_PASSWORD", SECRET_KEY)
            .env("MINIO_UPDATE", "off")
            .env("MINIO_BROWSER", "off")
            .env("MINIO_CALLHOME_ENABLE", "off")
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            // Ctrl-C at the terminal is for who started it, not for the store.
            .process_group(0);
        let mut child = command.spawn().context(StartSnafu)?;
        let store = Self {
            folder: folder.clone(),
            name: name.clone(),
            address,
        };
        tokio::select! {
            ready = tokio::time::timeout(READY_LIMIT, store.ready()) => {
                if ready.is_ok() {
                    return Ok(store);
                }
                child.start_kill().context(StartSnafu)?;
            }
            _ended = child.wait() => {}
        }
        NotReadySnafu {
            endpoint: store.endpoint(),
            log,
        }
        .fail()
    }

    /// Finds a store that runs.
    pub fn find(folder: &Folder, name: &Name) -> Result<Option<Self>, Error> {
        if Process::with_argument(&data(folder, name))
            .context(HandleSnafu)?
            .is_empty()
        {
            return Ok(None);
        }
        let path = folder.stores().join(name.as_str()).join("address");
        let text = fs::read_to_string(&path).context(FilesSnafu { path: &path })?;
        let address = text
            .parse()
            .map_err(io::Error::other)
            .context(FilesSnafu { path })?;
        Ok(Some(Self {
            folder: folder.clone(),
            name: name.clone(),
            address,
        }))
    }

    /// Its host and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, without a slash at the end.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops it, as [`remove`] does.
    pub async fn stop(self, state: State) -> Result<(), Error> {
        remove(&self.folder, &self.name, state).await
    }

    /// Returns when the store says that it is ready.
    async fn ready(&self) {
        while !matches!(self.health().await, Ok(true)) {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// One request without a client library: the first line of the answer tells.
    async fn health(&self) -> io::Result<bool> {
        let mut stream = TcpStream::connect(self.address).await?;
        let request = format!(
            "GET /minio/health/ready HTTP/1.0\r\nHost: {}\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(answer.starts_with(b"HTTP/1.0 200") || answer.starts_with(b"HTTP/1.1 200"))
    }
}

/// Stops the store of this name. No such store is no error.
pub async fn remove(folder: &Folder, name: &Name, state: State) -> Result<(), Error> {
    let _lock = folder
        .lock(&format!("store-{name}"))
        .await
        .context(UseFolderSnafu)?;
    for process in Process::with_argument(&data(folder, name)).context(HandleSnafu)? {
        process.kill().await.context(HandleSnafu)?;
    }
    let root = folder.stores().join(name.as_str());
    if state == State::Remove && root.exists() {
        fs::remove_dir_all(&root).context(FilesSnafu { path: root })?;
    }
    Ok(())
}

/// Lists the stores of a folder, with nothing for those that were kept and do not run.
pub fn list(folder: &Folder) -> Result<Vec<(Name, Option<Minio>)>, Error> {
    let path = folder.stores();
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(source).context(FilesSnafu { path }),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.context(FilesSnafu { path: &path })?;
        let Ok(name) = Name::new(&entry.file_name().to_string_lossy()) else {
            continue;
        };
        let store = Minio::find(folder, &name)?;
        found.push((name, store));
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(found)
}

/// The folder of the data; its path is an argument of the store's process, by which that is found.
fn data(folder: &Folder, name: &Name) -> PathBuf {
    folder.stores().join(name.as_str()).join("data")
}

/// MinIO's usual port, or any other when that is taken.
fn free_port(address: Ipv4Addr) -> io::Result<u16> {
    let listener = TcpListener::bind((address, 9000)).or_else(|_taken| TcpListener::bind((address, 0)))?;
    Ok(listener.local_addr()?.port())
}
