//! Every key of the table can be pressed somewhere, and means something there.

use super::{begun, press, states};
use modelquay::plan::NextCommands;
use modelquay::plan::site::{Reach, Site};
use modelquay::ports::Route;
use modelquay::ui::Msg;
use modelquay::ui::browse::{Browse, Spot, Who};
use modelquay::ui::keys::{Keymap, Scope};
use modelquay::ui::msg::{HandOver, KeyPair};
use modelquay::ui::text::{Lang, Text};
use modelquay::ui::theme::{Colours, Theme};
use modelquay::ui::walk::Place;
use std::collections::BTreeSet;

const THEME: Theme = Theme { colours: Colours::None, ascii: false };

fn key() -> KeyPair {
    KeyPair { name: "root", access_key: "access".into(), secret_key: "secret".into() }
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

#[test]
fn every_scope_of_the_table_is_the_scope_of_some_screen() {
    let mut reached: BTreeSet<Scope> = states(Lang::En).iter().map(|(_, model)| model.scope()).collect();
    // A path is typed over the plan; the last two places are reached in `keys.rs` and in the terminal.
    let (_, mut plan) = states(Lang::En).into_iter().find(|(name, _)| *name == "plan").expect("it is there");
    press(&mut plan, "w");
    reached.insert(plan.scope());
    let mut last = begun(Lang::En, false);
    last.walk.place = Place::Credentials;
    reached.insert(last.scope());
    last.update(Msg::Keys(vec![key()], Box::new(hand_over())));
    reached.insert(last.scope());
    last.walk.place = Place::Done;
    reached.insert(last.scope());
    for bucket in [None, Some("models".to_owned())] {
        let spot = Spot { bucket, prefix: String::new() };
        reached.insert(Browse::new(Text::of(Lang::En), THEME, false, Who::default(), spot).scope());
    }
    // What every screen falls back to.
    reached.extend([Scope::Any, Scope::List]);
    for row in Keymap::built_in().all() {
        assert!(reached.contains(&row.scope), "no screen has the scope {}", row.scope.id());
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
