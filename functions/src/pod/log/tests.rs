use proptest::prelude::*;

use super::*;

/// What arrives in all over connections that each show a part of the log.
async fn read(connections: &[&str]) -> String {
    let mut lines = Lines::default();
    let mut text = Vec::new();
    let mut sink = |piece: &[u8]| {
        text.extend_from_slice(piece);
        Ok(())
    };
    for connection in connections {
        lines.reconnected();
        lines.read(connection.as_bytes(), &mut sink).await.unwrap();
    }
    lines.finish(&mut sink).unwrap();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn lines_come_once() {
    let at = |fraction: &str, text: &str| format!("2026-11-25T09:00:00.{fraction}Z {text}\n");
    let first = at("1", "one") + &at("2", "two");
    let whole = first.clone() + &at("3", "three");
    assert_eq!(read(&[&first, &whole]).await, "one\ntwo\nthree\n");
    assert_eq!(read(&[&first, &first, &whole, &whole]).await, "one\ntwo\nthree\n");
    // The line that a connection broke off in comes whole.
    let torn = first.clone() + "2026-11-25T09:00:00.3Z thr";
    assert_eq!(read(&[&torn, &whole]).await, "one\ntwo\nthree\n");
    // Two lines of one moment are two lines.
    let twice = at("1", "one") + &at("1", "one");
    assert_eq!(read(&[&at("1", "one"), &twice]).await, "one\none\n");
    // The two streams of a container may be written out of order.
    let disordered = at("2", "out") + &at("1", "err");
    assert_eq!(read(&[&at("2", "out"), &disordered]).await, "out\nerr\n");
    // A log that was rotated begins later; nothing new is taken for known.
    assert_eq!(read(&[&first, &at("3", "three")]).await, "one\ntwo\nthree\n");
}

#[tokio::test]
async fn the_last_line_may_lack_its_newline() {
    let log = "2026-11-25T09:00:00Z one\n2026-11-25T09:00:00.5Z two";
    assert_eq!(read(&[log]).await, "one\ntwo");
    assert_eq!(read(&[log, log]).await, "one\ntwo");
}

#[tokio::test]
async fn text_without_time_is_handed_on() {
    assert_eq!(
        read(&["unable to retrieve container logs for containerd://1\n"]).await,
        "unable to retrieve container logs for containerd://1\n"
    );
}

#[test]
fn connections_are_asked_for_whole_seconds_rounded_down() {
    let (time, text) = stamped(b"2026-11-25T09:00:00.999999999Z  x\n");
    assert_eq!(text, b" x\n");
    assert_eq!(whole_second(time.unwrap()).to_string(), "2026-11-25T09:00:00Z");
}

proptest! {
    /// However often a connection breaks, and wherever, the log arrives as it was printed.
    #[test]
    fn breaks_do_not_matter(
        steps in prop::collection::vec((0_i64..3, 0_i64..3, "[a-c]{0,3}"), 1..30),
        breaks in prop::collection::vec(0_usize..2000, 0..5),
    ) {
        let mut seconds = 0;
        let log: Vec<(Timestamp, String)> = steps
            .iter()
            .map(|(step, fraction, text)| {
                seconds += step;
                (Timestamp::new(seconds, i32::try_from(fraction * 1000).unwrap()).unwrap(), text.clone())
            })
            .collect();
        let printed: Vec<u8> = log.iter().flat_map(|(_, text)| [text.as_bytes(), b"\n"].concat()).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let arrived = runtime.block_on(async {
            let mut lines = Lines::default();
            let mut text = Vec::new();
            let mut sink = |piece: &[u8]| {
                text.extend_from_slice(piece);
                Ok(())
            };
            for end in breaks.into_iter().map(Some).chain([None]) {
                let since = lines.since();
                let shown: Vec<u8> = log
                    .iter()
                    .filter(|(time, _)| since.is_none_or(|since| *time >= since))
                    .flat_map(|(time, text)| format!("{time} {text}\n").into_bytes())
                    .collect();
                let end = end.map_or(shown.len(), |end| end.min(shown.len()));
                lines.reconnected();
                lines.read(&shown[..end], &mut sink).await.unwrap();
            }
            lines.finish(&mut sink).unwrap();
            text
        });
        prop_assert_eq!(arrived, printed);
    }
}
