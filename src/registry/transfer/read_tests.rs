//! Reading through and sending streams, against a service in memory.

use super::*;
use crate::ports::objects::{Notes, OnlyIf, Why};
use crate::registry::testing::{FakeS3, Fault, Habits, Handle, Op, TestFiles, What};
use crate::registry::transfer::limits::Limits;
use crate::registry::transfer::stream::upload_stream;
use crate::registry::transfer::sums::Crc;
use crate::registry::transfer::verify::Proof;
use std::sync::Arc;

fn bench() -> (Arc<FakeS3>, Transfers, tempfile::TempDir) {
    let service = Arc::new(FakeS3::with(Habits::default()));
    let dir = tempfile::tempdir().expect("a temporary directory");
    let limits = Limits { part: 8_000, part_at_least: 1, ..Limits::default() };
    let objects = Arc::new(Handle(service.clone()));
    (service, Transfers::new(objects, Arc::new(TestFiles::new()), "http://s", dir.path().join("u"), limits), dir)
}

fn bytes(many: usize) -> Vec<u8> {
    (0..many).map(|n| u8::try_from(n % 251).expect("small")).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_handed_on_is_whole_and_rot_is_said() {
    let (service, of, dir) = bench();
    service.place("k", bytes(50_000), None);
    service.fault(Fault { times: 3, ..Fault::next(Op::Get, What::Torn(9_000)) });
    let at = At::new("b", "k");
    let mut out = Vec::new();
    let done = read_through(&of, &Way::free(), &at, |piece| {
        out.extend_from_slice(piece);
        Ok(())
    })
    .await
    .expect("read");
    assert_eq!((out, done.verified.by), (bytes(50_000), Some(Proof::EtagMd5)));
    // The same of an object in parts, and of a file.
    service.place("p", bytes(6 << 20), Some(5 << 20));
    let done = read_through(&of, &Way::free(), &At::new("b", "p"), |_| Ok(())).await.expect("read");
    assert_eq!(done.verified.by, Some(Proof::EtagParts(5 << 20)));
    let file = dir.path().join("f");
    std::fs::write(&file, bytes(50_000)).expect("written");
    assert_eq!(verify_file(&of, &Way::free(), &at, &file).await.map(|v| v.by), Ok(Some(Proof::EtagMd5)));
    service.rot("k", 3);
    let rotten = read_through(&of, &Way::free(), &at, |_| Ok(())).await.expect_err("it is rotten");
    assert_eq!(rotten.end, End::Corrupt);
    std::fs::write(&file, bytes(49_999)).expect("written");
    let other = verify_file(&of, &Way::free(), &at, &file).await.expect_err("it is shorter");
    assert!(other.failure.line().contains("49999 bytes here and 50000 there"), "{other}");
    let closed = read_through(&of, &Way::free(), &at, |_| Err(std::io::ErrorKind::BrokenPipe.into())).await;
    assert_eq!(closed.map_err(|t| t.end), Err(End::Local(crate::ports::local_files::WhyLocal::Other)));
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_any_length_becomes_an_object_or_leaves_nothing() {
    let (service, of, _dir) = bench();
    let crc64 = Some(Proof::Whole(Digest::Crc(Crc::Crc64Nvme)));
    for size in [0, 1, 7_999, 8_000, 8_001, 50_000] {
        let (to, notes) = (At::new("b", format!("s{size}")), Notes::default());
        let input = bytes(size);
        let done = upload_stream(&of, &Way::free(), &to, &notes, &OnlyIf::Absent, &input[..]).await.expect("sent");
        assert_eq!((done.size, done.verified.by), (size as u64, crc64.clone()));
        assert_eq!(service.object(&to.key).expect("there").bytes, input);
    }
    service.fault(Fault { skip: 2, ..Fault::always(Op::Part, What::Refuse(Why::Denied)) });
    let to = At::new("b", "failed");
    let input = bytes(50_000);
    upload_stream(&of, &Way::free(), &to, &Notes::default(), &OnlyIf::Always, &input[..]).await.expect_err("refused");
    assert!(service.open_uploads().is_empty() && service.object("failed").is_none());
}
