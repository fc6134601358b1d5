//! Objects of the cluster as the API server sends them, and what is said when one cannot be had.
//! Must not know what an object is read for.

use std::borrow::Cow;
use std::time::Duration;

use kube::Client;
use kube::api::{GetParams, ListParams};
use kube::core::Request;
use mainstay_engine::function::{self, Cause};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use snafu::{ResultExt, Snafu, ensure};

use crate::refusal::{is_transient, told};

/// How often a read is tried before its failure counts.
const ATTEMPTS: u32 = 6;
/// The pause after the first failed attempt; doubled after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How many objects one answer to a list may hold.
const PAGE: u32 = 500;

/// Why an object could not be had. The texts are those that Kanister's users know.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    /// The reference names nothing; the API server would take the request for a list.
    #[snafu(display("resource name may not be empty"))]
    Unnamed,
    /// A part of the reference would lead to another path.
    #[snafu(display(
        "invalid {part} {text:?}: it may not be '.' or '..' and may not contain '/', '%', '?' or '#'"
    ))]
    Segment {
        /// Which part.
        part: &'static str,
        /// What it holds.
        text: String,
    },
    /// The API server refused, or could not be reached.
    #[snafu(display("{}", told(source)))]
    Read {
        /// What it said.
        source: Box<kube::Error>,
    },
    /// It is not what its kind says.
    #[snafu(display("failed to decode {what}: {source}"))]
    Decode {
        /// Which object.
        what: String,
        /// What is wrong.
        source: serde_json::Error,
    },
}

impl Error {
    /// Whether trying again may help.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Read { source } => is_transient(source),
            Self::Unnamed | Self::Segment { .. } | Self::Decode { .. } => false,
        }
    }
}

impl From<Error> for function::Error {
    fn from(error: Error) -> Self {
        let cause = if error.is_transient() {
            Cause::Unreachable
        } else {
            Cause::Mistake
        };
        Self::new(cause, error.to_string())
    }
}

/// Where the objects of one kind are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    /// The API group; empty for the core group.
    pub(crate) group: Cow<'static, str>,
    /// The bare version.
    pub(crate) version: Cow<'static, str>,
    /// The plural name.
    pub(crate) plural: Cow<'static, str>,
}

impl Resource {
    /// A kind that the program knows.
    pub(crate) const fn known(group: &'static str, version: &'static str, plural: &'static str) -> Self {
        Self {
            group: Cow::Borrowed(group),
            version: Cow::Borrowed(version),
            plural: Cow::Borrowed(plural),
        }
    }

    /// The path of the collection in `namespace`; of the whole cluster's when that is empty, as Kanister has it.
    fn path(&self, namespace: &str) -> Result<String, Error> {
        check_segment("group", &self.group)?;
        check_segment("version", &self.version)?;
        check_segment("resource", &self.plural)?;
        check_segment("namespace", namespace)?;
        let root = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        Ok(if namespace.is_empty() {
            format!("{root}/{}", self.plural)
        } else {
            format!("{root}/namespaces/{namespace}/{}", self.plural)
        })
    }
}

/// Core Secrets.
pub(crate) const SECRETS: Resource = Resource::known("", "v1", "secrets");
/// Core ConfigMaps.
pub(crate) const CONFIG_MAPS: Resource = Resource::known("", "v1", "configmaps");

/// Reads objects of one cluster.
#[derive(Clone)]
pub(crate) struct Objects {
    client: Client,
}

impl std::fmt::Debug for Objects {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Objects").finish_non_exhaustive()
    }
}

impl Objects {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// One object, exactly as it was sent.
    pub(crate) async fn get(&self, resource: &Resource, namespace: &str, name: &str) -> Result<Json, Error> {
        ensure!(!name.is_empty(), UnnamedSnafu);
        check_segment("name", name)?;
        let path = resource.path(namespace)?;
        self.read(|| Request::new(&path).get(name, &GetParams::default()))
            .await
    }

    /// Every object of a collection that has the labels of `selector`, in the API server's order.
    pub(crate) async fn list<K: DeserializeOwned>(
        &self,
        resource: &Resource,
        namespace: &str,
        selector: &str,
    ) -> Result<Vec<K>, Error> {
        let path = resource.path(namespace)?;
        let mut parameters = ListParams::default().labels(selector).limit(PAGE);
        let mut objects = Vec::new();
        loop {
            let mut page = self.read(|| Request::new(&path).list(&parameters)).await?;
            let next = page["metadata"]["continue"].as_str().map(str::to_owned);
            for item in page["items"]
                .as_array_mut()
                .map(std::mem::take)
                .unwrap_or_default()
            {
                objects.push(serde_json::from_value(item).with_context(|_| DecodeSnafu {
                    what: format!("one of {}", resource.plural),
                })?);
            }
            match next {
                Some(token) if !token.is_empty() => parameters.continue_token = Some(token),
                _ => return Ok(objects),
            }
        }
    }

    /// Sends what `build` makes until there is an answer that counts.
    async fn read(
        &self,
        build: impl Fn() -> Result<http::Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Result<Json, Error> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match self.send(&build).await {
                Err(error) if is_transient(&error) => {
                    tracing::debug!(
                        error = told(&error),
                        ?pause,
                        "a read is tried again after a pause"
                    );
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                answer => return answer.map_err(Box::new).context(ReadSnafu),
            }
        }
        self.send(&build).await.map_err(Box::new).context(ReadSnafu)
    }

    async fn send(
        &self,
        build: impl Fn() -> Result<http::Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Result<Json, kube::Error> {
        let request = build().map_err(kube::Error::BuildRequest)?;
        self.client.request(request).await
    }
}

/// Refuses what would make another path of it.
fn check_segment(part: &'static str, text: &str) -> Result<(), Error> {
    ensure!(
        text != "." && text != ".." && !text.contains(['/', '%', '?', '#']),
        SegmentSnafu { part, text }
    );
    Ok(())
}
