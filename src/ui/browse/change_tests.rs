//! What changes a registry, what is on its way, and what stands in front of the list: as values, and how it looks.

mod transfers_tests;
mod versions_tests;

use super::over::Over;
use super::tests::{at_in, press, resnet};
use super::work::{Carried, Carry, CarryWay, Lane, Steer, Work, Worked};
use super::writing::Writing;
use super::*;
use crate::plan::Failure;
use crate::ports::object_store::Versioning;
use crate::ports::objects::{At, UploadRow, VersionRow, Why};
use crate::registry::change::{DeletePlan, Doomed, Gone, Scope as What};
use crate::registry::paged::Ended;
use crate::registry::transfer::{OrderId, OrderView, Report, State};
use crate::registry::usage::Usage;
use crate::ui::effect::Leaving;
use crate::ui::run::{Input, Screens as _};
use crate::ui::testing::{drawn, picture_of, swept};
use crate::ui::text::Lang;
use std::time::Duration;

pub(super) fn said(browse: &mut Browse, msg: Msg) -> Vec<Effect> {
    browse.hear(Input::Said(msg))
}

fn writing(lang: Lang) -> Browse {
    let mut browse = resnet(lang);
    assert_eq!(press(&mut browse, "w"), [Effect::Write]);
    said(&mut browse, Msg::Writing(Ok(())));
    assert_eq!(browse.writing, Writing::On);
    browse
}

fn work(effects: &[Effect]) -> (u64, &Work) {
    match effects {
        [Effect::Work { id, work }] => (*id, work),
        other => panic!("one thing to do: {other:?}"),
    }
}

pub(super) fn version(key: &str, version: &str, size: u64, latest: bool, marker: bool) -> VersionRow {
    let modified = Some(1_790_000_000);
    VersionRow { key: key.into(), version: version.into(), latest, marker, size, modified, etag: None }
}

pub(super) fn versions(lang: Lang) -> Browse {
    let mut browse = writing(lang);
    let asked = press(&mut browse, "jjv");
    let [Effect::Versions { id, prefix, .. }] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(prefix, "resnet50/config.pbtxt", "of the object of the cursor");
    let id = *id;
    let rows = vec![
        version("resnet50/config.pbtxt", "3f0c1b2a-77", 0, true, true),
        version("resnet50/config.pbtxt", "2a9d8e7f-31", 412, false, false),
        version("resnet50/config.pbtxt", "1b2c3d4e-10", 398, false, false),
        version("resnet50/config.pbtxt.bak", "x", 1, true, false),
    ];
    said(&mut browse, Msg::Versions { id, rows });
    said(&mut browse, Msg::RowsEnded { id, end: Ended::Whole(Vec::new()) });
    browse
}

pub(super) fn uploads(lang: Lang) -> Browse {
    let mut browse = writing(lang);
    let asked = press(&mut browse, "U");
    let [Effect::Uploads { id, .. }] = &asked[..] else { panic!("{asked:?}") };
    let id = *id;
    let row = |key: &str, upload: &str| UploadRow { key: key.into(), id: upload.into(), begun: Some(1_790_000_000) };
    let rows = vec![row("resnet50/3/model.onnx", "aa"), row("resnet50/3/model.plan", "bb")];
    said(&mut browse, Msg::Uploads { id, rows });
    said(&mut browse, Msg::RowsEnded { id, end: Ended::Whole(Vec::new()) });
    browse
}

pub(super) fn usage(lang: Lang) -> Browse {
    let mut browse = resnet(lang);
    let asked = press(&mut browse, "d");
    let [Effect::Usage { id, prefix, .. }] = &asked[..] else { panic!("{asked:?}") };
    let mut usage = Usage::new(prefix, 1);
    for row in [
        version("resnet50/1/model.onnx", "a", 34_000_000, true, false),
        version("resnet50/2/model.onnx", "b", 68_000_000, true, false),
        version("resnet50/2/model.onnx", "c", 30_000_000, false, false),
        version("resnet50/labels.txt", "d", 10_523, true, false),
        version("resnet50/labels.txt", "e", 0, false, true),
    ] {
        usage.version(&row);
    }
    usage.upload("resnet50/3/model.plan", 16 << 20);
    let id = *id;
    said(&mut browse, Msg::Usage { id, usage: Ok(Box::new(usage.clone())) });
    assert!(drawn(&browse, 80, 24).contains("counting") || lang != Lang::En);
    usage.complete = true;
    said(&mut browse, Msg::Space { size: 212 << 30, free: 18 << 30 });
    said(&mut browse, Msg::Usage { id, usage: Ok(Box::new(usage)) });
    browse
}

