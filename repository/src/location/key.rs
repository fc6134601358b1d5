//! Names of plain objects: `clean(join(prefix, path))` without a leading slash, which is Kanister's rule and therefore what every
//! existing artifact is called. It must not know what is stored under them.

use super::Location;
use crate::error::{self, Error};

/// The name of one object in a bucket, never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// The key of `path` below `prefix`: joined, `.`, `..` and doubled slashes resolved, one leading slash removed. Nothing is added.
    pub fn new(prefix: &str, path: &str) -> Result<Self, Error> {
        let joined = join(&[prefix, path]);
        let key = joined.strip_prefix('/').unwrap_or(&joined);
        if key.is_empty() || key == "." {
            return error::PathSnafu { path: joined }.fail();
        }
        Ok(Self(key.to_owned()))
    }

    /// The key that an artifact text means: the bucket's name taken off its front, then as [`Key::new`]. `LocationDelete`'s rule.
    pub fn of_artifact(location: &Location, artifact: &str) -> Result<Self, Error> {
        let path = artifact.strip_prefix(&location.bucket).unwrap_or(artifact);
        Self::new(&location.prefix, path)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Go's `path.Join`: the parts that are not empty, a slash between them, cleaned; empty when all are.
pub(crate) fn join(parts: &[&str]) -> String {
    let given: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    if given.is_empty() {
        return String::new();
    }
    clean(&given.join("/"))
}

/// Go's `path.Clean`: the shortest path that means the same without looking at any file system.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if rooted => {}
            segment => kept.push(segment),
        }
    }
    let body = kept.join("/");
    match (rooted, body.is_empty()) {
        (true, _) => format!("/{body}"),
        (false, true) => ".".to_owned(),
        (false, false) => body,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_of_kanister() {
        let cases = [
            ("", "a/b", "a/b"),
            ("", "/a/b", "a/b"),
            ("p", "a", "p/a"),
            ("/p/", "/a/", "p/a"),
            ("p", "", "p"),
            ("p", "../a", "a"),
            ("p", "../../a", "../a"),
            ("/p", "../../a", "a"),
            ("p//q", "./a//b/.", "p/q/a/b"),
            ("p", "a b/ä?&", "p/a b/ä?&"),
        ];
        for (prefix, path, expected) in cases {
            assert_eq!(
                Key::new(prefix, path).unwrap().as_str(),
                expected,
                "{prefix:?} {path:?}"
            );
        }
    }

    #[test]
    fn nothing_is_not_a_key() {
        for (prefix, path) in [("", ""), ("/", ""), ("", "/"), ("p", ".."), (".", ".")] {
            assert!(
                matches!(Key::new(prefix, path), Err(Error::Path { .. })),
                "{prefix:?} {path:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(prefix in "[a./]{0,8}", path in "[ab./]{0,12}") {
            if let Ok(key) = Key::new(&prefix, &path) {
                prop_assert!(!key.as_str().starts_with('/'));
                prop_assert!(!key.as_str().contains("//"));
                prop_assert_eq!(&Key::new("", key.as_str()).unwrap(), &key);
            }
        }
    }
}
