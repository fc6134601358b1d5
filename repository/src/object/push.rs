//! A stream into one object: a single request when it is short, an upload in parts otherwise.
//!
//! Nothing is read while the parts in memory are at their limit, so a fast producer waits for a slow store. It must not know
//! where the stream comes from.

use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::task::JoinSet;

use super::part::Plan;
use crate::error::{self, Error};
use crate::location::Key;
use crate::producer::Producer;
use crate::store::{Shared, Upload};
use crate::watch::Watch;

/// Stores everything that `from` yields under `key` and returns the number of bytes.
///
/// A known `size` sets the size of parts and is held against what was read. On a fault or cancel there is no object, and no
/// upload stays open.
pub async fn push(
    store: &Shared,
    key: &Key,
    from: impl AsyncRead + Send + Unpin,
    size: Option<u64>,
    watch: &Watch,
) -> Result<u64, Error> {
    let source = Source {
        from,
        size,
        key: key.as_str(),
        watch,
    };
    source.send(store, async || Ok(())).await
}

/// Stores the standard output of a program under `key` and returns the number of bytes. The object appears only when the
/// program ended with status 0; a program that is still running when the store fails is killed.
pub async fn push_output(
    store: &Shared,
    key: &Key,
    producer: &Producer,
    watch: &Watch,
) -> Result<u64, Error> {
    let mut child = producer.start()?;
    let source = Source {
        from: child.output(),
        size: None,
        key: key.as_str(),
        watch,
    };
    let sent = source.send(store, async || child.finish(watch).await).await;
    if sent.is_err() {
        child.kill().await;
    }
    sent
}

/// What is sent, and where to.
struct Source<'a, R> {
    from: R,
    size: Option<u64>,
    key: &'a str,
    watch: &'a Watch,
}

impl<R: AsyncRead + Send + Unpin> Source<'_, R> {
    /// Sends the stream; `allow` is asked after its end, and the object appears only when it agrees.
    async fn send(
        mut self,
        store: &Shared,
        allow: impl AsyncFnOnce() -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let plan = Plan::new(self.size);
        let mut parts = Parts::new();
        let first = self.fill(plan, 1, &mut parts).await?;
        if (first.len() as u64) < plan.size(1).unwrap_or(0) {
            let length = first.len() as u64;
            self.hold_against(length)?;
            allow().await?;
            self.watch.check()?;
            store.put(self.key, first).await?;
            return Ok(length);
        }
        let upload: Arc<dyn Upload> = store.upload(self.key).await?.into();
        let sent = self.send_parts(plan, &upload, first, &mut parts, allow).await;
        // A part that is still on its way would stay behind in an upload that is gone.
        parts.0.shutdown().await;
        if sent.is_err()
            && let Err(fault) = upload.abort().await
        {
            tracing::warn!(key = self.key, %fault, "an unfinished upload stays in the bucket");
        }
        sent
    }

    async fn send_parts(
        &mut self,
        plan: Plan,
        upload: &Arc<dyn Upload>,
        first: Bytes,
        parts: &mut Parts,
        allow: impl AsyncFnOnce() -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let (mut number, mut content, mut length) = (1, first, 0);
        while !content.is_empty() {
            length += content.len() as u64;
            parts.send(upload, number, content);
            number += 1;
            content = self.fill(plan, number, parts).await?;
        }
        self.hold_against(length)?;
        while parts.settle().await? {
            self.watch.check()?;
        }
        allow().await?;
        self.watch.check()?;
        upload.complete().await?;
        Ok(length)
    }

    /// Reads part `number` up to its size or the end of the stream, once there is room for it in memory. A part whose sending
    /// failed meanwhile ends it.
    async fn fill(&mut self, plan: Plan, number: u32, parts: &mut Parts) -> Result<Bytes, Error> {
        while parts.in_flight() >= plan.in_memory(number) {
            parts.settle().await?;
        }
        // Behind the last part one byte is asked for, to tell an end from an object that is too large.
        let size = plan.size(number).unwrap_or(1);
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let mut content = BytesMut::with_capacity(size);
        while content.len() < size {
            let free = size - content.len();
            let mut room = (&mut content).limit(free);
            tokio::select! {
                biased;
                () = self.watch.cancelled() => return error::CancelledSnafu.fail(),
                settled = parts.settle(), if parts.in_flight() > 0 => { settled?; }
                read = self.from.read_buf(&mut room) => {
                    let read = read.map_err(|cause| Error::Stream { action: "read", source: cause })?;
                    if read == 0 {
                        break;
                    }
                    self.watch.add_bytes(read as u64);
                }
            }
        }
        if plan.size(number).is_none() && !content.is_empty() {
            return error::TooLargeSnafu { key: self.key }.fail();
        }
        Ok(content.freeze())
    }

    fn hold_against(&self, actual: u64) -> Result<(), Error> {
        match self.size {
            Some(expected) if expected != actual => error::LengthSnafu {
                expected,
                actual,
                key: self.key,
            }
            .fail(),
            _ => Ok(()),
        }
    }
}

/// The parts that are being sent; dropping it stops them.
struct Parts(JoinSet<Result<(), Error>>);

impl Parts {
    fn new() -> Self {
        Self(JoinSet::new())
    }

    fn in_flight(&self) -> usize {
        self.0.len()
    }

    fn send(&mut self, upload: &Arc<dyn Upload>, number: u32, content: Bytes) {
        let upload = Arc::clone(upload);
        self.0.spawn(async move { upload.part(number, content).await });
    }

    /// Waits until one more part has arrived; false when none is on its way.
    async fn settle(&mut self) -> Result<bool, Error> {
        match self.0.join_next().await {
            None => Ok(false),
            Some(Ok(sent)) => sent.map(|()| true),
            Some(Err(stopped)) => match stopped.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => error::CancelledSnafu.fail(),
            },
        }
    }
}
