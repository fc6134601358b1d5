//! Encryption as the format has it: `IV ‖ AES-256-CTR ‖ Poly1305-AES`, and what is inside of files that are not packs.
//!
//! It must not know what is sealed.

use std::fmt;
use std::io;

use aes256ctr_poly1305aes::aead::{Aead as _, AeadInPlace as _};
use aes256ctr_poly1305aes::{Aes256CtrPoly1305Aes, Key as CipherKey, Nonce};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Bytes that sealing adds.
const NONCE: usize = 16;
const TAG: usize = 16;

/// First byte of a file that is compressed.
const COMPRESSED: u8 = 2;

/// Compression of what we write outside packs.
const LEVEL: i32 = 3;

/// A pair of keys: for encryption 32 bytes, for the authenticator 16 + 16. Shown by nothing.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key([u8; 64]);

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key")
    }
}

/// A key as key files hold it, sealed; the same members as restic's.
#[derive(Deserialize, Serialize)]
struct KeyJson {
    mac: MacJson,
    encrypt: String,
}

#[derive(Deserialize, Serialize)]
struct MacJson {
    k: String,
    r: String,
}

impl Key {
    pub(super) fn random() -> Self {
        let mut bytes = [0; 64];
        rand::rng().fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The key that a key derivation gives.
    pub(super) fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The text inside a key file.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let encode = |range: std::ops::Range<usize>| BASE64_STANDARD.encode(&self.0[range]);
        let json = KeyJson {
            mac: MacJson {
                k: encode(32..48),
                r: encode(48..64),
            },
            encrypt: encode(0..32),
        };
        json_of(&json)
    }

    /// The key inside a key file, `None` when the text is not of that form.
    pub(super) fn from_json(text: &[u8]) -> Option<Self> {
        let KeyJson {
            mac: MacJson { k, r },
            encrypt,
        } = serde_json::from_slice(text).ok()?;
        let mut bytes = Vec::new();
        for (part, length) in [(encrypt, 32), (k, 16), (r, 16)] {
            let part = BASE64_STANDARD
                .decode(part)
                .ok()
                .filter(|part| part.len() == length)?;
            bytes.extend_from_slice(&part);
        }
        bytes.try_into().ok().map(Self)
    }

    /// Encrypts and authenticates.
    pub(super) fn seal(&self, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let mut sealed = Vec::with_capacity(plain.len() + NONCE + TAG);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let cipher = Aes256CtrPoly1305Aes::new(CipherKey::from_slice(&self.0));
        let tag = cipher.encrypt_in_place_detached(Nonce::from_slice(&nonce), &[], &mut sealed[NONCE..]);
        sealed.extend_from_slice(&tag.expect("the cipher takes any length that memory holds"));
        sealed
    }

    /// Decrypts, `None` when the authenticator does not agree.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_at_checked(NONCE)?;
        let cipher = Aes256CtrPoly1305Aes::new(CipherKey::from_slice(&self.0));
        cipher.decrypt(Nonce::from_slice(nonce), rest).ok()
    }

    /// Seals the JSON of a file that is no pack; compressed in repositories of version 2.
    pub(super) fn seal_file(&self, json: &[u8], version: u32) -> io::Result<Vec<u8>> {
        if version < 2 {
            return Ok(self.seal(json));
        }
        let mut plain = vec![COMPRESSED];
        zstd::stream::copy_encode(json, &mut plain, LEVEL)?;
        Ok(self.seal(&plain))
    }

    /// The JSON of a file that is no pack, or why there is none.
    pub(super) fn open_file(&self, sealed: &[u8]) -> Result<Vec<u8>, &'static str> {
        let plain = self.open(sealed).ok_or("its authenticator does not agree")?;
        match plain.first() {
            Some(b'{' | b'[') => Ok(plain),
            Some(&COMPRESSED) => {
                zstd::stream::decode_all(&plain[1..]).map_err(|_corrupt| "it does not decompress")
            }
            _ => Err("it is neither JSON nor compressed"),
        }
    }

    /// The form that the format library takes it in.
    pub(super) fn to_library(&self) -> rustic_core::repofile::MasterKey {
        let json = self.to_json();
        serde_json::from_slice(&json).expect("the library reads the format's own key")
    }
}

/// The JSON of a file of the format.
pub(super) fn json_of(file: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(file).expect("a file of the format is texts, numbers and lists of them")
}

/// The name of a file: its SHA-256 in hexadecimal.
pub(super) fn id_of(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a text takes whatever is written");
            text
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn json_of_a_key_is_its_own_inverse_and_the_librarys() {
        let key = Key::random();
        assert_eq!(Key::from_json(&key.to_json()), Some(key.clone()));
        let library = key.to_library();
        assert_eq!(library.encrypt, key.0[..32]);
        assert_eq!(library.mac.k, key.0[32..48]);
        assert_eq!(library.mac.r, key.0[48..]);
        assert_eq!(
            Key::from_json(br#"{"mac":{"k":"AA==","r":"AA=="},"encrypt":"AA=="}"#),
            None
        );
    }

    #[test]
    fn nothing_is_shown() {
        assert_eq!(format!("{:?}", Key::random()), "Key");
    }

    proptest! {
        #[test]
        fn sealed_opens_to_the_same(plain in prop::collection::vec(any::<u8>(), 0..500)) {
            let key = Key::random();
            prop_assert_eq!(key.open(&key.seal(&plain)), Some(plain.clone()));
        }

        #[test]
        fn a_changed_byte_does_not_open(plain in prop::collection::vec(any::<u8>(), 0..50), at in any::<prop::sample::Index>()) {
            let key = Key::random();
            let mut sealed = key.seal(&plain);
            let at = at.index(sealed.len());
            sealed[at] ^= 0x40;
            prop_assert_eq!(key.open(&sealed), None);
        }

        #[test]
        fn files_open_in_both_versions(text in "[a-z]{0,200}", version in 1_u32..=2) {
            let key = Key::random();
            let json = format!("{{\"a\":\"{text}\"}}");
            let sealed = key.seal_file(json.as_bytes(), version).unwrap();
            prop_assert_eq!(key.open_file(&sealed).unwrap(), json.as_bytes());
        }

        #[test]
        fn anything_may_be_opened(sealed in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(Key::random().open_file(&sealed).is_err());
        }
    }
}
