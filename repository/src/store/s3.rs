//! A bucket of an S3 server, on Amazon's SDK.
//!
//! Bodies are in memory, so that every request can be sent again. It must not know what the objects mean.

mod client;
mod fault;
mod insecure;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::{Bytes, BytesMut};

use self::fault::Faults;
use super::{Checksums, Head, Listed, S3, Store, Upload, Version};
use crate::error::{self, Error, Operation};

/// An open bucket: a client in the bucket's region.
#[derive(Clone)]
pub(super) struct Bucket {
    client: Client,
    name: String,
    checksums: Checksums,
    faults: Faults,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Bucket")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Makes the bucket unless it is there.
pub(super) async fn make_bucket(address: &S3) -> Result<(), Error> {
    client::make_bucket(address).await
}

impl Bucket {
    /// Connects, and finds out in which region the bucket is.
    pub(super) async fn open(address: &S3) -> Result<Self, Error> {
        let (client, faults) = client::connect(address).await?;
        let checksums = address.settings.checksums;
        Ok(Self {
            client,
            name: address.bucket.clone(),
            checksums,
            faults,
        })
    }

    /// Named on every write, since some servers refuse a part whose algorithm the upload did not announce.
    fn algorithm(&self) -> Option<ChecksumAlgorithm> {
        match self.checksums {
            Checksums::Auto => Some(ChecksumAlgorithm::Crc32),
            Checksums::Required => None,
        }
    }

    /// Reads an object or a range of it; the body is part of what is repeated when it breaks.
    async fn fetch(
        &self,
        key: &str,
        range: Option<Range<u64>>,
        expected: Option<&Version>,
    ) -> Result<Bytes, Error> {
        let header = range
            .as_ref()
            .map(|range| format!("bytes={}-{}", range.start, range.end - 1));
        let attempt = || async {
            let request = self
                .client
                .get_object()
                .bucket(&self.name)
                .key(key)
                .set_range(header.clone());
            let request = request.set_if_match(expected.map(|version| version.0.clone()));
            let sent = request.send().await;
            let answer = sent.map_err(|refusal| self.faults.of(Operation::GetObject, key, &refusal))?;
            let announced = answer
                .content_length()
                .and_then(|length| u64::try_from(length).ok())
                .unwrap_or_default();
            let wanted = range.as_ref().map_or(announced, |range| range.end - range.start);
            collect(answer.body, wanted, key)
                .await
                .map_err(fault::Fault::passing)
        };
        self.faults.repeat(attempt).await
    }
}

/// The whole body, or how far it came.
async fn collect(mut body: ByteStream, wanted: u64, key: &str) -> Result<Bytes, Error> {
    let mut content = BytesMut::with_capacity(usize::try_from(wanted).unwrap_or_default());
    loop {
        match body.next().await {
            Some(Ok(bytes)) => content.extend_from_slice(&bytes),
            None if content.len() as u64 == wanted => return Ok(content.freeze()),
            // All bytes arrived: what is wrong then is the checksum behind them.
            Some(Err(_)) if content.len() as u64 == wanted => return error::CorruptedSnafu { key }.fail(),
            Some(Err(_)) | None => {
                return error::BrokenSnafu {
                    received: content.len() as u64,
                    expected: wanted,
                    key,
                }
                .fail();
            }
        }
    }
}

#[async_trait]
impl Store for Bucket {
    fn location(&self) -> String {
        format!("s3://{}", self.name)
    }

    async fn get(&self, key: &str, range: Range<u64>, expected: Option<&Version>) -> Result<Bytes, Error> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        self.fetch(key, Some(range), expected).await
    }

    async fn read(&self, key: &str) -> Result<Bytes, Error> {
        self.fetch(key, None, None).await
    }

    async fn head(&self, key: &str) -> Result<Option<Head>, Error> {
        let attempt = || async {
            let sent = self.client.head_object().bucket(&self.name).key(key).send().await;
            sent.map_err(|refusal| self.faults.of(Operation::HeadObject, key, &refusal))
        };
        match self.faults.repeat(attempt).await {
            Ok(answer) => {
                let size = answer
                    .content_length()
                    .and_then(|length| u64::try_from(length).ok())
                    .unwrap_or_default();
                Ok(Some(Head {
                    size,
                    version: Version(answer.e_tag().unwrap_or_default().to_owned()),
                }))
            }
            Err(Error::Missing { .. }) => Ok(None),
            // The answer to HEAD has no body and so no code; the one to GET says what was refused.
            Err(Error::Denied { .. }) => match self.fetch(key, Some(0..1), None).await {
                Err(Error::Missing { .. }) => Ok(None),
                Err(refusal) => Err(refusal),
                Ok(_) => error::DeniedSnafu {
                    operation: Operation::HeadObject,
                    key,
                }
                .fail(),
            },
            Err(other) => Err(other),
        }
    }

