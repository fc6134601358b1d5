//! Keeps the pods that a client asks for, exactly as it sends them.
//! Must not change a request.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt as _, TryFutureExt as _, ready};
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
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError> + 'static,
    B: Send + 'static,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Some(namespace) = pods_of(&request) else {
            return Box::pin(self.inner.call(request).map_err(Into::into));
        };
        let (parts, body) = request.into_parts();
        // The client holds the whole body already, so there is nothing to wait for.
        let bytes = match body.collect_bytes().now_or_never() {
            Some(Ok(bytes)) => bytes,
            Some(Err(error)) => return Box::pin(ready(Err(error.into()))),
            None => return Box::pin(ready(Err("the body of a pod is not in memory".into()))),
        };
        let sent: Json = match serde_json::from_slice(&bytes) {
            Ok(sent) => sent,
            Err(error) => return Box::pin(ready(Err(error.into()))),
        };
        let answer = self.inner.call(Request::from_parts(parts, Body::from(bytes)));
        let recorder = self.recorder.clone();
        Box::pin(async move {
            let answer = answer.await.map_err(Into::into)?;
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
