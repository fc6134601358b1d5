//! Names that follow from the call: a repeated call finds what the first one made.
//! Must not know what is named.

use std::fmt::Write as _;

use mainstay_engine::function::Key;
use mainstay_engine::plan::Place;
use sha2::{Digest as _, Sha256};

/// The letters of names that Kubernetes generates: no vowels and nothing that looks like one.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// How many of them a name ends in.
const SUFFIX: usize = 5;

/// What a call, or one of several things made for it, is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity([u8; 32]);

impl Identity {
    /// Of a call.
    pub(crate) fn of(key: &Key) -> Self {
        let Key {
            run,
            // A run's identifier is its own; its name may be used again.
            name: _,
            namespace: _,
            action,
            // Its place tells a phase apart, even from one of the same name.
            phase: _,
            place,
            item,
            attempt,
        } = key;
        let place = match place {
            Place::Phase(position) => position.to_string(),
            Place::Defer => String::from("defer"),
        };
        Self::digest(&[
            run,
            &action.to_string(),
            &place,
            &item.to_string(),
            &attempt.to_string(),
        ])
    }

    /// Of something made for the call, told apart by `part`.
    pub(crate) fn part(&self, part: &str) -> Self {
        Self::digest(&[&self.label(), part])
    }

    /// As the value of a label.
    pub(crate) fn label(&self) -> String {
        self.hexadecimal(16)
    }

    /// As a UUID in looks; `volumes` are named so.
    pub(crate) fn uuid(&self) -> String {
        let digits = self.hexadecimal(16);
        format!(
            "{}-{}-{}-{}-{}",
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..]
        )
    }

    /// As the end of a name that Kubernetes might have generated.
    pub(crate) fn suffix(&self) -> String {
        let number = self
            .0
            .iter()
            .take(8)
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let base = ALPHABET.len() as u64;
        (0..SUFFIX)
            .scan(number, |rest, _| {
                let digit = usize::try_from(*rest % base).expect("a remainder of 27 fits");
                *rest /= base;
                Some(char::from(ALPHABET[digit]))
            })
            .collect()
    }

    fn digest(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    fn hexadecimal(&self, bytes: usize) -> String {
        self.0[..bytes].iter().fold(String::new(), |mut digits, byte| {
            write!(digits, "{byte:02x}").expect("writing to a String does not fail");
            digits
        })
    }
}

/// The end of the name to try when `name` belongs to somebody else.
pub(super) fn next_suffix(name: &str) -> String {
    Identity::digest(&[name]).suffix()
}

/// A text as the value of a label: itself where that is allowed, else what it is known by.
pub(crate) fn label_value(text: &str) -> String {
    let outer = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let bytes = text.as_bytes();
    if bytes.len() <= 63 && outer(bytes.first()) && outer(bytes.last()) && bytes.iter().copied().all(inner) {
        text.to_owned()
    } else {
        Identity::digest(&[text]).label()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key {
            run: String::from("6f1c"),
            name: String::from("run"),
            namespace: String::from("mainstay"),
            action: 0,
            phase: "dump".into(),
            place: Place::Phase(1),
            item: 0,
            attempt: 1,
        }
    }

    #[test]
    fn names_stay_the_same_for_ever() {
        let identity = Identity::of(&key());
        assert_eq!(identity.suffix(), "zk2fm");
        assert_eq!(identity.label(), "8e69268f28726b83194b61bb2b979033");
        assert_eq!(identity.uuid(), "8e69268f-2872-6b83-194b-61bb2b979033");
        assert_eq!(identity.part("p").suffix(), "74mx4");
    }

    #[test]
    fn whatever_tells_calls_apart_tells_names_apart() {
        let other = |change: fn(&mut Key)| {
            let mut key = key();
            change(&mut key);
            Identity::of(&key)
        };
        let identities = [
            other(|_| ()),
            other(|key| key.run = String::from("6f1d")),
            other(|key| key.action = 1),
            other(|key| key.place = Place::Phase(0)),
            other(|key| key.place = Place::Defer),
            other(|key| key.item = 1),
            other(|key| key.attempt = 2),
        ];
        for (position, identity) in identities.iter().enumerate() {
            assert!(!identities[..position].contains(identity));
        }
        assert_eq!(
            identities[0],
            other(|key| key.name = String::from("other")),
            "a run keeps its identifier whatever it is called"
        );
    }

    #[test]
    fn label_values_are_allowed_ones() {
        assert_eq!(label_value(""), "");
        assert_eq!(label_value("a-b_c.D1"), "a-b_c.D1");
        assert_eq!(label_value("-a").len(), 32);
        assert_eq!(label_value("a b").len(), 32);
        assert_eq!(label_value(&"a".repeat(64)).len(), 32);
        assert_eq!(label_value(&"a".repeat(63)).len(), 63);
    }
}
