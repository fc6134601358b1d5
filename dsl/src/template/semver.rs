//! Semantic versions and constraints by the rules of Masterminds/semver 1.5.0, which no crate has: a comma means
//! and, `^0.2` allows 0.3, and a prerelease satisfies only a constraint that names one.

use std::cmp::Ordering;
use std::fmt;
use std::sync::LazyLock;

use regex::Regex;

use super::shape::{Field, Json, StructType, TEXT, Type, Width};
use super::value::{Structure, Value};

/// A version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    /// Major, minor, patch.
    pub numbers: [i64; 3],
    /// Without the dash.
    pub prerelease: String,
    /// Without the plus sign.
    pub metadata: String,
    /// As written.
    pub original: String,
}

/// What may follow the numbers: a prerelease and metadata.
const SUFFIX: &str = r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?";

/// A version in which parts may be missing or wild. Upstream's class has bars in it by mistake.
const WILD: &str = r"v?([0-9|xX*]+)(\.[0-9|xX*]+)?(\.[0-9|xX*]+)?";

const SPACE: &str = r"[\t\n\f\r ]";

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant")
}

static VERSION: LazyLock<Regex> =
    LazyLock::new(|| compiled(&format!(r"^v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?{SUFFIX}$")));

static CONSTRAINT: LazyLock<Regex> = LazyLock::new(|| {
    compiled(&format!(
        r"^{SPACE}*(=|!=|>|<|>=|=>|<=|=<|~|~>|\^|){SPACE}*({WILD}{SUFFIX}){SPACE}*$"
    ))
});

static RANGE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(&format!(
        "{SPACE}*({WILD}{SUFFIX}){SPACE}+-{SPACE}+({WILD}{SUFFIX}){SPACE}*"
    ))
});

impl Version {
    /// Reads a version. Missing numbers are zero.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let parts = VERSION.captures(text)?;
        let part = |group: usize| parts.get(group).map_or("", |part| part.as_str());
        let mut numbers = [0; 3];
        for (group, number) in (1..).zip(&mut numbers) {
            *number = match part(group) {
                "" => 0,
                digits => digits.parse().ok()?,
            };
        }
        Some(Self {
            numbers,
            prerelease: part(4).to_owned(),
            metadata: part(5).to_owned(),
            original: text.to_owned(),
        })
    }

    /// The next version, of which the number at this position is one higher.
    pub(super) fn increment(&self, position: usize) -> Self {
        let mut next = Self {
            prerelease: String::new(),
            metadata: String::new(),
            ..self.clone()
        };
        // A prerelease of a patch comes before the patch itself.
        if position < 2 || self.prerelease.is_empty() {
            next.numbers[position] = next.numbers[position].wrapping_add(1);
        }
        next.numbers[position + 1..].fill(0);
        next.with_original(self)
    }

    /// The same version with another prerelease or other metadata; nothing if that is malformed.
    pub(super) fn with_suffix(&self, prerelease: Option<&str>, metadata: Option<&str>) -> Option<Self> {
        let is_fine = |text: &str| {
            text.is_empty()
                || text.split('.').all(|part| {
                    !part.is_empty()
                        && part
                            .bytes()
                            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                })
        };
        let mut next = self.clone();
        for (new, old) in [(prerelease, &mut next.prerelease), (metadata, &mut next.metadata)] {
            if let Some(new) = new {
                if !is_fine(new) {
                    return None;
                }
                new.clone_into(old);
            }
        }
        Some(next.with_original(self))
    }

    fn with_original(mut self, before: &Self) -> Self {
        let prefix = if before.original.starts_with('v') { "v" } else { "" };
        self.original = format!("{prefix}{self}");
        self
    }

    /// The fields that Go keeps inside. A version that is not behind a pointer prints them.
    pub(super) fn structure(&self) -> Structure {
        let [major, minor, patch] = self.numbers.map(Value::int64);
        let [prerelease, metadata, original] =
            [&self.prerelease, &self.metadata, &self.original].map(Value::text);
        let fields = vec![major, minor, patch, prerelease, metadata, original];
        Structure {
            kind: &INSIDE,
            fields,
        }
    }
}

const fn hidden(name: &'static str, ty: Type) -> Field {
    Field {
        name,
        json: Json::Hidden,
        embedded: false,
        ty,
    }
}

