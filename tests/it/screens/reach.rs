//! Every key of the table does something somewhere, and what the bottom line names does something where it
//! is named.

use super::sizes::drawn;
use super::{at, begun, facts, failed, host, installing, key_question, plan, press, states};
use modelquay::plan::NextCommands;
use modelquay::plan::site::{Reach, Site};
use modelquay::ports::Route;
use modelquay::ui::keys::{Chord, Command, Keymap, Scope};
use modelquay::ui::msg::{HandOver, KeyPair};
use modelquay::ui::text::Lang;
use modelquay::ui::walk::{self, Place};
use modelquay::ui::{Model, Msg};

fn key(name: &'static str) -> KeyPair {
    KeyPair { name, access_key: "access".into(), secret_key: "secret".into() }
}

fn hand_over() -> HandOver {
    let site = Site::with_defaults("edge-07".parse().expect("a label"), Reach::Local);
    HandOver {
        url: "https://10.77.0.2:30900".into(),
        route: Route::Direct,
        ca_path: "/ca.crt".into(),
        ca_fingerprint: String::new(),
        sheet_path: "/hand-over.txt".into(),
        keys_path: None,
        next: NextCommands::of(&site, [10, 77, 0, 2].into(), "/ca.crt"),
    }
}

fn start() -> Model {
    begun(Lang::En, false)
}

fn at_host() -> Model {
    host(Lang::En)
}

fn at_facts() -> Model {
    facts(Lang::En, "ubuntu-24.04")
}

fn names() -> Model {
    at(Lang::En, Place::Names)
}

fn registry() -> Model {
    at(Lang::En, Place::Registry)
}

fn planned() -> Model {
    plan(Lang::En, &[])
}

fn running() -> Model {
    installing(Lang::En)
}

/// The same in a rehearsal, whose time can be changed.
fn rehearsing() -> Model {
    let mut model = running();
    model.shell.rehearsal = true;
    model
}

fn ended() -> Model {
    failed(Lang::En)
}

fn asked() -> Model {
    let mut model = at_host();
    press(&mut model, "enter");
    model.update(Msg::Asked(1, key_question()));
    model
}

/// A path is typed over the plan.
fn typing() -> Model {
    let mut model = planned();
    press(&mut model, "w");
    model
}

/// The keys could not be read.
fn unread() -> Model {
    let mut model = start();
    walk::go(&mut model, Place::Credentials);
    model.update(Msg::Failed(modelquay::plan::Failure::unknown("there is no connection")));
    model
}

fn credentials() -> Model {
    let mut model = start();
    walk::go(&mut model, Place::Credentials);
    model.update(Msg::Keys(["root", "reader", "publisher", "triton"].map(key).into(), Box::new(hand_over())));
    model
}

fn done() -> Model {
    let mut model = credentials();
    model.update(Msg::KeysSaved { path: "/keys".into(), sealed: false });
    press(&mut model, "enter");
    model
}

