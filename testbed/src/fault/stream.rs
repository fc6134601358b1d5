//! Answers and tunnels that are under way, and can be cut.
//! Must not know why.

use std::sync::Mutex;

use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{self, AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::lock;
use super::script::{Line, Pattern};
use super::serve::{Body, Failure};

/// Those that are under way.
#[derive(Debug, Default)]
pub(super) struct Streams(Mutex<Vec<(Line, CancellationToken)>>);

impl Streams {
    /// Takes down a new one. It is cut when the token is cancelled; whoever carries it cancels the token at its end.
    pub(super) fn open(&self, line: Line) -> CancellationToken {
        let token = CancellationToken::new();
        let mut streams = lock(&self.0);
        streams.retain(|(_, token)| !token.is_cancelled());
        streams.push((line, token.clone()));
        token
    }

    /// Cuts those of requests that match and says how many there were.
    pub(super) fn cut(&self, pattern: &Pattern) -> usize {
        let mut cut = 0;
        for (line, token) in lock(&self.0).iter() {
            if pattern.matches(line) && !token.is_cancelled() {
                token.cancel();
                cut += 1;
            }
        }
        cut
    }
}

struct Answer {
    body: Incoming,
    left: Option<u64>,
    token: CancellationToken,
    _end: DropGuard,
}

/// Passes an answer's body on until it is cut, by its limit or by the token.
pub(super) fn cuttable(body: Incoming, limit: Option<u64>, token: CancellationToken) -> Body {
    let answer = Answer {
        body,
        left: limit,
        token: token.clone(),
        _end: token.drop_guard(),
    };
    let frames = stream::unfold(Some(answer), async |state| {
        let mut answer = state?;
        if answer.left == Some(0) {
            return Some((Err(Failure::from("cut at its limit")), None));
        }
        let frame = match answer.token.run_until_cancelled(answer.body.frame()).await {
            None => return Some((Err(Failure::from("cut")), None)),
            Some(frame) => frame?,
        };
        match frame {
            Ok(frame) => Some((Ok(answer.shorten(frame)), Some(answer))),
            Err(error) => Some((Err(Failure::from(error)), None)),
        }
    });
    StreamBody::new(frames.boxed()).boxed_unsync()
}

impl Answer {
    /// Leaves no more of a frame than may still pass.
    fn shorten(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        let Some(left) = &mut self.left else { return frame };
        match frame.into_data() {
            Ok(mut data) => {
                data.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= data.len() as u64;
                Frame::data(data)
            }
            Err(trailers) => trailers,
        }
    }
}

/// Passes bytes on in both directions until both sides are done or the tunnel is cut, by the limit of what comes back or
/// by the token.
pub(super) async fn tunnel(
    client: OnUpgrade,
    server: OnUpgrade,
    limit: Option<u64>,
    token: CancellationToken,
) {
    let _end = token.clone().drop_guard();
    let carried = async {
        let (client, server) = tokio::try_join!(client, server).map_err(io::Error::other)?;
        let (mut from_client, mut to_client) = io::split(TokioIo::new(client));
        let (from_server, mut to_server) = io::split(TokioIo::new(server));
        let limit = limit.unwrap_or(u64::MAX);
        let mut from_server = from_server.take(limit);
        let there = async {
            io::copy(&mut from_client, &mut to_server).await?;
            to_server.shutdown().await
        };
        let back = async {
            io::copy(&mut from_server, &mut to_client).await?;
            if from_server.limit() == 0 {
                return Err(io::Error::other("cut at its limit"));
            }
            to_client.shutdown().await
        };
        tokio::try_join!(there, back).map(|((), ())| ())
    };
    // Dropping both sides without a farewell is what a cut is.
    if let Some(Err(error)) = token.run_until_cancelled(carried).await {
        tracing::debug!(%error, "a tunnel ended");
    }
}
