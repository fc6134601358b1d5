//! Kanister's phase-output line: how a process in a pod hands a value to later phases. Pure.

use serde::Serialize;

/// What begins the line; readers look for it anywhere in a line of the log.
const MARKER: &str = "###Phase-output###:";

/// The line for `key` and `value`, with its newline.
///
/// The JSON is what Go's encoder writes, `<`, `>` and `&` escaped, because the values are compared with what Kanister
/// recorded.
pub(crate) fn line(key: &str, value: &str) -> String {
    #[derive(Serialize)]
    struct Output<'a> {
        key: &'a str,
        value: &'a str,
    }
    let json = serde_json::to_string(&Output { key, value }).expect("two texts are always JSON");
    format!("{MARKER} {}\n", escaped(&json))
}

/// Whether `kando output` accepts the key.
pub(crate) fn is_key(key: &str) -> bool {
    !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Go's HTML escaping. These characters can stand in JSON only inside texts, so replacing them anywhere is right.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_what_go_writes() {
        let cases = [
            ("a", "b"),
            ("a", ""),
            ("a", "two\nlines\tand \"quotes\" \\"),
            ("a", "<b>&amp;\u{2028}\u{2029}"),
            ("a", "ü\u{1}\u{7f}\u{8}\u{c}"),
        ];
        let lines: String = cases.iter().map(|(key, value)| line(key, value)).collect();
        insta::assert_snapshot!(lines);
    }

    #[test]
    fn keys() {
        let accepted: Vec<&str> = ["a", "A_9", "_", "", "a-b", "a b", "ä", "a.b"]
            .into_iter()
            .filter(|key| is_key(key))
            .collect();
        assert_eq!(accepted, ["a", "A_9", "_"]);
    }
}
