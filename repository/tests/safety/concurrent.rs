//! Several at once, ours and restic: who must wait waits, and no snapshot comes out broken.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;

use mainstay_repository::restic::check::Depth;
use mainstay_repository::restic::prune::Limits;
use mainstay_repository::restic::{Selection, StreamSource, TreeSource};
use mainstay_repository::{Error, Watch};

use crate::fixture::{PASSWORD, Scratch, noise, note};

#[test]
fn many_writers_and_no_damage() {
    let scratch = Scratch::new();
    scratch.init();
    std::thread::scope(|scope| {
        for number in 0..4 {
            let scratch = &scratch;
            scope.spawn(move || {
                let source = scratch.path(&format!("source {number}"));
                fs::create_dir(&source).unwrap();
                fs::write(source.join("own"), noise(number, 2_000_000)).unwrap();
                fs::write(source.join("shared"), noise(100, 2_000_000)).unwrap();
                scratch
                    .open()
                    .backup_tree(&TreeSource::new(&source), &note(&[]), &Watch::new())
                    .unwrap();
            });
        }
    });
    let repository = scratch.open();
    assert_eq!(repository.list(&Selection::all()).unwrap().len(), 4);
    let report = repository.check(Depth::Read, &Watch::new()).unwrap();
    assert!(report.findings.is_empty(), "{report:?}");
    scratch.restic(&["check", "--read-data"]);
}

#[test]
fn nobody_prunes_while_somebody_writes() {
    let scratch = Scratch::new();
    scratch.init();
    let (ask, asked) = mpsc::channel::<()>();
    let (answer, answered) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            // A stream that pauses in its middle, until the others have tried.
            let mut paused = Some((ask, answered));
            let reader = Pausing {
                left: 3_000_000,
                pause: move || {
                    if let Some((ask, answered)) = paused.take() {
                        ask.send(()).unwrap();
                        answered.recv().unwrap();
                    }
                },
            };
            scratch
                .open()
                .backup_stream(StreamSource::new("dump", reader), &note(&[]), &Watch::new())
                .unwrap();
        });
        asked.recv().unwrap();
        let plan = scratch.open().plan_prune(&Limits::default());
        assert!(
            matches!(plan, Err(Error::Held { exclusive: false, .. })),
            "{plan:?}"
        );
        let (text, pruned) = scratch.try_restic(&["prune"]);
        assert!(
            !pruned && text.contains("already locked") && text.contains("pod-0."),
            "{text}"
        );
        answer.send(()).unwrap();
        writer.join().unwrap();
    });
    scratch.restic(&["check", "--read-data"]);
    scratch.restic(&["prune"]);
}

struct Pausing<F> {
    left: usize,
    pause: F,
}

impl<F: FnMut()> std::io::Read for Pausing<F> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left < 1_500_000 {
            (self.pause)();
        }
        let length = buffer.len().min(self.left);
        buffer[..length].fill(3);
        self.left -= length;
        Ok(length)
    }
}

#[test]
fn nobody_writes_while_somebody_prunes() {
    let scratch = Scratch::new();
    let source = scratch.path("source");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("file"), b"1").unwrap();
    let repository = scratch.init();
    let plan = repository.plan_prune(&Limits::default()).unwrap();
    let backup = scratch
        .open()
        .backup_tree(&TreeSource::new(&source), &note(&[]), &Watch::new());
    let held = backup.unwrap_err();
    assert!(
        held.to_string()
            .starts_with("repository is locked exclusively by pod-0."),
        "{held}"
    );
    assert_eq!(held.exit().code(), 11);
    let (text, done) = scratch.try_restic(&["backup", source.to_str().unwrap()]);
    assert!(!done && text.contains("already locked exclusively"), "{text}");
    drop(plan);
    scratch
        .open()
        .backup_tree(&TreeSource::new(&source), &note(&[]), &Watch::new())
        .unwrap();
}

#[test]
fn restics_locks_are_honoured() {
    let scratch = Scratch::new();
    scratch.init();
    let mut writer = Command::new("restic");
    writer
        .args(["--no-cache", "--repo"])
        .arg(scratch.path("repository"))
        .args(["backup", "--stdin"]);
    writer
        .env("RESTIC_PASSWORD", PASSWORD)
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let mut writer = writer.spawn().unwrap();
    let mut input = writer.stdin.take().unwrap();
    // More than the pipe and restic's buffers hold: when it is written, restic reads, and so has its lock.
    input.write_all(&noise(1, 4_000_000)).unwrap();
    let plan = scratch.open().plan_prune(&Limits::default());
    assert!(
        matches!(plan, Err(Error::Held { exclusive: false, .. })),
        "{plan:?}"
    );
    drop(input);
    assert!(writer.wait().unwrap().success());
    scratch.open().plan_prune(&Limits::default()).unwrap();
}

#[test]
fn deleting_at_once_needs_nobody_who_may_wake_up() {
    let scratch = Scratch::new();
    let repository = scratch.init();
    // Leaves its lock behind, as a node does that loses power; it is fresh, so a look at it is enough.
    let other = scratch.open();
    let plan = other.plan_prune(&Limits::default()).unwrap();
    let lock = fs::read_dir(scratch.path("repository/locks"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let content = fs::read(lock.path()).unwrap();
    drop(plan);
    fs::write(lock.path(), content).unwrap();
    let plan = repository.plan_prune(&Limits {
        now: true,
        ..Limits::default()
    });
    assert!(matches!(plan, Err(Error::Held { .. })), "{plan:?}");
}
