//! Objects on their way, by the real client over TLS against the simulated registry, into real files.

use modelquay::base::{Clock as _, SystemClock};
use modelquay::ports::Objects;
use modelquay::ports::objects::{At, Notes, OnlyIf, Service, Trust};
use modelquay::ports::world::Credentials;
use modelquay::registry::change::{self, Scope};
use modelquay::registry::transfer::queue::{Item, Queue};
use modelquay::registry::transfer::sums::{Crc, Digest};
use modelquay::registry::transfer::upload::There;
use modelquay::registry::transfer::{
    Download, IfThere, Limits, Proof, Remark, Transfers, Upload, Way, download, plan_download, plan_upload, upload,
};
use modelquay::transport::dial::Route;
use modelquay::transport::disk::Disk;
use modelquay::transport::objects::S3Objects;
use modelquay::transport::simulated::ca::Ca;
use modelquay::transport::simulated::s3::store::Keeps;
use modelquay::transport::simulated::s3::{Fault, Faults, Harm, Server, Store};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const SIZE: usize = 20 << 20;
const CRC64: Option<Proof> = Some(Proof::Whole(Digest::Crc(Crc::Crc64Nvme)));

struct Bench {
    dir: tempfile::TempDir,
    faults: Arc<Faults>,
    objects: Arc<dyn Objects>,
    of: Transfers,
    _server: Server,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let now = SystemClock.now_ms();
        let ca = Ca::new(now).expect("a CA can be made");
        let (chain, key) = ca.issue(&["127.0.0.1"], now, 3600).expect("it signs");
        let (store, faults) = (Store::new(Arc::new(SystemClock)), Arc::new(Faults::default()));
        store.set_root("the-key", "the-secret-0123456789");
        store.with(|s| {
            s.make_bucket("models", now).expect("there is none yet");
            s.bucket("models").expect("it was just made").keeps = Keeps::On;
        });
        let server = Server::start(&store, &faults, &chain, &key, None).expect("loopback is there");
        let url = format!("https://{}", server.address());
        let service = Service {
            url: url.clone(),
            region: "us-east-1".to_owned(),
            trust: Trust::Only(ca.pem().to_owned()),
            keys: Some(Credentials { access_key: "the-key".to_owned(), secret_key: "the-secret-0123456789".into() }),
            session_token: None,
            path_style: true,
        };
        let objects: Arc<dyn Objects> =
            Arc::new(S3Objects::new(&service, Route::Direct).expect("the address is right"));
        // Small ranges, so that an object of these tests has several.
        let limits = Limits { first_pause: Duration::from_millis(5), range: 8 << 20, ..Limits::default() };
        let of = Transfers::new(objects.clone(), Arc::new(Disk), url, dir.path().join("uploads"), limits);
        Self { dir, faults, objects, of, _server: server }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn file(&self, name: &str, size: usize) -> Vec<u8> {
        let bytes = crate::s3::bytes(size);
        std::fs::write(self.path(name), &bytes).expect("written");
        bytes
    }

    fn up(&self, name: &str, key: &str) -> Upload {
        let (notes, only, there) = (Notes::default(), OnlyIf::Absent, There::Unknown);
        Upload { file: self.path(name), to: At::new("models", key), notes, only, there }
    }

    fn down(&self, key: &str, name: &str) -> Download {
        let (target, if_there) = (self.path(name), IfThere::Refuse);
        Download { at: At::new("models", key), target, listed: None, if_there }
    }

