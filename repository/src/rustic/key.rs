//! Key files: the repository's key, sealed with a key that scrypt derives from a password.
//!
//! Written with 32 MiB of work instead of the library's 128, as our passwords have 256 random bits. It must not know where
//! key files lie.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use rand::Rng as _;
use serde::{Deserialize, Serialize};

use super::seal::{Key, json_of};
use crate::Secret;

/// Parameters of the key files that we write.
const LOG_N: u8 = 15;
const R: u32 = 8;
const P: u32 = 1;
const SALT: usize = 64;

/// A key file that asks for more memory than this is not opened.
const MEMORY: u64 = 1 << 30;

/// A key file, member for member as restic writes it.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct KeyFile {
    created: String,
    username: String,
    hostname: String,
    kdf: String,
    #[serde(rename = "N")]
    n: u32,
    r: u32,
    p: u32,
    salt: String,
    data: String,
}

/// Why a key file gives no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The password is another one.
    Password,
    /// It cannot be used with any password.
    Unusable(&'static str),
}

impl KeyFile {
    /// Seals `key` with `password`.
    pub(super) fn new(key: &Key, password: &Secret, host: &str, now: Timestamp) -> Self {
        let mut salt = [0; SALT];
        rand::rng().fill_bytes(&mut salt);
        let user = derive(password, &salt, LOG_N, R, P).expect("our parameters are within scrypt's bounds");
        Self {
            created: now.to_string(),
            username: "mainstay".to_owned(),
            hostname: host.to_owned(),
            kdf: "scrypt".to_owned(),
            n: 1 << LOG_N,
            r: R,
            p: P,
            salt: BASE64_STANDARD.encode(salt),
            data: BASE64_STANDARD.encode(user.seal(&key.to_json())),
        }
    }

    /// The file's bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        json_of(self)
    }

    /// Reads the file's bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The key inside.
    pub(super) fn open(&self, password: &Secret) -> Result<Key, Refusal> {
        let Self {
            kdf,
            n,
            r,
            p,
            salt,
            data,
            ..
        } = self;
        if kdf != "scrypt" {
            return Err(Refusal::Unusable("its key derivation is not scrypt"));
        }
        if !n.is_power_of_two() || *n < 2 {
            return Err(Refusal::Unusable("its N is not a power of two"));
        }
        let memory = [u64::from(*n), u64::from(*r), u64::from(*p)]
            .into_iter()
            .try_fold(128_u64, u64::checked_mul);
        if memory.is_none_or(|memory| memory > MEMORY) {
            return Err(Refusal::Unusable("its key derivation asks for more than 1 GiB"));
        }
        let decode = |text: &str| {
            BASE64_STANDARD
                .decode(text)
                .map_err(|_bad| Refusal::Unusable("it is not base64"))
        };
        let log_n = u8::try_from(n.trailing_zeros()).unwrap_or(u8::MAX);
        let user = derive(password, &decode(salt)?, log_n, *r, *p);
        let user = user.ok_or(Refusal::Unusable("scrypt does not take its parameters"))?;
        let json = user.open(&decode(data)?).ok_or(Refusal::Password)?;
        Key::from_json(&json).ok_or(Refusal::Unusable("it holds no key"))
    }
}

fn derive(password: &Secret, salt: &[u8], log_n: u8, r: u32, p: u32) -> Option<Key> {
    let params = scrypt::Params::new(log_n, r, p).ok()?;
    let mut bytes = [0; 64];
    scrypt::scrypt(password.expose().as_bytes(), salt, &params, &mut bytes).ok()?;
    Some(Key::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (Key, KeyFile) {
        let key = Key::random();
        let file = KeyFile::new(&key, &Secret::new("open sesame"), "pod-0", Timestamp::UNIX_EPOCH);
        (key, file)
    }

    #[test]
    fn the_right_password_opens() {
        let (key, file) = file();
        let file = KeyFile::from_bytes(&file.to_bytes()).unwrap();
        assert_eq!(file.open(&Secret::new("open sesame")), Ok(key));
        assert_eq!(file.open(&Secret::new("sesame")), Err(Refusal::Password));
    }

    #[test]
    fn greedy_and_strange_files_are_refused() {
        let refusal = |change: fn(&mut KeyFile)| {
            let (_, mut file) = file();
            change(&mut file);
            match file.open(&Secret::new("open sesame")) {
                Err(Refusal::Unusable(cause)) => cause,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(
            refusal(|file| file.n = 1 << 24),
            "its key derivation asks for more than 1 GiB"
        );
        assert_eq!(
            refusal(|file| file.r = u32::MAX),
            "its key derivation asks for more than 1 GiB"
        );
        assert_eq!(refusal(|file| file.n = 3), "its N is not a power of two");
        assert_eq!(refusal(|file| file.n = 0), "its N is not a power of two");
        assert_eq!(refusal(|file| file.r = 0), "scrypt does not take its parameters");
        assert_eq!(
            refusal(|file| file.kdf = "argon2".into()),
            "its key derivation is not scrypt"
        );
        assert_eq!(refusal(|file| file.salt = "%".into()), "it is not base64");
    }
}
