//! Streams: an object or a snapshot appears whole or not at all, whatever happens to the producer, the store or the reader.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mainstay_repository::location::Key;
use mainstay_repository::object::{self, Producer, Scope};
use mainstay_repository::restic::{Selection, StreamSource};
use mainstay_repository::store::faulty::Faulty;
use mainstay_repository::store::{Directory, Shared};
use mainstay_repository::{Error, Watch, error};

use crate::fixture::{Scratch, noise, note};

const MIB: usize = 1 << 20;

fn store(scratch: &Scratch) -> Shared {
    Arc::new(Directory::new(scratch.path("store")).unwrap())
}

fn key(path: &str) -> Key {
    Key::new("", path).unwrap()
}

/// Objects that exist, and parts that nobody finished.
fn objects(scratch: &Scratch) -> Vec<String> {
    let mut names = Vec::new();
    collect(&scratch.path("store"), &mut names);
    names.sort();
    names
}

fn collect(folder: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, names);
        } else {
            names.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
}

fn shell(script: &str) -> Producer {
    let arguments = vec![OsString::from("-c"), OsString::from(script)];
    Producer {
        program: "sh".into(),
        arguments,
    }
}

#[tokio::test]
async fn what_is_pushed_comes_back() {
    let scratch = Scratch::new();
    let store = store(&scratch);
    for (number, length) in [0, 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 21 * MIB]
        .into_iter()
        .enumerate()
    {
        for size in [None, Some(length as u64)] {
            let (content, watch) = (noise(number as u64, length), Watch::new());
            let pushed = object::push(&store, &key("a/b"), content.as_slice(), size, &watch)
                .await
                .unwrap();
            assert_eq!((pushed, watch.progress().bytes), (length as u64, length as u64));
            let mut back = Vec::new();
            object::pull(&store, &key("a/b"), &mut back, &Watch::new())
                .await
                .unwrap();
            assert!(back == content, "{length} bytes");
            object::pull_file(&store, &key("a/b"), &scratch.path("file"), &Watch::new())
                .await
                .unwrap();
            assert!(fs::read(scratch.path("file")).unwrap() == content);
            assert_eq!(objects(&scratch), ["b"]);
        }
    }
}

#[tokio::test]
async fn a_producer_that_fails_leaves_nothing() {
    let scratch = Scratch::new();
    let store = store(&scratch);
    let cases = [
        (
            "echo out; echo one >&2; echo two >&2; exit 2",
            "sh ended with status 2: one; two",
        ),
        (
            "head -c 30000000 /dev/zero; echo late >&2; exit 1",
            "sh ended with status 1: late",
        ),
        ("head -c 30000000 /dev/zero; kill -9 $$", "sh ended with signal 9"),
    ];
    for (script, message) in cases {
        let pushed = object::push_output(&store, &key("dump"), &shell(script), &Watch::new()).await;
        assert_eq!(pushed.unwrap_err().to_string(), message);
        assert_eq!(objects(&scratch), Vec::<String>::new());
    }
    let missing = Producer {
        program: "no-such-program".into(),
        arguments: Vec::new(),
    };
    let pushed = object::push_output(&store, &key("dump"), &missing, &Watch::new()).await;
    assert!(
        pushed
            .unwrap_err()
            .to_string()
            .starts_with("failed to start no-such-program: No such file")
    );
    let pushed = object::push_output(&store, &key("dump"), &shell("printf good"), &Watch::new()).await;
    assert_eq!((pushed.unwrap(), objects(&scratch)), (4, vec!["dump".to_owned()]));
}

#[tokio::test]
async fn a_cancel_stops_a_producer_that_says_nothing() {
    let scratch = Scratch::new();
    let (store, watch) = (store(&scratch), Watch::new());
    watch.cancel();
    let producer = shell("head -c 9000000 /dev/zero; exec sleep 1000");
    let pushed = object::push_output(&store, &key("dump"), &producer, &watch).await;
    assert!(matches!(pushed, Err(Error::Cancelled)));
    assert_eq!(objects(&scratch), Vec::<String>::new());
}

