//! Installs that meet many faults at random instants, one seed an install: `tests/lab/soak` runs them with many seeds.
//! What a seed came to is its line of figures, `soak: …`.

use crate::end_state::{good_end, made_once};
use crate::hand_over::{attach, operator, resume_with_keys, static_program};
use crate::harness::{Host, labctl, sh, wait_until};
use crate::interrupted::{Seeded, behind};
use crate::link_proxy::Link;
use crate::product::{Product, Ran, Running};
use modelquay::plan::StepKind;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_mins(10);
const SOON: Duration = Duration::from_mins(2);

/// A lost link is noticed by then.
const NOTICED: Duration = Duration::from_secs(20);

/// And the next one is used by then after the line is back.
const BACK: Duration = Duration::from_secs(5);

/// A sign that is polled for comes so much later at most.
const POLLED: Duration = Duration::from_millis(500);

fn seed() -> u64 {
    std::env::var("MODELQUAY_LAB_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

/// The host's name: seeds of one kind run side by side.
fn named(kind: &str) -> String {
    format!("{kind}{}", seed())
}

/// Lets so much time pass, unless the run ends before.
fn pass(run: &mut Running<'_>, ms: u64) -> bool {
    let begun = Instant::now();
    wait_until("time to pass", Duration::from_mins(5), || begun.elapsed() >= Duration::from_millis(ms) || run.ended());
    !run.ended()
}

/// The longest of what was measured.
#[derive(Default)]
struct Worst {
    noticed: Duration,
    back: Duration,
}

/// How often the link was said to be lost, and how often to be up again.
fn words_of_the_link(said: &str) -> (usize, usize) {
    (said.matches("link: lost").count(), said.matches("link: up again").count())
}

impl Worst {
    /// Waits for the loss that was made at `at` to be said. `before` is what had been said of the link until then: a fault may
    /// fall while an earlier one is still being got over, and then there is nothing new to say.
    fn notice(&mut self, run: &mut Running<'_>, before: &str, at: Instant) {
        if before.rfind("link: lost") > before.rfind("link: up again") {
            return;
        }
        let (lost, _) = words_of_the_link(before);
        run.until(SOON, |said| words_of_the_link(said).0 > lost);
        self.noticed = self.noticed.max(at.elapsed());
    }

    /// Mends the link and waits for it to be said to be up again: as long as it is cut nothing of that kind can be said.
    fn come_back(&mut self, run: &mut Running<'_>, link: &Link) {
        let (_, up) = words_of_the_link(&run.said());
        let at = Instant::now();
        link.mend();
        run.until(SOON, |said| words_of_the_link(said).1 > up);
        self.back = self.back.max(at.elapsed());
    }
}

#[test]
fn ten_faults_of_the_link() {
    let mut seeded = Seeded(seed());
    let host = Host::fresh(&named("soaka"));
    let link = Link::to(&host.ip);
    let product = behind(&link, &host);
    let mut install = product.start_install(&[]);
    install.until(SOON, |said| said.contains("the run begins"));
    let (mut faults, mut worst) = (Vec::new(), Worst::default());
    while faults.len() < 10 && pass(&mut install, seeded.next(5_000) + 200) {
        let before = install.said();
        let kind = ["cut", "black", "half-open", "slow"][usize::try_from(seeded.next(4)).expect("small")];
        let at = Instant::now();
        match kind {
            // Slow is no loss: what was sent arrives, seconds later.
            "slow" => {
                link.delay(Duration::from_millis(1_000 + seeded.next(2_000)));
                pass(&mut install, 5_000 + seeded.next(10_000));
                link.delay(Duration::ZERO);
                faults.push(kind);
                continue;
            }
            "cut" => link.cut(),
            // Long enough to be noticed, or so short that nobody notices.
            _ => link.go_black(),
        }
        faults.push(kind);
        if kind == "half-open" {
            pass(&mut install, seeded.next(4_000));
            link.mend();
            continue;
        }
        worst.notice(&mut install, &before, at);
        pass(&mut install, seeded.next(20_000));
        worst.come_back(&mut install, &link);
    }
    let ran = install.end(LONG).expect(0);
    println!(
        "soak: faults {} ({}), noticed within {:.1} s, back within {:.1} s, {:.0} s",
        faults.len(),
        faults.join(" "),
        worst.noticed.as_secs_f64(),
        worst.back.as_secs_f64(),
        ran.took.as_secs_f64()
    );
    made_once(&host);
    good_end(&host, &product);
    assert!(worst.noticed <= NOTICED + POLLED && worst.back <= BACK + POLLED, "see the figures");
}

#[test]
fn ten_kills_and_half_of_the_lives_elsewhere() {
    let mut seeded = Seeded(seed());
    let host = Host::fresh(&named("soakb"));
    let computers = [operator(&host), operator(&host)];
    let (mut at, mut kills, mut moves) = (0, 0, 0);
    let mut run = computers[0].start_install(&[]);
    run.until(SOON, |said| said.contains("the run begins"));
    let begun = Instant::now();
    while kills < 10 && pass(&mut run, seeded.next(9_000) + 100) {
        run.kill();
        kills += 1;
        if seeded.next(2) == 1 {
            (at, moves) = (1 - at, moves + 1);
            // Whoever was killed is in possession for a minute: it is taken, as a person who knows would.
            let seen = Product::ended_or_interrupted(attach(&computers[at]), "in the hands of", SOON);
            assert!([4, 130, 0].contains(&seen.code), "{}", seen.said);
        }
        run = resume_with_keys(&computers[at], &host, &["--take-over"]);
        run.until(SOON, |said| said.contains("the run goes on") || said.contains("the run has ended"));
    }
    let ran: Ran = run.end(LONG);
    let ran = if ran.code == 0 { ran } else { resume_with_keys(&computers[at], &host, &[]).end(LONG).expect(0) };
    println!(
        "soak: kills {kills}, of which {moves} to another computer, {:.0} s, last life {:.0} s",
        begun.elapsed().as_secs_f64(),
        ran.took.as_secs_f64()
    );
    made_once(&host);
    // The other one hears of the end, and both have the same keys.
    let other = &computers[1 - at];
    Product::ended_or_interrupted(attach(other), "nobody", SOON);
    resume_with_keys(other, &host, &[]).end(LONG).expect(0);
    let keys = |product: &Product| std::fs::read(product.credentials()).expect("the keys");
    assert_eq!(keys(&computers[0]), keys(&computers[1]));
}

#[test]
fn an_owner_who_sleeps_past_his_time_is_replaced() {
    let mut seeded = Seeded(seed());
    let host = Host::with(&named("soakc"), &["--bad-day", "slow-start=20"]);
    let (ana, bob) = (operator(&host), operator(&host));
    let mut hers = ana.start_install(&[]);
    hers.until(SOON, |said| said.contains("the run begins"));
    assert!(pass(&mut hers, seeded.next(45_000) + 500), "it ended too soon:\n{}", hers.said());
    sh(&format!("kill -STOP {}", hers.id()));
    let begun = Instant::now();
    // It is free once the host has heard nothing for a minute; nobody is asked then.
    let seen = attach(&bob).end(SOON).expect(4);
    let free = begun.elapsed();
    assert!(seen.said.contains("in the hands of") && free < Duration::from_secs(75), "{free:?}:\n{}", seen.said);
    let mut his = resume_with_keys(&bob, &host, &[]);
    his.until(SOON, |said| said.contains("the run goes on"));
    let while_he_works = pass(&mut his, seeded.next(20_000));
    sh(&format!("kill -CONT {}", hers.id()));
    let woken = Instant::now();
    hers.end(SOON).expect(4).says("taken over by");
    let stopped = woken.elapsed();
    his.end(LONG).expect(0);
    println!(
        "soak: free after {:.0} s, she has stopped {:.1} s after waking, he was{} at work",
        free.as_secs_f64(),
        stopped.as_secs_f64(),
        if while_he_works { "" } else { " no longer" }
    );
    made_once(&host);
    good_end(&host, &bob);
}

#[test]
fn a_laptop_that_is_gone_for_good_at_any_instant() {
    let mut seeded = Seeded(seed());
    let host = Host::fresh(&named("soakd"));
    let (mut ana, mut bob) = (operator(&host), operator(&host));
    (ana.program, bob.program) = (static_program(), static_program());
    let mut hers = ana.start_install(&["--on-host"]);
    hers.until(SOON, |said| said.contains("copying this program"));
    pass(&mut hers, seeded.next(60_000));
    let handed = hers.said().contains("the host goes on by itself now");
    if !hers.ended() {
        hers.kill();
    }
    let seen = attach(&bob).end(LONG);
    assert!(!handed || seen.code == 0, "handed over, it needs nobody:\n{}", seen.said);
    resume_with_keys(&bob, &host, &["--take-over"]).end(LONG).expect(0);
    println!("soak: gone {} it was handed over", if handed { "after" } else { "before" });
    made_once(&host);
    good_end(&host, &bob);
}

/// What an install needs, ended without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strike {
    Sshd,
    Rke2,
    Operator,
    Minio,
    Power,
}

impl Strike {
    const ALL: [Self; 5] = [Self::Sshd, Self::Rke2, Self::Operator, Self::Minio, Self::Power];

    pub fn fall(self, host: &Host) {
        let script = match self {
            // With all sessions; it is started again as an administrator would.
            Self::Sshd => "pkill -KILL -x sshd; systemctl restart ssh",
            Self::Rke2 => "systemctl kill --signal=KILL rke2-server || true",
            Self::Operator => "pkill -KILL -f '^/?[^ ]*operator controller' || true",
            Self::Minio => "pkill -KILL -x minio || true",
            Self::Power => {
                labctl(&["host-cut", &host.name]);
                labctl(&["host-boot", &host.name]);
                return;
            }
        };
        host.sh(script);
    }
}

/// Strikes of an install.
const STRUCK: usize = 8;

/// The step at which the `at`-th strike of an install falls, and what it is. As many seeds as there are steps try each
/// strike at each step: the steps of an install lie as far apart as they can, and those of the next seed one eighth of that
/// further on.
fn strike(seed: u64, at: usize) -> (StepKind, Strike) {
    let steps = StepKind::ALL.len();
    let turn = usize::try_from(seed.wrapping_sub(1) % steps as u64).expect("small");
    let place = at * steps + turn;
    (StepKind::ALL[place / STRUCK], Strike::ALL[place % Strike::ALL.len()])
}

/// An install under strikes, each at the beginning of its step and so many milliseconds later, gone on with where it
/// stops. Gives what fell, and how it stopped on the way.
pub fn install_under(
    host: &Host,
    product: &Product,
    strikes: &[(StepKind, Strike)],
    mut later: impl FnMut() -> u64,
) -> String {
    let begun = Instant::now();
    let mut run = product.start_install(&[]);
    run.until(SOON, |said| said.contains("the run begins"));
    let (mut struck, mut stops) = (Vec::new(), Vec::new());
    loop {
        while let Some((step, what)) = strikes.get(struck.len()) {
            if !run.until_begun(&host.name, *step, LONG) || !pass(&mut run, later()) {
                break;
            }
            what.fall(host);
            struck.push(format!("{} at {}", format!("{what:?}").to_lowercase(), step.id()));
        }
        let ran = run.end(LONG);
        if ran.code == 0 {
            break;
        }
        // It may stop where it says why, and what to do; then it goes on from there.
        assert!(
            ran.said.contains("help: ") || ran.said.contains("fix: "),
            "a stop without a word of help:\n{}",
            ran.said
        );
        stops.push(ran.code);
        assert!(stops.len() < 5, "it stops again and again:\n{}", ran.said);
        run = product.start_resume(host);
    }
    made_once(host);
    // What was struck last comes up again beside the end of the run.
    wait_until("what was struck to be up", LONG, || {
        let again = product.install();
        again.code == 0 && again.said.contains("nothing was changed")
    });
    good_end(host, product);
    let took = begun.elapsed().as_secs_f64();
    format!("struck {} ({}), stops {stops:?}, {took:.0} s", struck.len(), struck.join(", "))
}

#[test]
fn whatever_an_install_needs_dies_under_it() {
    let mut seeded = Seeded(seed());
    let host = Host::fresh(&named("soake"));
    let product = Product::new();
    product.answers(&host, "");
    let strikes: Vec<_> = (0..STRUCK).map(|at| strike(seed(), at)).collect();
    println!("soak: {}", install_under(&host, &product, &strikes, || seeded.next(1_000)));
}

#[test]
fn every_strike_falls_at_every_step() {
    let all: BTreeSet<_> =
        (1..=StepKind::ALL.len() as u64).flat_map(|seed| (0..STRUCK).map(move |at| strike(seed, at))).collect();
    assert_eq!(all.len(), StepKind::ALL.len() * Strike::ALL.len());
}
