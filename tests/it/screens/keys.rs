//! Random keys on the walk, against a driver that answers as the real one does: nothing panics, nothing
//! that was typed is lost, and nothing is begun that was not shown and agreed to.

use super::sizes::drawn;
use super::world;
use super::{NOW, begun, site};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use modelquay::plan::{Change, Failure};
use modelquay::ports::prompt::Asker;
use modelquay::ports::{LinkState, Question};
use modelquay::transport::simulated::BadDay;
use modelquay::ui::draft::{FieldId, Origin};
use modelquay::ui::keys::Command;
use modelquay::ui::msg::{Ended, How};
use modelquay::ui::text::Lang;
use modelquay::ui::walk::Place;
use modelquay::ui::walk::dialog::Dialog;
use modelquay::ui::{Effect, Live, Model, Msg};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// A sequence that looks random and is the same in every run (`SplitMix64`).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 1).expect("it has 63 bits") % below
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn cell(&mut self, most: u16) -> u16 {
        u16::try_from(self.below(usize::from(most))).expect("it is below") + 1
    }
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// A walk with the driver's side of it.
struct Walked {
    model: Model,
    random: Seeded,
    /// What the driver will say, one message at a time.
    says: VecDeque<Msg>,
    /// The answers that the plan in the driver's hands is of, once it was shown.
    shown: Option<String>,
    /// Answers of the plan that is being made.
    making: Option<String>,
    fixes_shown: bool,
    questions: u64,
    now: u64,
    /// One letter in so many keys.
    typing: usize,
    /// Where it was, and what was asked for: so that the test knows that it went anywhere.
    places: BTreeSet<Place>,
    asked: BTreeMap<&'static str, usize>,
}

impl Walked {
    fn new(seed: u64, rehearsal: bool, typing: usize) -> Self {
        Self {
            model: begun(Lang::En, rehearsal),
            random: Seeded(seed),
            says: VecDeque::new(),
            shown: None,
            making: None,
            fixes_shown: false,
            questions: 0,
            now: NOW,
            typing,
            places: BTreeSet::new(),
            asked: BTreeMap::new(),
        }
    }

