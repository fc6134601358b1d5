//! Our side of a bench: the bench starts itself again with words that say what to do, so that memory is one operation's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use jiff::Timestamp;
use mainstay_repository::location::Key;
use mainstay_repository::object;
use mainstay_repository::restic::restore::Target;
use mainstay_repository::restic::{
    self, Location, Note, Options, Parent, Place, Repository, Selection, StreamSource, TreeSource, Which,
};
use mainstay_repository::store::{Address, Directory, Shared};
use mainstay_repository::{Error, Secret, Watch};

/// First word of a process that a bench started.
const WORK: &str = "work";

/// A command that does one thing in a process of its own.
pub(crate) fn command(what: &str, paths: &[&Path]) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(WORK).arg(what).args(paths);
    Ok(command)
}

/// Does what the words say, when they say something; what is returned is for `main` to return.
pub(crate) fn work() -> Option<Result<(), Box<dyn std::error::Error>>> {
    let mut words = std::env::args_os().skip(1);
    if words.next()? != WORK {
        return None;
    }
    let what = words.next()?.into_string().ok()?;
    let paths: Vec<PathBuf> = words.map(PathBuf::from).collect();
    Some(carry_out(&what, &paths))
}

fn carry_out(what: &str, paths: &[PathBuf]) -> Result<(), Box<dyn std::error::Error>> {
    let [repository, other] = paths else {
        return Err("two paths are needed".into());
    };
    match what {
        "backup" => {
            open(repository)?.backup_tree(&TreeSource::new(other), &note(), &Watch::new())?;
        }
        "restore" => {
            let repository = open(repository)?;
            let newest = Place {
                snapshot: Which::Latest(Selection::all()),
                path: String::new(),
            };
            let plan = repository.plan_restore(&newest, &Target::new(other))?;
            let report = repository.restore(plan, &Watch::new())?;
            if !report.is_complete() {
                return Err(format!("{:?}", report.failures).into());
            }
        }
        "stream" => {
            let stream = StreamSource::new("dump", fs::File::open(other)?);
            open(repository)?.backup_stream(stream, &note(), &Watch::new())?;
        }
        "push" => {
            let store: Shared = Arc::new(Directory::new(repository)?);
            let runtime = tokio::runtime::Runtime::new()?;
            runtime.block_on(async {
                let file = tokio::fs::File::open(other).await?;
                object::push(&store, &Key::new("", "dump")?, file, None, &Watch::new()).await?;
                Ok::<(), Box<dyn std::error::Error>>(())
            })?;
        }
        _ => return Err(format!("{what} is nothing that can be done").into()),
    }
    Ok(())
}

fn open(folder: &Path) -> Result<Box<dyn Repository>, Error> {
    let location = Location {
        address: Address::Directory(folder.to_owned()),
        prefix: "repository".to_owned(),
    };
    restic::open_or_init(&location, &Secret::new(PASSWORD), &Options::new("bench"))
}

/// Password of every repository of a bench.
pub(crate) const PASSWORD: &str = "correct horse";

fn note() -> Note {
    Note {
        host: "bench".to_owned(),
        tags: Vec::new(),
        time: Timestamp::now(),
        parent: Parent::SameHost,
    }
}
