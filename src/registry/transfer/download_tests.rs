//! Downloads against a service in memory and real files.

use super::*;
use crate::registry::testing::{FakeS3, Fault, Habits, Handle, Op, TestFiles, What};
use crate::registry::transfer::limits::Limits;
use crate::registry::transfer::sums::Digest;
use crate::registry::transfer::verify::Proof;
use std::path::Path;
use std::time::Duration;

const SIZE: usize = 100_000;

fn limits() -> Limits {
    Limits { range: 8_000, small: 2_000, gather: 3_000, lanes_an_object: 3, ..Limits::default() }
}

struct Bench {
    service: Arc<FakeS3>,
    dir: tempfile::TempDir,
    bytes: Vec<u8>,
}

impl Bench {
    fn new(habits: Habits) -> Self {
        let service = Arc::new(FakeS3::with(habits));
        let bytes: Vec<u8> = (0..SIZE).map(|n| u8::try_from((n * n / 7 + n) % 251).expect("below 251")).collect();
        service.place("m/1/model.onnx", bytes.clone(), None);
        Self { service, dir: tempfile::tempdir().expect("a temporary directory"), bytes }
    }

    fn transfers(&self) -> Transfers {
        self.transfers_within(limits())
    }

    fn transfers_within(&self, limits: Limits) -> Transfers {
        let objects = Arc::new(Handle(self.service.clone()));
        Transfers::new(objects, Arc::new(TestFiles::new()), "http://s", self.dir.path().join("uploads"), limits)
    }

    fn target(&self) -> PathBuf {
        self.dir.path().join("model.onnx")
    }

    fn job(&self) -> Download {
        let (at, if_there) = (At::new("b", "m/1/model.onnx"), IfThere::Refuse);
        Download { at, target: self.target(), listed: None, if_there }
    }

    async fn get(&self) -> Result<Done, Trouble> {
        download(&self.transfers(), &Way::free(), &self.job()).await
    }

