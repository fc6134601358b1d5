//! A proxy before the real API server or the real object store that fails as it is told to.
//!
//! ```text
//! script     which fault meets which request; pure
//! upstream   the server behind: its address, whom it trusts, how it words a refusal
//! serve      connections and requests
//! stream     answers and tunnels that can be cut
//! ```
//!
//! Everything that no rule matches goes through unchanged, so that what a client meets is the real server with one thing
//! wrong. Exec and port-forward streams go through as well, in the old protocol and in the new.
//!
//! Must not know who the client is.

mod script;
mod serve;
mod stream;
mod upstream;

use std::fmt;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use snafu::{ResultExt, Snafu};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::certificates::{self, Authority, Subject};
use crate::kubeconfig;
use script::Script;
pub use script::{Fault, Line, Pattern, Rule};
use stream::Streams;
use upstream::Upstream;

/// Why there is no proxy.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum Error {
    /// The kubeconfig cannot be read.
    #[snafu(display("failed to read {}", path.display()))]
    Read {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The kubeconfig is not one of a test bed.
    #[snafu(display("failed to understand {}", path.display()))]
    Understand {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: serde_yaml::Error,
    },
    /// A part of it is missing, or is not what it should be.
    #[snafu(display("the kubeconfig has no usable {what}"))]
    Unusable {
        /// The part.
        what: &'static str,
    },
    /// The keys are not usable for TLS.
    #[snafu(display("failed to set up TLS"))]
    Tls {
        /// Why.
        source: rustls::Error,
    },
    /// A certificate for the proxy cannot be made.
    #[snafu(display("failed to make the proxy's certificate"))]
    Certificate {
        /// Why.
        source: certificates::Error,
    },
    /// The proxy cannot listen.
    #[snafu(display("failed to listen at {address}"))]
    Listen {
        /// Where.
        address: Ipv4Addr,
        /// Why.
        source: io::Error,
    },
    /// The URL of the server behind is not one.
    #[snafu(display("{url} is not the URL of a server"))]
    Url {
        /// The text.
        url: String,
    },
}

/// A request that came to the proxy, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The request.
    pub line: Line,
    /// The fault it met.
    pub fault: Option<Fault>,
}

/// A proxy that runs until this value is dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    kubeconfig: Option<String>,
    _stop: DropGuard,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Proxy")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// What connections share.
struct Shared {
    upstream: Upstream,
    script: Mutex<Script>,
    seen: Mutex<Vec<Seen>>,
    streams: Streams,
}

impl Proxy {
    /// Stands before the API server that a kubeconfig of a test bed names, listening at an address of this machine.
    ///
    /// Who comes with the proxy's own kubeconfig is to the server the user of the given one. Who comes with a bearer token
    /// is who the token says, and anybody else a stranger.
    pub async fn before_api_server(kubeconfig: &Path, address: Ipv4Addr) -> Result<Self, Error> {
        let text = fs::read_to_string(kubeconfig).context(ReadSnafu { path: kubeconfig })?;
        let upstream = upstream::api_server(&text, kubeconfig)?;
        let authority = Authority::new("testbed-fault").context(CertificateSnafu)?;
        let subject = Subject {
            name: "fault-proxy",
            names: &["localhost"],
            addresses: &[address.into()],
            ..Subject::default()
        };
        let identity = authority.issue(&subject).context(CertificateSnafu)?;
        let issuer = &authority.identity().certificate;
        let tls = upstream::server_configuration(&identity, issuer)?;
        let mut proxy = Self::listen(upstream, address, Some(tls)).await?;
        let server = format!("https://{}", proxy.address);
        let user = Subject {
            name: "user",
            ..Subject::default()
        };
        let user = authority.issue(&user).context(CertificateSnafu)?;
        proxy.kubeconfig = Some(kubeconfig::render("fault", "user", &server, issuer, &user));
        Ok(proxy)
    }

    /// Stands before an object store, given by its URL without TLS. Signatures of requests stay valid.
    pub async fn before_store(endpoint: &str, address: Ipv4Addr) -> Result<Self, Error> {
        Self::listen(upstream::store(endpoint)?, address, None).await
    }

    async fn listen(upstream: Upstream, address: Ipv4Addr, tls: Option<serve::Tls>) -> Result<Self, Error> {
        let listener = TcpListener::bind((address, 0))
            .await
            .context(ListenSnafu { address })?;
        let local = listener.local_addr().context(ListenSnafu { address })?;
        let shared = Arc::new(Shared {
            upstream,
            script: Mutex::default(),
            seen: Mutex::default(),
            streams: Streams::default(),
        });
        let stop = CancellationToken::new();
        tokio::spawn(serve::serve(listener, tls, Arc::clone(&shared), stop.clone()));
        Ok(Self {
            address: local,
            shared,
            kubeconfig: None,
            _stop: stop.drop_guard(),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of an object store's proxy.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The kubeconfig, as text, that names an API server's proxy and trusts it. None before a store.
    pub fn kubeconfig(&self) -> Option<&str> {
        self.kubeconfig.as_deref()
    }

    /// Adds a rule. Of several that match a request, the one that was added first counts.
    pub fn add(&self, rule: Rule) {
        lock(&self.shared.script).add(rule);
    }

    /// Forgets all rules: from now on everything goes through.
    pub fn heal(&self) {
        *lock(&self.shared.script) = Script::default();
    }

    /// Cuts the answers and tunnels that are under way of requests that match, and says how many there were.
    pub fn cut(&self, pattern: &Pattern) -> usize {
        self.shared.streams.cut(pattern)
    }

    /// Everything that was asked for, in the order of its coming.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }
}

/// What a lock guards here is whole between any two statements, whoever panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
