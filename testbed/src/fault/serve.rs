//! The proxy at work: connections, and one request at a time on each.
//! Must not know how a fault is chosen.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::script::{Fault, Line};
use super::upstream::Caller;
use super::{Seen, Shared, lock, stream};

/// How TLS is served.
pub(super) type Tls = tokio_rustls::TlsAcceptor;

/// What ends a connection.
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is passed on in either direction.
pub(super) type Body = UnsyncBoxBody<Bytes, Failure>;

/// Serves until told to stop, and ends every connection then.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    shared: Arc<Shared>,
    stop: CancellationToken,
) {
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let (stream, _) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                continue;
            }
        };
        let (tls, shared, stop) = (tls.clone(), Arc::clone(&shared), stop.clone());
        tokio::spawn(async move {
            let served = async {
                match tls {
                    Some(tls) => {
                        let stream = tls.accept(stream).await?;
                        let known = stream.get_ref().1.peer_certificates().is_some();
                        let caller = if known { Caller::Known } else { Caller::Stranger };
                        connection(stream, caller, shared).await
                    }
                    None => connection(stream, Caller::Stranger, shared).await,
                }
            };
            // A connection that ends with an error is what the proxy is for.
            if let Some(Err(error)) = stop.run_until_cancelled(served).await {
                tracing::debug!(%error, "a connection ended");
            }
        });
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    caller: Caller,
    shared: Arc<Shared>,
) -> Result<(), Failure> {
    let service = service_fn(|request| handle(request, caller, Arc::clone(&shared)));
    http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await?;
    Ok(())
}

/// Answers a request, or fails, which ends the connection.
async fn handle(
    mut request: Request<Incoming>,
    caller: Caller,
    shared: Arc<Shared>,
) -> Result<Response<Body>, Failure> {
    let line = Line {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
    };
    let fault = lock(&shared.script).take(&line);
    lock(&shared.seen).push(Seen {
        line: line.clone(),
        fault: fault.clone(),
    });
    let mut limit = None;
    let mut forget = false;
    match fault {
        None => {}
        Some(Fault::Answer { status, retry_after }) => return refuse(&shared, status, retry_after),
        Some(Fault::Delay(duration)) => tokio::time::sleep(duration).await,
        Some(Fault::DropBefore) => return Err("dropped before the server knew of it".into()),
        Some(Fault::DropAfter) => forget = true,
        Some(Fault::Cut { after }) => limit = Some(after),
    }
    let client_side = upgrade::on(&mut request);
    let (mut parts, body) = request.into_parts();
    parts.uri = shared.upstream.locate(&parts.uri)?;
    let client = shared.upstream.client(caller, &parts.headers);
    let mut response = client
        .request(Request::from_parts(
            parts,
            body.map_err(Failure::from).boxed_unsync(),
        ))
        .await?;
    if forget {
        // The server has begun to answer, and so has done what it was asked.
        return Err("dropped after the server did it".into());
    }
    let token = shared.streams.open(line);
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let server_side = upgrade::on(&mut response);
        tokio::spawn(stream::tunnel(client_side, server_side, limit, token));
        return Ok(response.map(|_| empty()));
    }
    Ok(response.map(|body| stream::cuttable(body, limit, token)))
}

fn refuse(shared: &Shared, status: u16, retry_after: Option<u32>) -> Result<Response<Body>, Failure> {
    let (kind, text) = shared.upstream.refusal(status);
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, kind);
    if let Some(seconds) = retry_after {
        response = response.header(header::RETRY_AFTER, seconds);
    }
    Ok(response.body(Full::from(text).map_err(impossible).boxed_unsync())?)
}

fn empty() -> Body {
    Empty::new().map_err(impossible).boxed_unsync()
}

fn impossible(never: Infallible) -> Failure {
    match never {}
}
