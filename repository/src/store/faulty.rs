//! A store that fails on demand, so that tests can show what every fault does to a backup or a restore.
//!
//! It must not know what is stored: it counts requests, and a rule decides which of them fail and how.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;

use super::{Head, Listed, Shared, Store, Upload, Version};
use crate::error::{Error, Operation};

/// One request, as a [`Rule`] sees it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What is asked.
    pub operation: Operation,
    /// Of which object; a prefix for listings.
    pub key: &'a str,
    /// How many requests came before this one.
    pub number: u64,
}

/// Decides whether a request fails, and how.
pub type Rule = dyn Fn(Request<'_>) -> Option<Error> + Send + Sync;

/// Whether a listing leaves an object out.
type Hidden = dyn Fn(&str) -> bool + Send + Sync;

/// Passes requests on to another store unless its rule says otherwise.
#[derive(Clone)]
pub struct Faulty {
    inner: Shared,
    rule: Arc<Rule>,
    hidden: Arc<Hidden>,
    requests: Arc<AtomicU64>,
}

impl fmt::Debug for Faulty {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Faulty")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl Faulty {
    /// Puts `rule` in front of `inner`.
    pub fn new(inner: Shared, rule: impl Fn(Request<'_>) -> Option<Error> + Send + Sync + 'static) -> Self {
        Self {
            inner,
            rule: Arc::new(rule),
            hidden: Arc::new(|_| false),
            requests: Arc::new(AtomicU64::new(0)),
        }
    }

    /// Leaves objects out of listings, as a store does that lists late.
    #[must_use]
    pub fn hiding(mut self, hidden: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.hidden = Arc::new(hidden);
        self
    }

    fn ask(&self, operation: Operation, key: &str) -> Result<(), Error> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        (self.rule)(Request {
            operation,
            key,
            number,
        })
        .map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Store for Faulty {
    fn location(&self) -> String {
        self.inner.location()
    }

    async fn get(&self, key: &str, range: Range<u64>, expected: Option<&Version>) -> Result<Bytes, Error> {
        self.ask(Operation::GetObject, key)?;
        self.inner.get(key, range, expected).await
    }

    async fn read(&self, key: &str) -> Result<Bytes, Error> {
        self.ask(Operation::GetObject, key)?;
        self.inner.read(key).await
    }

    async fn head(&self, key: &str) -> Result<Option<Head>, Error> {
        self.ask(Operation::HeadObject, key)?;
        self.inner.head(key).await
    }

    async fn put(&self, key: &str, content: Bytes) -> Result<(), Error> {
        self.ask(Operation::PutObject, key)?;
        self.inner.put(key, content).await
    }

    async fn upload(&self, key: &str) -> Result<Box<dyn Upload>, Error> {
        self.ask(Operation::CreateMultipartUpload, key)?;
        let inner = self.inner.upload(key).await?;
        Ok(Box::new(FaultyUpload {
            inner,
            store: self.clone(),
            key: key.to_owned(),
        }))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Listed>, Error> {
        self.ask(Operation::ListObjects, prefix)?;
        let mut listed = self.inner.list(prefix).await?;
        listed.retain(|object| !(self.hidden)(&object.key));
        Ok(listed)
    }

    async fn delete(&self, key: &str) -> Result<(), Error> {
        self.ask(Operation::DeleteObject, key)?;
        self.inner.delete(key).await
    }
}

#[derive(Debug)]
struct FaultyUpload {
    inner: Box<dyn Upload>,
    store: Faulty,
    key: String,
}

#[async_trait]
impl Upload for FaultyUpload {
    async fn part(&self, number: u32, content: Bytes) -> Result<(), Error> {
        self.store.ask(Operation::UploadPart, &self.key)?;
        self.inner.part(number, content).await
    }

    async fn complete(&self) -> Result<(), Error> {
        self.store.ask(Operation::CompleteMultipartUpload, &self.key)?;
        self.inner.complete().await
    }

    async fn abort(&self) -> Result<(), Error> {
        self.store.ask(Operation::AbortMultipartUpload, &self.key)?;
        self.inner.abort().await
    }
}
