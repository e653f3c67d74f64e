use super::*;
use crate::base::Secret;
use crate::plan::NextCommands;
use crate::plan::site::{Reach, Site};
use crate::ports::prompt::Asker;
use crate::ports::{Question, Route};
use crate::ui::draft::Origin;
use crate::ui::effect::Leaving;
use crate::ui::msg::Msg;
use crate::ui::testing;
use crate::ui::text::{Lang, Text};
use crate::ui::theme::{Colours, Theme};
use crossterm::event::{KeyCode, KeyModifiers};

const NAMES: [&str; 4] = ["root", "reader", "publisher", "triton"];

fn pairs() -> Vec<KeyPair> {
    // No two of them share eight characters, and no text of the screens holds any.
    let pair = |n: usize| KeyPair {
        name: NAMES[n],
        access_key: Secret::new(format!("AK{n}{}", "qzjxkvwy".repeat(3)[n..n + 17].to_owned())),
        secret_key: Secret::new(format!("S{n}{}", "ZQJXKVWYHG".repeat(5)[n..n + 38].to_owned())),
    };
    (0..4).map(pair).collect()
}

fn hand_over(route: Route) -> HandOver {
    let site = Site::with_defaults("edge-07".parse().expect("a label"), Reach::Local);
    let ca_path = "/home/tech/.local/state/modelquay/sites/edge-07/ca.crt".to_owned();
    HandOver {
        url: "https://10.77.0.2:30900".into(),
        route,
        next: NextCommands::of(&site, [10, 77, 0, 2].into(), &ca_path),
        ca_path,
        ca_fingerprint: ["5B:11:E0:9C"; 8].join(":"),
        sheet_path: "/home/tech/.local/state/modelquay/sites/edge-07/hand-over.txt".into(),
        keys_path: None,
    }
}

fn fresh(lang: Lang) -> Model {
    let mut model = Model::new(Text::of(lang), Theme { colours: Colours::None, ascii: false }, false);
    model.update(Msg::Tick(1_000_000));
    model
}

