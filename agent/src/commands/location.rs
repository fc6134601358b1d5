//! `location`: plain objects, as kando moves them.

use std::io::IsTerminal as _;
use std::path::Path;

use mainstay_repository::location::Key;
use mainstay_repository::object::{self, Scope};
use mainstay_repository::store::{self, Address, Settings, Shared};
use mainstay_repository::{Exit, Watch};
use tokio::fs::File;

use crate::access;
use crate::arguments::{Location, LocationCommand, Place};
use crate::exit::Failure;

/// Performs one `location` command.
pub(super) async fn run(location: Location, watch: Watch) -> Result<(), Failure> {
    let Location { place, command } = location;
    match command {
        // Kopia locations alone have a use for the remaining flags, and those are refused with the profile.
        LocationCommand::Push {
            source,
            output_name: _,
            size,
        } => push(&place, &source, size, &watch).await,
        LocationCommand::Pull {
            target,
            kopia_snapshot: _,
        } => pull(&place, &target, &watch).await,
        LocationCommand::Delete {
            kopia_snapshot: _,
            by_prefix,
        } => {
            let scope = if by_prefix { Scope::Prefix } else { Scope::Object };
            let (store, key) = open(&place).await?;
            object::delete(&store, &key, scope, &watch).await?;
            Ok(())
        }
    }
}

/// Opens the store that `place` names; the key is the path below the profile's prefix.
pub(super) async fn open(place: &Place) -> Result<(Shared, Key), Failure> {
    let Place {
        profile,
        path,
        directory,
    } = place;
    let (address, prefix) = match (profile, directory) {
        (_, Some(directory)) => (Address::Directory(directory.clone()), String::new()),
        (Some(profile), None) => {
            let profile = access::profile(profile)?;
            (
                Address::of(&profile, &Settings::default())?,
                profile.location.prefix,
            )
        }
        (None, None) => return Err(Failure::unusable("a profile is needed: --profile")),
    };
    let key = Key::new(&prefix, path)?;
    Ok((store::open(&address).await?, key))
}

async fn push(place: &Place, source: &Path, size: Option<u64>, watch: &Watch) -> Result<(), Failure> {
    if source == Path::new("-") {
        if std::io::stdin().is_terminal() {
            return Err(Failure::unusable(
                "standard input is a terminal; a pipe is needed",
            ));
        }
        let (store, key) = open(place).await?;
        object::push(&store, &key, tokio::io::stdin(), size, watch).await?;
        return Ok(());
    }
    let unreadable = |cause| {
        Failure::new(
            Exit::Other,
            format!("failed to read {}: {cause}", source.display()),
        )
    };
    let file = File::open(source).await.map_err(unreadable)?;
    let metadata = file.metadata().await.map_err(unreadable)?;
    let size = size.or(metadata.is_file().then_some(metadata.len()));
    let (store, key) = open(place).await?;
    object::push(&store, &key, file, size, watch).await?;
    Ok(())
}

/// Writes the object to `target`, or to standard output when that is `-`.
pub(super) async fn pull(place: &Place, target: &Path, watch: &Watch) -> Result<(), Failure> {
    let (store, key) = open(place).await?;
    if target == Path::new("-") {
        object::pull(&store, &key, tokio::io::stdout(), watch).await?;
    } else {
        object::pull_file(&store, &key, target, watch).await?;
    }
    Ok(())
}
