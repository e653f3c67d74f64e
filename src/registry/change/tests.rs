//! Changes against a service in memory.

use super::*;
use crate::ports::Objects;
use crate::ports::objects::{At, Notes, OnlyIf, UploadRow, Why};
use crate::registry::testing::{FakeS3, Fault, Habits, Handle, Op, TestFiles, What};
use crate::registry::transfer::limits::Limits;
use crate::registry::transfer::trouble::End;
use crate::registry::transfer::verify::Proof;
use crate::registry::transfer::{Transfers, Way};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn limits() -> Limits {
    Limits { copy: 10_000, copy_part: 4_000, part_at_least: 1, lanes_an_object: 3, ..Limits::default() }
}

/// Journals of copies get a directory that goes with the process.
fn journals() -> PathBuf {
    tempfile::tempdir().expect("a temporary directory").keep()
}

fn transfers(service: &Arc<FakeS3>, journals: &Path, limits: Limits) -> Transfers {
    let objects = Arc::new(Handle(service.clone()));
    Transfers::new(objects, Arc::new(TestFiles::new()), "http://s", journals.to_owned(), limits)
}

fn bench(habits: Habits) -> (Arc<FakeS3>, Transfers) {
    let service = Arc::new(FakeS3::with(habits));
    let of = transfers(&service, &journals(), limits());
    (service, of)
}

fn at(key: &str) -> At {
    At::new("b", key)
}

fn bytes(many: usize) -> Vec<u8> {
    (0..many).map(|n| u8::try_from(n % 251).expect("small")).collect()
}

