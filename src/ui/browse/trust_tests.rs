//! Whom the browser talks to, bookmarks, and how both look.

use super::change_tests::said;
use super::places::{Keep, Kept};
use super::tests::{press, resnet};
use super::*;
use crate::plan::Failure;
use crate::ports::trust::{Certificate, Clocks, Lasts, Looked, Outcome, Refusal, Refused, San, Trusted};
use crate::ports::world::Route;
use crate::registry::places::RegistryId;
use crate::registry::places::{Bookmark, Location, Places};
use crate::ui::run::{Input, Screens as _};
use crate::ui::testing::{drawn, picture_of, swept};
use crate::ui::text::Lang;

const NOW: u64 = 1_790_000_000_000;
const DAY: u64 = 86_400_000;

fn certificate(subject: &str, issuer: &str, days: u64) -> Certificate {
    Certificate {
        subject: subject.into(),
        issuer: issuer.into(),
        names: vec![San::Dns("registry.plant.example".into()), San::Ip([10, 77, 0, 2].into())],
        from_ms: NOW - 340 * DAY,
        until_ms: NOW + days * DAY,
        sha256: (0..32).map(|n| format!("{:02X}", n * 7)).collect::<Vec<_>>().join(":"),
        key: "ECDSA P-256".into(),
        ca: false,
    }
}

fn looked(outcome: Outcome, ahead_s: u64) -> Looked {
    let clocks = Clocks { theirs_ms: NOW + ahead_s * 1000, ours_ms: NOW, margin_ms: 700 };
    Looked { url: "https://10.77.0.2:30900".into(), way: Route::Direct, outcome, clocks: Some(clocks) }
}

fn trusted(days: u64, ahead_s: u64) -> Looked {
    let lasts = Lasts::of(NOW - DAY, NOW + days * DAY, NOW);
    let trusted = Trusted {
        chain: vec![certificate("CN=minio", "CN=kubernetes", days)],
        anchor: Some(certificate("CN=kubernetes", "CN=kubernetes", 3_000)),
        version: "TLS 1.3".into(),
        cipher: "TLS13_AES_256_GCM_SHA384".into(),
        named: Some(San::Ip([10, 77, 0, 2].into())),
        lasts,
    };
    looked(Outcome::Trusted(Box::new(trusted)), ahead_s)
}

pub(super) fn verified() -> Looked {
    trusted(20, 95)
}

fn refused() -> Looked {
    let failure = Failure::permanent("the certificate of 10.77.0.2 is signed by another CA than this site's")
        .help("Check that this is the registry that was installed.");
    let why = Refusal::OtherCa { signed_by: "CN=elsewhere".into(), trusted: vec!["CN=kubernetes".into()] };
    let refused = Refused { why, chain: vec![certificate("CN=minio", "CN=elsewhere", 90)], failure };
    looked(Outcome::Refused(Box::new(refused)), 0)
}

pub(super) fn seen(lang: Lang, looked: Looked) -> Browse {
    let mut browse = resnet(lang);
    browse.hear(Input::Tick(NOW));
    let asked = press(&mut browse, "C");
    let [Effect::Trust { id }] = &asked[..] else { panic!("{asked:?}") };
    said(&mut browse, Msg::Trusted { id: *id, found: Ok(Box::new(looked)) });
    // Not at its begin, so that each movement is one.
    browse.hear(Input::Resize(80, 16));
    press(&mut browse, "j");
    browse
}

fn at(prefix: &str) -> Location {
    Location { registry: RegistryId::site("edge-07"), bucket: "models".into(), prefix: prefix.into() }
}

pub(super) fn kept() -> Kept {
    let mut places = Places::default();
    places.add(Bookmark::new(at("resnet50/3/"), "the good one").expect("a name"));
    for prefix in ["", "resnet50/", "resnet50/3/", "bert/"] {
        places.visited(at(prefix));
    }
    Kept { places, ..Kept::default() }
}

pub(super) fn places(lang: Lang) -> Browse {
    let mut browse = resnet(lang);
    assert_eq!(press(&mut browse, "b"), [Effect::Keep(Keep::Load)]);
    said(&mut browse, Msg::Kept(Ok(kept())));
    browse
}

