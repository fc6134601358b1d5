//! "Did you mean": the closest of the names that exist.
//! Must not know what the names name.

/// The name among `known` that `written` is most likely a mistyping of.
pub fn closest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = written.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::osa_distance(&lower, &name.to_lowercase()), name))
        .filter(|&(distance, name)| distance <= allowed(written.len().max(name.len())))
        .min()
        .map(|(_, name)| name)
}

/// How many slips of the finger are believable in a name of that length.
fn allowed(length: usize) -> usize {
    match length {
        0..=2 => 0,
        3..=5 => 1,
        6..=9 => 2,
        _ => 3,
    }
}

/// The names as a sentence lists them: "`a`, `b` and `c`"; "none" when there are none. Long lists are cut.
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 30;
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        [only] => only.clone(),
        [most @ .., last] if names.len() <= SHOWN => format!("{} and {last}", most.join(", ")),
        _ => format!("{} and {} more", names[..SHOWN].join(", "), names.len() - SHOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::{closest, list};

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        assert_eq!(closest("arg", ["args", "name", "func"]), Some("args"));
        assert_eq!(closest("KubTask", ["KubeTask", "KubeExec"]), Some("KubeTask"));
        assert_eq!(closest("namesapce", ["name", "namespace"]), Some("namespace"));
        assert_eq!(closest("kubetask", ["KubeTask"]), Some("KubeTask"));
        assert_eq!(closest("spec", ["args", "name"]), None);
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(list([]), "none");
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
