//! What a failed request means, by the kind of failure, status and code, and whether it is repeated.
//!
//! The table is section 7 of the data path's design. No text of a message is looked at: texts differ from server to server.

use std::error::Error as StdError;
use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use tokio::time::Instant;

use super::super::Patience;
use crate::error::{Error, Operation};

/// Pause between two rounds of the SDK's own repetitions.
const PAUSE: Duration = Duration::from_secs(5);

/// How often an object whose bytes arrive wrong is asked for.
const CORRUPTED_ATTEMPTS: u32 = 3;

/// A fault of one request, and what is to be done about it.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) error: Error,
    again: Again,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    /// It will not help.
    Never,
    /// Until patience runs out.
    Patiently,
    /// A few times.
    Briefly,
}

impl Fault {
    /// A fault in the middle of a body.
    pub(super) fn passing(error: Error) -> Self {
        let again = if matches!(error, Error::Corrupted { .. }) {
            Again::Briefly
        } else {
            Again::Patiently
        };
        Self { error, again }
    }

    fn last(error: Error) -> Self {
        Self {
            error,
            again: Again::Never,
        }
    }

    fn patiently(error: Error) -> Self {
        Self {
            error,
            again: Again::Patiently,
        }
    }
}

/// Names the faults of one store.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    /// Address for messages.
    pub(super) endpoint: String,
    /// The bucket.
    pub(super) bucket: String,
    /// The region the client signs for.
    pub(super) region: String,
    /// How long one request is repeated.
    pub(super) patience: Patience,
}

impl Faults {
    /// Sends a request until it succeeds, fails for good, or patience runs out. The SDK's repetitions are inside one round.
    pub(super) async fn repeat<T, F>(&self, attempt: impl Fn() -> F + Send + Sync) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Fault>> + Send,
    {
        let begun = Instant::now();
        let mut rounds = 0;
        loop {
            let fault = match attempt().await {
                Ok(done) => return Ok(done),
                Err(fault) => fault,
            };
            rounds += 1;
            let spent = begun.elapsed();
            let again = match fault.again {
                Again::Never => false,
                Again::Briefly => rounds < CORRUPTED_ATTEMPTS,
                Again::Patiently => spent + PAUSE < self.patience.0,
            };
            if !again {
                return Err(lasting(fault.error, spent));
            }
            tracing::warn!(fault = %fault.error, spent = spent.as_secs(), "repeating a request");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What the SDK's report means.
    pub(super) fn of<E>(&self, operation: Operation, key: &str, refusal: &SdkError<E, HttpResponse>) -> Fault
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        match refusal {
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                let code = answer.err().meta().code().unwrap_or_default();
                let elsewhere = answer.raw().headers().get("x-amz-bucket-region");
                self.of_answer(
                    operation,
                    key,
                    &Answer {
                        status,
                        code,
                        elsewhere,
                    },
                )
            }
            SdkError::ResponseError(answer) => {
                let status = answer.raw().status().as_u16();
                self.of_answer(
                    operation,
                    key,
                    &Answer {
                        status,
                        code: "",
                        elsewhere: None,
                    },
                )
            }
            SdkError::TimeoutError(_) => self.unreachable(&TimedOut),
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(cause) => self.unreachable(cause),
                None => self.unreachable(refusal),
            },
            _ => self.unreachable(refusal),
        }
    }

    fn of_answer(&self, operation: Operation, key: &str, answer: &Answer<'_>) -> Fault {
        let (status, code) = (answer.status, answer.code.to_owned());
        let key = key.to_owned();
        match (status, answer.code) {
            (_, "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired") => {
                Fault::last(Error::Expired)
            }
            (_, "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "InvalidSecurity") => {
                Fault::last(Error::Credential { code })
            }
            (_, "RequestTimeTooSkewed") => Fault::last(Error::Clock),
            (_, "NoSuchBucket") => Fault::last(Error::Bucket {
                bucket: self.bucket.clone(),
            }),
            (301, _) | (_, "PermanentRedirect" | "AuthorizationHeaderMalformed") => {
                let actual = answer.elsewhere.unwrap_or("another region").to_owned();
                Fault::last(Error::Region {
                    actual,
                    profile: self.region.clone(),
                })
            }
            (404, _) if operation == Operation::HeadBucket => Fault::last(Error::Bucket {
                bucket: self.bucket.clone(),
            }),
            (_, "NoSuchKey") | (404, _) => Fault::last(Error::Missing { key }),
            (412, _) => Fault::last(Error::Replaced { key }),
            (_, "SlowDown" | "ServiceUnavailable" | "InternalError" | "RequestTimeout" | "Throttling")
            | (429 | 500..=599, _) => Fault::patiently(Error::Throttled {
                status,
                code: code_or(code, status),
                seconds: 0,
                key,
            }),
            (
                _,
                "BadDigest" | "InvalidDigest" | "XAmzContentChecksumMismatch" | "XAmzContentSHA256Mismatch",
            ) => Fault {
                error: Error::Corrupted { key },
                again: Again::Briefly,
            },
            // A lock on the object is answered with 403 by Amazon and 400 by others.
            (400..=499, _) if operation == Operation::DeleteObject => Fault::last(Error::Locked { key }),
            (403, _) => Fault::last(Error::Denied { operation, key }),
            _ => Fault::last(Error::Refused {
                operation,
                status,
                code: code_or(code, status),
                key,
            }),
        }
    }

    /// No answer came back. A certificate that is not trusted is told apart by the type of the verifier's error.
    fn unreachable(&self, cause: &(dyn StdError + 'static)) -> Fault {
        let endpoint = self.endpoint.clone();
        let untrusted = chain(cause).find_map(|cause| match cause.downcast_ref::<rustls::Error>() {
            Some(verdict @ rustls::Error::InvalidCertificate(_)) => Some(verdict.to_string()),
            _ => None,
        });
        if let Some(cause) = untrusted {
            Fault::last(Error::Untrusted { endpoint, cause })
        } else {
            let cause = chain(cause).last().map(ToString::to_string).unwrap_or_default();
            Fault::patiently(Error::Unreachable { endpoint, cause })
        }
    }
}

