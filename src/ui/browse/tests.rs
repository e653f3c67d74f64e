//! What the browser does with keys and with what comes, as values; and how it looks.

use super::*;
use crate::plan::Failure;
use crate::ports::objects::{ListPage, ObjectInfo, ObjectRow, Why};
use crate::registry::inspect::Inspector;
use crate::registry::listing::{Batch, End, Pager};
use crate::registry::places::RegistryId;
use crate::ui::keys::Keymap;
use crate::ui::run::{Input, Screens as _};
use crate::ui::testing::{drawn, swept};
use crate::ui::text::Lang;
use crate::ui::theme::Colours;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

const THEME: Theme = Theme { colours: Colours::None, ascii: false };

fn key(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

pub(super) fn press(browse: &mut Browse, keys: &str) -> Vec<Effect> {
    keys.chars()
        .flat_map(|c| {
            let code = match c {
                '\n' => KeyCode::Enter,
                '\u{1b}' => KeyCode::Esc,
                '\u{8}' => KeyCode::Backspace,
                c => KeyCode::Char(c),
            };
            browse.hear(Input::Key(key(code)))
        })
        // Where one goes is noted each time; a test of its own is about that.
        .filter(|effect| !matches!(effect, Effect::Keep(places::Keep::Visited(_))))
        .collect()
}

fn who() -> Who {
    Who {
        name: "edge-07".into(),
        url: "https://10.77.0.2:30900".into(),
        trust: Vouched::Site("edge-07".into()),
        key: "reader".into(),
        id: RegistryId::site("edge-07"),
        writer: Some("publisher".into()),
    }
}

fn at(bucket: Option<&str>, prefix: &str) -> Browse {
    at_in(Lang::En, bucket, prefix)
}

pub(super) fn at_in(lang: Lang, bucket: Option<&str>, prefix: &str) -> Browse {
    let spot = Spot { bucket: bucket.map(str::to_owned), prefix: prefix.to_owned() };
    let mut browse = Browse::new(Text::of(lang), THEME, false, who(), spot);
    browse.first();
    browse.hear(Input::Resize(80, 24));
    browse
}

fn object(key: &str, size: u64) -> ObjectRow {
    ObjectRow { key: key.to_owned(), size, modified: Some(1_790_000_000), etag: None }
}

fn batch(browse: &Browse, objects: &[(&str, u64)], prefixes: &[&str]) -> Batch {
    let bucket = browse.spot.bucket.clone().expect("a bucket");
    let mut pager = Pager::new(ListQuery { bucket, prefix: browse.spot.prefix.clone(), ..ListQuery::default() });
    pager.absorb(&ListPage {
        objects: objects.iter().map(|(key, size)| object(key, *size)).collect(),
        prefixes: prefixes.iter().map(|p| (*p).to_owned()).collect(),
        ..ListPage::default()
    })
}

fn comes(browse: &mut Browse, objects: &[(&str, u64)], prefixes: &[&str], end: Option<End>) {
    let batch = batch(browse, objects, prefixes);
    let id = browse.list_id;
    browse.hear(Input::Said(Msg::Batch { id, batch }));
    if let Some(end) = end {
        browse.hear(Input::Said(Msg::Ended { id, end }));
    }
}

pub(super) fn resnet(lang: Lang) -> Browse {
    let mut browse = at_in(lang, Some("models"), "resnet50/");
    let objects = [("resnet50/config.pbtxt", 412), ("resnet50/labels.txt", 10_523)];
    comes(&mut browse, &objects, &["resnet50/1/", "resnet50/2/"], Some(End::Complete));
    browse
}

#[test]
fn a_place_that_is_left_comes_back_with_the_cursor_where_it_was() {
    let mut browse = resnet(Lang::En);
    let down = press(&mut browse, "j\n");
    assert!(
        matches!(&down[..], [Effect::List { query, .. }] if query.prefix == "resnet50/2/" && query.folded),
        "{down:?}"
    );
    let up = press(&mut browse, "\u{8}");
    assert!(matches!(&up[..], [Effect::List { query, .. }] if query.prefix == "resnet50/"), "{up:?}");
    comes(&mut browse, &[("resnet50/config.pbtxt", 1)], &["resnet50/1/", "resnet50/2/"], None);
    assert_eq!(browse.row().map(|row| row.name), Some("2/"));
    press(&mut browse, "\u{8}");
    assert_eq!(browse.spot, Spot { bucket: Some("models".into()), prefix: String::new() });
    let buckets = press(&mut browse, "\u{8}");
    assert_eq!(buckets, [Effect::Stop, Effect::Buckets]);
    assert_eq!(browse.scope(), Scope::Buckets);
}

#[test]
fn rows_of_a_listing_that_was_left_are_thrown_away() {
    let mut browse = at(Some("models"), "");
    let old = browse.list_id;
    let rows = batch(&browse, &[("a", 1)], &[]);
    press(&mut browse, "r");
    browse.hear(Input::Said(Msg::Batch { id: old, batch: rows }));
    assert!(browse.is_empty());
}

#[test]
fn the_rows_of_before_stay_until_the_new_ones_come_and_with_them_order_and_filter() {
    let mut browse = at(Some("models"), "");
    comes(&mut browse, &[("a1", 1), ("b1", 3), ("c", 2)], &[], Some(End::Complete));
    press(&mut browse, "s/1\n");
    press(&mut browse, "r");
    assert_eq!((browse.len(), browse.loading()), (2, true));
    let failure = Failure::transient("to list bucket models has no answer");
    let id = browse.list_id;
    browse.hear(Input::Said(Msg::Ended { id, end: End::Failed(ObjectError { why: Why::Cut, failure }) }));
    assert!(browse.len() == 2 && drawn(&browse, 80, 24).contains("has no answer"), "what was seen is still seen");
    press(&mut browse, "r");
    comes(&mut browse, &[("b1", 3), ("d1", 9), ("e", 9)], &[], Some(End::Complete));
    let rows: Vec<_> =
        (0..browse.len()).filter_map(|at| browse.listing.get(at)).map(|row| row.name.to_owned()).collect();
    assert_eq!(rows, ["d1", "b1"]);
}

#[test]
fn the_cursor_stays_on_its_row_while_others_are_sorted_in() {
    let mut browse = at(Some("models"), "");
    comes(&mut browse, &[("a", 1), ("b", 3)], &[], None);
    press(&mut browse, "s");
    assert_eq!(browse.row().map(|row| row.name), Some("a"), "the order changed, the cursor did not leave its row");
    comes(&mut browse, &[("c", 9), ("d", 2)], &[], Some(End::Complete));
    assert_eq!(browse.row().map(|row| row.name), Some("a"));
    assert_eq!(browse.cursor.of(4), 3, "largest first");
}

#[test]
fn a_filter_is_there_with_every_key_and_gone_with_esc() {
    let mut browse = resnet(Lang::En);
    press(&mut browse, "/lab");
    assert_eq!((browse.len(), browse.row().map(|row| row.name)), (1, Some("labels.txt")));
    press(&mut browse, "\n");
    assert_eq!(browse.scope(), Scope::Browse);
    press(&mut browse, "\u{1b}");
    assert_eq!(browse.len(), 4);
    assert_eq!(browse.row().map(|row| row.name), Some("labels.txt"), "the cursor stays on what was found");
}

#[test]
fn a_jump_beyond_what_has_come_asks_the_server_to_begin_there() {
    let mut browse = at(Some("models"), "m/");
    comes(&mut browse, &[("m/a", 1), ("m/b", 1)], &[], None);
    press(&mut browse, "Jb");
    assert_eq!(browse.row().map(|row| row.name), Some("b"));
    assert_eq!(press(&mut browse, "\n"), [], "it has come");
    let asked = press(&mut browse, "Jx\n");
    let [Effect::List { query, .. }] = &asked[..] else { panic!("{asked:?}") };
    let behind = query.start_after.as_deref().expect("somewhere");
    assert!(behind > "m/w" && behind < "m/x", "{behind:?}");
    comes(&mut browse, &[("m/x", 1)], &[], Some(End::Complete));
    assert!(drawn(&browse, 80, 24).contains("from x on"));
}

#[test]
fn an_object_is_looked_at_once_the_cursor_rests() {
    let mut browse = resnet(Lang::En);
    browse.hear(Input::Tick(1_000));
    press(&mut browse, "jj");
    assert_eq!(browse.hear(Input::Tick(1_100)), []);
    let effects = browse.hear(Input::Tick(1_300));
    let [Effect::Preview { id, at }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(at.key, "resnet50/config.pbtxt");
    assert_eq!(browse.moving(), None, "nothing moves any more");
    browse.hear(Input::Said(Msg::Previewed { id: *id, found: Ok(Box::new(config())) }));
    assert!(drawn(&browse, 80, 24).contains("name: \"resnet50\""));
    assert_eq!(press(&mut browse, "\n"), [], "it is known");
    // An answer that comes late belongs to nothing.
    press(&mut browse, "j");
    browse.hear(Input::Tick(2_000));
    browse.hear(Input::Said(Msg::Previewed { id: *id, found: Ok(Box::new(config())) }));
    assert!(!drawn(&browse, 80, 24).contains("name: \"resnet50\""));
}

#[test]
fn an_object_that_could_not_be_looked_at_is_looked_at_again_on_enter() {
    let mut browse = resnet(Lang::En);
    press(&mut browse, "jj");
    let asked = browse.hear(Input::Tick(10_000));
    let [Effect::Preview { id, .. }] = &asked[..] else { panic!("{asked:?}") };
    let failure = Failure::transient("to look at resnet50/config.pbtxt has no answer");
    browse.hear(Input::Said(Msg::Previewed { id: *id, found: Err(ObjectError { why: Why::Cut, failure }) }));
    // Its words are broken at the pane's edge.
    assert!(drawn(&browse, 120, 40).contains("no answer"), "{}", drawn(&browse, 120, 40));
    let again = press(&mut browse, "\n");
    assert!(matches!(&again[..], [Effect::Preview { id: second, .. }] if second > id), "{again:?}");
}

fn config() -> preview::Previewed {
    let text = b"name: \"resnet50\"\nbackend: \"onnxruntime\"\nmax_batch_size: 8\n";
    let mut inspector = Inspector::new("config.pbtxt", text.len() as u64);
    while inspector.wants().is_some() {
        inspector.give(text);
    }
    let head = inspector.head().to_vec();
    let info = ObjectInfo { size: text.len() as u64, version: Some("v1".into()), ..ObjectInfo::default() };
    preview::Previewed { info, report: inspector.report(), head }
}

#[test]
fn what_is_copied_is_exact() {
    let mut browse = at(Some("models"), "a b/");
    comes(&mut browse, &[("a b/x+\u{202e}%.bin", 1)], &[], Some(End::Complete));
    let copied = press(&mut browse, "yu");
    let [Effect::Copy(key), Effect::Copy(url)] = &copied[..] else { panic!("two texts") };
    assert_eq!(key.expose(), "s3://models/a b/x+\u{202e}%.bin");
    assert_eq!(url.expose(), "https://10.77.0.2:30900/models/a%20b/x%2B%E2%80%AE%25.bin");
    let shown = drawn(&browse, 80, 24);
    assert!(shown.contains("x+\\u{202e}%.bin") && !shown.contains('\u{202e}'));
}

#[test]
fn a_path_that_is_typed_leads_there() {
    let mut browse = at(None, "");
    let went = press(&mut browse, ":models/resnet50/1/model.onnx\n");
    assert!(
        matches!(&went[..], [Effect::List { query, .. }] if query.bucket == "models" && query.prefix == "resnet50/1/")
    );
    comes(&mut browse, &[("resnet50/1/a", 1), ("resnet50/1/model.onnx", 1)], &[], None);
    assert_eq!(browse.row().map(|row| row.name), Some("model.onnx"));
    press(&mut browse, "\u{1b}\u{1b}");
    assert_eq!(browse.spot, Spot::default());
}

#[test]
fn a_listing_that_stands_still_goes_on_when_it_is_asked_to() {
    let mut browse = at(Some("models"), "");
    comes(&mut browse, &[("a", 1)], &[], None);
    assert_eq!(press(&mut browse, "\u{1b}"), [Effect::Stop]);
    assert!(drawn(&browse, 80, 24).contains("+ goes on"));
    let id = browse.list_id;
    assert_eq!(press(&mut browse, "+"), [Effect::More { id }]);
    let failure = Failure::transient("to list bucket models has no answer");
    browse.hear(Input::Said(Msg::Ended { id, end: End::Failed(ObjectError { why: Why::Cut, failure }) }));
    assert!(drawn(&browse, 80, 24).contains("has no answer"));
    assert_eq!(press(&mut browse, "+"), [Effect::More { id }]);
}

#[test]
fn a_click_puts_the_cursor_on_a_row_and_a_second_one_opens_it() {
    use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
    let mut browse = resnet(Lang::En);
    let click =
        MouseEvent { kind: MouseEventKind::Down(MouseButton::Left), column: 5, row: 5, modifiers: KeyModifiers::NONE };
    assert_eq!(browse.hear(Input::Mouse(click)), []);
    assert_eq!(browse.row().map(|row| row.name), Some("2/"));
    assert!(matches!(&browse.hear(Input::Mouse(click))[..], [Effect::List { .. }, ..]));
}

fn is_ours(scope: Scope) -> bool {
    use Scope::{Browse, Buckets, Models, Places, Transfers, Trust, Uploads, Usage, Versions};
    matches!(scope, Browse | Buckets | Models | Versions | Uploads | Usage | Transfers | Trust | Places)
}

#[test]
fn every_key_of_the_browser_does_something() {
    let table = Keymap::built_in();
    for row in table.all().iter().filter(|row| is_ours(row.scope)) {
        for key in &row.keys {
            let mut browse = match row.scope {
                Scope::Buckets => {
                    let mut browse = at(None, "");
                    let bucket = BucketRow { name: "models".into(), made: None };
                    browse.hear(Input::Said(Msg::Buckets(Ok(vec![bucket]))));
                    browse
                }
                Scope::Models => models_tests::seen(Lang::En),
                Scope::Versions => change_tests::versions(Lang::En),
                Scope::Uploads => change_tests::uploads(Lang::En),
                Scope::Usage => change_tests::usage(Lang::En),
                Scope::Transfers => change_tests::transfers(Lang::En),
                Scope::Trust => trust_tests::seen(Lang::En, trust_tests::verified()),
                Scope::Places => trust_tests::places(Lang::En),
                _ => resnet(Lang::En),
            };
            if row.command == Command::More {
                browse.hear(Input::Said(Msg::Ended { id: browse.list_id, end: End::Paused }));
            }
            // On an object, and not on the first line.
            if matches!(row.scope, Scope::Browse | Scope::Versions) {
                press(&mut browse, if row.scope == Scope::Browse { "jj" } else { "j" });
            }
            // A version of an open model.
            if (row.scope, row.command) == (Scope::Models, Command::Restore) {
                press(&mut browse, "j\n");
            }
            if matches!(row.command, Command::PaneDown | Command::PaneUp) {
                let many = preview::Previewed { head: "a line\n".repeat(90).into_bytes(), ..config() };
                browse.preview.at = Some(crate::ports::objects::At::new("models", "x"));
                browse.preview.found = Some(Ok(Box::new(many)));
                browse.preview.first = 1;
            }
            let before = format!("{browse:?}");
            let effects = browse.hear(Input::Key(key.event()));
            let changed = before != format!("{browse:?}");
            assert!(changed || !effects.is_empty(), "{key} does nothing in {}", row.scope.id());
        }
    }
}

#[test]
fn it_looks_as_it_did() {
    let buckets = |lang| {
        let mut browse = at_in(lang, None, "");
        let rows = ["models", "staging"].map(|name| BucketRow { name: name.to_owned(), made: Some(1_780_000_000) });
        browse.hear(Input::Said(Msg::Buckets(Ok(rows.to_vec()))));
        browse
    };
    let looked = |lang| {
        let mut browse = resnet(lang);
        press(&mut browse, "jj");
        browse.hear(Input::Tick(10_000));
        let id = browse.preview.looking().then_some(1).expect("it looks");
        browse.hear(Input::Said(Msg::Previewed { id, found: Ok(Box::new(config())) }));
        browse
    };
    let typing = |lang| {
        let mut browse = resnet(lang);
        press(&mut browse, "/lab");
        browse
    };
    let refused = |lang| {
        let mut browse = at_in(lang, Some("secret"), "");
        let failure = Failure::permanent("the registry refuses to list bucket secret");
        let id = browse.list_id;
        browse.hear(Input::Said(Msg::Ended { id, end: End::Failed(ObjectError { why: Why::Denied, failure }) }));
        browse
    };
    let helped = |lang| {
        let mut browse = resnet(lang);
        press(&mut browse, "?");
        browse
    };
    let screens: [(&str, &dyn Fn(Lang) -> Browse); 5] =
        [("buckets", &buckets), ("object", &looked), ("filter", &typing), ("refused", &refused), ("help", &helped)];
    for (name, screen) in screens {
        for (columns, rows) in [(80, 24), (120, 40)] {
            let mut browse = screen(Lang::En);
            browse.hear(Input::Resize(columns, rows));
            insta::assert_snapshot!(
                format!("{name}-{columns}"),
                crate::ui::testing::picture_of(&browse, columns, rows)
            );
        }
        let browse = screen(Lang::ZhHans);
        insta::assert_snapshot!(format!("{name}-zh"), crate::ui::testing::picture_of(&browse, 80, 24));
        swept(&browse, 60, 20);
        swept(&screen(Lang::En), 60, 20);
    }
}
