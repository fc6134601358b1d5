//! The server behind the proxy: where it is, whom it trusts, how it words a refusal.
//! Must not know which requests are refused.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, Uri, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::client::WantsClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, ServerConfig};
use serde::Deserialize;
use serde_json::json;
use snafu::{OptionExt, ResultExt};

use super::serve::{Body, Tls};
use super::{Error, TlsSnafu, UnderstandSnafu, UnusableSnafu, UrlSnafu};
use crate::certificates::Identity;

type Connector = HttpsConnector<HttpConnector>;

/// The server behind.
pub(super) struct Upstream {
    scheme: Scheme,
    authority: Authority,
    kind: Kind,
    /// Acts as the user of the kubeconfig.
    known: Client<Connector, Body>,
    /// Brings nothing of its own, for requests that say who they are from: to the API server a certificate would count
    /// for more than a token.
    unknown: Client<Connector, Body>,
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Caller {
    /// Somebody with the proxy's own kubeconfig.
    Known,
    Stranger,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    ApiServer,
    Store,
}

/// The parts of a kubeconfig that the test bed writes.
#[derive(Deserialize)]
struct Config {
    clusters: Vec<ClusterEntry>,
    users: Vec<UserEntry>,
}

#[derive(Deserialize)]
struct ClusterEntry {
    cluster: ClusterPart,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ClusterPart {
    server: String,
    certificate_authority_data: String,
}

#[derive(Deserialize)]
struct UserEntry {
    user: UserPart,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct UserPart {
    client_certificate_data: String,
    client_key_data: String,
}

/// Reads who and where from a kubeconfig.
pub(super) fn api_server(text: &str, path: &Path) -> Result<Upstream, Error> {
    let config: Config = serde_yaml::from_str(text).context(UnderstandSnafu { path })?;
    let cluster = config
        .clusters
        .first()
        .context(UnusableSnafu { what: "cluster" })?;
    let user = config.users.first().context(UnusableSnafu { what: "user" })?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&decode(&cluster.cluster.certificate_authority_data, "authority")?)? {
        roots.add(certificate).context(TlsSnafu)?;
    }
    let chain = certificates(&decode(&user.user.client_certificate_data, "certificate")?)?;
    let key = key(&decode(&user.user.client_key_data, "key")?)?;
    let (known, unknown) = (client_configuration(roots.clone())?, client_configuration(roots)?);
    let (scheme, authority) = split(&cluster.cluster.server)?;
    Ok(Upstream {
        scheme,
        authority,
        kind: Kind::ApiServer,
        known: client(known.with_client_auth_cert(chain, key).context(TlsSnafu)?),
        unknown: client(unknown.with_no_client_auth()),
    })
}

/// A store without TLS.
pub(super) fn store(endpoint: &str) -> Result<Upstream, Error> {
    let (scheme, authority) = split(endpoint)?;
    let tls = client_configuration(RootCertStore::empty())?.with_no_client_auth();
    Ok(Upstream {
        scheme,
        authority,
        kind: Kind::Store,
        known: client(tls.clone()),
        unknown: client(tls),
    })
}

/// The provider is named, because a program that links two of them has no default.
fn client_configuration(roots: RootCertStore) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    Ok(builder
        .with_safe_default_protocol_versions()
        .context(TlsSnafu)?
        .with_root_certificates(roots))
}

fn client(tls: ClientConfig) -> Client<Connector, Body> {
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .build();
    Client::builder(TokioExecutor::new()).build(connector)
}

fn split(url: &str) -> Result<(Scheme, Authority), Error> {
    let parts = url.parse::<Uri>().ok().map(Uri::into_parts);
    parts
        .and_then(|parts| parts.scheme.zip(parts.authority))
        .context(UrlSnafu { url })
}

fn decode(text: &str, what: &'static str) -> Result<Vec<u8>, Error> {
    STANDARD.decode(text).ok().context(UnusableSnafu { what })
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    parsed
        .ok()
        .filter(|found| !found.is_empty())
        .context(UnusableSnafu { what: "certificate" })
}

fn key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_slice(pem)
        .ok()
        .context(UnusableSnafu { what: "key" })
}

/// How the proxy itself serves TLS. A client may show a certificate of the issuer (PEM).
pub(super) fn server_configuration(identity: &Identity, issuer: &str) -> Result<Tls, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(issuer.as_bytes())? {
        roots.add(certificate).context(TlsSnafu)?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .ok()
        .context(UnusableSnafu { what: "authority" })?;
    let chain = certificates(identity.certificate.as_bytes())?;
    let key = key(identity.key.as_bytes())?;
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().context(TlsSnafu)?;
    let builder = builder.with_client_cert_verifier(verifier);
    let mut configuration = builder.with_single_cert(chain, key).context(TlsSnafu)?;
    // Nothing else can be upgraded to a tunnel.
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Tls::from(Arc::new(configuration)))
}

impl Upstream {
    /// The same path and query at the server behind.
    pub(super) fn locate(&self, uri: &Uri) -> Result<Uri, http::Error> {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
    }

    /// The client whose requests say what the caller may say.
    pub(super) fn client(&self, caller: Caller, headers: &HeaderMap) -> &Client<Connector, Body> {
        match caller {
            Caller::Known if !headers.contains_key(header::AUTHORIZATION) => &self.known,
            Caller::Known | Caller::Stranger => &self.unknown,
        }
    }

    /// The content type and the body of a refusal.
    pub(super) fn refusal(&self, status: u16) -> (&'static str, String) {
        match self.kind {
            Kind::ApiServer => {
                let body = json!({
                    "kind": "Status",
                    "apiVersion": "v1",
                    "metadata": {},
                    "status": "Failure",
                    "message": format!("the fault proxy answers {status}"),
                    "reason": reason(status),
                    "code": status,
                });
                ("application/json", body.to_string())
            }
            Kind::Store => {
                let code = code(status);
                let body = format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
                    <Message>the fault proxy answers {status}</Message></Error>"
                );
                ("application/xml", body)
            }
        }
    }
}

/// The API server's word for a status.
fn reason(status: u16) -> &'static str {
    match status {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        410 => "Expired",
        422 => "Invalid",
        429 => "TooManyRequests",
        500 => "InternalError",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "",
    }
}

/// S3's word for a status.
fn code(status: u16) -> &'static str {
    match status {
        403 => "AccessDenied",
        404 => "NoSuchKey",
        409 => "OperationAborted",
        412 => "PreconditionFailed",
        429 => "TooManyRequests",
        503 => "SlowDown",
        _ => "InternalError",
    }
}
