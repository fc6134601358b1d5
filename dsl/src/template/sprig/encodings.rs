//! Encodings and hashes. Text that does not decode becomes the error itself, as a value.

use sha1::Digest as _;

use crate::template::function::{Function, Parameter};
use crate::template::{Value, base64};

const TEXT: &[Parameter] = &[Parameter::TEXT];

/// The family.
pub(super) static FUNCTIONS: [Function; 7] =
    [
        Function::new("b64enc", TEXT, None, |_, arguments| {
            Ok(Value::text(base64::encode(arguments.text(0))))
        }),
        Function::new("b64dec", TEXT, None, |_, arguments| {
            Ok(base64::decode(arguments.text(0))
                .map_or_else(|error| Value::text(error.to_string()), Value::text))
        }),
        Function::new("b32enc", TEXT, None, |_, arguments| {
            Ok(Value::text(data_encoding::BASE32.encode(arguments.text(0))))
        }),
        Function::new("b32dec", TEXT, None, |_, arguments| {
            Ok(match decode_base32(arguments.text(0)) {
                Ok(bytes) => Value::text(bytes),
                Err(at) => Value::text(format!("illegal base32 data at input byte {at}")),
            })
        }),
        Function::new("sha1sum", TEXT, None, |_, arguments| {
            Ok(Value::text(
                data_encoding::HEXLOWER.encode(&sha1::Sha1::digest(arguments.text(0))),
            ))
        }),
        Function::new("sha256sum", TEXT, None, |_, arguments| {
            Ok(Value::text(
                data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(arguments.text(0))),
            ))
        }),
        Function::new("adler32sum", TEXT, None, |_, arguments| {
            Ok(Value::text(adler2::adler32_slice(arguments.text(0)).to_string()))
        }),
    ];

/// The bytes, or the position that Go blames, counted without line ends.
fn decode_base32(text: &[u8]) -> Result<Vec<u8>, usize> {
    let text: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    let length = text.len();
    let mut bytes = Vec::with_capacity(length / 8 * 5);
    let mut at = 0;
    while at < length {
        let mut quintets = [0u8; 8];
        let mut count = 0;
        let mut is_last = false;
        while count < 8 {
            let Some(byte) = text.get(at) else {
                return Err(length - count);
            };
            at += 1;
            let left = length - at;
            if *byte == b'=' && count >= 2 && left < 8 {
                check_padding(&text, at, count)?;
                is_last = true;
                break;
            }
            quintets[count] = quintet(*byte).ok_or(at - 1)?;
            count += 1;
        }
        let packed = quintets
            .iter()
            .fold(0u64, |packed, quintet| packed << 5 | u64::from(*quintet));
        let whole = count * 5 / 8;
        bytes.extend_from_slice(&packed.to_be_bytes()[3..3 + whole]);
        if is_last {
            break;
        }
    }
    Ok(bytes)
}

/// The signs after the first one: enough of them, and none after a number of symbols that makes no whole bytes.
fn check_padding(text: &[u8], at: usize, count: usize) -> Result<(), usize> {
    let rest = &text[at..];
    if rest.len() + count < 7 {
        return Err(text.len());
    }
    let wrong = rest.iter().take(7 - count).position(|byte| *byte != b'=');
    if let Some(position) = wrong {
        return Err(at + position - 1);
    }
    if matches!(count, 1 | 3 | 6) {
        Err(at - 1)
    } else {
        Ok(())
    }
}

fn quintet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'2'..=b'7' => Some(byte - b'2' + 26),
        _ => None,
    }
}