pub(super) fn carried(n: u32, up: bool, state: State) -> Carried {
    let view = OrderView {
        id: OrderId::of_test(n),
        title: format!("resnet50/{n}/model.onnx → /tmp/model.onnx"),
        state,
        items: 3,
        done: 1,
        failed: 0,
        bytes: 40 << 20,
        size: 98 << 20,
        found: 0,
        rate: Some(4 << 20),
        eta: Some(Duration::from_secs(15)),
        active: Vec::new(),
    };
    Carried { lane: Lane::Reading, up, view }
}

pub(super) fn transfers(lang: Lang) -> Browse {
    let mut browse = resnet(lang);
    let carried =
        vec![carried(1, false, State::Running), carried(2, true, State::Paused), carried(3, false, State::Done)];
    browse.hear(Input::Live(Live { carried }));
    press(&mut browse, "T");
    browse
}

pub(super) fn plan(scope: What) -> DeletePlan {
    DeletePlan {
        bucket: "models".into(),
        scope,
        keeps_versions: Some(Versioning::On),
        doomed: vec![Doomed { key: "resnet50/config.pbtxt".into(), version: None }],
        objects: 1,
        bytes: 412,
        versions: 3,
        markers: 1,
        doubts: Vec::new(),
    }
}

fn deleting(lang: Lang) -> Browse {
    let mut browse = writing(lang);
    let asked = press(&mut browse, "jjx");
    let (id, _) = work(&asked);
    said(&mut browse, Msg::Worked { id, end: Ok(Worked::Counted(Box::new(plan(What::Current)))) });
    browse
}

#[test]
fn nothing_is_changed_until_it_was_asked_for_once() {
    for key in ["p", "n", "c", "m", "x", "X", "e"] {
        let mut browse = resnet(Lang::En);
        press(&mut browse, "jj");
        assert_eq!(press(&mut browse, key), [], "{key}");
        assert!(browse.ask.is_none() && drawn(&browse, 80, 24).contains("until w is pressed once"), "{key}");
        let mut browse = writing(Lang::En);
        press(&mut browse, "jj");
        let effects = press(&mut browse, key);
        assert!(browse.ask.is_some(), "{key}: {effects:?}");
    }
    let shown = drawn(&writing(Lang::En), 80, 24);
    assert!(shown.contains("publisher · writing") && !shown.contains("read-only"), "{shown}");
}

#[test]
fn a_key_that_may_not_write_is_said_to_and_none_is_made_up() {
    let mut browse = resnet(Lang::En);
    press(&mut browse, "w");
    said(&mut browse, Msg::Writing(Err(Failure::permanent("no way to edge-07"))));
    let shown = drawn(&browse, 80, 24);
    assert!(shown.contains("no way to edge-07") && shown.contains("reader · read-only"), "{shown}");
    let mut browse = resnet(Lang::En);
    browse.who.writer = None;
    assert_eq!(press(&mut browse, "w"), []);
    assert!(drawn(&browse, 80, 24).contains("No key that may write is known"));
}

