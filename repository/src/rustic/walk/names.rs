//! Names of users and groups, from the two files that every system has. Nothing else is asked: a static program has nobody to ask.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Names by number.
#[derive(Debug, Default)]
pub(super) struct Names {
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
}

impl Names {
    /// Reads the system's files; without them numbers have no names.
    pub(super) fn read() -> Self {
        let parsed = |path: &str| parse(&fs::read_to_string(Path::new(path)).unwrap_or_default());
        Self {
            users: parsed("/etc/passwd"),
            groups: parsed("/etc/group"),
        }
    }

    pub(super) fn user(&self, number: u32) -> Option<String> {
        self.users.get(&number).cloned()
    }

    pub(super) fn group(&self, number: u32) -> Option<String> {
        self.groups.get(&number).cloned()
    }
}

/// Lines of `name:password:number:…`; the first one of a number counts.
fn parse(text: &str) -> BTreeMap<u32, String> {
    let mut names = BTreeMap::new();
    for line in text.lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(Ok(number))) = (fields.next(), fields.nth(1).map(str::parse)) {
            names.entry(number).or_insert_with(|| name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_name_of_a_number_counts() {
        let names = parse("root:x:0:0::/root:/bin/sh\ntoor:x:0:0\n# a comment\nmysql:!:999:\n::\n");
        assert_eq!(
            names,
            BTreeMap::from([(0, "root".to_owned()), (999, "mysql".to_owned())])
        );
    }
}
