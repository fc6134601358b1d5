//! Places in a JSON value (RFC 6901), the coordinates that a blueprint has with and without its text.
//! Must not know what stands at a place.

use std::fmt::{self, Write as _};

/// A JSON pointer, kept in its written form.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(String);

impl Pointer {
    /// The whole value.
    pub fn root() -> Self {
        Self::default()
    }

    /// The member `key` of the object at this place.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let mut text = String::with_capacity(self.0.len() + key.len() + 1);
        text.push_str(&self.0);
        text.push('/');
        for character in key.chars() {
            match character {
                '~' => text.push_str("~0"),
                '/' => text.push_str("~1"),
                other => text.push(other),
            }
        }
        Self(text)
    }

    /// The item `index` of the list at this place.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }

    /// The place `below`, taken as relative to this one.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        Self(format!("{}{}", self.0, below.0))
    }

    /// The pointer as RFC 6901 writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The keys and indices from the root on, unescaped.
    pub fn tokens(&self) -> impl Iterator<Item = String> {
        self.0
            .split('/')
            .skip(1)
            .map(|token| token.replace("~1", "/").replace("~0", "~"))
    }

    /// The place as people write it: `actions.backup.phases[2].args.command[3]`.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for token in self.tokens() {
            if !path.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit()) && !token.is_empty() {
                write!(path, "[{token}]").expect("writing to a string cannot fail");
            } else {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&token);
            }
        }
        path
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Pointer;

    #[test]
    fn tokens_undo_the_escapes() {
        let pointer = Pointer::root().key("a/b").key("c~d").index(3);
        assert_eq!(pointer.as_str(), "/a~1b/c~0d/3");
        assert_eq!(pointer.tokens().collect::<Vec<_>>(), ["a/b", "c~d", "3"]);
        assert_eq!(pointer.path(), "a/b.c~d[3]");
    }
}