static INSIDE: StructType = StructType {
    name: "semver.Version",
    fields: &[
        hidden("major", Type::Int(Width::Int64)),
        hidden("minor", Type::Int(Width::Int64)),
        hidden("patch", Type::Int(Width::Int64)),
        hidden("pre", TEXT),
        hidden("metadata", TEXT),
        hidden("original", TEXT),
    ],
};

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(formatter, "{major}.{minor}.{patch}")?;
        if !self.prerelease.is_empty() {
            write!(formatter, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(formatter, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

/// The order of two versions. Metadata does not count.
pub(super) fn compare(one: &Version, other: &Version) -> Ordering {
    one.numbers
        .cmp(&other.numbers)
        .then_with(|| match (&*one.prerelease, &*other.prerelease) {
            ("", "") => Ordering::Equal,
            ("", _) => Ordering::Greater,
            (_, "") => Ordering::Less,
            (one, other) => compare_prerelease(one, other),
        })
}

fn compare_prerelease(one: &str, other: &str) -> Ordering {
    let (mut ones, mut others) = (one.split('.'), other.split('.'));
    loop {
        let (one, other) = match (ones.next(), others.next()) {
            (None, None) => return Ordering::Equal,
            (one, other) => (one.unwrap_or(""), other.unwrap_or("")),
        };
        if one == other {
            continue;
        }
        return match (one, other) {
            ("", _) => Ordering::Less,
            (_, "") => Ordering::Greater,
            _ => match (one.parse::<u64>(), other.parse::<u64>()) {
                (Err(_), Err(_)) => one.cmp(other),
                (Err(_), Ok(_)) => Ordering::Greater,
                (Ok(one), Ok(other)) if one > other => Ordering::Greater,
                // Also equal numbers that are written differently.
                (Ok(_), _) => Ordering::Less,
            },
        };
    }
}

/// Alternatives, each of them conditions that must all hold.
#[derive(Debug)]
pub(super) struct Constraints(Vec<Vec<Constraint>>);

#[derive(Debug)]
struct Constraint {
    operator: Operator,
    version: Version,
    /// Whether a part was missing or wild.
    is_open: bool,
    /// Whether that was so from the second part on.
    minor_is_open: bool,
    /// Whether that was so for the third part alone.
    patch_is_open: bool,
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Tilde,
    Caret,
}

impl Constraints {
    /// Reads constraints; the first part that is none otherwise.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = without_ranges(text);
        let read = |text: &str| Constraint::parse(text).ok_or_else(|| text.to_owned());
        let alternatives = text.split("||").map(|all| all.split(',').map(read).collect());
        alternatives.collect::<Result<_, _>>().map(Self)
    }

    /// Whether a version satisfies one of the alternatives.
    pub(super) fn allow(&self, version: &Version) -> bool {
        self.0
            .iter()
            .any(|all| all.iter().all(|constraint| constraint.allows(version)))
    }
}

/// `1.2 - 1.4` is two conditions.
fn without_ranges(text: &str) -> String {
    // The second version begins after the three parts and two suffixes of the first and the group around them.
    const SECOND: usize = 7;
    let mut rewritten = text.to_owned();
    for range in RANGE.captures_iter(text) {
        rewritten = rewritten.replacen(&range[0], &format!(">= {}, <= {}", &range[1], &range[SECOND]), 1);
    }
    rewritten
}

impl Constraint {
    fn parse(text: &str) -> Option<Self> {
        let parts = CONSTRAINT.captures(text)?;
        let part = |group: usize| parts.get(group).map_or("", |part| part.as_str());
        let is_wild = |part: &str| matches!(part.trim_start_matches('.'), "x" | "X" | "*");
        let operator = match part(1) {
            "!=" => Operator::NotEqual,
            ">" => Operator::Greater,
            "<" => Operator::Less,
            ">=" | "=>" => Operator::GreaterOrEqual,
            "<=" | "=<" => Operator::LessOrEqual,
            "~" | "~>" => Operator::Tilde,
            "^" => Operator::Caret,
            _ => Operator::Equal,
        };
        let (major, minor, patch) = (part(3), part(4), part(5));
        let prerelease = if part(6).is_empty() {
            String::new()
        } else {
            format!("-{}", part(6))
        };
        let minor_is_open = !is_wild(major) && (minor.is_empty() || is_wild(minor));
        let patch_is_open = !is_wild(major) && !minor_is_open && is_wild(patch);
        let is_open = is_wild(major) || minor_is_open || patch_is_open;
        let version = if is_wild(major) {
            Version::parse("0.0.0")
        } else if minor_is_open {
            Version::parse(&format!("{major}.0.0{prerelease}"))
        } else if patch_is_open {
            Version::parse(&format!("{major}{minor}.0{prerelease}"))
        } else {
            Version::parse(part(2))
        };
        Some(Self {
            operator,
            version: version?,
            is_open,
            minor_is_open,
            patch_is_open,
        })
    }

    fn allows(&self, version: &Version) -> bool {
        let order = compare(version, &self.version);
        let is_unasked_prerelease = !version.prerelease.is_empty() && self.version.prerelease.is_empty();
        if let (Operator::NotEqual, false) = (self.operator, self.is_open) {
            return order != Ordering::Equal;
        }
        if is_unasked_prerelease {
            return false;
        }
        let [major, minor, _] = version.numbers;
        let [wanted_major, wanted_minor, _] = self.version.numbers;
        match self.operator {
            Operator::NotEqual => major != wanted_major || minor != wanted_minor && !self.minor_is_open,
            Operator::Greater => order == Ordering::Greater,
            Operator::GreaterOrEqual => order != Ordering::Less,
            Operator::Less | Operator::LessOrEqual if self.is_open => {
                major <= wanted_major && (minor <= wanted_minor || self.minor_is_open)
            }
            Operator::Less => order == Ordering::Less,
            Operator::LessOrEqual => order != Ordering::Greater,
            Operator::Equal if !self.is_open => order == Ordering::Equal,
            Operator::Equal | Operator::Tilde => {
                let is_any = self.version.numbers == [0; 3] && !self.minor_is_open && !self.patch_is_open;
                order != Ordering::Less
                    && (is_any || major == wanted_major && (minor == wanted_minor || self.minor_is_open))
            }
            Operator::Caret => order != Ordering::Less && major == wanted_major,
        }
    }
}
