//! Every fault of the data path: what happened, to which object, whether trying again can help, and the exit code.
//!
//! One table, because it is one table for the user too: `docs/faults.md` has a row for each variant. It must not know how a
//! fault was found: stores and the repository build the variant from types, never from the text of a message.

use std::path::PathBuf;

use jiff::Timestamp;
use snafu::Snafu;

use crate::size;

/// Something that went wrong between files and store.
///
/// The text is a lower-case fragment without a full stop; the object it is about follows. None holds a credential, a
/// password or a signed address.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum Error {
    /// The store answered 429, 500 or 503 for as long as we were willing to ask.
    #[snafu(display("store is refusing requests ({status} {code}) for {}: {key}", minutes(*seconds)))]
    Throttled {
        /// HTTP status of the last answer.
        status: u16,
        /// The store's own code, `SlowDown` for instance.
        code: String,
        /// How long the request was repeated, in seconds.
        seconds: u64,
        /// The object asked for.
        key: String,
    },
    /// No answer: refused, timed out, no such host, TLS handshake failed.
    #[snafu(display("failed to reach {endpoint}: {cause}"))]
    Unreachable {
        /// Address of the store.
        endpoint: String,
        /// The innermost cause.
        cause: String,
    },
    /// The store's certificate is signed by nobody we trust.
    #[snafu(display(
        "certificate of {endpoint} is not trusted: {cause}; set mainstay.dev/ca-bundle or skipSSLVerify"
    ))]
    Untrusted {
        /// Address of the store.
        endpoint: String,
        /// What the verifier objected to.
        cause: String,
    },
    /// The connection ended in the middle of a body.
    #[snafu(display("connection broke after {} of {}: {key}", size::text(*received), size::text(*expected)))]
    Broken {
        /// Bytes that arrived.
        received: u64,
        /// Bytes that were announced.
        expected: u64,
        /// The object read.
        key: String,
    },
    /// Length or checksum of what arrived is wrong.
    #[snafu(display("received bytes do not match their checksum: {key}"))]
    Corrupted {
        /// The object read.
        key: String,
    },
    /// A temporary credential is over.
    #[snafu(display("credential expired"))]
    Expired,
    /// The store does not know the key, or the signature is not the secret's.
    #[snafu(display("store rejected the credential ({code})"))]
    Credential {
        /// The store's own code.
        code: String,
    },
    /// The credential may not do this.
    #[snafu(display("not allowed to {operation}: {key}"))]
    Denied {
        /// What was tried.
        operation: Operation,
        /// The object it was tried on.
        key: String,
    },
    /// Deletes are refused, by policy or object lock.
    #[snafu(display("store does not allow deletes: {key}"))]
    Locked {
        /// The first object that stays.
        key: String,
    },
    /// The bucket lives elsewhere, and asking there did not work either.
    #[snafu(display("bucket is in {actual}, profile says {profile}"))]
    Region {
        /// Where the store says the bucket is.
        actual: String,
        /// Where it was looked for.
        profile: String,
    },
    /// Our clock and the store's differ by more than the signature allows.
    #[snafu(display("clock differs too much from the store's"))]
    Clock,
    /// The bucket is missing; it is never created here.
    #[snafu(display("bucket {bucket} does not exist"))]
    Bucket {
        /// Its name.
        bucket: String,
    },
    /// There is no such object.
    #[snafu(display("no object {key}"))]
    Missing {
        /// The object asked for.
        key: String,
    },
    /// Somebody replaced the object between two of our reads.
    #[snafu(display("object changed while it was read: {key}"))]
    Replaced {
        /// The object read.
        key: String,
    },
    /// An answer that none of the rows above describes.
    #[snafu(display("failed to {operation} ({status} {code}): {key}"))]
    Refused {
        /// What was tried.
        operation: Operation,
        /// HTTP status, zero when there was none.
        status: u16,
        /// The store's own code.
        code: String,
        /// The object it was tried on.
        key: String,
    },

    /// The prefix holds no repository.
    #[snafu(display("no repository at {location}"))]
    Absent {
        /// Bucket and prefix.
        location: String,
    },
    /// A repository is there already.
    #[snafu(display("a repository exists at {location}"))]
    Present {
        /// Bucket and prefix.
        location: String,
    },
    /// The password opens no key file.
    #[snafu(display("wrong password for the repository"))]
    Password,
    /// Somebody else holds a lock that excludes ours.
    #[snafu(display("repository is locked {} by {host} since {since}", if *exclusive { "exclusively" } else { "for use" }))]
    Held {
        /// Host that holds it.
        host: String,
        /// When it was last renewed.
        since: Timestamp,
        /// Whether it excludes everybody.
        exclusive: bool,
    },
    /// Our own lock could not be renewed in time, and what we wrote may be gone.
    #[snafu(display("lock could not be renewed for {}; snapshot not written", minutes(*seconds)))]
    LockLost {
        /// Seconds since the last renewal.
        seconds: u64,
    },
    /// A listing leaves out objects that exist.
    #[snafu(display("listing of {folder}/ is incomplete: {missing} packs exist but are not listed"))]
    Listing {
        /// Which listing.
        folder: String,
        /// How many objects it leaves out.
        missing: usize,
    },
    /// A snapshot is visible but its index is not yet.
    #[snafu(display("index for snapshot {snapshot} has not appeared"))]
    Behind {
        /// Short id of the snapshot.
        snapshot: String,
    },
    /// Content is missing or is not what was written.
    #[snafu(display("blob {blob} of {path} is damaged (pack {pack})"))]
    Damaged {
        /// Short id of the blob.
        blob: String,
        /// The file that needs it.
        path: String,
        /// Short id of the pack that should hold it.
        pack: String,
    },
    /// A file of the repository itself is not what was written.
    #[snafu(display("{kind} {id} of the repository is damaged: {cause}"))]
    Unreadable {
        /// `config`, `key`, `index`, `snapshot` or `tree`.
        kind: &'static str,
        /// Short id.
        id: String,
        /// What is wrong with it.
        cause: String,
    },
    /// No snapshot, or none below that path, answers the selection.
    #[snafu(display("no snapshot matches {wanted}"))]
    NoSnapshot {
        /// Id, tag or path asked for.
        wanted: String,
    },
    /// The snapshot holds no such path.
    #[snafu(display("snapshot {snapshot} holds no {path}"))]
    NoPath {
        /// Short id.
        snapshot: String,
        /// Path asked for.
        path: String,
    },
    /// Nothing of the source could be read, or it is not there.
    #[snafu(display("failed to read {}: {source}", path.display()))]
    Source {
        /// Root of what was to be backed up, or the one file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The program whose output is stored failed.
    #[snafu(display("{program} ended with {status}{}", tail(lines)))]
    Producer {
        /// Its name, without arguments.
        program: String,
        /// `status 2`, `signal 9`.
        status: String,
        /// Last lines of its standard error.
        lines: Vec<String>,
    },
    /// The program whose output is stored could not be started.
    #[snafu(display("failed to start {program}: {source}"))]
    Start {
        /// Its name, without arguments.
        program: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The stream could not be read or written on our side of the store.
    #[snafu(display("failed to {action} the stream: {source}"))]
    Stream {
        /// `read` or `write`.
        action: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[snafu(display("failed to write {}: {source}", path.display()))]
    Target {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The target has no room.
    #[snafu(display("no space left on {} after {}", path.display(), size::text(*written)))]
    Space {
        /// Where it was to go.
        path: PathBuf,
        /// Bytes written before.
        written: u64,
    },
    /// The target would have no room, found before anything was written.
    #[snafu(display(
        "not enough space on {}: need {} and {inodes} inodes, have {} and {free_inodes}",
        path.display(), size::text(*bytes), size::text(*free_bytes)
    ))]
    TooSmall {
        /// Root of the restore.
        path: PathBuf,
        /// Bytes needed.
        bytes: u64,
        /// Inodes needed.
        inodes: u64,
        /// Bytes free.
        free_bytes: u64,
        /// Inodes free.
        free_inodes: u64,
    },
    /// More bytes than the part-size table reaches.
    #[snafu(display("object too large for an unknown size; pass --size or use a repository: {key}"))]
    TooLarge {
        /// The object.
        key: String,
    },
    /// The stream was longer or shorter than announced.
    #[snafu(display("expected {} but read {}: {key}", size::text(*expected), size::text(*actual)))]
    Length {
        /// Bytes announced.
        expected: u64,
        /// Bytes read.
        actual: u64,
        /// The object.
        key: String,
    },
    /// Key or prefix names nothing, or leaves its root.
    #[snafu(display("not a usable object path: {path:?}"))]
    Path {
        /// What was given.
        path: String,
    },
    /// The profile cannot be used.
    #[snafu(display("{source}"), context(false))]
    Profile {
        /// What is wrong with it.
        source: crate::location::Error,
    },
    /// The format library failed in a way that is none of the above.
    #[snafu(display("failed to {action}: {cause}"))]
    Format {
        /// What was being done.
        action: &'static str,
        /// What the library says.
        cause: String,
    },
    /// A file of our own could not be read or written (runtime, directory store).
    #[snafu(display("failed to {action} {}: {source}", path.display()))]
    File {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Somebody asked to stop.
    #[snafu(display("cancelled"))]
    Cancelled,
}

/// What was asked of the store, by the name its documentation uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Read of an object or a range.
    GetObject,
    /// Read of an object's size.
    HeadObject,
    /// Read of the bucket's region.
    HeadBucket,
    /// Making of a bucket.
    CreateBucket,
    /// Listing.
    ListObjects,
    /// Write in one request.
    PutObject,
    /// Start of a write in parts.
    CreateMultipartUpload,
    /// One part.
    UploadPart,
    /// End of a write in parts.
    CompleteMultipartUpload,
    /// Clean-up of a write in parts.
    AbortMultipartUpload,
    /// Delete.
    DeleteObject,
}