/// An entry of the table, a state in which it does something, and the keys that lead there from it.
type Case = (Scope, Command, fn() -> Model, &'static str);

const CASES: &[Case] = &[
    (Scope::Any, Command::Help, asked, ""),
    (Scope::Any, Command::Quit, names, ""),
    (Scope::Any, Command::Suspend, names, ""),
    (Scope::Any, Command::Redraw, names, ""),
    (Scope::Any, Command::Back, running, "z"),
    (Scope::Any, Command::Forward, at_host, ""),
    (Scope::Any, Command::Up, names, "down"),
    (Scope::Any, Command::Down, names, ""),
    (Scope::Any, Command::Left, asked, "right"),
    (Scope::Any, Command::Right, asked, ""),
    (Scope::Any, Command::PageUp, running, ""),
    (Scope::Any, Command::PageDown, running, "pgup pgup"),
    (Scope::Any, Command::Top, credentials, "end"),
    (Scope::Any, Command::Bottom, credentials, ""),
    (Scope::Any, Command::Next, asked, ""),
    (Scope::Any, Command::Previous, asked, "tab"),
    (Scope::Any, Command::Take, names, ""),
    (Scope::Any, Command::Toggle, registry, "down"),
    (Scope::List, Command::Up, at_facts, "down"),
    (Scope::List, Command::Down, at_facts, "home"),
    (Scope::List, Command::Left, planned, ""),
    (Scope::List, Command::Right, planned, ""),
    (Scope::List, Command::Top, at_facts, "end"),
    (Scope::List, Command::Bottom, at_facts, "home"),
    (Scope::List, Command::PageUp, at_facts, "end"),
    (Scope::List, Command::PageDown, at_facts, "home"),
    (Scope::List, Command::Take, planned, ""),
    (Scope::List, Command::Back, at_facts, ""),
    (Scope::List, Command::Quit, at_facts, ""),
    (Scope::List, Command::Help, at_facts, ""),
    (Scope::Start, Command::Quit, start, ""),
    (Scope::Host, Command::Next, at_host, ""),
    (Scope::Host, Command::Connect, at_host, ""),
    (Scope::Host, Command::Back, at_host, ""),
    (Scope::Host, Command::Help, at_host, ""),
    (Scope::Form, Command::Next, names, ""),
    (Scope::Form, Command::Forward, names, ""),
    (Scope::Form, Command::Supply, names, ""),
    (Scope::Form, Command::Back, names, ""),
    (Scope::Form, Command::Help, names, ""),
    (Scope::Facts, Command::Forward, at_facts, ""),
    (Scope::Facts, Command::Fix, at_facts, ""),
    (Scope::Facts, Command::FixAll, at_facts, ""),
    (Scope::Facts, Command::LookAgain, at_facts, ""),
    (Scope::Facts, Command::Supply, at_facts, ""),
    (Scope::Plan, Command::Install, planned, ""),
    (Scope::Plan, Command::Next, planned, ""),
    (Scope::Plan, Command::Previous, planned, ""),
    (Scope::Plan, Command::WriteAnswers, planned, ""),
    (Scope::Plan, Command::Export, planned, ""),
    (Scope::Plan, Command::Supply, planned, ""),
    (Scope::Plan, Command::LookAgain, planned, ""),
    (Scope::Install, Command::Next, running, ""),
    (Scope::Install, Command::Up, running, ""),
    (Scope::Install, Command::Down, running, "up up"),
    (Scope::Install, Command::Left, running, "right"),
    (Scope::Install, Command::Right, running, ""),
    (Scope::Install, Command::Top, running, ""),
    (Scope::Install, Command::Bottom, running, "home"),
    (Scope::Install, Command::Follow, running, "home"),
    (Scope::Install, Command::Search, running, ""),
    (Scope::Install, Command::NextHit, running, SEARCH),
    (Scope::Install, Command::PreviousHit, running, SEARCH),
    (Scope::Install, Command::Zoom, running, ""),
    (Scope::Install, Command::Wrap, running, ""),
    (Scope::Install, Command::Copy, running, ""),
    (Scope::Install, Command::Save, running, ""),
    (Scope::Install, Command::Detach, running, ""),
    (Scope::Install, Command::Stop, running, ""),
    (Scope::Install, Command::Faster, rehearsing, ""),
    (Scope::Install, Command::Slower, rehearsing, ""),
    (Scope::Install, Command::Quit, running, ""),
    (Scope::Install, Command::Help, running, ""),
    (Scope::Failure, Command::Retry, ended, ""),
    (Scope::Failure, Command::Supply, ended, ""),
    (Scope::Failure, Command::Next, ended, ""),
    (Scope::Failure, Command::Search, ended, ""),
    (Scope::Failure, Command::NextHit, ended, SEARCH),
    (Scope::Failure, Command::PreviousHit, ended, SEARCH),
    (Scope::Failure, Command::Wrap, ended, ""),
    (Scope::Failure, Command::Zoom, ended, ""),
    (Scope::Failure, Command::Save, ended, ""),
    (Scope::Failure, Command::Copy, ended, ""),
    (Scope::Failure, Command::Stop, ended, ""),
    (Scope::Credentials, Command::Save, credentials, ""),
    (Scope::Credentials, Command::Reveal, credentials, ""),
    (Scope::Credentials, Command::Copy, credentials, ""),
    (Scope::Credentials, Command::Up, credentials, "down"),
    (Scope::Credentials, Command::Down, credentials, ""),
    (Scope::Credentials, Command::CopyAccess, credentials, ""),
    (Scope::Credentials, Command::Next, credentials, ""),
    (Scope::Credentials, Command::Forward, credentials, ""),
    (Scope::Credentials, Command::Quit, credentials, ""),
    (Scope::Credentials, Command::Help, credentials, ""),
    (Scope::Unread, Command::Retry, unread, ""),
    (Scope::Unread, Command::Quit, unread, ""),
    (Scope::Unread, Command::Help, unread, ""),
    (Scope::Done, Command::Up, done, "down"),
    (Scope::Done, Command::Down, done, ""),
    (Scope::Done, Command::Copy, done, ""),
    (Scope::Done, Command::Browse, done, ""),
    (Scope::Done, Command::Quit, done, ""),
    (Scope::Done, Command::Help, done, ""),
    (Scope::Question, Command::Take, asked, ""),
    (Scope::Question, Command::Back, asked, ""),
    (Scope::Question, Command::Copy, asked, ""),
    (Scope::Typing, Command::Take, typing, ""),
    (Scope::Typing, Command::Next, typing, ""),
    (Scope::Typing, Command::Back, typing, ""),
];

/// Scopes of the bucket browser, whose keys its own tests press (`ui/browse/tests.rs`).
const BROWSER: &[Scope] =
    &[Scope::Browse, Scope::Models, Scope::Buckets, Scope::Versions, Scope::Uploads, Scope::Usage, Scope::Transfers];

/// Searches for something that the log holds more than once.
const SEARCH: &str = "/ l enter";

/// Whether a key changes the model or asks for something. That a sentence goes which was there until the
/// next key counts for nothing.
fn acts(model: &Model, key: Chord) -> bool {
    let mut model = model.clone();
    model.shell.notice = None;
    let before = format!("{model:?}");
    let effects = model.update(Msg::Key(key.event()));
    !effects.is_empty() || format!("{model:?}") != before
}

#[test]
fn every_entry_of_the_table_does_something_somewhere() {
    let table = Keymap::built_in();
    let mut wrong = Vec::new();
    for row in table.all().iter().filter(|row| !BROWSER.contains(&row.scope)) {
        let named = format!("{} in {}", row.command.id(), row.scope.id());
        let Some((.., state, keys)) = CASES.iter().find(|(scope, of, ..)| (*scope, *of) == (row.scope, row.command))
        else {
            wrong.push(format!("{named} has no case"));
            continue;
        };
        let mut model = state();
        keys.split_whitespace().for_each(|key| drop(press(&mut model, key)));
        for key in &row.keys {
            // It is this entry by which the key is found there, and not one of a nearer scope.
            let scope = model.scope();
            let found = table.rows(scope).into_iter().find(|other| other.keys.contains(key));
            if found != Some(row) {
                wrong.push(format!("{key} ({named}) is another key in {}", scope.id()));
            } else if !acts(&model, *key) {
                wrong.push(format!("{key} ({named}) does nothing"));
            }
        }
    }
    for (scope, command, ..) in CASES {
        if !table.all().iter().any(|row| (row.scope, row.command) == (*scope, *command)) {
            wrong.push(format!("{} in {} is in no table", command.id(), scope.id()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Keys that are named where what they ask for is so already, or where the line above says what holds them
/// up: they would come and go in that line else.
const SO_ALREADY: &[(&str, Command)] = &[("install", Command::Follow), ("registry-problem", Command::Forward)];

#[test]
fn a_key_that_is_named_does_something() {
    let mut wrong = Vec::new();
    for (name, model) in states(Lang::En) {
        // Any key closes the help first.
        if model.shell.help {
            continue;
        }
        let table = &model.shell.keymap;
        for row in table.rows(model.scope()).into_iter().filter(|row| row.shown) {
            let key = row.keys[0];
            let meant = table.command(model.scope(), &key.event()) == Some(row.command);
            let so_already = SO_ALREADY.contains(&(name, row.command));
            if meant && !walk::idle(&model, row.command) && acts(&model, key) == so_already {
                wrong.push(format!("{key} ({}) at {name}", row.command.id()));
            }
        }
    }
    assert!(wrong.is_empty(), "named, and nothing happens, or the other way round: {wrong:#?}");
}

#[test]
fn a_key_that_does_nothing_is_not_named() {
    let line = |model: &Model| {
        let buffer = drawn(model, 120, 40);
        (0..120).map(|column| buffer[(column, 39)].symbol()).collect::<String>()
    };
    let model = asked();
    assert!(line(&model).contains("ctrl-y"), "the fingerprint can be copied");
    for (name, model) in states(Lang::En) {
        match name {
            "sudo-refused" | "leave" => assert!(!line(&model).contains("ctrl-y"), "{name}"),
            "host-rehearsal" | "compute" => assert!(!line(&model).contains("tab next"), "{name}"),
            "host" | "names" => assert!(line(&model).contains("tab next"), "{name}"),
            _ => {}
        }
    }
}

#[test]
fn no_key_of_a_scope_hides_behind_another_row() {
    let table = Keymap::built_in();
    for row in table.all() {
        for key in &row.keys {
            assert_eq!(table.command(row.scope, &key.event()), Some(row.command), "{key} in {}", row.scope.id());
        }
    }
}
