//! What comes over the wire: certificates, bodies that break off, refusals that pass, a bucket in another region. The server is a
//! script; that a whole server is spoken to rightly is shown end to end.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_repository::store::{self, Address, Patience, Settings, Shared};
use mainstay_repository::{Error, Profile};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What is answered to a request, by its first line and headers.
type Script = dyn Fn(&str) -> String + Send + Sync;

/// A server that answers as its script says, one request for each connection.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(
        tls: Option<Arc<ServerConfig>>,
        script: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (script, seen): (Arc<Script>, _) = (Arc::new(script), Arc::clone(&asked));
        // Ends with the test's process; what clients do to their connections does not concern it.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (tls, script, seen) = (tls.clone(), Arc::clone(&script), Arc::clone(&seen));
                std::thread::spawn(move || match tls {
                    None => answer(stream, &*script, &seen),
                    Some(tls) => {
                        let connection = ServerConnection::new(tls).unwrap();
                        answer(StreamOwned::new(connection, stream), &*script, &seen);
                    }
                });
            }
        });
        Self { address, asked }
    }

    /// First lines of what was asked.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(stream: impl Read + Write, script: &Script, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        match reader.read_line(&mut head) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
    let length = head
        .to_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    seen.lock()
        .unwrap()
        .push(head.lines().next().unwrap_or_default().to_owned());
    let stream = reader.get_mut();
    stream
        .write_all(script(&head).as_bytes())
        .and_then(|()| stream.flush())
        .ok();
}

/// An answer with a body of that length, of which less may be given.
fn reply(status: &str, headers: &str, length: usize, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

fn refusal(status: &str, code: &str) -> String {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>");
    reply(status, "content-type: application/xml\r\n", body.len(), &body)
}

fn good() -> String {
    reply("200 OK", "", 0, "")
}

async fn open(scheme: &str, server: &Server, skip: bool, settings: &Settings) -> Result<Shared, Error> {
    let profile = serde_json::json!({
        "Location": {"type": "s3Compliant", "bucket": "db", "endpoint": format!("{scheme}://{}", server.address)},
        "Credential": {"Type": "keyPair", "KeyPair": {"ID": "id", "Secret": "secret"}},
        "SkipSSLVerify": skip,
    });
    let profile = Profile::from_json(&profile.to_string()).unwrap();
    store::open(&Address::of(&profile, settings).unwrap()).await
}

fn impatient() -> Settings {
    Settings {
        patience: Patience(Duration::ZERO),
        ..Settings::default()
    }
}

/// A server's configuration, and the certificate of who signed for it.
fn certified() -> (Arc<ServerConfig>, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = authority.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(authority, key);
    let own = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .unwrap()
        .signed_by(&own, &issuer)
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let key = PrivatePkcs8KeyDer::from(own.serialize_der());
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    (
        Arc::new(
            config
                .with_no_client_auth()
                .with_single_cert(chain, key.into())
                .unwrap(),
        ),
        pem,
    )
}

#[tokio::test]
async fn certificates_are_verified_unless_told_otherwise() {
    let (tls, authority) = certified();
    let server = Server::start(Some(tls), |_| good());
    let untrusted = open("https", &server, false, &impatient()).await.unwrap_err();
    assert_eq!(
        untrusted.to_string(),
        format!(
            "certificate of https://{} is not trusted: invalid peer certificate: UnknownIssuer; \
             set mainstay.dev/ca-bundle or skipSSLVerify",
            server.address
        )
    );
    assert_eq!(untrusted.exit().code(), 13);
    assert_eq!(server.asked(), Vec::<String>::new());

    let settings = Settings {
        ca_bundle: Some(authority),
        ..impatient()
    };
    open("https", &server, false, &settings)
        .await
        .unwrap()
        .put("k", "x".into())
        .await
        .unwrap();
    open("https", &server, true, &impatient())
        .await
        .unwrap()
        .put("k", "x".into())
        .await
        .unwrap();
    let garbage = Settings {
        ca_bundle: Some("no certificate".to_owned()),
        ..impatient()
    };
    let refused = open("https", &server, false, &garbage).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the CA bundle holds no certificate in PEM form"
    );
}