#[tokio::test]
async fn copies_of_any_size_are_compared_with_their_source() {
    let (service, of) = bench(Habits { copy: 10_000, ..Habits::default() });
    service.place("small", bytes(5_000), None);
    service.place("large", bytes(25_000), None);
    let way = Way::free();
    let small = copy(&of, &way, &at("small"), &at("s2"), None, &OnlyIf::Always).await.expect("copied");
    assert_eq!((small.size, small.verified.by), (5_000, Some(Proof::EtagMd5)));
    let large = copy(&of, &way, &at("large"), &at("l2"), None, &OnlyIf::Always).await.expect("copied");
    assert_eq!(service.object("l2").expect("there").bytes, bytes(25_000));
    assert_eq!(service.count(Op::CopyPart), 7);
    assert_eq!(large.verified.by, None, "an MD5 and one of parts cannot be compared, and that is said");
    // Parts again: the copy has the same, and so the same ETag.
    service.place("parts", bytes(6 << 20), Some(5 << 20));
    let of2 = transfers(&service, &journals(), Limits::default());
    let parts = copy(&of2, &way, &at("parts"), &at("p2"), None, &OnlyIf::Always).await.expect("copied");
    assert_eq!(parts.verified.by, Some(Proof::EtagParts(5 << 20)));
    assert!(service.open_uploads().is_empty());
    let refused = copy(&of, &way, &at("small"), &at("s2"), None, &OnlyIf::Absent).await.expect_err("it is there");
    assert_eq!(refused.end, End::Exists);
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_fails_leaves_no_upload_and_a_lost_answer_no_second_copy() {
    let (service, of) = bench(Habits { copy: 10_000, versions: true, ..Habits::default() });
    service.place("large", bytes(25_000), None);
    service.fault(Fault { skip: 3, ..Fault::always(Op::CopyPart, What::Refuse(Why::Denied)) });
    let way = Way::free();
    copy(&of, &way, &at("large"), &at("l2"), None, &OnlyIf::Always).await.expect_err("it is refused");
    assert!(service.open_uploads().is_empty() && service.object("l2").is_none());
    service.place("small", "x", None);
    service.fault(Fault::next(Op::Copy, What::CutAfter));
    copy(&of, &way, &at("small"), &at("s2"), None, &OnlyIf::Always).await.expect("copied");
    assert_eq!(service.count(Op::Copy), 1);
}

#[tokio::test]
async fn a_copy_that_was_killed_at_any_moment_is_gone_on_with_and_leaves_no_upload() {
    let mut resumed = 0;
    for moment in 0.. {
        let service = Arc::new(FakeS3::with(Habits { copy: 10_000, ..Habits::default() }));
        let dir = tempfile::tempdir().expect("a temporary directory");
        service.place("large", bytes(25_000), Some(4_000));
        service.stop_at(moment);
        let (way, (from, to)) = (Way::free(), (at("large"), at("l2")));
        let killed = {
            let of = transfers(&service, dir.path(), limits());
            let copying = copy(&of, &way, &from, &to, None, &OnlyIf::Always);
            tokio::select! {
                biased;
                done = copying => { done.expect("copied"); false }
                () = service.stopped() => true,
            }
        };
        service.go_on();
        if !killed {
            assert!(moment > 10, "there were {moment} moments only");
            break;
        }
        let left = service.count(Op::CopyPart);
        // All was done but the last look at it: then nothing here knows of it any more, and it is made again.
        let known = std::fs::read_dir(dir.path()).map_or(0, Iterator::count) > 0;
        let again = if service.object("l2").is_some() && !known { 7 } else { 3 };
        // What the service had begun and could not say is listed there, and nowhere else.
        let unknown = service.count(Op::Begin) == 1 && service.open_uploads().len() == 1 && left == 0;
        let of = transfers(&service, dir.path(), limits());
        copy(&of, &way, &from, &to, None, &OnlyIf::Always).await.unwrap_or_else(|e| panic!("at {moment}: {e}"));
        assert_eq!(service.object("l2").expect("there").bytes, bytes(25_000), "at {moment}");
        assert!(service.open_uploads().len() <= usize::from(unknown), "at {moment}");
        assert_eq!(std::fs::read_dir(dir.path()).expect("there").count(), 0, "at {moment}");
        // Seven parts; those that were under way may be copied twice.
        assert!(service.count(Op::CopyPart) <= 7 + again, "at {moment}: {:?}", service.calls());
        resumed += usize::from(left > 0 && service.count(Op::Begin) == 1);
    }
    assert!(resumed > 3, "it was gone on with {resumed} times");
}

#[tokio::test]
async fn a_move_deletes_only_what_was_copied() {
    let (service, of) = bench(Habits::default());
    service.place("a", "one", None);
    let way = Way::free();
    move_to(&of, &way, &at("a"), &at("b"), &OnlyIf::Absent).await.expect("moved");
    assert!(service.object("a").is_none());
    assert_eq!(service.object("b").expect("there").bytes, "one");
    assert_eq!(move_to(&of, &way, &at("b"), &at("b"), &OnlyIf::Always).await.map_err(|t| t.end), Err(End::Impossible));
    service.fault(Fault::next(Op::Delete, What::Refuse(Why::Denied)));
    let trouble = move_to(&of, &way, &at("b"), &at("c"), &OnlyIf::Absent).await.expect_err("it stays");
    assert!(trouble.failure.line().contains("could not be deleted"));
    assert!(service.object("b").is_some() && service.object("c").is_some());
}

#[tokio::test]
async fn a_deletion_is_counted_first_and_says_what_is_still_there() {
    let (service, of) = bench(Habits { page: 700, ..Habits::default() });
    for n in 0..1_500 {
        service.place(&format!("m/{n:04}"), "12345", None);
    }
    service.place("m", "not meant", None);
    service.place("mm/x", "not meant", None);
    let way = Way::free();
    let plan = plan_delete(&of, &way, "b", &["m/".into(), "m/0001".into()], Scope::Current).await.expect("counted");
    assert_eq!((plan.objects, plan.bytes, plan.frees(), plan.can_be_undone()), (1_500, 7_500, 7_500, false));
    service.fault(Fault { skip: 7, times: 2, ..Fault::next(Op::Delete, What::Refuse(Why::Denied)) });
    let mut heard = Vec::new();
    let gone = delete(&of, &way, &plan, |gone| heard.push(gone.done)).await;
    assert_eq!((gone.done, gone.failed.len(), gone.left), (1_498, 2, 0));
    assert_eq!(heard, [998, 1_498]);
    assert_eq!(gone.failed[0].0.key, "m/0007");
    assert!(service.object("m").is_some() && service.object("mm/x").is_some() && service.object("m/0007").is_some());
    // A service without deletion of many.
    service.fault(Fault::always(Op::DeleteMany, What::Refuse(Why::Unsupported)));
    let plan = plan_delete(&of, &way, "b", &["m/".into()], Scope::Current).await.expect("counted");
    assert_eq!(delete(&of, &way, &plan, |_| {}).await.done, 2);
    assert!(plan_delete(&of, &way, "b", &["absent".into()], Scope::Current).await.is_err());
}

#[tokio::test]
async fn versions_stay_until_they_are_meant_and_can_be_had_back() {
    let (service, of) = bench(Habits { versions: true, page: 2, ..Habits::default() });
    for text in ["one", "two", "three"] {
        service.place("k", text, None);
    }
    let way = Way::free();
    let plan = plan_delete(&of, &way, "b", &["k".into()], Scope::Current).await.expect("counted");
    assert_eq!((plan.can_be_undone(), plan.frees()), (true, 0));
    let gone = delete(&of, &way, &plan, |_| {}).await;
    assert_eq!((gone.done, gone.markers), (1, 1));
    Handle(service.clone()).delete(&at("k")).await.expect("a second marker");
    assert!(service.object("k").is_none());
    assert_eq!(undelete(&of, &way, "b", "k").await, Ok(2));
    assert_eq!(service.object("k").expect("back").bytes, "three");

    let mut rows = Vec::new();
    crate::registry::paged::versions(&Handle(service.clone()), "b", "k", |page| rows.extend(page))
        .await
        .expect("listed");
    let oldest = At { version: rows.last().map(|row| row.version.clone()), ..at("k") };
    restore(&of, &way, &oldest).await.expect("restored");
    assert_eq!(service.object("k").expect("there").bytes, "one");

    let plan = plan_delete(&of, &way, "b", &["k".into()], Scope::AllVersions).await.expect("counted");
    assert_eq!((plan.objects, plan.versions, plan.markers, plan.bytes), (1, 4, 0, 14));
    assert_eq!(plan.frees(), 14);
    assert_eq!(delete(&of, &way, &plan, |_| {}).await.done, 4);
    assert_eq!(undelete(&of, &way, "b", "k").await.map_err(|t| t.end), Err(End::Service(Why::Missing)));
}

#[tokio::test]
async fn tags_notes_prefixes_and_uploads_are_changed() {
    let (service, of) = bench(Habits::default());
    service.place("k", "x", None);
    let (way, handle) = (Way::free(), Handle(service.clone()));
    set_tags(&of, &way, &at("k"), &[("a".into(), "1".into())]).await.expect("set");
    assert_eq!(handle.tags(&at("k")).await.expect("there").len(), 1);
    let notes = Notes {
        content_type: Some("text/plain".into()),
        metadata: vec![("who".into(), "me".into())],
        ..Notes::default()
    };
    replace_notes(&of, &way, &at("k"), &notes).await.expect("replaced");
    let info = service.object("k").expect("there").info;
    assert_eq!((info.content_type, info.metadata), (notes.content_type, notes.metadata));
    for _ in 0..2 {
        new_prefix(&of, &way, "b", "models/new").await.expect("made");
    }
    assert!(service.object("models/new/").is_some());
    assert!(new_prefix(&of, &way, "b", "/").await.is_err() && new_prefix(&of, &way, "b", "a//b").await.is_err());
    let upload = handle.begin_upload(&at("u"), &Notes::default(), None).await.expect("begun");
    let row = UploadRow { key: "u".into(), id: upload.id, begun: None };
    let done = abort_uploads(&of, &way, "b", vec![row]).await;
    assert!(done[0].1.is_ok() && service.open_uploads().is_empty());
}
