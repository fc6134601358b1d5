//! Which fault meets which request. Pure.
//! Must not know how a fault is carried out.

use std::time::Duration;

/// The first line of a request: what faults are chosen by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The method, in capitals.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, empty when there is none.
    pub query: String,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The proxy answers itself, in the words of the server behind it, which never learns of the request.
    Answer {
        /// The HTTP status.
        status: u16,
        /// Seconds after which the client is told to try again.
        retry_after: Option<u32>,
    },
    /// The request is held back for a while and then goes through.
    Delay(Duration),
    /// The connection ends instead of an answer; the server never learns of the request.
    DropBefore,
    /// The server does what it was asked; the connection ends instead of its answer.
    DropAfter,
    /// The connection ends after so many bytes of the answer's body, or of what comes back through a tunnel.
    Cut {
        /// The number of bytes that still arrive.
        after: u64,
    },
}

/// Which requests a rule is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    method: Option<&'static str>,
    path: Option<String>,
    query: Option<String>,
}

impl Pattern {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Requests of a path. A `*` stands for one part of it; a `**` at the end for all the rest, and for nothing.
    pub fn path(path: &str) -> Self {
        Self {
            path: Some(path.to_owned()),
            ..Self::default()
        }
    }

    /// Of those, the ones with a method, in capitals.
    #[must_use]
    pub fn method(self, method: &'static str) -> Self {
        Self {
            method: Some(method),
            ..self
        }
    }

    /// Of those, the ones whose query holds a text, like `watch=true`.
    #[must_use]
    pub fn query(self, part: &str) -> Self {
        Self {
            query: Some(part.to_owned()),
            ..self
        }
    }

    pub(super) fn matches(&self, line: &Line) -> bool {
        let Self { method, path, query } = self;
        method.is_none_or(|method| method == line.method)
            && path.as_deref().is_none_or(|path| matches_path(path, &line.path))
            && query.as_deref().is_none_or(|part| line.query.contains(part))
    }
}

fn matches_path(pattern: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    for wanted in pattern.split('/') {
        match (wanted, parts.next()) {
            ("**", _) => return true,
            ("*", Some(_)) => {}
            (wanted, Some(part)) if wanted == part => {}
            (_, _) => return false,
        }
    }
    parts.next().is_none()
}

/// A fault, the requests it is for, and how many of them it meets: one, unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pattern: Pattern,
    fault: Fault,
    skip: usize,
    times: usize,
}

impl Rule {
    /// The first request that matches.
    pub fn new(pattern: Pattern, fault: Fault) -> Self {
        Self {
            pattern,
            fault,
            skip: 0,
            times: 1,
        }
    }

    /// Lets some that match through before it begins.
    #[must_use]
    pub fn skip(self, skip: usize) -> Self {
        Self { skip, ..self }
    }

    /// So many, one after the other.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// All of them.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }
}

/// The rules, with what is left of each.
#[derive(Debug, Default)]
pub(super) struct Script {
    rules: Vec<Rule>,
}

impl Script {
    pub(super) fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    /// Takes the fault that this request meets.
    pub(super) fn take(&mut self, line: &Line) -> Option<Fault> {
        for rule in &mut self.rules {
            if rule.times == 0 || !rule.pattern.matches(line) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            if rule.times != usize::MAX {
                rule.times -= 1;
            }
            return Some(rule.fault.clone());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(method: &str, path: &str, query: &str) -> Line {
        Line {
            method: method.into(),
            path: path.into(),
            query: query.into(),
        }
    }

    #[test]
    fn paths() {
        for (pattern, path, matches) in [
            ("/api/v1/pods", "/api/v1/pods", true),
            ("/api/v1/pods", "/api/v1/pods/a", false),
            (
                "/api/v1/namespaces/*/pods/*/exec",
                "/api/v1/namespaces/a/pods/b/exec",
                true,
            ),
            (
                "/api/v1/namespaces/*/pods/*/exec",
                "/api/v1/namespaces/a/pods/b/log",
                false,
            ),
            ("/bucket/**", "/bucket/a/b", true),
            ("/bucket/**", "/bucket", true),
            ("/bucket/**", "/buckets", false),
            ("/a/*", "/a", false),
        ] {
            assert_eq!(matches_path(pattern, path), matches, "{pattern} {path}");
        }
    }

    #[test]
    fn methods_and_queries() {
        let watch = Pattern::path("/api/v1/pods").method("GET").query("watch=true");
        assert!(watch.matches(&line("GET", "/api/v1/pods", "limit=1&watch=true")));
        assert!(!watch.matches(&line("GET", "/api/v1/pods", "limit=1")));
        assert!(!watch.matches(&line("POST", "/api/v1/pods", "watch=true")));
    }

    #[test]
    fn rules_are_used_up_in_their_order() {
        let mut script = Script::default();
        script.add(Rule::new(Pattern::any(), Fault::DropBefore).skip(1).times(2));
        script.add(Rule::new(Pattern::any(), Fault::DropAfter));
        let taken: Vec<Option<Fault>> = (0..5).map(|_| script.take(&line("GET", "/", ""))).collect();
        let (before, after) = (Some(Fault::DropBefore), Some(Fault::DropAfter));
        assert_eq!(taken, [after, before.clone(), before, None, None]);
    }
}
