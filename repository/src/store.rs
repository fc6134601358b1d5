//! A bucket as the data path needs it: whole objects, ranges, uploads in parts, listings, deletes.
//!
//! It must not know what the objects mean. Every implementer turns its own failures into the variants of [`crate::Error`] by
//! their types, and repeats what is worth repeating, so that callers see a fault only when it is final.

mod directory;
pub mod faulty;
mod s3;

use std::fmt::Debug;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

pub use directory::Directory;

use crate::Error;
use crate::location::{self, Kind, Profile, RepositoryPath};

/// A store that several tasks use at once.
pub type Shared = Arc<dyn Store>;

/// Objects by name. Names are never empty and have no leading slash.
#[async_trait]
pub trait Store: Debug + Send + Sync {
    /// What messages call it: `s3://bucket`, a path.
    fn location(&self) -> String;

    /// The bytes of `range`, which must lie inside the object. With `expected` given, [`Error::Replaced`] when the object is
    /// another one by now.
    async fn get(&self, key: &str, range: Range<u64>, expected: Option<&Version>) -> Result<Bytes, Error>;

    /// The whole object, for small ones.
    async fn read(&self, key: &str) -> Result<Bytes, Error>;

    /// Size and version, `None` when there is no such object.
    async fn head(&self, key: &str) -> Result<Option<Head>, Error>;

    /// Writes the object in one request; what was there is replaced.
    async fn put(&self, key: &str, content: Bytes) -> Result<(), Error>;

    /// Starts an upload in parts; nothing is visible before [`Upload::complete`].
    async fn upload(&self, key: &str) -> Result<Box<dyn Upload>, Error>;

    /// Every object whose name starts with `prefix`, in no particular order.
    async fn list(&self, prefix: &str) -> Result<Vec<Listed>, Error>;

    /// Removes the object; one that is missing already is no fault.
    async fn delete(&self, key: &str) -> Result<(), Error>;
}

/// One upload in parts. Parts may be sent side by side and in any order.
#[async_trait]
pub trait Upload: Debug + Send + Sync {
    /// Sends part `number`, counted from 1.
    async fn part(&self, number: u32, content: Bytes) -> Result<(), Error>;

    /// Makes the object visible from the parts sent, in the order of their numbers.
    async fn complete(&self) -> Result<(), Error>;

    /// Drops the parts sent so far.
    async fn abort(&self) -> Result<(), Error>;
}

/// What tells two contents under one name apart: S3's `ETag`, opaque.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(pub(crate) String);

/// What a store says of an object without sending it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Bytes.
    pub size: u64,
    /// Which content.
    pub version: Version,
}

/// One line of a listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The whole name.
    pub key: String,
    /// Bytes.
    pub size: u64,
}

/// Where a store is and how it is spoken to; a value, so that each runtime can open its own connections.
#[derive(Clone, Debug)]
pub enum Address {
    /// A bucket of an S3 server.
    S3(Box<S3>),
    /// A directory, for tests and local copies.
    Directory(PathBuf),
    /// A store that is open already, for tests with faults.
    Open(Shared),
}

/// A bucket of an S3 server.
#[derive(Clone, Debug)]
pub struct S3 {
    /// Endpoint, region, credential.
    pub profile: Profile,
    /// The bucket; not always the profile's, see [`RepositoryPath`].
    pub bucket: String,
    /// What Kanister's profile has no members for.
    pub settings: Settings,
}

/// What Kanister's profile has no members for; given as annotations of the Profile object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `mainstay.dev/ca-bundle`: certificates in PEM form that are trusted besides the usual ones.
    pub ca_bundle: Option<String>,
    /// `mainstay.dev/checksums`.
    pub checksums: Checksums,
    /// How long one request is repeated before its fault counts.
    pub patience: Patience,
}

/// How long one request is repeated before its fault counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience(pub Duration);

impl Default for Patience {
    /// Fifteen minutes, restic's limit.
    fn default() -> Self {
        Self(Duration::from_mins(15))
    }
}

/// How bodies are protected on their way to the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksums {
    /// CRC32 in a header of every write.
    #[default]
    Auto,
    /// Only where the protocol demands one, for servers that refuse what they do not know.
    Required,
}

impl Address {
    /// The bucket of a profile, for plain objects.
    pub fn of(profile: &Profile, settings: &Settings) -> Result<Self, location::Error> {
        Self::in_bucket(profile, &profile.location.bucket, settings)
    }

    /// The bucket of a repository, reached as the profile says.
    pub fn of_repository(
        profile: &Profile,
        path: &RepositoryPath,
        settings: &Settings,
    ) -> Result<Self, location::Error> {
        Self::in_bucket(profile, &path.bucket, settings)
    }

    fn in_bucket(profile: &Profile, bucket: &str, settings: &Settings) -> Result<Self, location::Error> {
        match profile.location.kind {
            Kind::S3Compliant if bucket.is_empty() => Err(location::Error::Incomplete { member: "bucket" }),
            Kind::S3Compliant => Ok(Self::S3(Box::new(S3 {
                profile: profile.clone(),
                bucket: bucket.to_owned(),
                settings: settings.clone(),
            }))),
            kind @ (Kind::Gcs | Kind::Azure | Kind::Kopia) => Err(location::Error::Unsupported { kind }),
        }
    }
}

/// Makes the profile's bucket unless it is there. For people and tests: neither agent nor controller ever makes one.
pub async fn make_bucket(profile: &Profile) -> Result<(), Error> {
    match Address::of(profile, &Settings::default())? {
        Address::S3(bucket) => s3::make_bucket(&bucket).await,
        Address::Directory(_) | Address::Open(_) => Ok(()),
    }
}

/// Opens the store; for S3 the bucket's region is looked up and a wrong credential found out here.
pub async fn open(address: &Address) -> Result<Shared, Error> {
    match address {
        Address::S3(bucket) => Ok(Arc::new(s3::Bucket::open(bucket).await?)),
        Address::Directory(path) => Ok(Arc::new(Directory::new(path)?)),
        Address::Open(store) => Ok(Arc::clone(store)),
    }
}
