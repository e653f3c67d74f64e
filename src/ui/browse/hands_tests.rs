//! Any keys, any answers, any sizes, in any order.

use super::ask::Ask;
use super::change_tests::{carried, plan, said, version};
use super::tests::resnet;
use super::work::{CarryWay, Work, Worked};
use super::writing::Writing;
use super::*;
use crate::plan::Failure;
use crate::ports::objects::{UploadRow, Why};
use crate::registry::transfer::State;
use crate::registry::usage::Usage;
use crate::ui::keys::Keymap;
use crate::ui::run::{Input, Screens as _};
use crate::ui::testing::drawn;
use crate::ui::text::Lang;
use proptest::prelude::*;

/// Everything that may happen to the browser, in any order.
#[derive(Clone, Debug)]
enum Happens {
    Key(usize),
    Char(char),
    Answer(bool),
    Size(u16, u16),
    Time(u64),
    Moves(u8),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        6 => any::<prop::sample::Index>().prop_map(|at| Happens::Key(at.index(10_000))),
        2 => any::<char>().prop_map(Happens::Char),
        3 => any::<bool>().prop_map(Happens::Answer),
        1 => (1_u16..130, 1_u16..45).prop_map(|(columns, rows)| Happens::Size(columns, rows)),
        1 => (0_u64..5_000).prop_map(Happens::Time),
        1 => (0_u8..8).prop_map(Happens::Moves),
    ]
}

/// Whether an effect changes something at the registry.
fn changes(effect: &Effect) -> bool {
    match effect {
        Effect::Work { work, .. } => match work {
            Work::Count { .. }
            | Work::Read(_)
            | Work::Share { .. }
            | Work::PlanPublish { .. }
            | Work::PlanRollBack { .. } => false,
            Work::Carry(carry) => matches!(carry.way, CarryWay::Put { .. }),
            _ => true,
        },
        _ => false,
    }
}

fn answers(browse: &mut Browse, effects: Vec<Effect>, well: bool) -> Vec<Effect> {
    let error = || ObjectError { why: Why::Cut, failure: Failure::transient("there is no answer") };
    let mut more = Vec::new();
    for effect in effects {
        let msg = match effect {
            Effect::Buckets => Msg::Buckets(Ok(vec![BucketRow { name: "models".into(), made: None }])),
            Effect::List { id, .. } if !well => Msg::Ended { id, end: End::Failed(error()) },
            Effect::Versions { id, prefix, .. } => {
                Msg::Versions { id, rows: vec![version(&prefix, "1", 2, true, !well)] }
            }
            Effect::Uploads { id, prefix, .. } => {
                Msg::Uploads { id, rows: vec![UploadRow { key: prefix, id: "u".into(), begun: None }] }
            }
            Effect::Usage { id, prefix, .. } => Msg::Usage { id, usage: Ok(Box::new(Usage::new(&prefix, 1))) },
            Effect::Preview { id, .. } => Msg::Previewed { id, found: Err(error()) },
            Effect::Trust { id } => Msg::Trusted { id, found: Ok(Box::new(trust_tests::verified())) },
            Effect::Keep(_) => Msg::Kept(Ok(trust_tests::kept())),
            Effect::Write => Msg::Writing(if well { Ok(()) } else { Err(error().failure) }),
            Effect::Work { id, work: Work::Count { scope, .. } } if well => {
                Msg::Worked { id, end: Ok(Worked::Counted(Box::new(plan(scope)))) }
            }
            Effect::Work { id, work: Work::PlanPublish { .. } | Work::PlanRollBack { .. } } if well => {
                Msg::Worked { id, end: Ok(Worked::Planned(models_tests::steps())) }
            }
            Effect::Work { id, .. } if well => Msg::Worked { id, end: Ok(Worked::Made) },
            Effect::Work { id, .. } => Msg::Worked { id, end: Err(error().failure) },
            _ => continue,
        };
        more.extend(said(browse, msg));
    }
    more
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_hand_breaks_it_and_none_changes_anything_before_it_was_let(all in prop::collection::vec(happens(), 0..60)) {
        let table = Keymap::built_in();
        let keys: Vec<_> = table.all().iter().flat_map(|row| row.keys.iter()).collect();
        let mut browse = resnet(Lang::En);
        let mut asked: Vec<Effect> = Vec::new();
        for one in all {
            let let_before = browse.writing == Writing::On;
            let effects = match one {
                Happens::Key(at) => browse.hear(Input::Key(keys[at % keys.len()].event())),
                Happens::Char(c) => browse.hear(Input::Key(crossterm::event::KeyCode::Char(c).into())),
                Happens::Answer(well) => {
                    let asked = std::mem::take(&mut asked);
                    answers(&mut browse, asked, well)
                }
                Happens::Size(columns, rows) => browse.hear(Input::Resize(columns, rows)),
                Happens::Time(ms) => { let now = browse.shell.now_ms; browse.hear(Input::Tick(now + ms)) }
                Happens::Moves(n) => {
                    let state = if n % 2 == 0 { State::Running } else { State::Failed };
                    let carried = (0..u32::from(n)).map(|n| carried(n, n % 3 == 0, state)).collect();
                    browse.hear(Input::Live(Live { carried }))
                }
            };
            prop_assert!(let_before || !effects.iter().any(changes), "{effects:?}");
            asked.extend(effects);
            let (columns, rows) = browse.shell.size;
            drawn(&browse, columns, rows);
            // A form and what it is for are always on the screen together.
            if let Some(Ask::Form(form)) = &browse.ask {
                prop_assert!(form.at < form.fields.len().max(1));
            }
        }
    }
}