/// What is looked at in an answer.
struct Answer<'a> {
    status: u16,
    code: &'a str,
    elsewhere: Option<&'a str>,
}

#[derive(Debug)]
struct TimedOut;

impl std::fmt::Display for TimedOut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("no answer in time")
    }
}

impl StdError for TimedOut {}

/// The error and its causes. An `io::Error` hides what it carries from `source`, so it is asked for it.
fn chain<'a>(first: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(first), |&cause| {
        let carried = cause
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        carried
            .map(|carried| carried as &(dyn StdError + 'static))
            .or_else(|| cause.source())
    })
}

fn code_or(code: String, status: u16) -> String {
    if !code.is_empty() {
        return code;
    }
    match status {
        429 => "TooManyRequests",
        500 => "InternalError",
        502 => "BadGateway",
        503 => "ServiceUnavailable",
        504 => "GatewayTimeout",
        _ => "no code",
    }
    .to_owned()
}

fn lasting(error: Error, spent: Duration) -> Error {
    match error {
        Error::Throttled {
            status,
            code,
            key,
            seconds: _,
        } => Error::Throttled {
            status,
            code,
            key,
            seconds: spent.as_secs(),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(seconds: u64) -> Faults {
        Faults {
            endpoint: "http://minio:9000".into(),
            bucket: "db".into(),
            region: "us-east-1".into(),
            patience: Patience(Duration::from_secs(seconds)),
        }
    }

    fn line(operation: Operation, status: u16, code: &str) -> String {
        let answer = Answer {
            status,
            code,
            elsewhere: Some("eu-west-1"),
        };
        let Fault { error, again } = faults(0).of_answer(operation, "a/b", &answer);
        format!(
            "{operation} {status} {code:?} -> {again:?} {} {error}",
            error.exit().code()
        )
    }

    #[test]
    fn answers_by_status_and_code() {
        let lines = [
            line(Operation::PutObject, 503, "SlowDown"),
            line(Operation::PutObject, 429, ""),
            line(Operation::PutObject, 500, "InternalError"),
            line(Operation::PutObject, 400, "RequestTimeout"),
            line(Operation::GetObject, 400, "ExpiredToken"),
            line(Operation::GetObject, 403, "InvalidAccessKeyId"),
            line(Operation::GetObject, 403, "SignatureDoesNotMatch"),
            line(Operation::GetObject, 403, "AccessDenied"),
            line(Operation::HeadObject, 403, ""),
            line(Operation::DeleteObject, 403, "AccessDenied"),
            line(Operation::DeleteObject, 400, "InvalidRequest"),
            line(Operation::GetObject, 403, "RequestTimeTooSkewed"),
            line(Operation::PutObject, 404, "NoSuchBucket"),
            line(Operation::HeadBucket, 404, ""),
            line(Operation::HeadBucket, 301, ""),
            line(Operation::PutObject, 400, "AuthorizationHeaderMalformed"),
            line(Operation::GetObject, 404, "NoSuchKey"),
            line(Operation::HeadObject, 404, ""),
            line(Operation::GetObject, 412, "PreconditionFailed"),
            line(Operation::UploadPart, 400, "BadDigest"),
            line(Operation::PutObject, 411, "MissingContentLength"),
        ];
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn untrusted_is_told_by_type() {
        let verdict = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let wrapped = std::io::Error::other(verdict);
        let fault = faults(0).unreachable(&wrapped);
        assert_eq!(fault.again, Again::Never);
        assert_eq!(
            fault.error.to_string(),
            "certificate of http://minio:9000 is not trusted: invalid peer certificate: UnknownIssuer; \
             set mainstay.dev/ca-bundle or skipSSLVerify"
        );
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let fault = faults(0).unreachable(&refused);
        assert_eq!(fault.again, Again::Patiently);
        assert_eq!(
            fault.error.to_string(),
            "failed to reach http://minio:9000: connection refused"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn repeats_while_patience_lasts() {
        let throttled = || {
            Fault::patiently(Error::Throttled {
                status: 503,
                code: "SlowDown".into(),
                seconds: 0,
                key: "k".into(),
            })
        };
        let faults = faults(900);
        let rounds = std::sync::atomic::AtomicU32::new(0);
        let count = || rounds.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let failed = faults.repeat(|| async {
            count();
            Err::<(), _>(throttled())
        });
        let message = failed.await.unwrap_err().to_string();
        assert_eq!(message, "store is refusing requests (503 SlowDown) for 14m: k");
        assert_eq!(rounds.load(std::sync::atomic::Ordering::Relaxed), 180);

        rounds.store(0, std::sync::atomic::Ordering::Relaxed);
        let recovered = faults.repeat(|| async { if count() < 3 { Err(throttled()) } else { Ok("done") } });
        assert_eq!(recovered.await.unwrap(), "done");

        rounds.store(0, std::sync::atomic::Ordering::Relaxed);
        let corrupted = faults.repeat(|| async {
            count();
            Err::<(), _>(Fault::passing(Error::Corrupted { key: "k".into() }))
        });
        assert!(matches!(corrupted.await, Err(Error::Corrupted { .. })));
        assert_eq!(rounds.load(std::sync::atomic::Ordering::Relaxed), 3);
    }
}
