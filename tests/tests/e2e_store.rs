//! The data path on a real S3 server: plain objects, a repository that restic reads and writes as well, and refusals.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mainstay_repository::location::{Key, RepositoryPath};
use mainstay_repository::object::{self, Producer, Scope};
use mainstay_repository::restic::check::Depth;
use mainstay_repository::restic::prune::Limits;
use mainstay_repository::restic::restore::Target;
use mainstay_repository::restic::{
    self, Location, Note, Options, Parent, Place, Selection, StreamSource, TreeSource,
};
use mainstay_repository::store::{self, Address, Checksums, Patience, Settings, Shared};
use mainstay_repository::{Error, Exit, Profile, Secret, Watch};
use mainstay_tests::bed::Store;

const PASSWORD: &str = "correct horse";
const MIB: usize = 1 << 20;

/// A bucket of the test's own.
struct Scene {
    server: Store,
    bucket: String,
}

impl Scene {
    async fn new(name: &str) -> Self {
        let server = Store::from_environment().expect("the test bed is there");
        let bucket = format!("store-{name}");
        server.make_bucket(&bucket).await.expect("the bucket is made");
        Self { server, bucket }
    }

    /// The profile as `toJson .Profile` renders it, with something changed.
    fn profile(&self, change: impl FnOnce(&mut serde_json::Value)) -> Profile {
        let Store {
            address,
            access_key,
            secret_key,
        } = &self.server;
        let mut profile = serde_json::json!({
            "Location": {"type": "s3Compliant", "bucket": self.bucket, "endpoint": format!("http://{address}/"), "prefix": "p", "region": ""},
            "Credential": {"Type": "keyPair", "KeyPair": {"ID": access_key, "Secret": secret_key}, "Secret": null},
            "SkipSSLVerify": false,
        });
        change(&mut profile);
        Profile::from_json(&profile.to_string()).expect("the profile is one")
    }

    async fn open(&self, settings: &Settings) -> Shared {
        let address = Address::of(&self.profile(|_| {}), settings).expect("the location is served");
        store::open(&address).await.expect("the store answers")
    }

    fn location(&self, prefix: &str) -> Location {
        let path = RepositoryPath::with_bucket(&self.bucket, prefix);
        Location::of(&self.profile(|_| {}), &path, &Settings::default()).expect("the location is served")
    }

    /// Runs the real restic on a repository in the bucket.
    fn restic(&self, prefix: &str, arguments: &[&str]) -> String {
        let Self { server, bucket } = self;
        let run = Command::new("restic")
            .args([
                "--no-cache",
                "--repo",
                &format!("s3:http://{}/{bucket}/{prefix}", server.address),
            ])
            .args(arguments)
            .env("RESTIC_PASSWORD", PASSWORD)
            .env("AWS_ACCESS_KEY_ID", &server.access_key)
            .env("AWS_SECRET_ACCESS_KEY", &server.secret_key)
            .output()
            .expect("the tests of the repository need the program restic: apt-get install restic");
        let told = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(run.status.success(), "restic {arguments:?}: {told}");
        String::from_utf8_lossy(&run.stdout).into_owned()
    }

    /// Uploads in parts that nobody finished.
    async fn unfinished(&self) -> usize {
        let listed = self
            .server
            .s3()
            .list_multipart_uploads()
            .bucket(&self.bucket)
            .send()
            .await;
        listed.expect("uploads are listed").uploads().len()
    }
}

fn key(path: &str) -> Key {
    Key::new("p", path).expect("the path is one")
}

