//! URLs by the rules of Go's `net/url`, which are not those of browsers.

/// The parts of a URL, decoded.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) scheme: Vec<u8>,
    /// What follows the scheme if it does not begin with a slash, as written.
    pub(super) opaque: Vec<u8>,
    pub(super) user: Option<User>,
    /// With the port.
    pub(super) host: Vec<u8>,
    pub(super) path: Vec<u8>,
    /// As written.
    pub(super) query: Vec<u8>,
    pub(super) fragment: Vec<u8>,
}

/// A name, and a password if there is a colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}

/// Why a text is no URL. Says nothing of the text, which can hold a password.
type Problem = &'static str;

const BAD_ESCAPE: Problem = "invalid URL escape";
const BAD_HOST_CHARACTER: Problem = "invalid character in host name";

/// The part of a URL that a byte stands in, which decides what has to be escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    User,
    Host,
    /// The zone of an IPv6 address.
    Zone,
    Fragment,
}

fn must_escape(byte: u8, part: Part) -> bool {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        return false;
    }
    match part {
        Part::Host | Part::Zone => !b"!$&'()*+,;=:[]<>\"".contains(&byte),
        Part::Path => !b"$&+,/:;=@".contains(&byte),
        Part::User => !b"$&+,;=".contains(&byte),
        Part::Fragment => !b"$&+,/:;=?@!()*".contains(&byte),
    }
}

fn escape(text: &[u8], part: Part) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text {
        if must_escape(*byte, part) {
            escaped.extend_from_slice(format!("%{byte:02X}").as_bytes());
        } else {
            escaped.push(*byte);
        }
    }
    escaped
}

fn unescape(text: &[u8], part: Part) -> Result<Vec<u8>, Problem> {
    let is_host = matches!(part, Part::Host | Part::Zone);
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        if *byte != b'%' {
            if is_host && byte.is_ascii() && must_escape(*byte, part) {
                return Err(BAD_HOST_CHARACTER);
            }
            plain.push(*byte);
            continue;
        }
        let mut digit = || {
            bytes
                .next()
                .and_then(|digit| char::from(*digit).to_digit(16))
                .ok_or(BAD_ESCAPE)
        };
        let (high, low) = (digit()?, digit()?);
        let decoded = u8::try_from(high * 16 + low).map_err(|_beyond| BAD_ESCAPE)?;
        // In a host only bytes beyond ASCII may be escaped, and the percent sign of a zone.
        let is_fine = match part {
            Part::Host => high >= 8 || decoded == b'%',
            Part::Zone => decoded == b'%' || decoded == b' ' || !must_escape(decoded, Part::Host),
            Part::Path | Part::User | Part::Fragment => true,
        };
        if !is_fine {
            return Err(BAD_ESCAPE);
        }
        plain.push(decoded);
    }
    Ok(plain)
}

fn cut(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == separator) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

impl User {
    fn parse(text: &[u8]) -> Result<Self, Problem> {
        let is_valid = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
        if !text.iter().all(is_valid) {
            return Err("net/url: invalid userinfo");
        }
        let (name, password) = cut(text, b':');
        let password = password
            .map(|password| unescape(password, Part::User))
            .transpose()?;
        Ok(Self {
            name: unescape(name, Part::User)?,
            password,
        })
    }

    /// As it stands in a URL.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = escape(&self.name, Part::User);
        if let Some(password) = &self.password {
            text.push(b':');
            text.extend_from_slice(&escape(password, Part::User));
        }
        text
    }
}