#[tokio::test]
async fn a_store_that_fails_ends_an_endless_producer() {
    let scratch = Scratch::new();
    let refusing = |request: mainstay_repository::store::faulty::Request<'_>| {
        let refused = matches!(request.operation, error::Operation::UploadPart) && request.number > 3;
        refused.then(|| Error::Denied {
            operation: request.operation,
            key: request.key.to_owned(),
        })
    };
    let store: Shared = Arc::new(Faulty::new(store(&scratch), refusing));
    let pushed = object::push_output(&store, &key("dump"), &shell("cat /dev/zero"), &Watch::new()).await;
    assert_eq!(pushed.unwrap_err().to_string(), "not allowed to UploadPart: dump");
    assert_eq!(objects(&scratch), Vec::<String>::new());
}

#[tokio::test]
async fn a_size_that_was_announced_must_be_met() {
    let scratch = Scratch::new();
    let store = store(&scratch);
    for (length, announced) in [(10, 11), (10, 9), (20 * MIB, 20 * MIB as u64 + 1)] {
        let content = noise(1, length);
        let pushed = object::push(
            &store,
            &key("a"),
            content.as_slice(),
            Some(announced),
            &Watch::new(),
        )
        .await;
        assert!(
            matches!(pushed, Err(Error::Length { .. })),
            "{length} {announced}"
        );
        assert_eq!(objects(&scratch), Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_object_that_is_replaced_during_a_pull_is_a_fault() {
    let scratch = Scratch::new();
    let inner = store(&scratch);
    let content = noise(1, 20 * MIB);
    object::push(&inner, &key("a"), content.as_slice(), None, &Watch::new())
        .await
        .unwrap();
    let (reads, path) = (AtomicU64::new(0), scratch.path("store/a"));
    let replacing = move |request: mainstay_repository::store::faulty::Request<'_>| {
        if matches!(request.operation, error::Operation::GetObject)
            && reads.fetch_add(1, Ordering::Relaxed) == 1
        {
            fs::write(path.with_extension("new"), b"another").unwrap();
            fs::rename(path.with_extension("new"), &path).unwrap();
        }
        None
    };
    let store: Shared = Arc::new(Faulty::new(inner, replacing));
    fs::write(scratch.path("file"), b"before").unwrap();
    let pulled = object::pull_file(&store, &key("a"), &scratch.path("file"), &Watch::new()).await;
    assert_eq!(
        pulled.unwrap_err().to_string(),
        "object changed while it was read: a"
    );
    assert_eq!(fs::read(scratch.path("file")).unwrap(), b"before");
    assert_eq!(
        fs::read_dir(scratch.path(".")).unwrap().count(),
        2,
        "an unfinished file was left"
    );
}

#[tokio::test]
async fn delete_takes_the_object_and_its_folder_but_no_neighbour() {
    let scratch = Scratch::new();
    let store = store(&scratch);
    for name in ["b/a/1", "b/a/2/3", "b/ab", "b/c"] {
        store.put(name, "x".into()).await.unwrap();
    }
    assert_eq!(
        object::delete(&store, &key("b/a"), Scope::Object, &Watch::new())
            .await
            .unwrap(),
        2
    );
    assert_eq!(objects(&scratch), ["ab", "c"]);
    assert_eq!(
        object::delete(&store, &key("b/a"), Scope::Object, &Watch::new())
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        object::delete(&store, &key("b/a"), Scope::Prefix, &Watch::new())
            .await
            .unwrap(),
        1
    );
    assert_eq!(objects(&scratch), ["c"]);
    let missing = object::pull(&store, &key("b/a"), tokio::io::sink(), &Watch::new()).await;
    assert_eq!(missing.unwrap_err().to_string(), "no object b/a");
}

#[test]
fn a_stream_into_a_repository_is_a_file_that_restic_dumps() {
    let scratch = Scratch::new();
    let repository = scratch.init();
    let content = noise(1, 5 * MIB);
    let stream = StreamSource::new("dump.sql", std::io::Cursor::new(content.clone()));
    let backup = repository
        .backup_stream(stream, &note(&["dump"]), &Watch::new())
        .unwrap();
    assert_eq!((backup.files, backup.bytes), (1, 5 * MIB as u64));
    scratch.restic(&["check", "--read-data"]);
    let target = scratch.path("target");
    scratch.restic(&["restore", "latest", "--target", target.to_str().unwrap()]);
    assert!(fs::read(target.join("dump.sql")).unwrap() == content);
    // The same content again is not stored again.
    let again = StreamSource::new("dump.sql", std::io::Cursor::new(content));
    let backup = repository
        .backup_stream(again, &note(&["dump"]), &Watch::new())
        .unwrap();
    assert!(backup.added < 10_000, "{backup:?}");
}

#[test]
fn a_program_into_a_repository() {
    let scratch = Scratch::new();
    let repository = scratch.init();
    let backup = |script: &str, watch: &Watch| {
        let stream = StreamSource::of_program("dump.sql", &shell(script), watch)?;
        repository.backup_stream(stream, &note(&[]), watch)
    };
    let failed = backup("echo half; echo why >&2; exit 4", &Watch::new()).unwrap_err();
    assert_eq!(failed.to_string(), "sh ended with status 4: why");
    // What it started holds standard error open; its end counts all the same.
    let failed = backup("sleep 20 >/dev/null & echo half; exit 5", &Watch::new()).unwrap_err();
    assert_eq!(failed.to_string(), "sh ended with status 5");
    let watch = Watch::new();
    let cancel = watch.clone();
    std::thread::scope(|scope| {
        let silent = scope.spawn(|| backup("head -c 2000000 /dev/zero; exec sleep 1000", &watch));
        while cancel.progress().bytes == 0 && !silent.is_finished() {
            std::thread::yield_now();
        }
        cancel.cancel();
        assert!(matches!(silent.join().unwrap(), Err(Error::Cancelled)));
    });
    assert_eq!(repository.list(&Selection::all()).unwrap(), []);
    let good = backup("printf whole", &Watch::new()).unwrap();
    assert_eq!((good.files, good.bytes), (1, 5));
}

#[test]
fn a_stream_with_a_bad_end_makes_no_snapshot() {
    let scratch = Scratch::new();
    let repository = scratch.init();
    let failed = || Error::Producer {
        program: "mysqldump".into(),
        status: "status 2".into(),
        lines: Vec::new(),
    };
    let stream = StreamSource::new("dump.sql", &b"half a dump"[..]).ending(move || Err(failed()));
    let backup = repository.backup_stream(stream, &note(&[]), &Watch::new());
    assert_eq!(backup.unwrap_err().to_string(), "mysqldump ended with status 2");

    let stream = StreamSource::new("dump.sql", Breaking(0));
    let backup = repository.backup_stream(stream, &note(&[]), &Watch::new());
    assert_eq!(
        backup.unwrap_err().to_string(),
        "failed to read the stream: the pipe broke"
    );

    let watch = Watch::new();
    watch.cancel();
    let stream = StreamSource::new("dump.sql", std::io::repeat(1));
    assert!(matches!(
        repository.backup_stream(stream, &note(&[]), &watch),
        Err(Error::Cancelled)
    ));
    let named = StreamSource::new("../dump.sql", &b""[..]);
    assert!(matches!(
        repository.backup_stream(named, &note(&[]), &Watch::new()),
        Err(Error::Path { .. })
    ));
    assert_eq!(repository.list(&Selection::all()).unwrap(), []);
    assert_eq!(fs::read_dir(scratch.path("repository/locks")).unwrap().count(), 0);
}

/// Yields a while and breaks.
struct Breaking(u32);
impl Read for Breaking {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0 += 1;
        if self.0 > 100 {
            return Err(std::io::Error::other("the pipe broke"));
        }
        buffer.fill(7);
        Ok(buffer.len())
    }
}