/// Bytes that no compression makes smaller.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_come_back() {
    let scene = Scene::new("objects").await;
    for checksums in [Checksums::Auto, Checksums::Required] {
        let store = scene
            .open(&Settings {
                checksums,
                ..Settings::default()
            })
            .await;
        for length in [0, 5, 8 * MIB, 21 * MIB + 1] {
            let content = noise(length as u64, length);
            let pushed = object::push(&store, &key("/a//b"), content.as_slice(), None, &Watch::new()).await;
            assert_eq!(pushed.expect("it is pushed"), length as u64);
            let mut back = Vec::new();
            object::pull(&store, &key("a/b"), &mut back, &Watch::new())
                .await
                .expect("it is pulled");
            assert!(back == content, "{length} bytes with {checksums:?}");
        }
        store
            .put("p/a/b/c", "below".into())
            .await
            .expect("a key may lie below another");
        store.put("p/a/bc", "beside".into()).await.expect("it is put");
        let deleted = object::delete(&store, &key("a/b"), Scope::Object, &Watch::new()).await;
        assert_eq!(deleted.expect("they are deleted"), 2);
        let left = store.list("p/").await.expect("it is listed");
        assert_eq!(
            left.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(),
            ["p/a/bc"]
        );
        let missing = object::pull(&store, &key("a/b"), tokio::io::sink(), &Watch::new()).await;
        assert_eq!(missing.expect_err("it is gone").to_string(), "no object p/a/b");
    }
    assert_eq!(scene.unfinished().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producer_that_fails_leaves_no_object_and_no_upload() {
    let scene = Scene::new("producers").await;
    let store = scene.open(&Settings::default()).await;
    let script = "head -c 40000000 /dev/urandom; echo no more >&2; exit 3";
    let producer = Producer {
        program: "sh".into(),
        arguments: vec!["-c".into(), script.into()],
    };
    let pushed = object::push_output(&store, &key("dump"), &producer, &Watch::new()).await;
    assert_eq!(
        pushed.expect_err("the producer failed").to_string(),
        "sh ended with status 3: no more"
    );
    assert_eq!(store.list("").await.expect("it is listed"), []);
    assert_eq!(scene.unfinished().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_listings_are_whole() {
    let scene = Scene::new("listings").await;
    let store = scene.open(&Settings::default()).await;
    let puts = (0..1_050).map(|number| {
        let store = Arc::clone(&store);
        async move { store.put(&format!("many/{number:04}"), "x".into()).await }
    });
    let mut puts = futures::StreamExt::buffer_unordered(futures::stream::iter(puts), 16);
    while let Some(put) = futures::StreamExt::next(&mut puts).await {
        put.expect("it is put");
    }
    assert_eq!(store.list("many/").await.expect("it is listed").len(), 1_050);
    let deleted = object::delete(
        &store,
        &Key::new("", "many").expect("a key"),
        Scope::Object,
        &Watch::new(),
    )
    .await;
    assert_eq!(deleted.expect("they are deleted"), 1_050);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_by_their_kind() {
    let scene = Scene::new("refusals").await;
    let refusal = async |change: fn(&mut serde_json::Value)| {
        let settings = Settings {
            patience: Patience(Duration::ZERO),
            ..Settings::default()
        };
        let address = Address::of(&scene.profile(change), &settings).expect("the location is served");
        let fault = store::open(&address).await.expect_err("the store refuses");
        (fault.to_string(), fault.exit())
    };
    assert_eq!(
        refusal(|profile| profile["Credential"]["KeyPair"]["Secret"] = "wrong-secret".into()).await,
        (
            "store rejected the credential (SignatureDoesNotMatch)".to_owned(),
            Exit::Refused
        )
    );
    assert_eq!(
        refusal(|profile| profile["Credential"]["KeyPair"]["ID"] = "nobody".into()).await,
        (
            "store rejected the credential (InvalidAccessKeyId)".to_owned(),
            Exit::Refused
        )
    );
    assert_eq!(
        refusal(|profile| profile["Location"]["bucket"] = "no-such-bucket".into()).await,
        ("bucket no-such-bucket does not exist".to_owned(), Exit::Refused)
    );
    let (message, exit) =
        refusal(|profile| profile["Location"]["endpoint"] = "http://127.0.0.1:1".into()).await;
    assert!(
        message.starts_with("failed to reach http://127.0.0.1:1: "),
        "{message}"
    );
    assert_eq!(exit, Exit::Unreachable);

    // A region that is not the server's is found out and used.
    let elsewhere = scene.profile(|profile| profile["Location"]["region"] = "eu-west-1".into());
    let address = Address::of(&elsewhere, &Settings::default()).expect("the location is served");
    let store = store::open(&address).await.expect("the region is found out");
    store.put("here", "x".into()).await.expect("it is put");
}

#[test]
fn a_repository_that_restic_reads() {
    let scene = block(Scene::new("repository"));
    let folder = tempfile::tempdir().expect("a folder is made");
    let source = folder.path().join("source");
    tree(&source);
    let options = Options::new("pod-0");
    let password = Secret::new(PASSWORD);
    let location = scene.location("backups/mysql");
    let absent = restic::open(&location, &password, &options)
        .map(drop)
        .expect_err("there is none yet");
    assert_eq!(
        absent.to_string(),
        format!("no repository at s3://{}/backups/mysql", scene.bucket)
    );
    let repository = restic::open_or_init(&location, &password, &options).expect("it is made");
    let backup = repository
        .backup_tree(&TreeSource::new(&source), &note("t1"), &Watch::new())
        .expect("it is backed up");
    let stream = StreamSource::new("dump.sql", std::io::Cursor::new(noise(9, 3 * MIB)));
    repository
        .backup_stream(stream, &note("dump"), &Watch::new())
        .expect("the stream is stored");

    scene.restic("backups/mysql", &["check", "--read-data"]);
    let listed = scene.restic("backups/mysql", &["snapshots", "--tag", "t1", "--json"]);
    assert!(listed.contains(backup.snapshot.as_str()), "{listed}");
    let target = folder.path().join("target");
    scene.restic(
        "backups/mysql",
        &[
            "restore",
            backup.snapshot.short(),
            "--target",
            target.to_str().expect("a text"),
        ],
    );
    assert_same(
        &source,
        &target.join(source.strip_prefix("/").expect("an absolute path")),
    );

    // And what restic wrote, we restore.
    fs::write(source.join("new"), b"new").expect("it is written");
    scene.restic(
        "backups/mysql",
        &["backup", "--tag", "t2", source.to_str().expect("a text")],
    );
    let place = Place::latest_with_tag("t2").at(source.to_str().expect("a text"));
    let target = folder.path().join("second target");
    let plan = repository
        .plan_restore(&place, &Target::new(&target))
        .expect("it is planned");
    assert_eq!(
        repository
            .restore(plan, &Watch::new())
            .expect("it is restored")
            .failures,
        []
    );
    assert_same(&source, &target);

    let plan = repository
        .plan_forget(&Selection::tag("t1"))
        .expect("it is planned");
    repository.forget(plan).expect("it is forgotten");
    let plan = repository
        .plan_prune(&Limits {
            now: true,
            unused_percent: 0,
        })
        .expect("it is planned");
    repository.prune(plan, &Watch::new()).expect("it is pruned");
    let report = repository
        .check(Depth::Read, &Watch::new())
        .expect("it is checked");
    assert!(report.findings.is_empty(), "{report:?}");
    scene.restic("backups/mysql", &["check", "--read-data"]);
}

#[test]
fn a_wrong_password_changes_nothing() {
    let scene = block(Scene::new("password"));
    let options = Options::new("pod-0");
    let location = scene.location("r");
    restic::init(&location, &Secret::new(PASSWORD), &options).expect("it is made");
    let wrong = restic::open_or_init(&location, &Secret::new("wrong"), &options);
    assert!(matches!(wrong, Err(Error::Password)), "{wrong:?}");
    restic::open(&location, &Secret::new(PASSWORD), &options).expect("it still opens");
}

fn block<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new()
        .expect("a runtime is made")
        .block_on(work)
}

fn note(tag: &str) -> Note {
    Note {
        host: "pod-0".to_owned(),
        tags: vec![tag.to_owned()],
        time: Timestamp::now(),
        parent: Parent::SameHost,
    }
}

fn tree(root: &Path) {
    fs::create_dir_all(root.join("folder/deeper")).expect("folders are made");
    for number in 0..50 {
        fs::write(root.join(format!("folder/{number}")), noise(number, 20_000)).expect("a file is written");
    }
    fs::write(root.join("folder/deeper/large"), noise(77, 20 * MIB)).expect("a file is written");
    fs::write(root.join("empty"), b"").expect("a file is written");
}

/// Equal content under equal names.
fn assert_same(one: &Path, other: &Path) {
    let compared = Command::new("diff")
        .args(["--recursive", "--no-dereference"])
        .arg(one)
        .arg(other)
        .output();
    let compared = compared.expect("the program diff is there");
    assert!(
        compared.status.success(),
        "{}",
        String::from_utf8_lossy(&compared.stdout)
    );
}
