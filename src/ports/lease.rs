//! The right to change a host, which one operator has at a time.
//!
//! It lies on the host. Each time that it is taken its generation grows by one; what carries an older one is refused
//! there (`assets/templates/runner.sh`, `lease.sh`).

use super::host::{Host, Output};
use super::scripts::ScriptId;
use crate::base::{Secret, sanitise};
use crate::plan::Failure;
use std::fmt::Write as _;

/// How long the right lasts without being kept. Longer than a link that is slow to say so takes to be noticed as lost,
/// short enough that nobody waits long for one whose owner is gone.
pub const LASTS_S: u64 = 60;

/// Exit status of `lease.sh`: somebody else has it.
const HELD: u8 = 17;

/// Exit status of `lease.sh`: it was taken from whoever asks.
const TAKEN: u8 = 18;

/// Exit status of `lease.sh`: units of another run are going on.
const BUSY: u8 = 19;

/// Who has the right, or had it last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// `user@computer`, as he says himself.
    pub by: String,
    /// From which address he was logged in; empty where it was no login from elsewhere.
    pub from: String,
    /// Which run.
    pub run: String,
    /// Of which site.
    pub site: String,
    /// Since when, in seconds since 1970 by the host's clock.
    pub since: u64,
    /// How many seconds ago he was last heard of; `None` where the host was started since.
    pub age: Option<u64>,
    /// Whether that is the one who asks.
    pub own: bool,
    /// Whether it still counts.
    pub held: bool,
}

impl Holder {
    /// `ana@laptop (10.0.0.7), since 21:40 UTC, last heard of 8 s ago`.
    pub fn words(&self) -> String {
        let mut words = if self.by.is_empty() { "somebody".to_owned() } else { self.by.clone() };
        if !self.from.is_empty() {
            let _ = write!(words, " from {}", self.from);
        }
        let since = crate::base::clock::utc_text(self.since.saturating_mul(1000));
        let _ = write!(words, ", since {since}");
        match self.age {
            Some(age) => {
                let _ = write!(words, ", last heard of {age} s ago");
            }
            None => words.push_str(", and the host was started again since"),
        }
        words
    }
}

/// Units of another run that are named: who has to decide reads no more of them.
const UNITS: usize = 12;

/// The lease as the host tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseSeen {
    /// How often it was taken; 0 for never.
    pub generation: u64,
    /// Who has it, or had it last and did not give it back.
    pub holder: Option<Holder>,
    /// Units of another run that are going on.
    pub units: Vec<String>,
    /// The unit of a run that was handed to the host, while it is there. It takes the lease a moment after its start.
    pub engine: Option<String>,
}

impl LeaseSeen {
    /// Whoever has it now.
    pub fn held(&self) -> Option<&Holder> {
        self.holder.as_ref().filter(|holder| holder.held)
    }

    /// Whether somebody goes on with this run, or the host itself does.
    pub fn goes_on_with(&self, run: &str) -> bool {
        let of_engine = self.engine.as_ref().is_some_and(|unit| unit.starts_with(&format!("modelquay-{run}-engine-")));
        of_engine || self.held().is_some_and(|holder| holder.run == run)
    }

    /// What the script says. It comes from a host: what is not understood is left out, what is long is cut.
    pub fn parse(out: &[u8]) -> Self {
        let mut seen = Self::default();
        let mut holder = Holder::default();
        let mut any = false;
        for line in out.split(|byte| *byte == b'\n').take(200) {
            let line = sanitise::line(line, 200);
            let Some((key, value)) = line.split_once('=') else { continue };
            let value = value.to_owned();
            match key {
                "generation" => seen.generation = value.parse().unwrap_or_default(),
                "held" => holder.held = value == "yes",
                "own" => (holder.own, any) = (value == "yes", true),
                "by" => holder.by = value,
                "from" => holder.from = value,
                "run" => holder.run = value,
                "site" => holder.site = value,
                "since" => holder.since = value.parse().unwrap_or_default(),
                "age" => holder.age = value.parse().ok(),
                "unit" if seen.units.len() < UNITS => seen.units.push(value),
                "engine" => seen.engine = Some(value),
                _ => {}
            }
        }
        seen.holder = any.then_some(holder);
        seen
    }
}

/// Who asks for the lease.
#[derive(Clone, Debug)]
pub struct Applicant {
    /// Tells one program from another; not guessable, of `A-Za-z0-9`.
    pub token: Secret<String>,
    /// `user@computer`.
    pub by: String,
    /// The run's id.
    pub run: String,
    /// The site's name.
    pub site: String,
}

/// What asking for the lease came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taking {
    /// It is ours, of this generation.
    Ours(u64),
    /// Somebody else has it.
    Held(Holder),
    /// Nobody has it, and units of another run are going on.
    Busy(LeaseSeen),
}

/// The lease as it stands. Changes nothing.
pub async fn look(host: &dyn Host, token: &str) -> Result<LeaseSeen, Failure> {
    let output = host.run(ScriptId::Lease, &["look", token], None).await?;
    Ok(LeaseSeen::parse(&output.success("looking at the lease")?.out))
}

