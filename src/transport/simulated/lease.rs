//! The simulated host's lease and the files of runs: what `lease.sh`, `append.sh`, `read-from.sh` and `runs.sh` do.

use super::machine::{Machine, State};
use crate::ports::{Output, ScriptId, UnitState};
use std::fmt::Write as _;

/// Who has the lease, or had it last.
#[derive(Clone, Debug)]
struct Holder {
    token: String,
    by: String,
    run: String,
    site: String,
    since_ms: u64,
    beat_ms: u64,
    seconds: u64,
}

/// The host's lease. Its time is ours, because those who keep it live in ours.
#[derive(Clone, Debug, Default)]
pub struct Lease {
    /// How often it was taken.
    pub generation: u64,
    holder: Option<Holder>,
}

impl Lease {
    /// Whether somebody has it.
    pub fn held_now(&self, now_ms: u64) -> bool {
        self.held(now_ms).is_some()
    }

    /// Time goes by in which nobody keeps it.
    pub fn expire(&mut self) {
        if let Some(holder) = &mut self.holder {
            holder.beat_ms = 0;
        }
    }

    fn held(&self, now_ms: u64) -> Option<&Holder> {
        self.holder.as_ref().filter(|h| now_ms.saturating_sub(h.beat_ms) / 1000 <= h.seconds)
    }

    fn say(&self, token: &str, now_ms: u64) -> String {
        let held = if self.held(now_ms).is_some() { "yes" } else { "no" };
        let mut text = format!("generation={}\nheld={held}\n", self.generation);
        if let Some(h) = &self.holder {
            let own = if h.token == token { "yes" } else { "no" };
            let age = now_ms.saturating_sub(h.beat_ms) / 1000;
            let _ = write!(
                text,
                "own={own}\nby={}\nfrom=\nrun={}\nsite={}\nsince={}\nage={age}\n",
                h.by,
                h.run,
                h.site,
                h.since_ms / 1000
            );
        }
        let _ = writeln!(text, "now={}", now_ms / 1000);
        text
    }
}

fn answer(status: u8, out: impl Into<Vec<u8>>) -> Output {
    Output { status, out: out.into(), err: Vec::new() }
}

impl Machine {
    /// Plays one of them; `None` for any other script. `now` is the host's time, by which units run.
    pub fn play_kept(&self, s: &mut State, script: ScriptId, args: &[&str], input: &[u8], now: u64) -> Option<Output> {
        Some(match (script, args) {
            (ScriptId::Lease, args) => lease(s, args, self.clock.now_ms(), now),
            (ScriptId::Append, [path, mode, size]) => append(s, path, mode, size, input),
            (ScriptId::ReadFrom, [path, from, most]) => read_from(s, path, from, most),
            (ScriptId::Runs, [sites]) => {
                let mut text = String::new();
                for (path, _) in s.files.all() {
                    let Some(rest) = path.strip_prefix(sites).and_then(|rest| rest.strip_prefix('/')) else { continue };
                    if let [site, "runs", run, "journal.jsonl"] = rest.split('/').collect::<Vec<_>>()[..] {
                        let _ = writeln!(text, "{site} {run}");
                    }
                }
                answer(0, text)
            }
            _ => return None,
        })
    }
}

fn lease(s: &mut State, args: &[&str], ours: u64, now: u64) -> Output {
    let current = |lease: &Lease, generation: &str| lease.generation.to_string() == generation;
    match *args {
        ["look", token] => answer(0, s.lease.say(token, ours)),
        ["check", generation] if current(&s.lease, generation) => answer(0, ""),
        ["check", _] => answer(18, s.lease.say("", ours)),
        ["take", token, by, run, site, seconds, force] => {
            let others = s.lease.held(ours).is_some_and(|h| h.token != token);
            if others && force != "yes" {
                return answer(17, s.lease.say(token, ours));
            }
            let own = format!("modelquay-{run}-");
            let going_on =
                |name: &String, u: &super::units::Unit| !name.starts_with(&own) && u.state(now) == UnitState::Running;
            let busy: Vec<String> =
                s.units.iter().filter(|(name, u)| going_on(name, u)).map(|(name, _)| name.clone()).collect();
            if !busy.is_empty() && force != "yes" {
                let mut text = s.lease.say(token, ours);
                for unit in busy {
                    let _ = writeln!(text, "unit={unit}");
                }
                return answer(19, text);
            }
            for name in busy {
                if let Some(unit) = s.units.get_mut(&name) {
                    unit.kill(now);
                }
            }
            s.lease.generation += 1;
            s.lease.holder = Some(Holder {
                token: token.to_owned(),
                by: by.to_owned(),
                run: run.to_owned(),
                site: site.to_owned(),
                since_ms: ours,
                beat_ms: ours,
                seconds: seconds.parse().unwrap_or_default(),
            });
            answer(0, s.lease.say(token, ours))
        }
        [what @ ("keep" | "drop"), token, generation] => {
            let same = s.lease.holder.as_ref().is_some_and(|h| h.token == token);
            if !same || !current(&s.lease, generation) {
                return answer(18, s.lease.say(token, ours));
            }
            match (&mut s.lease.holder, what) {
                (Some(holder), "keep") => holder.beat_ms = ours,
                (holder, _) => *holder = None,
            }
            answer(0, "")
        }
        _ => answer(64, ""),
    }
}

fn append(s: &mut State, path: &str, mode: &str, size: &str, input: &[u8]) -> Output {
    let (Ok(mode), Ok(size)) = (u32::from_str_radix(mode, 8), size.parse::<u64>()) else { return answer(64, "") };
    let mut bytes = s.files.get(path).map(|entry| entry.bytes.clone()).unwrap_or_default();
    if bytes.len() as u64 != size {
        return answer(17, format!("{}\n", bytes.len()));
    }
    bytes.extend_from_slice(input);
    let whole = bytes.len();
    let above = super::files::parent(path).to_owned();
    if !s.files.has(&above) {
        s.files.make_dirs(&above, 0o700, (0, 0));
    }
    s.files.put(path, mode, (0, 0), bytes);
    answer(0, format!("{whole}\n"))
}

fn read_from(s: &State, path: &str, from: &str, most: &str) -> Output {
    let (Ok(from), Ok(most)) = (from.parse::<usize>(), most.parse::<usize>()) else { return answer(64, "") };
    let Some(entry) = s.files.get(path) else { return answer(0, "0\n") };
    let mut out = format!("{}\n", entry.bytes.len()).into_bytes();
    let to = from.saturating_add(most).min(entry.bytes.len());
    out.extend_from_slice(entry.bytes.get(from..to).unwrap_or_default());
    answer(0, out)
}
