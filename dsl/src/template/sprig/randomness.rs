//! Random strings, from the source that the caller gives.

use rand::RngExt as _;

use crate::template::Value;
use crate::template::function::{Arguments, Context, Function, Parameter, Stop};
use crate::template::runes::{self, runes};

const COUNT: &[Parameter] = &[Parameter::INT];

/// The family.
pub(super) static FUNCTIONS: [Function; 6] = [
    Function::new("randAlphaNum", COUNT, None, |context, arguments| {
        random(context, arguments, u8::is_ascii_alphanumeric)
    }),
    Function::new("randAlpha", COUNT, None, |context, arguments| {
        random(context, arguments, u8::is_ascii_alphabetic)
    }),
    Function::new("randNumeric", COUNT, None, |context, arguments| {
        random(context, arguments, u8::is_ascii_digit)
    }),
    Function::new("randAscii", COUNT, None, |context, arguments| {
        random(context, arguments, |_| true)
    }),
    Function::new("shuffle", &[Parameter::TEXT], None, shuffle),
    Function::new("uuidv4", &[], None, |context, _| {
        let mut bytes = [0; 16];
        context.settings.random.fill_bytes(&mut bytes);
        Ok(Value::text(
            uuid::Builder::from_random_bytes(bytes).into_uuid().to_string(),
        ))
    }),
];

/// So many of the printable characters that are allowed.
fn random(
    context: &mut Context<'_, '_>,
    arguments: Arguments<'_>,
    is_allowed: impl Fn(&u8) -> bool,
) -> Result<Value, Stop> {
    // A negative number makes nothing, without an error.
    let count = usize::try_from(arguments.int(0)).unwrap_or(0);
    context.meter.check_items(count)?;
    let alphabet: Vec<u8> = (b' '..=b'~').filter(|byte| is_allowed(byte)).collect();
    let source = &mut *context.settings.random;
    let text: Vec<u8> = (0..count)
        .map(|_| alphabet[source.random_range(0..alphabet.len())])
        .collect();
    Ok(Value::text(text))
}

fn shuffle(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let mut characters: Vec<char> = runes(arguments.text(0))
        .map(runes::Rune::or_replacement)
        .collect();
    context.meter.spend(characters.len())?;
    for last in (1..characters.len()).rev() {
        characters.swap(last, context.settings.random.random_range(0..=last));
    }
    Ok(Value::text(characters.into_iter().collect::<String>()))
}
