//! AES in CBC mode with a key that is the password itself, cut or filled up to 32 bytes: weak, and what Sprig does.

use aes::Aes256;
use cbc::cipher::block_padding::{NoPadding, Pkcs7};
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};

use crate::template::function::{Arguments, Context, Stop};
use crate::template::{Value, base64};

/// Bytes of a block, and of the initialisation vector that stands before the ciphertext.
const BLOCK: usize = 16;

fn key(password: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let length = password.len().min(key.len());
    key[..length].copy_from_slice(&password[..length]);
    key
}

/// The second argument encrypted with the first, in base64.
pub(super) fn encrypt(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let plain = arguments.text(1);
    if plain.is_empty() {
        return Ok(Value::text(""));
    }
    // A block and the base64 more.
    context
        .meter
        .check_size((plain.len() + 2 * BLOCK).saturating_mul(2))?;
    let mut vector = [0; BLOCK];
    context.settings.random.fill_bytes(&mut vector);
    let encryptor = cbc::Encryptor::<Aes256>::new(&key(arguments.text(0)).into(), &vector.into());
    let encrypted = [&vector[..], &encryptor.encrypt_padded_vec::<Pkcs7>(plain)].concat();
    Ok(Value::text(base64::encode(&encrypted)))
}

/// The other way.
pub(super) fn decrypt(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let encoded = arguments.text(1);
    if encoded.is_empty() {
        return Ok(Value::text(""));
    }
    let encrypted = base64::decode(encoded).map_err(|error| Stop::because(error.to_string()))?;
    let too_short = || Stop::because("the encrypted text is too short, or was cut off");
    let (vector, blocks) = encrypted.split_first_chunk::<BLOCK>().ok_or_else(too_short)?;
    let decryptor = cbc::Decryptor::<Aes256>::new(&key(arguments.text(0)).into(), vector.into());
    let mut plain = decryptor
        .decrypt_padded_vec::<NoPadding>(blocks)
        .map_err(|_padding| too_short())?;
    // The last byte tells how many bytes were added. Nothing else of the padding is checked.
    let added = plain.last().copied().map(usize::from).ok_or_else(too_short)?;
    let length = plain.len().checked_sub(added);
    plain.truncate(length.ok_or_else(|| Stop::because("the password does not fit the encrypted text"))?);
    Ok(Value::text(plain))
}