#[test]
fn what_goes_is_counted_and_its_name_typed_before_anything_goes() {
    let mut browse = writing(Lang::En);
    let asked = press(&mut browse, "jjx");
    let (id, counted) = work(&asked);
    let keys = vec!["resnet50/config.pbtxt".to_owned()];
    assert_eq!(*counted, Work::Count { bucket: "models".into(), keys, scope: What::Current });
    said(&mut browse, Msg::Worked { id, end: Ok(Worked::Counted(Box::new(plan(What::Current)))) });
    let shown = drawn(&browse, 80, 24);
    assert!(shown.contains("One object, 412 B") && shown.contains("Type config.pbtxt"), "{shown}");
    assert_eq!(press(&mut browse, "config\n"), [], "that is another word");
    assert!(drawn(&browse, 80, 24).contains("Nothing was deleted"));
    let deleted = press(&mut browse, ".pbtxt\n");
    let (id, deleted) = work(&deleted);
    assert_eq!(*deleted, Work::Delete(Box::new(plan(What::Current))));
    let effects = said(
        &mut browse,
        Msg::Worked { id, end: Ok(Worked::Deleted(Gone { done: 1, markers: 1, ..Gone::default() })) },
    );
    assert!(matches!(&effects[..], [Effect::List { .. }]), "it looks again: {effects:?}");
    assert!(drawn(&browse, 80, 24).contains("1 deleted, 1 of them behind delete markers"));
}

#[test]
fn what_is_left_after_a_deletion_is_said_with_its_reason() {
    let mut browse = deleting(Lang::En);
    let asked = press(&mut browse, "config.pbtxt\n");
    let (id, _) = work(&asked);
    let failure = Failure::permanent("the registry refuses to delete it");
    let failed = vec![(
        Doomed { key: "resnet50/config.pbtxt".into(), version: None },
        ObjectError { why: Why::Denied, failure },
    )];
    said(&mut browse, Msg::Worked { id, end: Ok(Worked::Deleted(Gone { failed, left: 2, ..Gone::default() })) });
    let shown = drawn(&browse, 80, 24);
    assert!(shown.contains("3 were not done") && shown.contains("refuses to delete it"), "{shown}");
}

#[test]
fn several_that_are_marked_are_told_by_their_number() {
    let mut browse = writing(Lang::En);
    let asked = press(&mut browse, "jj  X");
    let (id, counted) = work(&asked);
    let Work::Count { keys, scope: What::AllVersions, .. } = counted else { panic!("{counted:?}") };
    assert_eq!(*keys, ["resnet50/config.pbtxt", "resnet50/labels.txt"]);
    let mut two = plan(What::AllVersions);
    two.doomed.push(Doomed { key: "resnet50/labels.txt".into(), version: None });
    said(&mut browse, Msg::Worked { id, end: Ok(Worked::Counted(Box::new(two))) });
    let shown = drawn(&browse, 80, 24);
    assert!(shown.contains("Type 2 to delete") && shown.contains("For good: versions 3, delete markers 1."), "{shown}");
}

#[test]
fn what_fails_is_said_with_what_to_do() {
    let mut browse = writing(Lang::En);
    press(&mut browse, "n");
    let asked = press(&mut browse, "staging\n");
    let (id, made) = work(&asked);
    assert_eq!(*made, Work::NewPrefix { bucket: "models".into(), prefix: "resnet50/staging/".into() });
    let failure = Failure::permanent("the registry refuses to make it").help("Use a key that may.");
    said(&mut browse, Msg::Worked { id, end: Err(failure) });
    let shown = drawn(&browse, 80, 24);
    assert!(shown.contains("the registry refuses to make it") && shown.contains("Use a key that may."), "{shown}");
}

#[test]
fn an_answer_to_work_that_was_given_up_means_nothing() {
    let mut browse = writing(Lang::En);
    let asked = press(&mut browse, "jjx");
    let (id, _) = work(&asked);
    assert_eq!(press(&mut browse, "\u{1b}"), [Effect::StopWork], "counting changes nothing");
    said(&mut browse, Msg::Worked { id, end: Ok(Worked::Counted(Box::new(plan(What::Current)))) });
    assert!(browse.ask.is_none());
}