#[tokio::test]
async fn a_body_that_breaks_off_is_told_and_asked_for_again() {
    let whole = "x".repeat(1_000);
    let times = Mutex::new(0);
    let breaking = move |head: &str| {
        if !head.starts_with("GET") {
            return good();
        }
        let mut times = times.lock().unwrap();
        *times += 1;
        let given = if *times == 2 {
            whole.as_str()
        } else {
            &whole[..300]
        };
        reply("206 Partial Content", "etag: \"v\"\r\n", 1_000, given)
    };
    let server = Server::start(None, breaking);
    let store = open("http", &server, false, &impatient()).await.unwrap();
    let broken = store.get("k", 0..1_000, None).await.unwrap_err();
    assert_eq!(broken.to_string(), "connection broke after 300 B of 1000 B: k");
    assert_eq!(broken.exit().code(), 14);
    assert_eq!(store.get("k", 0..1_000, None).await.unwrap().len(), 1_000);
}

#[tokio::test]
async fn refusals_that_pass_are_waited_for() {
    let times = Mutex::new(0);
    let busy = move |head: &str| {
        let mut times = times.lock().unwrap();
        *times += u32::from(head.starts_with("PUT"));
        let refused = head.starts_with("PUT") && *times != 3;
        if refused {
            refusal("503 Slow Down", "SlowDown")
        } else {
            good()
        }
    };
    let server = Server::start(None, busy);
    let store = open("http", &server, false, &impatient()).await.unwrap();
    let throttled = store.put("k", "x".into()).await.unwrap_err();
    assert_eq!(
        throttled.to_string(),
        "store is refusing requests (503 SlowDown) for 0s: k"
    );
    let patient = Settings {
        patience: Patience(Duration::from_mins(1)),
        ..Settings::default()
    };
    let store = open("http", &server, false, &patient).await.unwrap();
    store.put("k", "x".into()).await.unwrap();
    let puts = server
        .asked()
        .iter()
        .filter(|line| line.starts_with("PUT"))
        .count();
    assert_eq!(puts, 3);
}

#[tokio::test]
async fn the_bucket_says_where_it_is() {
    let elsewhere = |head: &str| {
        if head.contains("/eu-west-1/s3/") {
            return good();
        }
        reply(
            "301 Moved Permanently",
            "x-amz-bucket-region: eu-west-1\r\n",
            0,
            "",
        )
    };
    let server = Server::start(None, elsewhere);
    open("http", &server, false, &impatient())
        .await
        .unwrap()
        .put("k", "x".into())
        .await
        .unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 3, "{asked:?}");
}

#[tokio::test]
async fn a_refusal_without_a_body_is_asked_about() {
    let refusing = |head: &str| {
        if head.starts_with("HEAD") {
            reply("403 Forbidden", "", 0, "")
        } else {
            refusal("403 Forbidden", "InvalidAccessKeyId")
        }
    };
    let server = Server::start(None, refusing);
    let refused = open("http", &server, false, &impatient()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "store rejected the credential (InvalidAccessKeyId)"
    );
    // A credential that may not list may well be allowed to write.
    let narrow = |head: &str| {
        if head.starts_with("PUT") {
            good()
        } else {
            refusal("403 Forbidden", "AccessDenied")
        }
    };
    let server = Server::start(None, narrow);
    let store = open("http", &server, false, &impatient()).await.unwrap();
    store.put("k", "x".into()).await.unwrap();
    let denied = store.list("").await.unwrap_err();
    assert_eq!(denied.to_string(), "not allowed to ListObjects: db");
}

#[tokio::test]
async fn nobody_there_is_told_with_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let server = Server {
        address,
        asked: Arc::default(),
    };
    let gone = open("http", &server, false, &impatient()).await.unwrap_err();
    let message = gone.to_string();
    assert!(
        message.starts_with(&format!("failed to reach http://{address}: ")),
        "{message}"
    );
    assert!(message.contains("Connection refused"), "{message}");
}
