//! `data`: folders and a repository. What comes out of a command goes to standard output as phase-output lines, and how
//! far it is to standard error.

mod backup;
mod check;
mod delete;
mod probe;
mod restore;
mod stats;

use std::path::Path;

use mainstay_repository::location::RepositoryPath;
use mainstay_repository::restic::{self, Location, Options, Repository};
use mainstay_repository::{Error, Exit, Watch};
use tokio::sync::oneshot;

use crate::access::{self, Access};
use crate::arguments::{Data, OneRepository};
use crate::exit::Failure;
use crate::progress;

/// Failures that are named; the rest is counted.
const NAMED: usize = 10;

/// Performs one `data` command.
pub(super) async fn run(data: Data, watch: Watch) -> Result<(), Failure> {
    let (done, ending) = oneshot::channel();
    let reports = tokio::spawn(progress::report(watch.clone(), ending));
    let work = tokio::task::spawn_blocking(move || perform(data, &watch)).await;
    drop(done);
    let (Ok(result), Ok(())) = (work, reports.await) else {
        return Err(Failure::new(
            Exit::Other,
            "the program has a fault: see the lines above",
        ));
    };
    result
}

/// Repositories are blocking, so everything here is.
fn perform(data: Data, watch: &Watch) -> Result<(), Failure> {
    match data {
        Data::Probe => probe::run(),
        Data::Backup {
            repository,
            tag,
            host,
            path,
        } => {
            let host = host.map_or_else(host_name, Ok)?;
            let wanted = backup::Wanted { tag, host, path };
            backup::run(&repository, &wanted, watch)
        }
        Data::Restore {
            repository,
            snapshot,
            subtree,
            target,
        } => restore::run(&repository, snapshot, subtree, target, watch),
        Data::Delete { access, doomed } => delete::run(&access, doomed, watch),
        Data::Stats {
            repository,
            snapshot,
            mode,
        } => stats::run(&repository, &snapshot, &mode, watch),
        Data::Check { repository } => check::run(&repository, watch),
    }
}

/// A repository that may not be there yet.
struct Door {
    access: Access,
    location: Location,
    options: Options,
}

impl Door {
    fn new(access: Access, path: &str, host: &str) -> Result<Self, Failure> {
        let location = access.location(&RepositoryPath::as_given(path))?;
        Ok(Self {
            access,
            location,
            options: Options::new(host),
        })
    }

    fn of(repository: &OneRepository, watch: &Watch) -> Result<Self, Failure> {
        Self::new(
            Access::read(&repository.access, watch)?,
            &repository.repository,
            &host_name()?,
        )
    }

    fn open(&self) -> Result<Box<dyn Repository>, Error> {
        restic::open(&self.location, self.access.password(), &self.options)
    }

    /// Opens the repository, made first when it is proven not to be there.
    fn open_or_make(&self) -> Result<Box<dyn Repository>, Error> {
        restic::open_or_init(&self.location, self.access.password(), &self.options)
    }
}

/// The failure of a command that left some files behind.
fn incomplete(what: &str, count: u64, failures: &[restic::Failure]) -> Failure {
    let named: Vec<String> = failures.iter().take(NAMED).map(ToString::to_string).collect();
    let (files, more) = (
        if count == 1 { "file" } else { "files" },
        if count > NAMED as u64 { ", …" } else { "" },
    );
    Failure::new(
        Exit::Incomplete,
        format!("{count} {files} could not be {what}: {}{more}", named.join(", ")),
    )
}

/// The name of this host, which in a pod is the pod's.
fn host_name() -> Result<String, Failure> {
    Ok(access::read(Path::new("/proc/sys/kernel/hostname"))?
        .trim()
        .to_owned())
}
