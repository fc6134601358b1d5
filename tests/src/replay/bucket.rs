//! Buckets of a case: made empty before, read after.
//! Must not know what the objects are for.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use snafu::Snafu;

use crate::bed::Store;

/// The object store refused something.
#[derive(Debug, Snafu)]
#[snafu(display("failed to {what}: {message}"))]
pub struct Error {
    /// What it was for.
    what: String,
    /// What the store says.
    message: String,
}

impl Store {
    /// A client of the server.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let keys = Credentials::new(&self.access_key, &self.secret_key, None, None, "test bed");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(format!("http://{}", self.address))
            .credentials_provider(keys)
            .force_path_style(true)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// Makes the bucket, or empties it.
    pub async fn make_bucket(&self, bucket: &str) -> Result<(), Error> {
        let client = self.s3();
        if let Err(error) = client.create_bucket().bucket(bucket).send().await
            && error
                .as_service_error()
                .is_none_or(|error| !error.is_bucket_already_owned_by_you())
        {
            return Err(Error {
                what: format!("make bucket {bucket}"),
                message: format!("{error:?}"),
            });
        }
        for key in self.keys(&client, bucket).await? {
            client
                .delete_object()
                .bucket(bucket)
                .key(&key)
                .send()
                .await
                .map_err(|error| Error {
                    what: format!("empty bucket {bucket}"),
                    message: format!("{error:?}"),
                })?;
        }
        Ok(())
    }

    /// Every key of a bucket.
    pub(crate) async fn all_keys(&self, bucket: &str) -> Result<Vec<String>, Error> {
        self.keys(&self.s3(), bucket).await
    }

    async fn keys(&self, client: &aws_sdk_s3::Client, bucket: &str) -> Result<Vec<String>, Error> {
        let mut pages = client.list_objects_v2().bucket(bucket).into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error {
                what: format!("list bucket {bucket}"),
                message: format!("{error:?}"),
            })?;
            keys.extend(
                page.contents()
                    .iter()
                    .filter_map(|object| object.key().map(str::to_owned)),
            );
        }
        Ok(keys)
    }

    /// Plain objects with size and digest; of a restic repository only how many objects of each kind there are.
    pub(crate) async fn contents(&self, bucket: &str) -> Result<Json, Error> {
        let client = self.s3();
        let mut keys = self.keys(&client, bucket).await?;
        keys.sort();
        let repositories: Vec<String> = keys
            .iter()
            .filter_map(|key| key.strip_suffix("config").map(str::to_owned))
            .collect();
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        let mut contents = Vec::new();
        for key in &keys {
            if let Some(repository) = repositories
                .iter()
                .find(|repository| key.starts_with(*repository))
            {
                let rest = &key[repository.len()..];
                let kind = match rest.split_once('/') {
                    None => rest.to_owned(),
                    Some((kind, _)) => format!("{kind}/<sha256>"),
                };
                *counted.entry(format!("{repository}{kind}")).or_default() += 1;
                continue;
            }
            let body = self.read(&client, bucket, key).await?;
            contents
                .push(json!({"key": key, "size": body.len(), "sha256": format!("sha256:{}", hexadecimal(&Sha256::digest(&body)))}));
        }
        contents.extend(
            counted
                .iter()
                .map(|(key, objects)| json!({"key": key, "objects": objects})),
        );
        Ok(Json::Array(contents))
    }

    async fn read(&self, client: &aws_sdk_s3::Client, bucket: &str, key: &str) -> Result<Vec<u8>, Error> {
        let fail = |message: String| Error {
            what: format!("read {bucket}/{key}"),
            message,
        };
        let answer = client
            .get_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await
            .map_err(|error| fail(format!("{error:?}")))?;
        let body = ByteStream::collect(answer.body)
            .await
            .map_err(|error| fail(error.to_string()))?;
        Ok(body.to_vec())
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
}