    fn harm(&self, method: &'static str, harm: Harm, times: u32) {
        self.faults.add(Fault { method, path: "/models/m".to_owned(), harm, times });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_goes_and_comes_back_verified_whatever_breaks_meanwhile() {
    let bench = Bench::new();
    let bytes = bench.file("model.onnx", SIZE);
    bench.harm("PUT", Harm::Swallow, 1);
    bench.harm("PUT", Harm::Refuse { status: 503, code: "SlowDown" }, 1);
    let sent = upload(&bench.of, &Way::free(), &bench.up("model.onnx", "m/1/model.onnx")).await.expect("it goes");
    assert_eq!((sent.size, sent.verified.by), (SIZE as u64, CRC64));
    assert_eq!(bench.faults.left(), 0);

    bench.harm("GET", Harm::Tear { after: 3_000_000 }, 2);
    bench.harm("GET", Harm::Refuse { status: 503, code: "SlowDown" }, 1);
    let way = Way::free();
    let came = download(&bench.of, &way, &bench.down("m/1/model.onnx", "back")).await.expect("it comes");
    assert_eq!((came.size, came.verified.by), (SIZE as u64, CRC64));
    assert_eq!(came.version, sent.version);
    assert!(std::fs::read(bench.path("back")).expect("there") == bytes, "bit for bit");
    assert!(way.meter.wire() <= SIZE as u64, "what came of a torn answer is not fetched again");
    assert_eq!(bench.faults.left(), 0);
    // A second time nothing is replaced unasked.
    let refused = download(&bench.of, &Way::free(), &bench.down("m/1/model.onnx", "back")).await.expect_err("there");
    assert_eq!(refused.exit(), 4);
    let refused = upload(&bench.of, &Way::free(), &bench.up("model.onnx", "m/1/model.onnx")).await.expect_err("there");
    assert_eq!(refused.exit(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_in_the_middle_goes_on_both_ways() {
    let bench = Bench::new();
    let bytes = bench.file("model.onnx", SIZE);
    let deny = Harm::Refuse { status: 403, code: "AccessDenied" };
    let job = bench.up("model.onnx", "m/x");
    // The first part has got through when the others are refused. It lasts, as refusals do: one that comes while the
    // part is still being sent may look like a connection that was cut, which is tried again.
    bench.harm("PUT", Harm::Stall(Duration::ZERO), 1);
    bench.harm("PUT", deny, u32::MAX);
    upload(&bench.of, &Way::free(), &job).await.expect_err("it is refused");
    bench.faults.clear();
    let uploads = bench.objects.list_uploads("models", "m/", None).await.expect("listed").rows;
    assert_eq!(uploads.len(), 1);
    let sent = upload(&bench.of, &Way::free(), &job).await.expect("it goes on");
    assert_eq!(sent.verified.by, CRC64);
    assert!(bench.objects.list_uploads("models", "m/", None).await.expect("listed").rows.is_empty());
    let parts_before = if sent.remarks == [Remark::Resumed] { sent.carried < SIZE as u64 } else { true };
    assert!(parts_before, "{sent:?}");

    bench.harm("GET", Harm::Stall(Duration::ZERO), 1);
    bench.harm("GET", deny, u32::MAX);
    download(&bench.of, &Way::free(), &bench.down("m/x", "back")).await.expect_err("it is refused");
    bench.faults.clear();
    let came = download(&bench.of, &Way::free(), &bench.down("m/x", "back")).await.expect("it goes on");
    assert_eq!(came.verified.by, CRC64);
    assert!(std::fs::read(bench.path("back")).expect("there") == bytes, "bit for bit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_goes_and_comes_back_and_is_deleted_and_had_back() {
    let bench = Bench::new();
    let root = bench.path("tree");
    for n in 0..120 {
        let dir = root.join(format!("model {}+%/1", n % 7));
        std::fs::create_dir_all(&dir).expect("made");
        std::fs::write(dir.join(format!("f{n}")), format!("file {n}").repeat(n)).expect("written");
    }
    let (queue, way, to) = (Queue::new(bench.of.clone()), Way::free(), At::new("models", "t/"));
    let planned = plan_upload(&bench.of, &way, &root, &to, IfThere::KeepSame).await.expect("planned");
    assert_eq!((planned.jobs.len(), planned.clashes.len()), (120, 0));
    let id = queue.add("up", planned.jobs.into_iter().map(Item::Upload).collect(), planned.bytes).expect("room");
    let report = queue.ended(id).await.expect("in the list");
    assert!(report.is_whole() && report.unverified == 0, "{report:?}");

    let back = bench.path("back");
    let planned = plan_download(&bench.of, &way, &to, &back, IfThere::KeepSame).await.expect("planned");
    assert_eq!((planned.jobs.len(), planned.clashes.len()), (120, 0));
    let id = queue.add("down", planned.jobs.into_iter().map(Item::Download).collect(), planned.bytes).expect("room");
    let report = queue.ended(id).await.expect("in the list");
    assert!(report.is_whole() && report.unverified == 0, "{report:?}");
    for n in 0..120 {
        let path = format!("model {}+%/1/f{n}", n % 7);
        assert_eq!(std::fs::read(root.join(&path)).expect("there"), std::fs::read(back.join(&path)).expect("there"));
    }

    let plan =
        change::plan_delete(&bench.of, &way, "models", &["t/".to_owned()], Scope::Current).await.expect("counted");
    assert_eq!((plan.objects, plan.can_be_undone(), plan.frees()), (120, true, 0));
    let gone = change::delete(&bench.of, &way, &plan, |_| {}).await;
    assert_eq!((gone.done, gone.markers, gone.failed.len()), (120, 120, 0));
    assert_eq!(change::undelete(&bench.of, &way, "models", "t/model 3+%/1/f3").await, Ok(1));
    let at = At::new("models", "t/model 3+%/1/f3");
    assert!(bench.objects.head(&at).await.is_ok());
    let copied = change::copy(&bench.of, &way, &at, &At::new("models", "c/f3"), None, &OnlyIf::Absent).await;
    assert!(copied.expect("copied").verified.by.is_some());
    let all = change::plan_delete(&bench.of, &way, "models", &["t/".to_owned()], Scope::AllVersions).await;
    let all = all.expect("counted");
    assert_eq!((all.objects, all.versions, all.markers), (1, 120, 119));
    assert_eq!(change::delete(&bench.of, &way, &all, |_| {}).await.done, 239);
}
