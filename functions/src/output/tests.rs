use proptest::prelude::*;

use super::*;

const LINE: &str = r#"###Phase-output###: {"key":"k","value":"v"}"#;

/// What is read from text that arrives in pieces: outputs as `key=value`, log lines, or the error.
fn read(pieces: &[&[u8]]) -> Result<(Map<String, Json>, Vec<String>), Error> {
    let mut log = Vec::new();
    let mut sink = |line: &str| log.push(line.to_owned());
    let mut reader = Reader::default();
    for piece in pieces {
        reader.write(piece, &mut sink)?;
    }
    let outputs = reader.finish(&mut sink)?;
    Ok((outputs, log))
}

fn shown(text: &str) -> String {
    match read(&[text.as_bytes()]) {
        Ok((outputs, log)) => {
            let outputs: Vec<String> = outputs
                .iter()
                .map(|(key, value)| format!("{key}={}", value.as_str().unwrap()))
                .collect();
            format!("{outputs:?} log {log:?}")
        }
        Err(error) => error.to_string(),
    }
}

/// The table of Kanister's reader.
#[test]
fn marked_lines() {
    let marker = "###Phase-output###:";
    let rows = [
        format!(r#"{marker} {{"key":"version","value":"0.110.0"}}"#),
        format!(
            "{marker} {{\"key\":\"version\",\"value\":\"1\"}}\n{marker} {{\"key\":\"path\",\"value\":\"/p\"}}\n"
        ),
        format!("Random message {LINE}"),
        format!("Random message\n{LINE}\n"),
        format!("{marker} Invalid message"),
        "Random message".to_owned(),
        format!("{LINE}\r\n{LINE}\r\n"),
        format!("{LINE} {LINE}"),
        format!("{marker}\n"),
        format!("{marker} \t \r\n"),
        format!(r#"{marker}{{"key":"k","value":"v"}}"#),
        format!("{LINE}\n{marker} {{\"key\":\"k\",\"value\":\"w\"}}"),
        format!(r#"{marker} {{"key":"a-b","value":"v"}}"#),
        format!(r#"{marker} {{"KEY":"k","VALUE":"v"}}"#),
        format!(r#"{marker} {{"key":"k"}}"#),
        format!(r#"{marker} {{"key":"k","value":null}}"#),
        format!(r#"{marker} {{"key":"k","value":1}}"#),
        format!(r#"{marker} {{"key":"k","value":"v","z":{{"deep":[1]}}}}"#),
        format!(r#"{marker} ["k","v"]"#),
        r#"###phase-output###: {"key":"k","value":"v"}"#.to_owned(),
        format!("\t{marker}\t{{\"key\":\"k\",\"value\":\"v\"}}\t"),
        format!("{LINE}\n{marker} oops\n"),
        "abc#\n##Phase-output###: {\"key\":\"k\",\"value\":\"v\"}".to_owned(),
        format!("####{LINE}"),
        "###Phase-output##".to_owned(),
        format!(r#"{marker} {{"key":"k","value":"a\u003cb\u003e\u0026'\n\u2028"}}"#),
    ];
    let shown: Vec<String> = rows
        .iter()
        .map(|text| format!("{text:?}\n  {}", shown(text)))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn long_lines() {
    let filler = "x".repeat(600_000);
    let value = "v".repeat(500_000);
    let marked = format!(r#"###Phase-output###: {{"key":"k","value":"{value}"}}"#);
    for text in [
        format!("{filler}\n{marked}\n"),
        format!("{filler}{marked}\n"),
        format!("{marked}\n{filler}"),
    ] {
        let (outputs, log) = read(&[text.as_bytes()]).unwrap();
        assert_eq!(outputs["k"], value.as_str());
        assert_eq!(log, ["x".repeat(LOG_LINE_BYTES)], "log lines are cut");
    }
}

#[test]
fn an_endless_output_is_refused() {
    let mut reader = Reader::default();
    let mut sink = |_: &str| ();
    reader.write(b"###Phase-output###:", &mut sink).unwrap();
    let piece = vec![b'x'; 1 << 20];
    let refused = (0..16).find_map(|_| reader.write(&piece, &mut sink).err());
    insta::assert_snapshot!(refused.unwrap(), @"Failed to read phase output: one output is longer than 8388608 bytes");
}

proptest! {
    /// Where pieces end has no influence.
    #[test]
    fn pieces_do_not_matter(
        lines in prop::collection::vec(
            prop_oneof![
                Just(LINE.to_owned()),
                Just("###Phase-output###:".to_owned()),
                Just("##Phase-out".to_owned()),
                Just(format!("abc{LINE}\r")),
                "[#a-z]{0,30}",
            ],
            0..6,
        ),
        cuts in prop::collection::vec(0_usize..300, 0..6),
    ) {
        let text = lines.join("\n");
        let whole = read(&[text.as_bytes()]);
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < text.len()).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut start = 0;
        for cut in cuts {
            pieces.push(&text.as_bytes()[start..cut]);
            start = cut;
        }
        pieces.push(&text.as_bytes()[start..]);
        prop_assert_eq!(format!("{:?}", read(&pieces)), format!("{whole:?}"));
    }

    /// What is written as JSON is read as it was.
    #[test]
    fn outputs_round_trip(key in "[a-zA-Z0-9_]{1,20}", value in any::<String>()) {
        let line = format!(
            "###Phase-output###: {}\n",
            serde_json::json!({"key": key, "value": value}),
        );
        let (outputs, log) = read(&[line.as_bytes()]).unwrap();
        prop_assert_eq!(&outputs[&key], value.as_str());
        prop_assert!(log.is_empty());
    }

    /// No text makes the reader fail otherwise than by an error.
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut text = b"###Phase-output###:".to_vec();
        text.extend(&bytes);
        drop(read(&[&text]));
        drop(read(&[&bytes]));
    }
}