impl Url {
    /// Reads a URL, also a relative one.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Problem> {
        let (text, fragment) = cut(text, b'#');
        let mut url = Self::parse_before_fragment(text)?;
        url.fragment = unescape(fragment.unwrap_or_default(), Part::Fragment)?;
        Ok(url)
    }

    fn parse_before_fragment(text: &[u8]) -> Result<Self, Problem> {
        if text.iter().any(u8::is_ascii_control) {
            return Err("net/url: invalid control character in URL");
        }
        if text == b"*" {
            return Ok(Self {
                path: text.to_vec(),
                ..Self::default()
            });
        }
        let (scheme, rest) = split_scheme(text)?;
        let (rest, query) = cut(rest, b'?');
        let mut url = Self {
            scheme: scheme.to_ascii_lowercase(),
            query: query.unwrap_or_default().to_vec(),
            ..Self::default()
        };
        if !rest.starts_with(b"/") {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_vec();
                return Ok(url);
            }
            if cut(rest, b'/').0.contains(&b':') {
                return Err("first path segment in URL cannot contain colon");
            }
        }
        let has_authority = rest.starts_with(b"//") && (!url.scheme.is_empty() || !rest.starts_with(b"///"));
        let path = if has_authority {
            let end = rest[2..]
                .iter()
                .position(|byte| *byte == b'/')
                .map_or(rest.len(), |at| at + 2);
            url.read_authority(&rest[2..end])?;
            &rest[end..]
        } else {
            rest
        };
        url.path = unescape(path, Part::Path)?;
        Ok(url)
    }

    fn read_authority(&mut self, authority: &[u8]) -> Result<(), Problem> {
        let (user, host) = match authority.iter().rposition(|byte| *byte == b'@') {
            Some(at) => (Some(&authority[..at]), &authority[at + 1..]),
            None => (None, authority),
        };
        self.host = parse_host(&self.scheme, host)?;
        self.user = user.map(User::parse).transpose()?;
        Ok(())
    }

    /// The host without its port and without the brackets of an address.
    pub(super) fn hostname(&self) -> &[u8] {
        let colon = self.host.iter().rposition(|byte| *byte == b':');
        let host = match colon {
            Some(at) if is_port(&self.host[at..]) => &self.host[..at],
            _ => &self.host,
        };
        host.strip_prefix(b"[")
            .and_then(|host| host.strip_suffix(b"]"))
            .unwrap_or(host)
    }

    /// The whole as text.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        if !self.scheme.is_empty() {
            text.extend_from_slice(&self.scheme);
            text.push(b':');
        }
        if self.opaque.is_empty() {
            self.write_authority_and_path(&mut text);
        } else {
            text.extend_from_slice(&self.opaque);
        }
        if !self.query.is_empty() {
            text.push(b'?');
            text.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            text.push(b'#');
            text.extend_from_slice(&escape(&self.fragment, Part::Fragment));
        }
        text
    }

    fn write_authority_and_path(&self, text: &mut Vec<u8>) {
        let has_authority = !self.host.is_empty() || self.user.is_some();
        if has_authority || !self.scheme.is_empty() && !self.path.is_empty() {
            text.extend_from_slice(b"//");
        }
        if let Some(user) = &self.user {
            text.extend_from_slice(&user.text());
            text.push(b'@');
        }
        text.extend_from_slice(&escape(&self.host, Part::Host));
        let path = if self.path == b"*" {
            self.path.clone()
        } else {
            escape(&self.path, Part::Path)
        };
        if !path.is_empty() && !path.starts_with(b"/") && !self.host.is_empty() {
            text.push(b'/');
        }
        if text.is_empty() && cut(&path, b'/').0.contains(&b':') {
            // Without this the first segment would be taken for a scheme.
            text.extend_from_slice(b"./");
        }
        text.extend_from_slice(&path);
    }
}

fn split_scheme(text: &[u8]) -> Result<(&[u8], &[u8]), Problem> {
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme"),
            b':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok((&[], text))
}

/// A colon and digits, or nothing.
fn is_port(text: &[u8]) -> bool {
    match text.split_first() {
        None => true,
        Some((colon, digits)) => *colon == b':' && digits.iter().all(u8::is_ascii_digit),
    }
}

fn parse_host(scheme: &[u8], host: &[u8]) -> Result<Vec<u8>, Problem> {
    match host.iter().rposition(|byte| *byte == b'[') {
        Some(0) => parse_address(host),
        Some(_) => Err("invalid IP-literal"),
        None => {
            let first = host.iter().position(|byte| *byte == b':');
            let last = host.iter().rposition(|byte| *byte == b':');
            // Only web addresses must not have a second colon.
            let colon = if matches!(scheme, b"http" | b"https") {
                first
            } else {
                last
            };
            if !is_port(colon.map_or(&[][..], |at| &host[at..])) {
                return Err("invalid port after host");
            }
            unescape(host, Part::Host)
        }
    }
}

/// An address in brackets, with or without a zone and a port.
fn parse_address(host: &[u8]) -> Result<Vec<u8>, Problem> {
    let close = host
        .iter()
        .rposition(|byte| *byte == b']')
        .ok_or("missing ']' in host")?;
    let port = &host[close + 1..];
    if !is_port(port) {
        return Err("invalid port after host");
    }
    let inside = &host[1..close];
    let zone = inside
        .windows(3)
        .position(|window| window == b"%25")
        .unwrap_or(inside.len());
    let mut address = unescape(&inside[..zone], Part::Host)?;
    let is_address =
        std::str::from_utf8(&address).is_ok_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    if !is_address || zone + 3 == inside.len() {
        return Err("invalid host");
    }
    address.extend_from_slice(&unescape(&inside[zone..], Part::Zone)?);
    Ok([b"[", &*address, b"]", &*unescape(port, Part::Host)?].concat())
}
