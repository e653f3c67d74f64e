//! Every key of the table can be pressed somewhere, and means something there.

use super::{begun, press, states};
use modelquay::ui::keys::{Keymap, Scope};
use modelquay::ui::text::Lang;
use std::collections::BTreeSet;

#[test]
fn every_scope_of_the_table_is_the_scope_of_some_screen() {
    let mut reached: BTreeSet<Scope> = states(Lang::En).iter().map(|(_, model)| model.scope()).collect();
    // A path is typed over the plan; the last two places are reached in `keys.rs` and in the terminal.
    let (_, mut plan) = states(Lang::En).into_iter().find(|(name, _)| *name == "plan").expect("it is there");
    press(&mut plan, "w");
    reached.insert(plan.scope());
    let mut last = begun(Lang::En, false);
    for place in [modelquay::ui::walk::Place::Credentials, modelquay::ui::walk::Place::Done] {
        last.walk.place = place;
        reached.insert(last.scope());
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