#[test]
fn a_url_is_shown_whole_and_sent_as_it_is() {
    let mut browse = resnet(Lang::En);
    press(&mut browse, "jjS");
    let asked = press(&mut browse, "\n\n");
    let (id, share) = work(&asked);
    let Work::Share { lasts, .. } = share else { panic!("{share:?}") };
    assert_eq!(lasts.as_secs(), 3_600);
    let url = format!("https://10.77.0.2:30900/models/resnet50/config.pbtxt?X-Amz-Signature={}", "0a".repeat(60));
    said(&mut browse, Msg::Worked { id, end: Ok(Worked::Shared(crate::base::Secret::new(url.clone()))) });
    let shown: String = drawn(&browse, 80, 24).chars().filter(|c| c.is_ascii_alphanumeric() || *c == '=').collect();
    assert!(shown.contains(&"0a".repeat(60)), "{shown}");
    browse.hear(Input::Key(crossterm::event::KeyCode::Down.into()));
    let sent = press(&mut browse, "\n");
    assert!(matches!(&sent[..], [Effect::Copy(text)] if *text.expose() == url));
}

#[test]
fn it_looks_as_it_did() {
    let noting = |lang| {
        let mut browse = writing(lang);
        let asked = press(&mut browse, "jje");
        let (id, _) = work(&asked);
        let info = crate::ports::objects::ObjectInfo {
            content_type: Some("text/plain".into()),
            metadata: vec![("origin".into(), "train-7".into())],
            ..Default::default()
        };
        let at = At::new("models", "resnet50/config.pbtxt");
        let tags = Ok(vec![("stage".into(), "test".into())]);
        said(&mut browse, Msg::Worked { id, end: Ok(Worked::Read { at, info: Box::new(info), tags }) });
        browse
    };
    let screens: [(&str, &dyn Fn(Lang) -> Browse); 7] = [
        ("versions", &versions),
        ("uploads", &uploads),
        ("usage", &usage),
        ("transfers", &transfers),
        ("deleting", &deleting),
        ("noting", &noting),
        ("writing", &writing),
    ];
    for (name, screen) in screens {
        for (columns, rows) in [(80, 24), (120, 40)] {
            let mut browse = screen(Lang::En);
            browse.hear(Input::Resize(columns, rows));
            insta::assert_snapshot!(format!("{name}-{columns}"), picture_of(&browse, columns, rows));
        }
        let browse = screen(Lang::ZhHans);
        insta::assert_snapshot!(format!("{name}-zh"), picture_of(&browse, 80, 24));
        swept(&browse, 60, 20);
        swept(&screen(Lang::En), 60, 20);
    }
}

#[test]
fn a_listing_of_another_place_is_behind_nothing() {
    let mut browse = at_in(Lang::En, None, "");
    assert_eq!(press(&mut browse, "v"), [], "there are no versions of buckets");
    assert!(browse.over.is_none());
}

#[test]
fn what_the_service_lacks_is_greyed_with_the_reason() {
    use crate::registry::features::{Feature, Features, Has, Lack};
    let mut browse = resnet(Lang::En);
    let found = Features::of_test(vec![(Feature::Versions, Has::No(Lack::Off))]);
    said(&mut browse, Msg::Features { bucket: "models".into(), found });
    assert_eq!(press(&mut browse, "v"), []);
    assert!(browse.over.is_none() && drawn(&browse, 80, 24).contains("this bucket keeps no versions"));
    press(&mut browse, "?");
    assert!(drawn(&browse, 120, 40).contains("versions (this bucket keeps no versions)"));
}

#[test]
fn what_one_key_is_refused_is_asked_for_anew_with_another() {
    use crate::registry::features::{Feature, Features, Has, Lack};
    let mut browse = resnet(Lang::En);
    let failure = Failure::permanent("the registry refuses to list the incomplete uploads");
    let lack = Lack::Refused(ObjectError { why: Why::Denied, failure });
    let found = Features::of_test(vec![(Feature::Uploads, Has::No(lack))]);
    said(&mut browse, Msg::Features { bucket: "models".into(), found });
    assert_eq!(press(&mut browse, "U"), []);
    press(&mut browse, "w");
    assert_eq!(said(&mut browse, Msg::Writing(Ok(()))), [Effect::Features("models".into())]);
    assert!(matches!(&press(&mut browse, "U")[..], [Effect::Uploads { .. }]));
}