fn at_keys(lang: Lang) -> Model {
    let mut model = fresh(lang);
    model.walk.draft.put(FieldId::Site, "edge-07", Origin::Typed);
    model.walk.draft.put(FieldId::Address, "tech@10.77.0.2", Origin::Typed);
    assert_eq!(walk::go(&mut model, Place::Credentials), [Effect::ReadKeys]);
    model.update(Msg::Keys(pairs(), Box::new(hand_over(Route::Direct))));
    model
}

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    model.update(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn type_text(model: &mut Model, text: &str) {
    for c in text.chars() {
        assert_eq!(press(model, KeyCode::Char(c)), []);
    }
}

fn in_clear(model: &Model) -> bool {
    model.walk.credentials.in_clear.is_some()
}

/// Whether any eight characters of a secret in a row are drawn anywhere.
fn leaks(model: &Model, columns: u16, rows: u16) -> bool {
    let buffer = testing::buffer(model, columns, rows);
    // Without spaces and line by line, so that what is wrapped is found as well.
    let drawn: String = buffer.content().iter().map(|cell| cell.symbol().trim()).collect();
    let secrets = pairs().into_iter().flat_map(|k| [k.access_key, k.secret_key]);
    let mut pieces = secrets.flat_map(|s| s.expose().as_bytes().windows(8).map(<[u8]>::to_vec).collect::<Vec<_>>());
    pieces.any(|piece| drawn.contains(std::str::from_utf8(&piece).expect("it is ASCII")))
}

type Happens = fn(&Model) -> Msg;

#[test]
fn what_is_in_clear_is_hidden_by_time_keys_windows_and_questions() {
    let question = || Question::Hidden { asker: Asker::Program, text: "?".into(), refused: 0 };
    let hidden_by: [(&str, Happens); 7] = [
        ("time", |model| Msg::Tick(model.shell.now_ms + IN_CLEAR_MS)),
        ("a clock that is set back", |model| Msg::Tick(model.shell.now_ms - 1)),
        ("the next key", |_| Msg::Key(KeyCode::Down.into())),
        ("a key that means nothing", |_| Msg::Key(KeyCode::Char('x').into())),
        ("the same key", |_| Msg::Key(KeyCode::Char('r').into())),
        ("another size", |_| Msg::Resize(30, 5)),
        ("a pasted text", |_| Msg::Paste("x".into())),
    ];
    for (name, msg) in hidden_by {
        let mut model = at_keys(Lang::En);
        press(&mut model, KeyCode::Char('r'));
        assert!(in_clear(&model));
        let msg = msg(&model);
        model.update(msg);
        assert!(!in_clear(&model), "{name}");
    }
    let mut model = at_keys(Lang::En);
    press(&mut model, KeyCode::Char('r'));
    model.update(Msg::Tick(model.shell.now_ms + IN_CLEAR_MS - 1));
    assert!(in_clear(&model), "it lasts as long as is said");
    model.update(Msg::Asked(1, question()));
    assert!(!in_clear(&model), "a question");
}

#[test]
fn a_secret_is_drawn_in_clear_only_while_it_is_revealed() {
    let sizes = [(40, 10), (60, 20), (80, 24), (120, 40), (300, 100)];
    let mut model = at_keys(Lang::En);
    let walk = "r down s a b tab down space down p q enter esc esc enter I esc ? x ctrl-l enter esc c a up";
    for step in walk.split(' ') {
        for (columns, rows) in sizes {
            let clear = in_clear(&model);
            assert_eq!(leaks(&model, columns, rows), clear, "before {step} at {columns}×{rows}, in clear: {clear}");
        }
        let keymap = model.shell.keymap.clone();
        let chord = keymap.all().iter().flat_map(|row| &row.keys).find(|key| key.to_string() == step);
        let mut chars = step.chars();
        let event = match (chord, chars.next(), chars.next()) {
            (Some(chord), ..) => chord.event(),
            (None, Some(c), None) => KeyCode::Char(c).into(),
            _ => panic!("{step} is no key"),
        };
        model.shell.size = (80, 24);
        model.update(Msg::Key(event));
    }
    assert!(!leaks(&model, 80, 24));
    type_text(at_words(&mut model), "i have them");
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.walk.place, Place::Done);
    for (columns, rows) in sizes {
        assert!(!leaks(&model, columns, rows));
    }
}

/// The same model, at the words with which nothing is saved.
fn at_words(model: &mut Model) -> &mut Model {
    press(model, KeyCode::Enter);
    assert!(matches!(model.walk.credentials.open, Open::Words(_)));
    model
}

#[test]
fn they_are_saved_where_the_form_says() {
    let mut model = at_keys(Lang::En);
    press(&mut model, KeyCode::Char('s'));
    press(&mut model, KeyCode::Backspace);
    let path = "~/modelquay/edge-07.credential".to_owned();
    assert_eq!(press(&mut model, KeyCode::Tab), [Effect::Complete { path: path.clone() }]);
    model.update(Msg::Completed { path: path.clone(), longer: format!("{path}s"), choices: 1 });
    let saves = Effect::SaveKeys { path: format!("{path}s"), passphrase: None };
    assert_eq!(press(&mut model, KeyCode::Enter), [saves]);
    assert_eq!(press(&mut model, KeyCode::Enter), [], "it is not asked for twice");
    model.update(Msg::KeysSaved { path: "/home/tech/keys".into(), sealed: false });
    assert!(!model.walk.credentials.unsaved());
    assert_eq!(press(&mut model, KeyCode::Enter), [Effect::ForgetKeys]);
    assert_eq!(model.walk.place, Place::Done);
    assert!(model.walk.credentials.keys.is_empty(), "no key outlives its screen");
    assert!(model.walk.credentials.saved().is_some());
}

