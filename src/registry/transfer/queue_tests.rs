//! The queue against a service in memory and real directories.

use super::*;
use crate::ports::objects::At;
use crate::registry::testing::{FakeS3, Fault, Habits, Handle, Op, TestFiles, What};
use crate::registry::transfer::download::IfThere;
use crate::registry::transfer::limits::Limits;
use crate::registry::transfer::prefix::{plan_download, plan_upload};
use std::path::Path;

fn bench() -> (Arc<FakeS3>, Queue, tempfile::TempDir) {
    let service = Arc::new(FakeS3::with(Habits::default()));
    let dir = tempfile::tempdir().expect("a temporary directory");
    let objects = Arc::new(Handle(service.clone()));
    let of =
        Transfers::new(objects, Arc::new(TestFiles::new()), "http://s", dir.path().join("uploads"), Limits::default());
    (service, Queue::new(of), dir)
}

fn place(service: &FakeS3, many: usize) {
    for n in 0..many {
        service.place(&format!("m/{n:04}"), vec![u8::try_from(n % 250).expect("small"); 3_000], None);
    }
}

async fn get(queue: &Queue, target: &Path) -> Report {
    let from = At::new("b", "m/");
    let planned =
        plan_download(queue.transfers(), &Way::free(), &from, target, IfThere::KeepSame).await.expect("planned");
    assert_eq!(planned.clashes, []);
    let items = planned.jobs.into_iter().map(Item::Download).collect();
    let id = queue.add("m/", items, planned.bytes).expect("there is room");
    queue.ended(id).await.expect("it is in the list")
}

#[tokio::test]
async fn a_prefix_comes_and_goes_and_a_second_time_nothing_is_carried() {
    let (service, queue, dir) = bench();
    place(&service, 600);
    let target = dir.path().join("t");
    let report = get(&queue, &target).await;
    assert!(report.is_whole(), "{report:?}");
    assert_eq!((report.done, report.bytes, report.carried), (600, 1_800_000, 1_800_000));
    assert_eq!(report.verified, [(Proof::EtagMd5, 600)]);
    for n in 0..600 {
        let bytes = std::fs::read(target.join(format!("{n:04}"))).expect("there");
        assert!(bytes.len() == 3_000 && bytes.iter().all(|byte| usize::from(*byte) == n % 250));
    }
    let again = get(&queue, &target).await;
    assert_eq!((again.done, again.carried), (600, 0));

    let to = At::new("b", "copy/");
    for carried in [1_800_000, 0] {
        let planned =
            plan_upload(queue.transfers(), &Way::free(), &target, &to, IfThere::KeepSame).await.expect("planned");
        let id = queue.add("copy/", planned.jobs.into_iter().map(Item::Upload).collect(), planned.bytes).expect("room");
        let report = queue.ended(id).await.expect("it is in the list");
        assert_eq!((report.done, report.carried, report.failed), (600, carried, 0));
    }
    assert_eq!(service.object("copy/0599").expect("there").bytes, service.object("m/0599").expect("there").bytes);
    assert!(!queue.is_busy());
}

#[tokio::test(start_paused = true)]
async fn an_order_is_held_and_goes_on_and_is_cancelled() {
    let (service, queue, dir) = bench();
    service.place("big", vec![1u8; 30_000_000], None);
    let job =
        Download { at: At::new("b", "big"), target: dir.path().join("big"), listed: None, if_there: IfThere::Refuse };
    queue.transfers().limit(Some(1_000_000));
    let id = queue.add("big", vec![Item::Download(job.clone())], 30_000_000).expect("room");
    let mut seen = queue.watch();
    seen.wait_for(|s| s.orders.first().is_some_and(|o| o.bytes > 2_000_000)).await.expect("it runs");
    queue.pause(id, true);
    seen.wait_for(|s| s.orders.first().is_some_and(|o| o.state == State::Paused)).await.expect("it is held");
    tokio::time::sleep(Duration::from_secs(10)).await;
    let held = seen.borrow_and_update().orders[0].bytes;
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(seen.borrow_and_update().orders[0].bytes, held, "nothing moves");
    queue.pause(id, false);
    let view = seen
        .wait_for(|s| s.orders.first().is_some_and(|o| o.bytes > held + 3_000_000))
        .await
        .expect("it goes on")
        .orders[0]
        .clone();
    assert!(view.rate.is_some_and(|rate| rate < 1_500_000) && view.eta.is_some(), "{view:?}");
    assert_eq!(view.active.first().map(|active| active.key.as_str()), Some("big"));
    queue.cancel(id);
    let report = queue.ended(id).await.expect("in the list");
    assert!(report.cancelled && report.left == 1);
    queue.transfers().limit(None);
    let again = queue.add("big", vec![Item::Download(job)], 30_000_000).expect("room");
    let report = queue.ended(again).await.expect("in the list");
    assert!(report.is_whole() && report.carried < 30_000_000);
    assert_eq!(report.remarks, [(Remark::Resumed, 1)]);
    queue.forget(id);
    assert_eq!(queue.watch().borrow().orders.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_named_and_a_dead_link_ends_the_rest() {
    let (service, queue, dir) = bench();
    place(&service, 300);
    service.fault(Fault { skip: 10, times: 2, ..Fault::next(Op::Get, What::Refuse(Why::Denied)) });
    let report = get(&queue, &dir.path().join("t")).await;
    assert_eq!((report.done, report.failed, report.failures.len()), (298, 2, 2));
    assert!(!report.is_whole());
    service.fault(Fault { skip: 30, ..Fault::always(Op::Get, What::Refuse(Why::Cut)) });
    let report = get(&queue, &dir.path().join("u")).await;
    assert!(report.failed > 0 && report.left > 0, "{} failed, {} left", report.failed, report.left);
    assert!(report.failures.iter().all(|(_, trouble)| trouble.exit() == 5));
    // Everything is refused when too many are under way.
    service.heal();
    queue.transfers().limit(Some(1));
    let ids: Vec<_> = (0..70)
        .map(|n| {
            let at = At::new("b", format!("m/{n:04}"));
            let target = dir.path().join(format!("v/{n}"));
            queue.add("x", vec![Item::Download(Download { at, target, listed: None, if_there: IfThere::Refuse })], 0)
        })
        .collect();
    assert!(ids.iter().filter(|id| id.is_err()).count() >= 6);
    queue.cancel_all();
    for id in ids.into_iter().flatten() {
        queue.ended(id).await;
    }
    assert!(!queue.is_busy());
}
