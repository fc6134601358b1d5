//! The small server for probes and metrics.
//! Must not know what the program does.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use snafu::{ResultExt, Snafu};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

/// Why there is no server.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The port cannot be listened at.
    #[snafu(display("failed to listen at port {port}"))]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
    /// The server broke down.
    #[snafu(display("failed to serve probes and metrics"))]
    Serve {
        /// Why.
        source: std::io::Error,
    },
}

/// Whether the program does its work: it does once it has seen everything there is.
#[derive(Debug, Default)]
pub struct Readiness {
    action_sets: AtomicBool,
    blueprints: AtomicBool,
}

impl Readiness {
    pub(crate) fn action_sets_listed(&self) {
        self.action_sets.store(true, Ordering::Relaxed);
    }

    pub(crate) fn blueprints_listed(&self) {
        self.blueprints.store(true, Ordering::Relaxed);
    }

    fn is_ready(&self) -> bool {
        self.action_sets.load(Ordering::Relaxed) && self.blueprints.load(Ordering::Relaxed)
    }
}

/// Where what is answered.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The liveness probe.
    pub liveness: String,
    /// The readiness probe.
    pub readiness: String,
}

#[derive(Clone)]
struct Shown {
    readiness: Arc<Readiness>,
    metrics: Arc<Metrics>,
}

/// A server that is not yet serving.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    router: Router,
}

impl Server {
    /// Takes the port, on every address; 0 takes any port that is free.
    pub async fn listen(
        port: u16,
        paths: &Paths,
        readiness: Arc<Readiness>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, Error> {
        let everywhere = [
            SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)),
            // Where there is no IPv6.
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
        ];
        let listener = TcpListener::bind(&everywhere[..])
            .await
            .context(ListenSnafu { port })?;
        let router = Router::new()
            .route(&paths.liveness, get(alive))
            .route(&paths.readiness, get(ready))
            .route("/metrics", get(show_metrics))
            .with_state(Shown { readiness, metrics });
        Ok(Self { listener, router })
    }

    /// Where it listens.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop`.
    pub async fn serve(self, stop: CancellationToken) -> Result<(), Error> {
        axum::serve(self.listener, self.router)
            .with_graceful_shutdown(stop.cancelled_owned())
            .await
            .context(ServeSnafu)
    }
}

const JSON: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json; charset=UTF-8")];

async fn alive() -> impl IntoResponse {
    (
        JSON,
        concat!(r#"{"alive":true,"version":""#, env!("CARGO_PKG_VERSION"), r#""}"#),
    )
}

async fn ready(State(shown): State<Shown>) -> impl IntoResponse {
    if shown.readiness.is_ready() {
        (StatusCode::OK, JSON, r#"{"status":"ready"}"#)
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, JSON, r#"{"status":"starting"}"#)
    }
}

async fn show_metrics(State(shown): State<Shown>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match shown.metrics.text() {
        Ok(page) => (StatusCode::OK, [(header::CONTENT_TYPE, kind)], page),
        Err(error) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            [(header::CONTENT_TYPE, "text/plain")],
            error.to_string(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn answer(router: &Router, path: &str) -> String {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        format!("{status} {}", String::from_utf8_lossy(&body))
    }

    async fn router(readiness: &Arc<Readiness>) -> Router {
        let paths = Paths {
            liveness: "/alive".to_owned(),
            readiness: "/ready".to_owned(),
        };
        let server = Server::listen(0, &paths, Arc::clone(readiness), Arc::new(Metrics::new()));
        server.await.unwrap().router
    }

    #[tokio::test]
    async fn it_is_ready_once_everything_is_listed_and_alive_before() {
        let orders: [[fn(&Readiness); 2]; 2] = [
            [Readiness::action_sets_listed, Readiness::blueprints_listed],
            [Readiness::blueprints_listed, Readiness::action_sets_listed],
        ];
        for [first, second] in orders {
            let readiness = Arc::new(Readiness::default());
            let router = router(&readiness).await;
            let starting = r#"503 {"status":"starting"}"#;

            assert!(answer(&router, "/alive").await.starts_with("200 "));
            assert_eq!(answer(&router, "/ready").await, starting);
            first(&readiness);
            assert_eq!(answer(&router, "/ready").await, starting);
            second(&readiness);
            assert_eq!(answer(&router, "/ready").await, r#"200 {"status":"ready"}"#);
        }
    }
}