impl std::fmt::Display for Operation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, formatter)
    }
}

/// Exit code of a program that ended with this kind of fault; restic's numbers where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 1: everything that has no number of its own.
    Other,
    /// 3: done, but some files are missing from the result.
    Incomplete,
    /// 10: no repository.
    NoRepository,
    /// 11: locked by another.
    Locked,
    /// 12: wrong password.
    Password,
    /// 13: the store refuses.
    Refused,
    /// 14: the store cannot be reached.
    Unreachable,
    /// 15: damaged data.
    Damaged,
    /// 16: no space.
    Space,
    /// 130: cancelled.
    Cancelled,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Other => 1,
            Self::Incomplete => 3,
            Self::NoRepository => 10,
            Self::Locked => 11,
            Self::Password => 12,
            Self::Refused => 13,
            Self::Unreachable => 14,
            Self::Damaged => 15,
            Self::Space => 16,
            Self::Cancelled => 130,
        }
    }

    /// Whether running the same phase again later can succeed without anybody changing anything.
    pub fn worth_retrying(self) -> bool {
        match self {
            Self::Unreachable | Self::Locked => true,
            Self::Other
            | Self::Incomplete
            | Self::NoRepository
            | Self::Password
            | Self::Refused
            | Self::Damaged
            | Self::Space
            | Self::Cancelled => false,
        }
    }
}