/// Takes the lease; with `force` also from somebody who has it. Taking it again is a new generation.
pub async fn take(host: &dyn Host, who: &Applicant, force: bool) -> Result<Taking, Failure> {
    let line = |text: &str| text.replace(['\n', '\0'], " ");
    let (by, lasts) = (line(&who.by), LASTS_S.to_string());
    let force = if force { "yes" } else { "no" };
    let args = ["take", who.token.expose(), &by, &who.run, &who.site, &lasts, force];
    let output = host.run(ScriptId::Lease, &args, None).await?;
    let seen = LeaseSeen::parse(&output.out);
    match output.status {
        HELD => Ok(Taking::Held(seen.holder.unwrap_or_default())),
        BUSY => Ok(Taking::Busy(seen)),
        _ => {
            output.success("taking the lease")?;
            Ok(Taking::Ours(seen.generation))
        }
    }
}

/// Says that the owner is still there. A failure of [`taken`] where somebody else has taken it.
pub async fn keep(host: &dyn Host, token: &Secret<String>, generation: u64) -> Result<(), Failure> {
    let generation = generation.to_string();
    ours(host.run(ScriptId::Lease, &["keep", token.expose(), &generation], None).await?, "keeping the lease")
}

/// Whether it is still of this generation. A failure of [`taken`] where somebody else has taken it.
pub async fn check(host: &dyn Host, generation: u64) -> Result<(), Failure> {
    let generation = generation.to_string();
    ours(host.run(ScriptId::Lease, &["check", &generation], None).await?, "looking at the lease")
}

/// Gives it back, so that nobody has to wait for it.
pub async fn give_back(host: &dyn Host, token: &Secret<String>, generation: u64) -> Result<(), Failure> {
    let generation = generation.to_string();
    ours(host.run(ScriptId::Lease, &["drop", token.expose(), &generation], None).await?, "giving the lease back")
}

fn ours(output: Output, what: &str) -> Result<(), Failure> {
    if output.status == TAKEN {
        return Err(taken(LeaseSeen::parse(&output.out).held()));
    }
    output.success(what).map(drop)
}

/// That somebody else has the right to change the host now, and nothing more is changed from here.
pub fn taken(by: Option<&Holder>) -> Failure {
    let who = by.map_or_else(|| "somebody else".to_owned(), Holder::words);
    Failure::needs_human(format!("this run was taken over by {who}; nothing more is changed from here"))
        .help("to see how it goes on there: modelquay attach HOST")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::fuzz;

    #[test]
    fn what_the_host_says_is_data() {
        let out = b"generation=7\nheld=yes\nown=no\nby=ana@lap\x1b[31mtop\nfrom=10.0.0.7\nrun=r\nsite=s\nsince=1790000000\nage=8\nnow=1\nodd\n=\nunit=modelquay-x-1\nengine=modelquay-q-engine-3\n";
        let seen = LeaseSeen::parse(out);
        assert_eq!((seen.generation, seen.units.len()), (7, 1));
        assert!(seen.goes_on_with("r") && seen.goes_on_with("q") && !seen.goes_on_with("x"));
        let holder = seen.held().expect("somebody has it");
        assert_eq!(holder.words(), "ana@laptop from 10.0.0.7, since 2026-09-21T14:13:20Z, last heard of 8 s ago");
        assert_eq!(LeaseSeen::parse(b"generation=0\nheld=no\nnow=1\n"), LeaseSeen::default());
        assert_eq!(LeaseSeen::parse(b"generation=-1\nheld=maybe\xff\n"), LeaseSeen::default());
    }

    #[test]
    fn any_words_about_the_lease_are_read_as_far_as_they_can_be_and_can_be_shown() {
        let out = b"generation=7\nheld=yes\nown=no\nby=ana@laptop\nfrom=10.0.0.7\nrun=20261128-1\nsite=edge\nsince=1790000000\nage=8\nnow=1790000009\nunit=modelquay-x-1\nengine=modelquay-q-engine-3\n";
        let (mut somebody, mut nobody) = (0_u64, 0_u64);
        fuzz::each(fuzz::CASES, |dice| {
            let mut out = out.to_vec();
            fuzz::bend(dice, &mut out);
            let seen = LeaseSeen::parse(&out);
            seen.goes_on_with("20261128-1");
            fuzz::shown(&seen.units.join(", "), 4000);
            match seen.held() {
                Some(holder) => {
                    somebody += 1;
                    fuzz::shown(&holder.words(), 1000);
                    fuzz::shown(&taken(Some(holder)).line(), 2000);
                }
                None => nobody += 1,
            }
        });
        fuzz::both(somebody, nobody);
        let flood = "unit=x\n".repeat(fuzz::LARGE / 7);
        assert_eq!(fuzz::soon("many units", || LeaseSeen::parse(flood.as_bytes())).units.len(), UNITS);
    }
}
