//! The model view: what it asks for, where its keys lead, and how it looks.

use super::models::Models;
use super::over::Over;
use super::tests::{at_in, press, resnet};
use super::work::{Steps, Work, Worked};
use super::*;
use crate::plan::Failure;
use crate::ports::objects::{At, Why};
use crate::registry::models::{Progress, Unread, View};
use crate::registry::triton::{Configs, RepositoryUrl, forecast, judge};
use crate::ui::run::{Input, Screens as _};
use crate::ui::testing::{picture_of, swept};
use crate::ui::text::Lang;
use std::time::Duration;

fn view() -> View {
    let keys = [
        ("bert/1/model.plan", 1_288_490_188),
        ("bert/config.pbtxt", 120),
        ("resnet50/1/model.onnx", 34_189_000),
        ("resnet50/2/model.onnx", 34_189_100),
        ("resnet50/3/model.onnx", 34_189_200),
        ("resnet50/config.pbtxt", 412),
        ("tokenizer/model.py", 4_096),
        ("yolo/1/model.onnx", 25_000_000),
        ("yolo/2.bak/model.onnx", 25_000_000),
    ];
    let texts = [
        ("bert/config.pbtxt", "name: \"bert\"\nplatform: \"tensorrt_plan\"\n"),
        ("resnet50/config.pbtxt", "name: \"resnet50\"\nbackend: \"onnxruntime\"\nmax_batch_size: 8\n"),
    ];
    let configs: Configs = texts.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
    let repository = judge(keys, "", &configs);
    let forecast = forecast(&repository, keys);
    View {
        bucket: "models".into(),
        repository,
        url: RepositoryUrl::build("https://10.77.0.2:30900", "models", "").ok(),
        access: crate::registry::triton::Access::default(),
        forecast,
        round_trip: Duration::from_millis(20),
        doubts: Vec::new(),
        unread: Vec::new(),
    }
}

