//! An API server in memory: it has prepared answers, and writes down what it is asked.
//!
//! Must not know what any object means: an answer is found by method and path alone.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::{Method, Request, Response};
use kube::client::Body;
use serde_json::{Value as Json, json};

/// The namespace of clients that name none.
const NAMESPACE: &str = "kanister";

/// Prepared answers and the requests so far. Clones are the same server.
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// By method and path; the last answer of a queue is given for ever.
    answers: BTreeMap<(String, String), VecDeque<Answer>>,
    requests: Vec<String>,
}

#[derive(Clone)]
struct Answer {
    status: u16,
    body: Content,
}

#[derive(Clone)]
enum Content {
    Object(Json),
    Text(&'static str),
}

impl fmt::Debug for Script {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Script").finish_non_exhaustive()
    }
}

impl Script {
    /// A server that has nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers the next request for `path` with `body`, and every one after it unless there are more answers.
    #[must_use]
    pub fn answer(self, method: &Method, path: &str, status: u16, body: Json) -> Self {
        let key = (method.to_string(), path.to_owned());
        let answer = Answer {
            status,
            body: Content::Object(body),
        };
        self.state().answers.entry(key).or_default().push_back(answer);
        self
    }

    /// Answers a read of `path` with `object`.
    #[must_use]
    pub fn has(self, path: &str, object: Json) -> Self {
        self.answer(&Method::GET, path, 200, object)
    }

    /// Answers a list of `path` with `items`.
    #[must_use]
    pub fn lists(self, path: &str, items: &[Json]) -> Self {
        self.has(
            path,
            json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}),
        )
    }

    /// Refuses the next request for `path` as an API server does.
    #[must_use]
    pub fn refuse(self, method: &Method, path: &str, status: u16, reason: &str, message: &str) -> Self {
        self.answer(method, path, status, refusal(status, reason, message, path))
    }

    /// A client of this server.
    pub fn client(&self) -> kube::Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.take(request).await) }
        });
        kube::Client::new(service, NAMESPACE)
    }

    /// What it was asked so far: method and path, and what was sent.
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    async fn take(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let sent = body.collect_bytes().await.unwrap_or_default();
        let path = parts.uri.path().to_owned();
        let mut line = format!("{} {path}", parts.method);
        if let Some(query) = parts.uri.query().filter(|query| !query.is_empty()) {
            line = format!("{line}?{query}");
        }
        if !sent.is_empty() {
            line = format!("{line} {}", String::from_utf8_lossy(&sent));
        }
        let mut state = self.state();
        state.requests.push(line);
        let key = (parts.method.to_string(), path);
        let answer = match state.answers.get_mut(&key) {
            Some(queue) if queue.len() > 1 => queue.pop_front(),
            Some(queue) => queue.front().cloned(),
            None => None,
        };
        let Answer { status, body } = answer.unwrap_or_else(|| missing(&key.1));
        let body = match body {
            Content::Object(object) => object.to_string(),
            Content::Text(text) => text.to_owned(),
        };
        let mut response = Response::new(Body::from(body.into_bytes()));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
        response
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an API server says of something that it does not have.
fn missing(path: &str) -> Answer {
    let Some((resource, name)) = named(path) else {
        // A path that it does not serve at all.
        return Answer {
            status: 404,
            body: Content::Text("404 page not found\n"),
        };
    };
    let message = format!("{resource} \"{name}\" not found");
    Answer {
        status: 404,
        body: Content::Object(refusal(404, "NotFound", &message, path)),
    }
}

fn refusal(status: u16, reason: &str, message: &str, path: &str) -> Json {
    let name = path.rsplit('/').next();
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": status,
        "reason": reason,
        "message": message,
        "details": {"name": name},
    })
}

/// `secrets` and `nope` of `/api/v1/namespaces/n/secrets/nope`; with the group for groups.
fn named(path: &str) -> Option<(String, &str)> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["api", _, "namespaces", name] => Some(("namespaces".to_owned(), name)),
        ["api", _, "namespaces", _, resource, name] => Some(((*resource).to_owned(), name)),
        ["apis", group, _, "namespaces", _, resource, name] | ["apis", group, _, resource, name] => {
            Some((format!("{resource}.{group}"), name))
        }
        _ => None,
    }
}