    async fn put(&self, key: &str, content: Bytes) -> Result<(), Error> {
        let attempt = || async {
            let request = self.client.put_object().bucket(&self.name).key(key);
            let request = request
                .set_checksum_algorithm(self.algorithm())
                .body(content.clone().into());
            let sent = request.send().await;
            sent.map(drop)
                .map_err(|refusal| self.faults.of(Operation::PutObject, key, &refusal))
        };
        self.faults.repeat(attempt).await
    }

    async fn upload(&self, key: &str) -> Result<Box<dyn Upload>, Error> {
        let attempt = || async {
            let request = self.client.create_multipart_upload().bucket(&self.name).key(key);
            let sent = request.set_checksum_algorithm(self.algorithm()).send().await;
            sent.map_err(|refusal| self.faults.of(Operation::CreateMultipartUpload, key, &refusal))
        };
        let started = self.faults.repeat(attempt).await?;
        let id = started.upload_id().unwrap_or_default().to_owned();
        Ok(Box::new(Parts {
            bucket: self.clone(),
            key: key.to_owned(),
            id,
            sent: Mutex::default(),
        }))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Listed>, Error> {
        let about = if prefix.is_empty() {
            self.name.as_str()
        } else {
            prefix
        };
        let mut listed = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let attempt = || async {
                let request = self.client.list_objects_v2().bucket(&self.name).prefix(prefix);
                let sent = request.set_continuation_token(token.clone()).send().await;
                sent.map_err(|refusal| self.faults.of(Operation::ListObjects, about, &refusal))
            };
            let page = self.faults.repeat(attempt).await?;
            for object in page.contents() {
                let size = object
                    .size()
                    .and_then(|size| u64::try_from(size).ok())
                    .unwrap_or_default();
                listed.push(Listed {
                    key: object.key().unwrap_or_default().to_owned(),
                    size,
                });
            }
            token = page.next_continuation_token().map(str::to_owned);
            if token.is_none() {
                return Ok(listed);
            }
        }
    }

    async fn delete(&self, key: &str) -> Result<(), Error> {
        let attempt = || async {
            let sent = self
                .client
                .delete_object()
                .bucket(&self.name)
                .key(key)
                .send()
                .await;
            sent.map(drop)
                .map_err(|refusal| self.faults.of(Operation::DeleteObject, key, &refusal))
        };
        match self.faults.repeat(attempt).await {
            Err(Error::Missing { .. }) => Ok(()),
            other => other,
        }
    }
}

/// An upload in parts, and what the store said about each.
#[derive(Debug)]
struct Parts {
    bucket: Bucket,
    key: String,
    id: String,
    sent: Mutex<BTreeMap<u32, CompletedPart>>,
}

#[async_trait]
impl Upload for Parts {
    async fn part(&self, number: u32, content: Bytes) -> Result<(), Error> {
        let Self {
            bucket,
            key,
            id,
            sent,
        } = self;
        let part_number = number.cast_signed();
        let attempt = || async {
            let request = bucket
                .client
                .upload_part()
                .bucket(&bucket.name)
                .key(key)
                .upload_id(id);
            let request = request
                .part_number(part_number)
                .set_checksum_algorithm(bucket.algorithm());
            let answer = request.body(content.clone().into()).send().await;
            answer.map_err(|refusal| bucket.faults.of(Operation::UploadPart, key, &refusal))
        };
        let answer = bucket.faults.repeat(attempt).await?;
        let part = CompletedPart::builder()
            .part_number(part_number)
            .set_e_tag(answer.e_tag().map(str::to_owned));
        let part = part
            .set_checksum_crc32(answer.checksum_crc32().map(str::to_owned))
            .build();
        sent.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(number, part);
        Ok(())
    }

    async fn complete(&self) -> Result<(), Error> {
        let Self {
            bucket,
            key,
            id,
            sent,
        } = self;
        let parts = sent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect();
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let attempt = || async {
            let request = bucket
                .client
                .complete_multipart_upload()
                .bucket(&bucket.name)
                .key(key)
                .upload_id(id);
            let answer = request.multipart_upload(parts.clone()).send().await;
            answer.map(drop).map_err(|refusal| {
                bucket
                    .faults
                    .of(Operation::CompleteMultipartUpload, key, &refusal)
            })
        };
        bucket.faults.repeat(attempt).await
    }

    async fn abort(&self) -> Result<(), Error> {
        let Self {
            bucket,
            key,
            id,
            sent: _,
        } = self;
        let attempt = || async {
            let request = bucket
                .client
                .abort_multipart_upload()
                .bucket(&bucket.name)
                .key(key)
                .upload_id(id);
            let answer = request.send().await;
            answer
                .map(drop)
                .map_err(|refusal| bucket.faults.of(Operation::AbortMultipartUpload, key, &refusal))
        };
        bucket.faults.repeat(attempt).await
    }
}
