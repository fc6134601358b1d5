//! Keeps the pods that a client asks for, exactly as it sends them.
//! Must not change a request.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Method, Request, Response};
use kube::client::Body;
use serde_json::{Value as Json, json};
use tower::{BoxError, Layer, Service};

/// What has been asked for so far.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    pods: Arc<Mutex<Vec<Json>>>,
}

impl Recorder {
    /// Takes what was recorded and begins anew.
    pub fn take(&self) -> Vec<Json> {
        std::mem::take(&mut *self.pods.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, pod: Json) {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner).push(pod);
    }
}

impl<S> Layer<S> for Recorder {
    type Service = Recording<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Recording {
            inner,
            recorder: self.clone(),
        }
    }
}

/// A service whose requests for pods are kept.
#[derive(Clone, Debug)]
pub struct Recording<S> {
    inner: S,
    recorder: Recorder,
}

impl<S, B> Service<Request<Body>> for Recording<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError> + Send,
    B: Send,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let recorder = self.recorder.clone();
        Box::pin(async move {
            let Some(namespace) = pods_of(&request) else {
                return inner.call(request).await.map_err(Into::into);
            };
            let (parts, body) = request.into_parts();
            let bytes = body.collect_bytes().await?;
            let sent: Json = serde_json::from_slice(&bytes)?;
            let answer = inner
                .call(Request::from_parts(parts, Body::from(bytes)))
                .await
                .map_err(Into::into)?;
            recorder.add(json!({
                "answer": answer.status().as_u16(),
                "namespace": namespace,
                "metadata": sent["metadata"],
                "spec": sent["spec"],
            }));
            Ok(answer)
        })
    }
}

/// The namespace of a request that makes a pod.
fn pods_of(request: &Request<Body>) -> Option<String> {
    if request.method() != Method::POST {
        return None;
    }
    let rest = request.uri().path().split("/api/v1/namespaces/").nth(1)?;
    rest.strip_suffix("/pods").map(str::to_owned)
}
