//! The screens as a model: every state that is worth a look, random keys, every size, every look.

mod keys;
mod looks;
mod pictures;
mod reach;
mod sizes;
pub mod world;

use modelquay::plan::{Failure, HostId};
use modelquay::ports::prompt::Asker;
use modelquay::ports::{LinkState, Question};
use modelquay::transport::simulated::BadDay;
use modelquay::ui::draft::{FieldId, Origin};
use modelquay::ui::msg::{Ended, How, KnownSite};
use modelquay::ui::text::{Lang, Text};
use modelquay::ui::theme::{Colours, Theme};
use modelquay::ui::walk::Place;
use modelquay::ui::{Effect, Live, Model, Msg, keys::Keymap};
use std::sync::Arc;

/// A moment in which everything of these tests happens.
pub const NOW: u64 = 1_764_000_000_000;

/// The site of these tests.
pub fn site() -> HostId {
    "edge-07".parse().expect("a label")
}

/// A model that has just begun.
pub fn begun(lang: Lang, rehearsal: bool) -> Model {
    let mut model = Model::new(Text::of(lang), Theme { colours: Colours::Roles, ascii: false }, rehearsal);
    model.update(Msg::Tick(NOW));
    if rehearsal {
        model.walk.place = Place::Host;
        model.walk.draft.put(FieldId::Site, "rehearsal", Origin::Default);
        model.walk.draft.put(FieldId::Address, "local", Origin::Default);
    }
    model.update(Msg::Around {
        sites: known(),
        hosts: vec!["edge-07".into(), "edge-08".into()],
        here: "laptop".into(),
    });
    model
}

fn known() -> Vec<KnownSite> {
    let answers = "site = \"edge-03\"\n[host]\naddress = \"tech@edge-03\"\n".to_owned();
    let of = |name: &str, run, unfinished| KnownSite {
        name: name.parse().expect("a label"),
        answers: answers.clone(),
        run: Some(run),
        unfinished,
    };
    vec![of("edge-03", (7, 21), true), of("edge-05", (21, 21), false)]
}

/// Presses a key by its name in the table.
pub fn press(model: &mut Model, key: &str) -> Vec<Effect> {
    let table = Keymap::built_in();
    let chords = table.all().iter().flat_map(|row| &row.keys);
    let chord = chords.copied().find(|chord| chord.to_string() == key);
    model.update(Msg::Key(chord.unwrap_or_else(|| panic!("no key {key:?}")).event()))
}

fn typed(model: &mut Model, text: &str) {
    model.update(Msg::Paste(text.into()));
}

fn host(lang: Lang) -> Model {
    let mut model = begun(lang, false);
    // Below the run that can be resumed.
    press(&mut model, "down");
    press(&mut model, "enter");
    assert_eq!(model.walk.place, Place::Host);
    press(&mut model, "down");
    typed(&mut model, "tech@edge-07");
    model
}

fn refused() -> Failure {
    Failure::needs_human("connect to tech@edge-07")
        .because("ssh: connect to host edge-07 port 22: Connection refused")
        .help("is sshd running there, and is the port right?")
}

fn key_question() -> Question {
    let fingerprint = "SHA256:Vb1mQzqz4r4m2c0i1bq3n8kq2C9v0x5m7yQ1sK3w9dE".into();
    Question::HostKey { host: "edge-07".into(), kind: "ED25519".into(), fingerprint }
}

fn sudo_question() -> Question {
    let asker = Asker::Sudo { host: "edge-07".into(), user: "tech".into() };
    Question::Hidden { asker, text: "[sudo] password for tech:".into(), refused: 1 }
}

fn facts(lang: Lang, fixture: &str) -> Model {
    let mut model = host(lang);
    press(&mut model, "enter");
    let (facts, findings) = world::inspected(fixture);
    model.update(Msg::Looked { facts: Box::new(facts), findings });
    model.update(Msg::Live(Live { link: Some(LinkState::Up { rtt_ms: Some(42) }), ..Live::default() }));
    assert_eq!(model.walk.place, Place::Facts);
    model
}

/// A good host, with what only a warning needs left out.
fn at(lang: Lang, place: Place) -> Model {
    let mut model = facts(lang, "ubuntu-24.04");
    while model.walk.place < place {
        let before = model.walk.place;
        press(&mut model, "ctrl-f");
        assert_ne!(model.walk.place, before, "the walk stands still: {:?}", model.shell.notice);
    }
    model
}

fn plan(lang: Lang, days: &[BadDay]) -> Model {
    let mut model = at(lang, Place::Plan);
    model.update(Msg::Previewed(Box::new(world::preview(days))));
    model
}

fn installing(lang: Lang) -> Model {
    let mut model = plan(lang, &[]);
    assert_eq!(press(&mut model, "i"), [Effect::Install]);
    let run = Arc::new(world::under_way(site(), false));
    let live = Live { run: Some(run), link: Some(LinkState::Up { rtt_ms: Some(42) }), ..Live::default() };
    model.update(Msg::Live(live));
    model.update(Msg::Lines(world::lines(site()), 400));
    model
}

fn failed(lang: Lang) -> Model {
    let mut model = installing(lang);
    let run = world::under_way(site(), true);
    let step = world::failing(site());
    model.update(Msg::Live(Live { run: Some(Arc::new(run)), ..model.live.clone() }));
    let failure = Some(world::failure());
    model.update(Msg::RunEnded(Ended { how: How::Failed, step: Some(step), failure, log: "/home/you/log.txt".into() }));
    model
}

/// Every state that is worth a look, each with a name.
pub fn states(lang: Lang) -> Vec<(&'static str, Model)> {
    let with = |mut model: Model, change: fn(&mut Model)| {
        change(&mut model);
        model
    };
    let asked = |question: Question| {
        let mut model = host(lang);
        press(&mut model, "enter");
        model.update(Msg::Asked(1, question));
        model
    };
    let mut rehearsed = begun(lang, true);
    rehearsed.update(Msg::Resize(80, 24));
    vec![
        ("start", begun(lang, false)),
        ("host", host(lang)),
        ("host-rehearsal", rehearsed),
        (
            "host-refused",
            with(host(lang), |m| {
                press(m, "enter");
                m.update(Msg::Failed(refused()));
            }),
        ),
        ("host-key", asked(key_question())),
        ("sudo-refused", asked(sudo_question())),
        ("facts", facts(lang, "ubuntu-24.04")),
        ("facts-bad", facts(lang, "bad")),
        ("names", at(lang, Place::Names)),
        ("compute", at(lang, Place::Compute)),
        ("registry", at(lang, Place::Registry)),
        (
            "registry-problem",
            with(at(lang, Place::Registry), |m| {
                m.walk.draft.put(FieldId::Volumes, "three", Origin::Typed);
                press(m, "down");
                typed(m, " ");
                press(m, "ctrl-f");
            }),
        ),
        (
            "supply",
            with(facts(lang, "ubuntu-24.04"), |m| {
                press(m, "m");
                typed(m, "docker.io = https://mirror.example");
            }),
        ),
        ("plan", plan(lang, &[])),
        (
            "plan-detail",
            with(plan(lang, &[]), |m| {
                for _ in 0..2 {
                    press(m, "down");
                }
                press(m, "tab");
            }),
        ),
        ("plan-conflict", plan(lang, &[BadDay::ForeignCluster])),
        ("leave", with(at(lang, Place::Names), |m| drop(press(m, "ctrl-c")))),
        ("help", with(plan(lang, &[]), |m| drop(press(m, "?")))),
        ("install", installing(lang)),
        ("failure", failed(lang)),
    ]
}
