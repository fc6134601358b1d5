//! What lies outside of a template: environment, names of hosts, paths. The first two only as far as the caller
//! shows them.

use crate::template::Value;
use crate::template::function::{Arguments, Context, Function, Parameter, Stop};

const TEXT: &[Parameter] = &[Parameter::TEXT];

/// The family.
pub(super) static FUNCTIONS: [Function; 8] = [
    Function::new("env", TEXT, None, |context, arguments| {
        Ok(Value::text(variable(context, &arguments.lossy(0))))
    }),
    Function::new("expandenv", TEXT, None, |context, arguments| {
        Ok(Value::text(expand(arguments.text(0), |name| {
            variable(context, name)
        })))
    }),
    Function::new("getHostByName", TEXT, None, host),
    Function::new("base", TEXT, None, |_, arguments| {
        Ok(Value::text(base(arguments.text(0))))
    }),
    Function::new("dir", TEXT, None, |_, arguments| {
        let path = arguments.text(0);
        let end = path.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
        Ok(Value::text(clean(&path[..end])))
    }),
    Function::new("clean", TEXT, None, |_, arguments| {
        Ok(Value::text(clean(arguments.text(0))))
    }),
    Function::new("ext", TEXT, None, |_, arguments| {
        let path = arguments.text(0);
        let last = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let dot = last.iter().rposition(|byte| *byte == b'.');
        Ok(Value::text(dot.map_or(&[][..], |dot| &last[dot..])))
    }),
    Function::new("isAbs", TEXT, None, |_, arguments| {
        Ok(Value::Bool(arguments.text(0).first() == Some(&b'/')))
    }),
];

/// A variable, or nothing, which cannot be told from an empty one.
fn variable(context: &Context<'_, '_>, name: &str) -> String {
    context
        .settings
        .environment
        .get(name)
        .cloned()
        .unwrap_or_default()
}

/// A text in which `$name` and `${name}` are replaced. A dollar sign that names nothing stays.
fn expand(text: &[u8], variable: impl Fn(&str) -> String) -> Vec<u8> {
    let mut expanded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'$') {
        if at + 1 == rest.len() {
            break;
        }
        expanded.extend_from_slice(&rest[..at]);
        let (name, length) = shell_name(&rest[at + 1..]);
        match name {
            b"" if length == 0 => expanded.push(b'$'),
            // Braces without a name disappear.
            b"" => {}
            name => expanded.extend_from_slice(variable(&String::from_utf8_lossy(name)).as_bytes()),
        }
        rest = &rest[at + 1 + length..];
    }
    expanded.extend_from_slice(rest);
    expanded
}

/// The name after a dollar sign and how many bytes it takes with its braces.
fn shell_name(text: &[u8]) -> (&[u8], usize) {
    let is_special = |byte: &u8| b"*#$@!?-".contains(byte) || byte.is_ascii_digit();
    match text {
        [b'{', special, b'}', ..] if is_special(special) => (&text[1..2], 3),
        [b'{', inner @ ..] => match inner.iter().position(|byte| *byte == b'}') {
            Some(length) => (&inner[..length], length + 2),
            None => (b"", 1),
        },
        [special, ..] if is_special(special) => (&text[..1], 1),
        _ => {
            let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            let length = text.iter().take_while(|byte| is_part(byte)).count();
            (&text[..length], length)
        }
    }
}

/// The address of a host. An address is its own, and `localhost` needs nobody to be asked.
fn host(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let name = arguments.lossy(0);
    if let Ok(address) = name.parse::<std::net::IpAddr>() {
        return Ok(Value::text(address.to_string()));
    }
    let address = match &*name {
        "localhost" => Some("127.0.0.1".to_owned()),
        name => (context.settings.resolve)(name),
    };
    address
        .map(Value::text)
        .ok_or_else(|| Stop::because("the name of the host is not known"))
}

/// The last element of a path.
fn base(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |at| at + 1);
    match &path[..end] {
        b"" => b"/",
        path => path.rsplit(|byte| *byte == b'/').next().unwrap_or(path),
    }
}

/// The shortest path that means the same.
fn clean(path: &[u8]) -> Vec<u8> {
    let is_rooted = path.first() == Some(&b'/');
    let mut elements: Vec<&[u8]> = Vec::new();
    for element in path.split(|byte| *byte == b'/') {
        match element {
            b"" | b"." => {}
            b".." => match elements.last() {
                Some(last) if *last != b".." => {
                    elements.pop();
                }
                _ if is_rooted => {}
                _ => elements.push(element),
            },
            _ => elements.push(element),
        }
    }
    let joined = elements.join(&b'/');
    match (is_rooted, joined.is_empty()) {
        (true, _) => [b"/", &*joined].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}
