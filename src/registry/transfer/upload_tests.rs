//! Uploads against a service in memory and real files.

use super::*;
use crate::registry::testing::{FakeS3, Fault, Habits, Handle, Op, TestFiles, What};
use crate::registry::transfer::limits::Limits;
use crate::registry::transfer::sums::{Crc, Digest};
use crate::registry::transfer::verify::Proof;

const SIZE: usize = 100_000;
const PART: usize = 8_000;

struct Bench {
    service: Arc<FakeS3>,
    dir: tempfile::TempDir,
    bytes: Vec<u8>,
    limits: Limits,
}

impl Bench {
    fn new(habits: Habits) -> Self {
        let bytes: Vec<u8> = (0..SIZE).map(|n| u8::try_from((n * n / 7 + n) % 251).expect("below 251")).collect();
        let limits =
            Limits { part: PART as u64, part_at_least: 1, single: 9_000, lanes_an_object: 3, ..Limits::default() };
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(dir.path().join("model.onnx"), &bytes).expect("written");
        Self { service: Arc::new(FakeS3::with(habits)), dir, bytes, limits }
    }

    fn transfers(&self) -> Transfers {
        let objects = Arc::new(Handle(self.service.clone()));
        Transfers::new(
            objects,
            Arc::new(TestFiles::new()),
            "http://s",
            self.dir.path().join("uploads"),
            self.limits.clone(),
        )
    }

    fn job(&self) -> Upload {
        Upload {
            file: self.dir.path().join("model.onnx"),
            to: At::new("b", "m/1/model.onnx"),
            notes: Notes::default(),
            only: OnlyIf::Always,
            there: There::Unknown,
        }
    }

    async fn put(&self) -> Result<Done, Trouble> {
        upload(&self.transfers(), &Way::free(), &self.job()).await
    }

    fn is_whole(&self) -> bool {
        let there = self.service.object("m/1/model.onnx").map(|kept| kept.bytes);
        assert!(there.is_none() || there.as_deref() == Some(&self.bytes), "under its key it is bit-exact");
        there.is_some()
    }

    fn journals(&self) -> usize {
        std::fs::read_dir(self.dir.path().join("uploads")).map_or(0, Iterator::count)
    }

    fn write(&mut self, bytes: Vec<u8>) {
        // Another file under the same name, so that no clock has to move.
        let path = self.dir.path().join("model.onnx");
        std::fs::remove_file(&path).expect("there");
        std::fs::write(self.dir.path().join("other"), "takes the number").expect("written");
        std::fs::write(&path, &bytes).expect("written");
        self.bytes = bytes;
    }
}

const CRC64: Option<Proof> = Some(Proof::Whole(Digest::Crc(Crc::Crc64Nvme)));

#[tokio::test]
async fn a_file_becomes_an_object_in_parts_and_nothing_is_left() {
    let bench = Bench::new(Habits::default());
    let done = bench.put().await.expect("it goes");
    assert!(bench.is_whole());
    assert_eq!((done.verified.by, done.carried, done.remarks), (CRC64, SIZE as u64, vec![]));
    assert_eq!((bench.journals(), bench.service.open_uploads().len()), (0, 0));
    assert_eq!(bench.service.count(Op::Part), SIZE.div_ceil(PART));
}

#[tokio::test]
async fn a_small_file_takes_one_request_whatever_the_service_knows() {
    for (habits, proof) in [
        (Habits::default(), CRC64),
        (Habits { crc64: false, ..Habits::default() }, Some(Proof::Whole(Digest::Crc(Crc::Crc32C)))),
        (Habits { crc64: false, sums: false, ..Habits::default() }, Some(Proof::EtagMd5)),
    ] {
        let mut bench = Bench::new(habits);
        bench.write(b"small".to_vec());
        let transfers = bench.transfers();
        let done = upload(&transfers, &Way::free(), &bench.job()).await.expect("it goes");
        assert_eq!(done.verified.by, proof);
        bench.service.forget_calls();
        upload(&transfers, &Way::free(), &bench.job()).await.expect("it goes");
        assert_eq!(bench.service.calls().len(), 1, "what it does not know is not tried again");
    }
}