    /// What happens next: mostly a key that means something here.
    fn next(&mut self) -> Msg {
        let random = &mut self.random;
        if !self.says.is_empty() && random.one_in(3) {
            return self.says.pop_front().expect("it is not empty");
        }
        match random.below(20) {
            0 => Msg::Resize(random.cell(200), random.cell(60)),
            1 => {
                self.now += 900;
                Msg::Tick(self.now)
            }
            2 if self.typing < 1000 => {
                Msg::Paste(["edge-07", "10.77.0.2\nregistry.example", "\u{1b}[2J", "模型", "4"][random.below(5)].into())
            }
            3 => self.unasked(),
            _ if random.one_in(self.typing) => {
                let letters: Vec<char> = "abz019.-@ =/模e\u{301}".chars().collect();
                let c = letters[random.below(letters.len())];
                Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))
            }
            _ => {
                let rows = self.model.shell.keymap.rows(self.model.scope());
                // Leaving is tried, but not every few keys.
                let rare = |command: Command| matches!(command, Command::Quit | Command::Back);
                let row = loop {
                    let row = rows[self.random.below(rows.len())];
                    if !rare(row.command) || self.random.one_in(4) {
                        break row;
                    }
                };
                Msg::Key(row.keys[self.random.below(row.keys.len())].event())
            }
        }
    }

    /// What comes without being asked for.
    fn unasked(&mut self) -> Msg {
        let hidden = |refused| Question::Hidden { asker: Asker::LocalSsh, text: "password:".into(), refused };
        match self.random.below(5) {
            0 => Msg::Live(Live { link: Some(LinkState::Up { rtt_ms: Some(9) }), ..self.model.live.clone() }),
            1 => {
                let why = "timed out".into();
                let lost = LinkState::Lost { since_ms: self.now, retry_at_ms: self.now + 4_000, attempts: 2, why };
                Msg::Live(Live { link: Some(lost), ..self.model.live.clone() })
            }
            2 => {
                self.questions += 1;
                Msg::Asked(self.questions, if self.random.one_in(2) { super::key_question() } else { hidden(1) })
            }
            3 => Msg::QuestionGone(self.questions),
            _ => Msg::Lines(world::lines(site()), 400),
        }
    }

    /// Takes in one message, and holds what comes of it against what was promised.
    fn step(&mut self) {
        let msg = self.next();
        if let Msg::Previewed(_) = &msg {
            self.shown = self.making.take();
        }
        if let Msg::Fixes(changes) = &msg {
            self.fixes_shown = !changes.is_empty();
        }
        let (before, place) = (self.typed(), self.model.walk.place);
        let top = self.model.walk.dialog.clone();
        let key = if let Msg::Key(key) = &msg { Some(*key) } else { None };
        let meant = key.and_then(|key| self.model.shell.keymap.command(self.model.scope(), &key));
        let covered = !self.model.walk.questions.is_empty() || self.model.shell.help;
        let by_hand = matches!(msg, Msg::Key(_) | Msg::Paste(_));
        let another = matches!(msg, Msg::RunBegun { .. }) || (place == Place::Start && by_hand);
        let told = format!("{msg:?} at {place:?}");
        let effects = self.model.update(msg);
        self.places.insert(self.model.walk.place);
        if !another {
            self.nothing_lost(&before, by_hand, &told);
        }
        for effect in effects {
            match &effect {
                Effect::Install => {
                    assert_eq!((place, meant), (Place::Plan, Some(Command::Install)), "{told}");
                    assert!(top.is_none() && !covered, "{told}: agreed to under something else");
                    let answers = self.model.walk.draft.answers();
                    assert_eq!(self.shown.as_ref(), Some(&answers), "{told}: not what was shown");
                }
                Effect::Fix => {
                    let agreed = matches!(top, Some(Dialog::Fixes { choice: 1, .. })) && meant == Some(Command::Take);
                    assert!(agreed && !covered && self.fixes_shown, "{told}: {top:?}");
                }
                _ => {}
            }
            self.carry_out(effect);
        }
    }

    fn typed(&self) -> Vec<(FieldId, String)> {
        let draft = &self.model.walk.draft;
        let all = FieldId::ALL.iter().filter(|id| draft.get(**id).1 == Origin::Typed);
        all.map(|id| (*id, draft.text(*id))).collect()
    }

    /// A key changes the one field that it is pressed in; all else that was typed stays.
    fn nothing_lost(&self, before: &[(FieldId, String)], by_hand: bool, told: &str) {
        let draft = &self.model.walk.draft;
        let changed: Vec<_> = before.iter().filter(|(id, text)| draft.text(*id) != *text).collect();
        assert!(changed.len() <= usize::from(by_hand), "{told}: lost {changed:?}");
    }

    fn carry_out(&mut self, effect: Effect) {
        let name = format!("{effect:?}");
        let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let known = ["Look", "GiveUp", "ShowFixes", "Fix", "Preview", "Install", "Resume", "Retry", "Stop", "Answer"];
        if let Some(known) = known.into_iter().find(|known| *known == name) {
            *self.asked.entry(known).or_default() += 1;
        }
        let refused = || Msg::Failed(Failure::permanent("made up").help("try again"));
        let bad = self.random.one_in(6);
        match effect {
            Effect::Look { .. } => {
                // The driver drops the old plan when it looks again.
                (self.shown, self.making) = (None, None);
                let (facts, findings) = world::inspected(if bad { "bad" } else { "ubuntu-24.04" });
                self.says.push_back(Msg::Looked { facts: Box::new(facts), findings });
            }
            Effect::GiveUp => {
                self.says.clear();
                self.making = None;
            }
            Effect::ShowFixes { .. } => {
                let change = Change::Setting { name: "fs.inotify".into(), before: None, after: "8192".into() };
                self.says.push_back(if bad { Msg::Fixes(Vec::new()) } else { Msg::Fixes(vec![change]) });
            }
            Effect::Fix => {
                self.fixes_shown = false;
                self.says.push_back(Msg::Fixed);
            }
            Effect::Preview { answers } => {
                self.shown = None;
                self.making = Some(answers);
                let days: &[BadDay] = if bad { &[BadDay::ForeignCluster] } else { &[] };
                self.says.push_back(Msg::Previewed(Box::new(world::preview(days))));
            }
            Effect::Install | Effect::Retry => {
                self.shown = None;
                self.run(bad);
            }
            Effect::Resume { site } => {
                let (answers, log) = (format!("site = \"{site}\"\n[host]\naddress = \"{site}\"\n"), "log".into());
                self.says.push_back(Msg::RunBegun { site, answers, log });
                self.run(bad);
            }
            Effect::ReadKeys if bad => self.says.push_back(refused()),
            Effect::Answer { id, .. } => assert!(id <= self.questions),
            Effect::Leave(_) => {
                let (random, rehearsal) = (self.random.0, self.model.shell.rehearsal);
                let (places, asked) = (std::mem::take(&mut self.places), std::mem::take(&mut self.asked));
                *self = Self { places, asked, ..Self::new(random, rehearsal, self.typing) };
            }
            _ => {}
        }
    }

    fn run(&mut self, bad: bool) {
        let live = |ended| {
            let run = Some(Arc::new(world::under_way(site(), ended)));
            Msg::Live(Live { run, ..Live::default() })
        };
        self.says.extend([live(false), live(bad)]);
        let (how, step) = if bad { (How::Failed, Some(world::failing(site()))) } else { (How::Done, None) };
        let failure = bad.then(world::failure);
        self.says.push_back(Msg::RunEnded(Ended { how, step, failure, log: "log".into() }));
    }
}

/// `MODELQUAY_KEYS` and `MODELQUAY_SEED` ask for more, and for others.
#[test]
fn random_keys_lose_nothing_and_begin_nothing_by_themselves() {
    let (keys, mut seed) = (number("MODELQUAY_KEYS", 100_000), number("MODELQUAY_SEED", 20_261_124));
    let (mut places, mut asked) = (BTreeSet::new(), BTreeMap::<&str, usize>::new());
    let mut count = 0;
    while count < keys {
        // Some type much and stay in the forms, some hardly at all and come to the end.
        for (rehearsal, typing) in [(true, 100_000), (true, 60), (false, 4), (false, 40)] {
            seed += 1;
            let mut walked = Walked::new(seed, rehearsal, typing);
            for n in 0..1_000.min(keys - count) {
                walked.step();
                if n % 100 == 0 {
                    let (columns, rows) = (walked.random.cell(200), walked.random.cell(60));
                    walked.model.update(Msg::Resize(columns, rows));
                    drawn(&walked.model, columns, rows);
                }
                count += 1;
            }
            places.extend(walked.places);
            walked.asked.into_iter().for_each(|(name, n)| *asked.entry(name).or_default() += n);
        }
    }
    // It went everywhere, and everything was asked for.
    assert_eq!(places.len(), Place::ALL.len() - 1, "{places:?}");
    for effect in ["Look", "GiveUp", "ShowFixes", "Fix", "Preview", "Install", "Resume", "Retry", "Stop", "Answer"] {
        assert!(asked.get(effect).is_some_and(|n| *n > 2), "{effect} of {asked:?}");
    }
}