    fn is_whole(&self) -> bool {
        let there = std::fs::read(self.target()).ok();
        assert!(there.is_none() || there.as_ref() == Some(&self.bytes), "under its name it is bit-exact");
        there.is_some()
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir.path()).expect("there");
        let mut names: Vec<_> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

#[tokio::test]
async fn parts_become_the_file_and_nothing_is_left_beside_it() {
    let bench = Bench::new(Habits::default());
    let done = bench.get().await.expect("it comes");
    assert!(bench.is_whole());
    assert_eq!(bench.names(), ["model.onnx"]);
    assert_eq!((done.size, done.carried), (SIZE as u64, SIZE as u64));
    assert_eq!(done.verified.by, Some(Proof::EtagMd5));
    assert_eq!(bench.service.count(Op::Get), SIZE.div_ceil(8_000));
    let there = bench.get().await.expect_err("it is there");
    assert_eq!((there.end, there.exit()), (End::Exists, 4));
}

#[tokio::test]
async fn a_checksum_of_the_whole_is_combined_from_parts_and_rot_is_found() {
    let bench = Bench::new(Habits::default());
    let objects = Handle(bench.service.clone());
    let sum = crate::ports::objects::Sum::Crc32C(
        super::super::sums::Crc::Crc32C.text(super::super::sums::Crc::Crc32C.of(&bench.bytes)),
    );
    let at = At::new("b", "m/1/model.onnx");
    let (notes, only) = (crate::ports::objects::Notes::default(), crate::ports::objects::OnlyIf::Always);
    crate::ports::Objects::put(&objects, &at, bench.bytes.clone().into(), &notes, Some(sum), &only)
        .await
        .expect("written");
    let done = bench.get().await.expect("it comes");
    assert_eq!(done.verified.by, Some(Proof::Whole(Digest::Crc(super::super::sums::Crc::Crc32C))));
    std::fs::remove_file(bench.target()).expect("there");

    bench.service.rot("m/1/model.onnx", 77_777);
    let corrupt = bench.get().await.expect_err("the bytes are wrong");
    assert_eq!(corrupt.end, End::Corrupt);
    assert_eq!(bench.names(), [""; 0], "nothing of it is kept");
}

#[tokio::test]
async fn small_objects_take_one_request() {
    let bench = Bench::new(Habits::default());
    bench.service.place("s", "small", None);
    let etag = bench.service.object("s").and_then(|kept| kept.info.etag);
    let job = Download { at: At::new("b", "s"), listed: Some((5, etag)), ..bench.job() };
    let done = download(&bench.transfers(), &Way::free(), &job).await.expect("it comes");
    assert_eq!(done.verified.by, Some(Proof::EtagMd5));
    assert_eq!((bench.service.count(Op::Head), bench.service.count(Op::Get)), (0, 1));
    assert_eq!(std::fs::read(bench.target()).expect("there"), b"small");
    // The listing is old: the object is another one, and large.
    bench.service.place("s", bench.bytes.clone(), None);
    let job = Download { target: bench.dir.path().join("x"), ..job };
    let done = download(&bench.transfers(), &Way::free(), &job).await.expect("it comes");
    assert_eq!((done.size, done.remarks), (SIZE as u64, vec![Remark::BegunAgain]));
}

#[tokio::test]
async fn killed_at_any_moment_it_goes_on_and_fetches_no_whole_part_twice() {
    let whole = Bench::new(Habits::default());
    whole.get().await.expect("it comes");
    let moments = whole.service.moments();
    let mut resumed = 0;
    for n in 0..50 {
        let bench = Bench::new(Habits::default());
        // Three lives: two of them end at a seeded moment.
        for life in 0..2u64 {
            let span = moments / 2;
            bench.service.stop_at(1 + (n * 7_919 + life * 104_729) % span);
            let transfers = bench.transfers();
            let way = Way::free();
            let job = bench.job();
            tokio::select! {
                biased;
                done = download(&transfers, &way, &job) => { done.expect("it comes"); }
                () = bench.service.stopped() => {}
            }
            bench.is_whole();
            bench.service.go_on();
        }
        if !bench.is_whole() {
            let done = bench.get().await.expect("it comes");
            resumed += usize::from(done.remarks == [Remark::Resumed]);
        }
        assert!(bench.is_whole());
        assert_eq!(bench.names(), ["model.onnx"]);
        // Each life may lose what was in flight: 3 parts at most, and of each at most what was gathered.
        let bytes = bench.service.bytes();
        assert!(bytes <= (SIZE + 2 * 3 * 8_000) as u64, "kill {n}: {bytes} bytes");
        let firsts = bench
            .service
            .calls()
            .iter()
            .filter(|c| c.op == Op::Get && c.bytes == 8_000)
            .map(|c| c.place)
            .collect::<Vec<_>>();
        let mut once = firsts.clone();
        once.sort_unstable();
        once.dedup();
        assert!(firsts.len() <= once.len() + 2 * 3, "kill {n}: {firsts:?}");
    }
    assert!(resumed > 20, "most kills leave something: {resumed}");
}

#[tokio::test]
async fn a_range_that_breaks_off_is_gone_on_with_where_it_was_noted_last() {
    let limits = || Limits { range: SIZE as u64, note_bytes: 10_000, ..limits() };
    let whole = Bench::new(Habits::default());
    download(&whole.transfers_within(limits()), &Way::free(), &whole.job()).await.expect("it comes");
    let mut late = 0;
    for moment in 1..whole.service.moments() {
        let bench = Bench::new(Habits::default());
        bench.service.stop_at(moment);
        let (transfers, way, job) = (bench.transfers_within(limits()), Way::free(), bench.job());
        tokio::select! {
            biased;
            done = download(&transfers, &way, &job) => { done.expect("it comes"); }
            () = bench.service.stopped() => {}
        }
        let before = bench.service.bytes();
        bench.service.go_on();
        if !bench.is_whole() {
            late += usize::from(before > SIZE as u64 / 2);
            download(&bench.transfers_within(limits()), &Way::free(), &bench.job()).await.expect("it comes");
        }
        // What was noted last, what was gathered since, and the piece on its way.
        let twice = bench.service.bytes() - SIZE as u64;
        assert!(bench.is_whole() && twice <= 10_000 + 2 * 3_000, "stopped at {moment}: {twice} bytes came twice");
    }
    assert!(late > 0, "some were stopped late, when the whole range would have been much");
}

#[tokio::test]
async fn a_file_that_lost_bytes_to_a_power_cut_gets_them_again() {
    let bench = Bench::new(Habits::default());
    bench.service.fault(Fault { skip: 8, ..Fault::always(Op::Get, What::Refuse(Why::Denied)) });
    bench.get().await.expect_err("it is refused in the middle");
    bench.service.heal();
    let part = paths::part_of(&bench.target());
    let mut bytes = std::fs::read(&part).expect("it was kept");
    bytes[100..200].fill(0);
    std::fs::write(&part, bytes).expect("written");
    bench.get().await.expect("it comes");
    assert!(bench.is_whole());
}

#[tokio::test]
async fn an_object_that_changes_is_begun_again_and_never_mixed() {
    for if_match in [true, false] {
        let mut bench = Bench::new(Habits { if_match, ..Habits::default() });
        bench.service.fault(Fault { skip: 5, ..Fault::always(Op::Get, What::Refuse(Why::Denied)) });
        bench.get().await.expect_err("it is refused in the middle");
        bench.service.heal();
        bench.bytes.reverse();
        bench.service.place("m/1/model.onnx", bench.bytes.clone(), None);
        let done = bench.get().await.expect("it comes");
        assert_eq!(done.remarks, [Remark::EarlierWasOther]);
        assert!(bench.is_whole());
        std::fs::remove_file(bench.target()).expect("there");

        // And between two parts of one try.
        bench.service.stop_at(30);
        let (transfers, way, job) = (bench.transfers(), Way::free(), bench.job());
        let service = bench.service.clone();
        let mut running = Box::pin(async { download(&transfers, &way, &job).await });
        tokio::select! {
            biased;
            _ = &mut running => panic!("it stands still"),
            () = service.stopped() => {}
        }
        drop(running);
        bench.bytes.rotate_left(1);
        bench.service.place("m/1/model.onnx", bench.bytes.clone(), None);
        bench.service.go_on();
        let done = bench.get().await.expect("it comes");
        assert!(bench.is_whole());
        assert_eq!(done.remarks, [Remark::EarlierWasOther]);
    }
}

#[tokio::test]
async fn a_service_without_ranges_or_identity_is_read_in_one_piece_and_that_is_said() {
    let bench = Bench::new(Habits { ranges: false, ..Habits::default() });
    let done = bench.get().await.expect("it comes");
    assert_eq!(done.remarks, [Remark::InOnePiece]);
    assert!(bench.is_whole());
    let bench = Bench::new(Habits { etags: false, ..Habits::default() });
    let done = bench.get().await.expect("it comes");
    assert_eq!(done.verified, Verified::not(Unproven::NoChecksum));
    assert_eq!(bench.service.count(Op::Get), 1);
}

#[tokio::test(start_paused = true)]
async fn every_trouble_has_its_words_and_leaves_what_came() {
    let kept = |bench: &Bench| bench.names() == ["model.onnx.part", "model.onnx.part.modelquay"];
    for (what, end) in [
        (What::Refuse(Why::Denied), Some(End::Service(Why::Denied))),
        (What::Refuse(Why::Missing), Some(End::Service(Why::Missing))),
        (What::Refuse(Why::Busy), Some(End::Service(Why::Busy))),
        (What::Refuse(Why::Cut), Some(End::Service(Why::Cut))),
        (What::Refuse(Why::Changed), Some(End::Unsteady)),
    ] {
        let bench = Bench::new(Habits::default());
        bench.service.fault(Fault { skip: 5, ..Fault::always(Op::Get, what) });
        let trouble = bench.get().await.expect_err("it ends");
        assert_eq!(Some(trouble.end), end, "{what:?}");
        assert!(!bench.is_whole() && (kept(&bench) || end == Some(End::Unsteady)), "{what:?}: {:?}", bench.names());
        bench.service.heal();
        bench.get().await.expect("it goes on");
        assert!(bench.is_whole());
    }
    // What passes by itself is not seen at all, and what came of a torn body is not fetched again.
    for what in [What::Torn(5_000), What::Short(5_000), What::Stall(5_000)] {
        let bench = Bench::new(Habits::default());
        bench.service.fault(Fault { times: 7, ..Fault::next(Op::Get, what) });
        bench.service.fault(Fault { skip: 2, times: 4, ..Fault::next(Op::Get, What::Refuse(Why::Busy)) });
        let done = bench.get().await.expect("it comes");
        assert!(bench.is_whole());
        assert_eq!(done.carried, SIZE as u64, "{what:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_is_said_before_and_kept_in_the_middle() {
    let bench = Bench::new(Habits::default());
    let (objects, uploads) = (Arc::new(Handle(bench.service.clone())), bench.dir.path().join("u"));
    let files = Arc::new(TestFiles::new());
    files.pretend(SIZE as u64 - 1);
    let transfers = Transfers::new(objects, files.clone(), "http://s", uploads, limits());
    let full = download(&transfers, &Way::free(), &bench.job()).await.expect_err("there is no room");
    assert_eq!(full.end, End::Local(WhyLocal::Full));
    assert_eq!(bench.service.count(Op::Get), 0, "said before");
    // Somebody else takes the room meanwhile.
    files.pretend(u64::MAX);
    files.allow(40_000);
    let full = download(&transfers, &Way::free(), &bench.job()).await.expect_err("there is no room");
    assert_eq!(full.end, End::Local(WhyLocal::Full));
    assert!(full.failure.hint.is_some());
    files.allow(u64::MAX);
    bench.service.forget_calls();
    let done = download(&transfers, &Way::free(), &bench.job()).await.expect("it goes on");
    assert_eq!(done.remarks, [Remark::Resumed]);
    assert!(bench.is_whole() && done.carried < SIZE as u64);
}

#[tokio::test(start_paused = true)]
async fn a_slow_link_that_stalls_completes_and_loses_little_when_it_is_killed() {
    let bench = Bench::new(Habits::default());
    let transfers = bench.transfers();
    transfers.limit(Some(1_000));
    let (way, job) = (Way::free(), bench.job());
    let killed = tokio::time::timeout(Duration::from_secs(20), download(&transfers, &way, &job)).await;
    assert!(killed.is_err());
    bench.service.forget_calls();
    let done = bench.get().await.expect("it goes on");
    assert!(bench.is_whole());
    assert!(done.carried < SIZE as u64 - 9_000, "what a part had was noted: {}", done.carried);
}

#[tokio::test]
async fn a_file_that_is_there_counts_only_when_it_is_the_same() {
    let bench = Bench::new(Habits::default());
    let job = Download { if_there: IfThere::KeepSame, ..bench.job() };
    std::fs::write(bench.target(), &bench.bytes).expect("written");
    let done = download(&bench.transfers(), &Way::free(), &job).await.expect("it is the same");
    assert_eq!((done.remarks, done.carried), (vec![Remark::WasThere], 0));
    let mut other = bench.bytes.clone();
    other[5] ^= 1;
    std::fs::write(bench.target(), &other).expect("written");
    let refused = download(&bench.transfers(), &Way::free(), &job).await.expect_err("it is another one");
    assert_eq!(refused.end, End::Exists);
    assert_eq!(std::fs::read(bench.target()).expect("there"), other);
    let job = Download { if_there: IfThere::Replace, ..job };
    download(&bench.transfers(), &Way::free(), &job).await.expect("it is replaced");
    assert!(bench.is_whole());
    assert!(!Path::new(&paths::journal_of(&bench.target())).exists());
}

#[tokio::test]
async fn objects_made_of_parts_are_verified_by_them() {
    let bench = Bench::new(Habits::default());
    let bytes: Vec<u8> = (0..6u32 << 20).map(|n| u8::try_from(n % 253).expect("below 253")).collect();
    bench.service.place("m/1/model.onnx", bytes.clone(), Some(5 << 20));
    let done = bench.get().await.expect("it comes");
    assert_eq!(done.verified.by, Some(Proof::EtagParts(5 << 20)));
    std::fs::remove_file(bench.target()).expect("there");
    bench.service.place("m/1/model.onnx", bytes, Some(5_000_001));
    let done = bench.get().await.expect("it comes");
    assert_eq!(done.verified, Verified::not(Unproven::PartSizeUnknown), "never more than is true");
}