#[tokio::test]
async fn parts_are_verified_by_what_the_service_knows() {
    for (habits, proof) in [
        (Habits { crc64: false, ..Habits::default() }, Proof::EachPart(Digest::Crc(Crc::Crc32C))),
        (Habits { crc64: false, sums: false, ..Habits::default() }, Proof::EtagParts(PART as u64)),
    ] {
        let bench = Bench::new(habits);
        let done = bench.put().await.expect("it goes");
        assert!(bench.is_whole());
        assert_eq!(done.verified.by, Some(proof));
        assert_eq!((bench.journals(), bench.service.open_uploads().len()), (0, 0));
    }
}

#[tokio::test]
async fn part_sizes_grow_where_the_service_takes_few_parts() {
    let mut bench = Bench::new(Habits { parts: 7, ..Habits::default() });
    bench.limits.parts = 7;
    bench.put().await.expect("it goes");
    assert!(bench.is_whole());
    assert!(bench.service.count(Op::Part) <= 7);
}

#[tokio::test]
async fn killed_at_any_moment_it_goes_on_and_sends_no_whole_part_twice() {
    let whole = Bench::new(Habits::default());
    whole.put().await.expect("it goes");
    let moments = whole.service.moments();
    let mut resumed = 0;
    for n in 0..50u64 {
        let bench = Bench::new(Habits { page: 5, ..Habits::default() });
        bench.service.stop_at(1 + (n * 7_919) % moments);
        let (transfers, way, job) = (bench.transfers(), Way::free(), bench.job());
        let ended = tokio::select! {
            biased;
            done = upload(&transfers, &way, &job) => done.is_ok(),
            () = bench.service.stopped() => false,
        };
        bench.is_whole();
        // Every upload that is open is named by a journal, at least by its key.
        assert!(bench.service.open_uploads().is_empty() || bench.journals() == 1, "kill {n}");
        bench.service.go_on();
        if ended {
            continue;
        }
        let before: Vec<_> = bench.service.open_uploads();
        let done = bench.put().await.expect("it goes");
        resumed += usize::from(done.remarks == [Remark::Resumed]);
        assert!(bench.is_whole());
        assert_eq!(bench.journals(), 0);
        let left = bench.service.open_uploads();
        let said = done.remarks.contains(&Remark::MayBeLeft);
        assert!(
            left.is_empty() || (left.len() == 1 && said && left == before),
            "kill {n}: {left:?} {:?}",
            done.remarks
        );
        // What had arrived is not sent again; at most three were on their way.
        let sent = bench.service.calls().iter().filter(|call| call.op == Op::Part).count();
        assert!(sent <= SIZE.div_ceil(PART) + 3, "kill {n}: {sent} parts");
    }
    assert!(resumed > 20, "most kills leave something: {resumed}");
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_lost_do_no_harm() {
    for op in [Op::Begin, Op::Part, Op::Complete] {
        let bench = Bench::new(Habits::default());
        bench.service.fault(Fault::next(op, What::CutAfter));
        let job = Upload { only: OnlyIf::Absent, ..bench.job() };
        let done = upload(&bench.transfers(), &Way::free(), &job).await.expect("it goes");
        assert!(bench.is_whole(), "{op:?}");
        assert_eq!(done.verified.by, CRC64, "{op:?}");
        assert_eq!(done.remarks.contains(&Remark::MayBeLeft), op == Op::Begin);
        assert_eq!(bench.service.open_uploads().len(), usize::from(op == Op::Begin));
    }
    let mut bench = Bench::new(Habits { versions: true, ..Habits::default() });
    bench.write(b"small".to_vec());
    bench.service.fault(Fault::next(Op::Put, What::CutAfter));
    bench.put().await.expect("it goes");
    assert_eq!(bench.service.count(Op::Put), 1, "no second version of the same bytes");
}

#[tokio::test]
async fn a_file_that_changed_is_begun_again_and_the_old_parts_go() {
    let mut bench = Bench::new(Habits::default());
    bench.service.fault(Fault { skip: 4, ..Fault::always(Op::Part, What::Refuse(Why::Denied)) });
    bench.put().await.expect_err("it is refused in the middle");
    bench.service.heal();
    assert_eq!(bench.service.open_uploads().len(), 1);
    bench.write(bench.bytes.iter().rev().copied().collect());
    let done = bench.put().await.expect("it goes");
    assert_eq!(done.remarks, [Remark::EarlierWasOther]);
    assert!(bench.is_whole());
    assert!(bench.service.open_uploads().is_empty());
}

#[tokio::test]
async fn what_is_there_is_not_replaced_unasked() {
    for if_absent in [true, false] {
        let bench = Bench::new(Habits { if_absent, ..Habits::default() });
        bench.service.place("m/1/model.onnx", "other", None);
        let job = Upload { only: OnlyIf::Absent, ..bench.job() };
        let refused = upload(&bench.transfers(), &Way::free(), &job).await.expect_err("it is there");
        assert_eq!((refused.end, refused.exit()), (End::Exists, 4));
        assert_eq!(bench.service.object("m/1/model.onnx").map(|k| k.bytes), Some(Bytes::from_static(b"other")));
    }
    // The same bytes count as done where that was asked for, and no others.
    let mut bench = Bench::new(Habits::default());
    bench.put().await.expect("it goes");
    let job = Upload { only: OnlyIf::Absent, there: There::MaybeTheSame, ..bench.job() };
    let done = upload(&bench.transfers(), &Way::free(), &job).await.expect("it is there");
    assert_eq!((done.remarks, done.carried, done.verified.by), (vec![Remark::WasThere], 0, CRC64));
    bench.write(bench.bytes.iter().rev().copied().collect());
    upload(&bench.transfers(), &Way::free(), &job).await.expect_err("it is another one");
    // It comes to be while the parts are sent.
    let bench = Bench::new(Habits::default());
    bench.service.fault(Fault::next(Op::Complete, What::Refuse(Why::Changed)));
    let job = Upload { only: OnlyIf::Absent, ..bench.job() };
    let refused = upload(&bench.transfers(), &Way::free(), &job).await.expect_err("it is there");
    assert_eq!(refused.end, End::Exists);
    assert_eq!((bench.service.open_uploads().len(), bench.journals()), (0, 0), "nothing is left");
}

#[tokio::test(start_paused = true)]
async fn every_trouble_has_its_words_and_leaves_what_went() {
    for (why, end) in [
        (Why::Denied, End::Service(Why::Denied)),
        (Why::Full, End::Service(Why::Full)),
        (Why::Busy, End::Service(Why::Busy)),
        (Why::Cut, End::Service(Why::Cut)),
    ] {
        let bench = Bench::new(Habits::default());
        bench.service.fault(Fault { skip: 5, ..Fault::always(Op::Part, What::Refuse(why)) });
        let trouble = bench.put().await.expect_err("it ends");
        assert_eq!(trouble.end, end);
        assert_eq!((bench.journals(), bench.is_whole()), (1, false));
        bench.service.heal();
        bench.service.forget_calls();
        let done = bench.put().await.expect("it goes on");
        assert_eq!(done.remarks, [Remark::Resumed]);
        assert!(bench.is_whole() && bench.service.count(Op::Part) < SIZE.div_ceil(PART));
    }
    // Somebody aborted it meanwhile: it is begun again.
    let bench = Bench::new(Habits::default());
    bench.service.fault(Fault { skip: 5, ..Fault::next(Op::Part, What::Refuse(Why::Missing)) });
    let done = bench.put().await.expect("it goes");
    assert_eq!(done.remarks, [Remark::UploadGone]);
    // Bytes spoilt on their way are refused, and go again.
    let bench = Bench::new(Habits::default());
    bench.service.fault(Fault { skip: 5, times: 2, ..Fault::next(Op::Part, What::Refuse(Why::Refused)) });
    let done = bench.put().await.expect("it goes");
    assert_eq!((done.verified.by, done.remarks), (CRC64, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_limit_holds_within_a_part_over_any_two_seconds() {
    const RATE: usize = 16 << 10;
    let mut bench = Bench::new(Habits::default());
    // A part takes three seconds of the limit, and three go at the same time.
    bench.limits.part = 48_000;
    let of = bench.transfers();
    of.limit(Some(RATE as u64));
    let began = tokio::time::Instant::now();
    upload(&of, &Way::free(), &bench.job()).await.expect("it goes");
    let took = usize::try_from(began.elapsed().as_millis()).expect("seconds");
    let sent = bench.service.sent();
    assert_eq!(sent.iter().map(|(_, bytes)| bytes).sum::<usize>(), SIZE);
    assert!(took.abs_diff(SIZE * 1000 / RATE) < 500, "{took} ms");
    let window = std::time::Duration::from_secs(2);
    for (from, _) in &sent {
        let within = sent.iter().filter(|(at, _)| at >= from && at.duration_since(*from) < window);
        let bytes: usize = within.map(|(_, bytes)| bytes).sum();
        assert!(bytes <= 2 * RATE * 11 / 10, "{bytes} bytes in two seconds");
    }
    assert!(bench.is_whole());
}