#[test]
fn a_passphrase_is_typed_twice_alike_and_outlives_a_wrong_path() {
    let mut model = at_keys(Lang::En);
    press(&mut model, KeyCode::Char('s'));
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Char(' '));
    assert_eq!(press(&mut model, KeyCode::Enter), [], "the passphrase is missing");
    type_text(&mut model, "horse");
    assert_eq!(press(&mut model, KeyCode::Enter), [], "it is missing once more");
    type_text(&mut model, "house");
    assert_eq!(press(&mut model, KeyCode::Enter), [], "they differ");
    assert_eq!(walk::status(&model).1, model.t("keys-passphrases-differ"));
    for _ in 0..2 {
        type_text(&mut model, "horse");
        press(&mut model, KeyCode::Down);
    }
    let saves = Effect::SaveKeys {
        path: "~/modelquay/edge-07.credentials.age".into(),
        passphrase: Some(Secret::from("horse")),
    };
    assert_eq!(press(&mut model, KeyCode::Enter), std::slice::from_ref(&saves));
    model.update(Msg::Failed(Failure::permanent("no such directory")));
    assert!(model.walk.credentials.unsaved());
    assert_eq!(press(&mut model, KeyCode::Enter), [saves], "only the path has to be mended");
    assert!(!format!("{model:?}").contains("horse"));
}

#[test]
fn leaving_needs_that_they_were_saved_or_the_words() {
    let mut model = at_keys(Lang::ZhHans);
    type_text(at_words(&mut model), "yes");
    assert_eq!(press(&mut model, KeyCode::Enter), []);
    assert_eq!(model.walk.place, Place::Credentials);
    assert!(model.shell.notice.is_some());
    press(&mut model, KeyCode::Esc);
    type_text(at_words(&mut model), "我已记下");
    assert_eq!(press(&mut model, KeyCode::Enter), [Effect::ForgetKeys]);
    assert_eq!(model.walk.place, Place::Done);

    let mut model = at_keys(Lang::ZhHans);
    type_text(at_words(&mut model), "I Have Them");
    assert_eq!(press(&mut model, KeyCode::Enter), [Effect::ForgetKeys], "a terminal without an input method");

    let mut model = at_keys(Lang::En);
    let quit = Msg::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
    assert_eq!(model.update(quit.clone()), []);
    assert!(model.walk.dialog.is_some());
    assert_eq!(model.update(quit), [Effect::Leave(Leaving::Quit)]);
}

#[test]
fn keys_that_cannot_be_read_are_asked_for_again() {
    let mut model = fresh(Lang::En);
    walk::go(&mut model, Place::Credentials);
    assert_eq!(press(&mut model, KeyCode::Char('r')), [], "they are being read");
    model.update(Msg::Failed(Failure::unknown("there is no connection to edge-07")));
    assert_eq!(press(&mut model, KeyCode::Char('r')), [Effect::ReadKeys]);
    model.update(Msg::Keys(pairs(), Box::new(hand_over(Route::Direct))));
    assert_eq!(model.scope(), Scope::Credentials);
    let effects = press(&mut model, KeyCode::Char('c'));
    assert_eq!(effects, [Effect::Copy(pairs()[0].secret_key.clone())]);
    press(&mut model, KeyCode::Down);
    assert_eq!(press(&mut model, KeyCode::Char('a')), [Effect::Copy(pairs()[1].access_key.clone())]);
}

#[test]
fn nothing_that_is_shown_for_debugging_holds_a_key() {
    let mut model = at_keys(Lang::En);
    press(&mut model, KeyCode::Char('r'));
    let text = format!("{model:?}");
    for key in pairs() {
        assert!(!text.contains(key.secret_key.expose()) && !text.contains(key.access_key.expose()));
    }
}