impl Error {
    /// The name under which `docs/faults.md` explains it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Throttled { .. } => "throttled",
            Self::Unreachable { .. } => "unreachable",
            Self::Untrusted { .. } => "untrusted",
            Self::Broken { .. } => "broken",
            Self::Corrupted { .. } => "corrupted",
            Self::Expired => "expired",
            Self::Credential { .. } => "credential",
            Self::Denied { .. } => "denied",
            Self::Locked { .. } => "locked",
            Self::Region { .. } => "region",
            Self::Clock => "clock",
            Self::Bucket { .. } => "bucket",
            Self::Missing { .. } => "missing",
            Self::Replaced { .. } => "replaced",
            Self::Refused { .. } => "refused",
            Self::Absent { .. } => "absent",
            Self::Present { .. } => "present",
            Self::Password => "password",
            Self::Held { .. } => "held",
            Self::LockLost { .. } => "lock-lost",
            Self::Listing { .. } => "listing",
            Self::Behind { .. } => "behind",
            Self::Damaged { .. } => "damaged",
            Self::Unreadable { .. } => "unreadable",
            Self::NoSnapshot { .. } => "no-snapshot",
            Self::NoPath { .. } => "no-path",
            Self::Source { .. } => "source",
            Self::Producer { .. } => "producer",
            Self::Start { .. } => "start",
            Self::Stream { .. } => "stream",
            Self::Target { .. } => "target",
            Self::Space { .. } => "space",
            Self::TooSmall { .. } => "too-small",
            Self::TooLarge { .. } => "too-large",
            Self::Length { .. } => "length",
            Self::Path { .. } => "path",
            Self::Profile { .. } => "profile",
            Self::Format { .. } => "format",
            Self::File { .. } => "file",
            Self::Cancelled => "cancelled",
        }
    }

    /// The exit code's kind.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Throttled { .. }
            | Self::Unreachable { .. }
            | Self::Broken { .. }
            | Self::Listing { .. }
            | Self::Behind { .. } => Exit::Unreachable,
            Self::Untrusted { .. }
            | Self::Expired
            | Self::Credential { .. }
            | Self::Denied { .. }
            | Self::Locked { .. }
            | Self::Region { .. }
            | Self::Clock
            | Self::Bucket { .. }
            | Self::Refused { .. } => Exit::Refused,
            Self::Corrupted { .. } | Self::Damaged { .. } | Self::Unreadable { .. } => Exit::Damaged,
            Self::Absent { .. } => Exit::NoRepository,
            Self::Password => Exit::Password,
            Self::Held { .. } | Self::LockLost { .. } => Exit::Locked,
            Self::Space { .. } | Self::TooSmall { .. } => Exit::Space,
            Self::Cancelled => Exit::Cancelled,
            Self::Missing { .. }
            | Self::Replaced { .. }
            | Self::Present { .. }
            | Self::NoSnapshot { .. }
            | Self::NoPath { .. }
            | Self::Source { .. }
            | Self::Producer { .. }
            | Self::Start { .. }
            | Self::Stream { .. }
            | Self::Target { .. }
            | Self::TooLarge { .. }
            | Self::Length { .. }
            | Self::Path { .. }
            | Self::Profile { .. }
            | Self::Format { .. }
            | Self::File { .. } => Exit::Other,
        }
    }

    /// Writing to `path` failed; a full disk is a fault of its own.
    pub(crate) fn target(path: impl Into<PathBuf>, written: u64, cause: std::io::Error) -> Self {
        let path = path.into();
        match cause.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::Space { path, written }
            }
            _ => Self::Target { path, source: cause },
        }
    }
}

fn minutes(seconds: u64) -> String {
    if seconds < 60 {
        format!("{seconds}s")
    } else {
        format!("{}m", seconds / 60)
    }
}

fn tail(lines: &[String]) -> String {
    if lines.is_empty() {
        String::new()
    } else {
        format!(": {}", lines.join("; "))
    }
}

#[cfg(test)]
mod tests;
