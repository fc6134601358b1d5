//! Plain objects, exactly as `kando location` moves them: bytes in, bytes out, nothing added.
//!
//! A push streams with bounded memory and appears whole or not at all; a pull reads ranges of one version. It must not know
//! which store it works on, nor what the bytes are.

mod part;
mod pull;
mod push;

use std::collections::BTreeSet;

use futures::StreamExt as _;
use futures::TryStreamExt as _;

pub use crate::producer::Producer;
pub use pull::{pull, pull_file};
pub use push::{push, push_output};

use crate::location::Key;
use crate::store::Shared;
use crate::{Error, Watch};

/// Deletes that are under way at once.
const DELETES: usize = 8;

/// What a delete means by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The object of that name, and everything in the folder of that name.
    Object,
    /// Kanister's behaviour: everything whose name starts with that text, `a/ab` included when `a/a` is deleted.
    Prefix,
}

/// Deletes what `key` means and says how many objects that were. None is no fault.
///
/// Looks again after deleting, as MinIO lists nothing below an object until the object itself is gone.
pub async fn delete(store: &Shared, key: &Key, scope: Scope, watch: &Watch) -> Result<u64, Error> {
    let text = key.as_str();
    let folder = format!("{text}/");
    let mut deleted = BTreeSet::new();
    loop {
        let listed = store.list(text).await?.into_iter().map(|object| object.key);
        let meant = listed.filter(|name| match scope {
            Scope::Object => name == text || name.starts_with(&folder),
            Scope::Prefix => true,
        });
        // A listing may be behind and show what is gone.
        let doomed: Vec<String> = meant.filter(|name| !deleted.contains(name)).collect();
        if doomed.is_empty() {
            return Ok(deleted.len() as u64);
        }
        // By value: a future over borrowed names is not `Send` for every caller.
        let deletes = futures::stream::iter(doomed.clone()).map(|name| async move {
            watch.check()?;
            store.delete(&name).await
        });
        deletes.buffer_unordered(DELETES).try_collect::<()>().await?;
        deleted.extend(doomed);
    }
}
