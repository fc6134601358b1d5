//! Where a restic repository lies: bucket and prefix from an artifact prefix. It must not know profiles' credentials.

use super::key;

/// Bucket and prefix of a repository. `location.prefix` takes no part in it, as with Kanister.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryPath {
    /// The bucket; not always the profile's.
    pub bucket: String,
    /// Path inside the bucket without slashes at its ends; empty for the bucket's root.
    pub prefix: String,
}

impl RepositoryPath {
    /// The rule of `BackupData`, `RestoreData`, `CopyVolumeData`, `DeleteData`, `BackupDataStats` and `CheckRepository`: the bucket in
    /// front, unless the first segment is that bucket already.
    pub fn with_bucket(bucket: &str, artifact_prefix: &str) -> Self {
        if artifact_prefix.split('/').next() == Some(bucket) {
            return Self::as_given(artifact_prefix);
        }
        Self::as_given(&key::join(&[bucket, artifact_prefix]))
    }

    /// The rule of `RestoreDataAll` and `DeleteDataAll`, which leave the bucket to their callers: the first segment is the bucket.
    pub fn as_given(artifact_prefix: &str) -> Self {
        let (bucket, prefix) = artifact_prefix.split_once('/').unwrap_or((artifact_prefix, ""));
        let prefix = key::join(&[prefix]);
        Self {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
        }
    }

    /// The same repository path with one more segment, as `BackupDataAll` adds the pod.
    #[must_use]
    pub fn below(&self, segment: &str) -> Self {
        let prefix = key::join(&[&self.prefix, segment]);
        Self {
            bucket: self.bucket.clone(),
            prefix: prefix.trim_matches('/').to_owned(),
        }
    }
}

impl std::fmt::Display for RepositoryPath {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.prefix.is_empty() {
            return formatter.write_str(&self.bucket);
        }
        write!(formatter, "{}/{}", self.bucket, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_goes_in_front_once() {
        let cases = [
            ("test-bucket/prefix", "test-bucket/prefix"),
            ("test-bucket/pre/fix", "test-bucket/pre/fix"),
            ("test-bucket", "test-bucket"),
            ("prefix", "test-bucket/prefix"),
            ("pre/fix", "test-bucket/pre/fix"),
            ("", "test-bucket"),
            ("/pre//fix/", "test-bucket/pre/fix"),
            ("test-bucket-2/fix", "test-bucket/test-bucket-2/fix"),
            ("test-bucket//pre/./fix/", "test-bucket/pre/fix"),
        ];
        for (prefix, expected) in cases {
            assert_eq!(
                RepositoryPath::with_bucket("test-bucket", prefix).to_string(),
                expected,
                "{prefix:?}"
            );
        }
    }

    #[test]
    fn bucket_is_the_first_segment_when_taken_as_given() {
        let path = RepositoryPath::as_given("other/a/b");
        assert_eq!((path.bucket.as_str(), path.prefix.as_str()), ("other", "a/b"));
        assert_eq!(path.below("pod-0").to_string(), "other/a/b/pod-0");
    }
}