#[test]
fn pictures_of_the_keys() {
    for (name, columns, rows) in [("80", 80, 24), ("120", 120, 40)] {
        let mut model = at_keys(Lang::En);
        let shot = |model: &Model, state: &str| {
            insta::assert_snapshot!(format!("keys-{state}-{name}"), testing::picture(model, columns, rows));
        };
        shot(&model, "masked");
        press(&mut model, KeyCode::Down);
        press(&mut model, KeyCode::Char('r'));
        shot(&model, "in-clear");
        press(&mut model, KeyCode::Char('s'));
        shot(&model, "form");
        press(&mut model, KeyCode::Down);
        press(&mut model, KeyCode::Char(' '));
        press(&mut model, KeyCode::Down);
        type_text(&mut model, "horse");
        shot(&model, "form-sealed");
        let failure = Failure::needs_human("/tmp/keys exists already");
        model.update(Msg::Failed(failure.help("Move it away or name another path.")));
        shot(&model, "form-failed");
        model.update(Msg::KeysSaved { path: "/home/tech/edge 07.age".into(), sealed: true });
        shot(&model, "saved-sealed");
        let mut model = at_keys(Lang::En);
        type_text(at_words(&mut model), "I hav");
        shot(&model, "words");
        let mut model = fresh(Lang::En);
        walk::go(&mut model, Place::Credentials);
        shot(&model, "reading");
        model.update(Msg::Failed(Failure::unknown("there is no connection to edge-07")));
        shot(&model, "unread");
        shot(&at_keys(Lang::ZhHans), "zh");
    }
    let mut model = at_keys(Lang::En);
    press(&mut model, KeyCode::Char('r'));
    insta::assert_snapshot!("keys-in-clear-40", testing::picture(&model, 40, 10));
}

#[test]
fn pictures_of_the_hand_over() {
    for (name, columns, rows) in [("80", 80, 24), ("120", 120, 40)] {
        for (state, lang, route) in [
            ("direct", Lang::En, Route::Direct),
            ("tunnel", Lang::En, Route::Tunnel),
            ("zh", Lang::ZhHans, Route::Direct),
        ] {
            let mut model = at_keys(lang);
            model.update(Msg::Keys(pairs(), Box::new(hand_over(route))));
            model.update(Msg::KeysSaved { path: "/home/tech/modelquay/edge-07.credentials".into(), sealed: false });
            press(&mut model, KeyCode::Enter);
            if route == Route::Tunnel {
                (0..20).for_each(|_| drop(press(&mut model, KeyCode::Down)));
            }
            insta::assert_snapshot!(format!("done-{state}-{name}"), testing::picture(&model, columns, rows));
        }
    }
}

#[test]
fn lines_of_the_hand_over_are_copied_whole() {
    let mut model = at_keys(Lang::En);
    model.update(Msg::KeysSaved { path: "/home/tech/keys".into(), sealed: false });
    press(&mut model, KeyCode::Enter);
    let url = "https://10.77.0.2:30900";
    assert_eq!(press(&mut model, KeyCode::Char('y')), [Effect::Copy(Secret::from(url))]);
    let mut copied = Vec::new();
    for _ in 0..12 {
        press(&mut model, KeyCode::Down);
        copied.extend(press(&mut model, KeyCode::Char('y')));
    }
    let next = hand_over(Route::Direct).next;
    assert!(copied.contains(&Effect::Copy(Secret::new(next.mc_trust))), "however often it is wrapped");
    assert_eq!(copied.last(), Some(&Effect::Copy(Secret::new(next.triton_outside))));
    assert_eq!(press(&mut model, KeyCode::Char('q')), [Effect::Leave(Leaving::Quit)]);
}

#[test]
fn every_size_is_drawn() {
    for theme in [Theme { colours: Colours::None, ascii: true }, Theme { colours: Colours::True, ascii: false }] {
        let mut model = at_keys(Lang::ZhHans);
        model.shell.theme = theme;
        press(&mut model, KeyCode::Char('r'));
        let sweep = |model: &Model| {
            testing::sweep(model, 60, 20);
            testing::buffer(model, 300, 100);
        };
        sweep(&model);
        press(&mut model, KeyCode::Char('s'));
        sweep(&model);
        model.update(Msg::KeysSaved { path: "/home/tech/keys".into(), sealed: true });
        press(&mut model, KeyCode::Enter);
        assert_eq!(model.walk.place, Place::Done);
        sweep(&model);
    }
}
