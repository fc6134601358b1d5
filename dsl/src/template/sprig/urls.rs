//! URLs taken apart into maps, and put together again.

use crate::template::Value;
use crate::template::function::{Arguments, Context, Function, Parameter, Stop};
use crate::template::shape::Type;
use crate::template::url::Url;
use crate::template::value::Map;

/// The family.
pub(super) static FUNCTIONS: [Function; 2] = [
    Function::new("urlParse", &[Parameter::TEXT], None, parse),
    Function::new("urlJoin", &[Parameter::MAP], None, join),
];

fn parse(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let url = Url::parse(arguments.text(0))
        .map_err(|problem| Stop::because(format!("unable to parse url: {problem}")))?;
    let user = url
        .user
        .as_ref()
        .map(crate::template::url::User::text)
        .unwrap_or_default();
    let hostname = url.hostname().to_vec();
    let parts = [
        ("scheme", url.scheme),
        ("host", url.host),
        ("hostname", hostname),
        ("path", url.path),
        ("query", url.query),
        ("opaque", url.opaque),
        ("fragment", url.fragment),
        ("userinfo", user),
    ];
    Ok(Value::map(
        parts.map(|(key, part)| (key.as_bytes().into(), Value::text(part))),
    ))
}

fn join(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let parts = arguments.map(0);
    let mut url = Url {
        scheme: part(parts, "scheme")?,
        host: part(parts, "host")?,
        path: part(parts, "path")?,
        query: part(parts, "query")?,
        opaque: part(parts, "opaque")?,
        fragment: part(parts, "fragment")?,
        user: None,
    };
    let user = part(parts, "userinfo")?;
    if !user.is_empty() {
        let around = [b"proto://", &*user, b"@host"].concat();
        let parsed = Url::parse(&around)
            .map_err(|problem| Stop::because(format!("unable to parse userinfo in dict: {problem}")))?;
        url.user = parsed.user;
    }
    Ok(Value::text(url.text()))
}

/// A part of the map, which must be a string if it is there.
fn part(parts: &Map, key: &str) -> Result<Vec<u8>, Stop> {
    match parts.get(key.as_bytes()) {
        None => Ok(Vec::new()),
        Some(Value::Text(text, _)) => Ok(text.to_vec()),
        Some(value) => {
            let kind = value.type_of().map_or("nil", Type::kind);
            Err(Stop::because(format!(
                "unable to parse {key} key, must be of type string, but {kind} found"
            )))
        }
    }
}