#[test]
fn a_certificate_that_ends_soon_and_a_clock_that_is_off_are_warned_of() {
    let shown = drawn(&seen(Lang::En, verified()), 100, 40);
    for words in
        ["vouched for by CN=kubernetes", "Ends in 20 days", "1:35 ahead of", "registry.plant.example, 10.77.0.2"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let shown = drawn(&seen(Lang::En, trusted(400, 0)), 100, 40);
    assert!(shown.contains("Holds for 400 more days") && shown.contains("are the same"), "{shown}");
    let shown = drawn(&seen(Lang::En, trusted(400, 3_600)), 100, 40);
    assert!(shown.contains("it refuses what is signed here"), "{shown}");
}

#[test]
fn a_certificate_that_does_not_verify_is_told_with_what_is_in_it() {
    let browse = seen(Lang::En, refused());
    let shown = drawn(&browse, 100, 40);
    assert!(shown.contains("signed by another CA") && shown.contains("CN=elsewhere"), "{shown}");
    let mut browse = browse;
    let copied = press(&mut browse, "y");
    assert!(matches!(&copied[..], [Effect::Copy(sum)] if sum.expose().starts_with("00:07:0E")), "{copied:?}");
}

#[test]
fn where_one_goes_is_noted_and_gone_to_again() {
    let mut browse = resnet(Lang::En);
    let went = browse.hear(Input::Key(crossterm::event::KeyCode::Enter.into()));
    assert!(went.contains(&Effect::Keep(Keep::Visited(at("resnet50/1/")))), "{went:?}");
    let mut browse = places(Lang::En);
    assert!(drawn(&browse, 80, 24).contains("the good one"));
    let went = press(&mut browse, "\n");
    assert!(matches!(&went[..], [Effect::List { query, .. }] if query.prefix == "resnet50/3/"), "{went:?}");
    let mut browse = places(Lang::En);
    assert_eq!(press(&mut browse, "x"), [Effect::Keep(Keep::Remove(at("resnet50/3/")))]);
    assert_eq!(press(&mut browse, "jx"), [], "history is no bookmark");
}

#[test]
fn a_bookmark_is_called_as_it_was_typed() {
    let mut browse = resnet(Lang::En);
    press(&mut browse, "B");
    let kept = press(&mut browse, " on line 3\n");
    let bookmark = Bookmark::new(at("resnet50/"), "resnet50 on line 3").expect("a name");
    assert_eq!(kept, [Effect::Keep(Keep::Add(bookmark))]);
}

#[test]
fn a_path_is_completed_by_what_is_listed_and_by_where_one_has_been() {
    let tab = |browse: &mut Browse| drop(browse.hear(Input::Key(crossterm::event::KeyCode::Tab.into())));
    let typed = |browse: &Browse| browse.typing.as_ref().map(|typing| typing.field.text()).unwrap_or_default();
    let mut browse = resnet(Lang::En);
    press(&mut browse, ":");
    for c in "con".chars() {
        press(&mut browse, &c.to_string());
    }
    tab(&mut browse);
    assert_eq!(typed(&browse), "models/resnet50/config.pbtxt", "by the list");
    let mut browse = resnet(Lang::En);
    said(&mut browse, Msg::Kept(Ok(kept())));
    browse.hear(Input::Key(crossterm::event::KeyCode::Char(':').into()));
    let clear =
        crossterm::event::KeyEvent::new(crossterm::event::KeyCode::Char('u'), crossterm::event::KeyModifiers::CONTROL);
    browse.hear(Input::Key(clear));
    press(&mut browse, "models/b");
    tab(&mut browse);
    assert_eq!(typed(&browse), "models/bert/", "by history");
    browse.hear(Input::Key(clear));
    press(&mut browse, "the good");
    tab(&mut browse);
    assert_eq!(typed(&browse), "models/resnet50/3/", "by a bookmark's name");
}

#[test]
fn on_a_bad_line_nothing_is_fetched_unasked() {
    let mut browse = resnet(Lang::En);
    browse.shell.frugal = true;
    press(&mut browse, "jj");
    assert_eq!(browse.hear(Input::Tick(60_000)), []);
    assert!(matches!(&press(&mut browse, "\n")[..], [Effect::Preview { .. }]), "asked for, it is");
}

#[test]
fn it_looks_as_it_did() {
    let screens: [(&str, &dyn Fn(Lang) -> Browse); 3] = [
        ("trust", &|lang| seen(lang, verified())),
        ("trust-refused", &|lang| seen(lang, refused())),
        ("places", &places),
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