fn asked(lang: Lang) -> (Browse, u64) {
    let mut browse = at_in(lang, Some("models"), "");
    let effects = press(&mut browse, "t");
    let [Effect::Models { id, ask }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((ask.bucket.as_str(), ask.root.as_str(), ask.contents), ("models", "", true));
    (browse, *id)
}

fn models(browse: &Browse) -> Option<&Models> {
    match &browse.over {
        Some(Over::Models(models)) => Some(models),
        _ => None,
    }
}

pub fn seen(lang: Lang) -> Browse {
    let (mut browse, id) = asked(lang);
    browse.hear(Input::Said(Msg::Models { id, found: Ok(Box::new(view())) }));
    browse
}

#[test]
fn the_way_back_leads_to_where_the_cursor_was() {
    let mut browse = resnet(Lang::En);
    press(&mut browse, "jj");
    let before = (browse.spot.clone(), browse.row().map(|row| row.name.to_owned()));
    assert!(matches!(&press(&mut browse, "t")[..], [Effect::Models { ask, .. }] if ask.root == "resnet50/"));
    assert_eq!(press(&mut browse, "\u{1b}"), [Effect::StopLooking], "what is under way is given up");
    assert_eq!((browse.spot.clone(), browse.row().map(|row| row.name.to_owned())), before);
    assert_eq!(browse.scope(), Scope::Browse);
}

#[test]
fn what_was_asked_before_is_not_taken_for_what_is_asked_now() {
    let (mut browse, id) = asked(Lang::En);
    press(&mut browse, "r");
    browse.hear(Input::Said(Msg::Models { id, found: Ok(Box::new(view())) }));
    assert!(models(&browse).expect("it is seen").found.is_none());
}

#[test]
fn a_model_opens_with_its_versions_and_a_file_is_gone_to() {
    let mut browse = seen(Lang::En);
    press(&mut browse, "j\n");
    assert_eq!(models(&browse).and_then(|models| models.open.as_deref()), Some("resnet50"));
    press(&mut browse, "\u{1b}");
    assert_eq!(models(&browse).expect("still seen").open, None);
    press(&mut browse, "\nj");
    let gone = press(&mut browse, "\n");
    assert!(matches!(&gone[..], [Effect::List { query, .. }] if query.prefix == "resnet50/1/"), "{gone:?}");
    assert!(models(&browse).is_none());
    assert_eq!(browse.wanted.as_deref(), Some("model.onnx"));
}

#[test]
fn a_finding_leads_to_its_key_and_the_url_is_copied_as_triton_takes_it() {
    let mut browse = seen(Lang::En);
    let copied = press(&mut browse, "u");
    assert!(
        matches!(&copied[..], [Effect::Copy(url)] if url.expose() == "s3://https://10.77.0.2:30900/models"),
        "{copied:?}"
    );
    press(&mut browse, "jjjj");
    let key = view().repository.findings[0].key.clone();
    let gone = press(&mut browse, "\n");
    let wanted = browse.wanted.clone().unwrap_or_default();
    assert!(
        matches!(&gone[..], [Effect::List { query, .. }] if format!("{}{wanted}", query.prefix) == key),
        "{gone:?}"
    );
}

#[test]
fn it_looks_as_it_did() {
    let busy = |lang| {
        let (mut browse, id) = asked(lang);
        browse.hear(Input::Said(Msg::ModelsSoFar { id, progress: Progress::Keys(12_000) }));
        browse
    };
    let finding = |lang| {
        let mut browse = seen(lang);
        press(&mut browse, "jjjjj");
        browse
    };
    let opened = |lang| {
        let mut browse = seen(lang);
        press(&mut browse, "jjj\n");
        browse
    };
    let failed = |lang| {
        let (mut browse, id) = asked(lang);
        let failure = Failure::permanent("the list of keys is not whole").because("the link was lost");
        browse.hear(Input::Said(Msg::Models { id, found: Err(ObjectError { why: Why::Cut, failure }) }));
        browse
    };
    let unread = |lang| {
        let (mut browse, id) = asked(lang);
        let failure = Failure::permanent("the registry refuses to read it");
        let unread = vec![Unread { key: "bert/config.pbtxt".into(), failure }];
        browse.hear(Input::Said(Msg::Models { id, found: Ok(Box::new(View { unread, ..view() })) }));
        browse
    };
    let screens: [(&str, &dyn Fn(Lang) -> Browse); 6] = [
        ("models", &seen),
        ("models-finding", &finding),
        ("models-busy", &busy),
        ("models-opened", &opened),
        ("models-failed", &failed),
        ("models-unread", &unread),
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

pub(super) fn steps() -> Steps {
    let steps = (1..=30).map(|n| format!("copy staging/{n} to resnet50/4/{n}")).collect();
    let remarks = vec!["config.pbtxt stays pinned".to_owned()];
    Steps { title: "resnet50 4: 3 → 4".into(), steps, remarks, atomic: true, word: Some("resnet50".into()) }
}

fn writing(mut browse: Browse) -> Browse {
    press(&mut browse, "w");
    browse.hear(Input::Said(Msg::Writing(Ok(()))));
    browse
}

#[test]
fn a_model_is_published_once_its_steps_were_seen_and_its_name_typed() {
    let mut browse = seen(Lang::En);
    assert_eq!(press(&mut browse, "p"), [], "nothing is changed before it was let");
    let mut browse = writing(seen(Lang::En));
    browse.home = "/home/tech".into();
    press(&mut browse, "p");
    let planned = press(&mut browse, "resnet50/4\n\n");
    let [Effect::Work { id, work }] = &planned[..] else { panic!("{planned:?}") };
    let root = At::new("models", "");
    let wanted = Work::PlanPublish { root, model: "bert".into(), directory: "/home/tech/resnet50/4".into() };
    assert_eq!(*work, wanted, "the model of the cursor is proposed");
    browse.hear(Input::Said(Msg::Worked { id: *id, end: Ok(Worked::Planned(steps())) }));
    let shown = crate::ui::testing::drawn(&browse, 80, 24);
    assert!(
        shown.contains("copy staging/1 to")
            && shown.contains("all of it or nothing")
            && shown.contains("Type resnet50"),
        "{shown}"
    );
    assert_eq!(press(&mut browse, "resnet\n"), [], "that is another word");
    let carried = press(&mut browse, "50\n");
    let [Effect::Work { id, work: Work::CarryOut }] = &carried[..] else { panic!("{carried:?}") };
    let again = browse.hear(Input::Said(Msg::Worked { id: *id, end: Ok(Worked::CarriedOut(vec![4])) }));
    assert!(again.iter().any(|effect| matches!(effect, Effect::Models { .. })), "it looks again: {again:?}");
    assert!(crate::ui::testing::drawn(&browse, 80, 24).contains("would serve: 4"));
}

#[test]
fn another_version_is_served_once_it_was_agreed_to() {
    let mut browse = writing(seen(Lang::En));
    press(&mut browse, "j\n");
    let planned = press(&mut browse, "R");
    let [Effect::Work { work: Work::PlanRollBack { model, to, .. }, .. }] = &planned[..] else { panic!("{planned:?}") };
    assert_eq!((model.as_str(), *to), ("resnet50", 1));
}

#[test]
fn steps_that_change_nothing_that_is_served_want_no_word() {
    let mut browse = writing(seen(Lang::En));
    press(&mut browse, "p");
    let planned = press(&mut browse, "x\n\n");
    let [Effect::Work { id, .. }] = &planned[..] else { panic!("{planned:?}") };
    let steps = Steps { word: None, atomic: false, ..steps() };
    browse.hear(Input::Said(Msg::Worked { id: *id, end: Ok(Worked::Planned(steps)) }));
    assert!(crate::ui::testing::drawn(&browse, 80, 24).contains("Not atomic"));
    swept(&browse, 60, 20);
    assert!(matches!(&press(&mut browse, "\n")[..], [Effect::Work { work: Work::CarryOut, .. }]));
}
