//! Fetching a file on the host by a unit that outlives the link, and following that unit.

use super::common::HOME;
use super::lock::{Fetched, Lock};
use crate::engine::step::{Cx, Observed, stopped};
use crate::plan::components::{FileEntry, FileId};
use crate::plan::{Change, Failure, WaitSpec};
use crate::ports::host::unit_name;
use crate::ports::{Host, Look, ScriptId, Seen, UnitSpec, UnitState};

/// Where a file is fetched from, where to, and by what it is verified.
pub struct Wanted<'a> {
    /// Its id.
    pub id: FileId,
    /// Its entry.
    pub entry: &'a FileEntry,
    /// Where it is to lie on the host.
    pub path: String,
}

impl Wanted<'_> {
    /// The change that fetching it is.
    pub fn change(&self) -> Change {
        Change::Download {
            name: self.id.name().into(),
            url: self.entry.url.clone(),
            bytes: self.entry.bytes,
            verified_by: match &self.entry.sha256 {
                Some(sha) => format!("sha256 {sha}"),
                None if self.id == FileId::Checksums => "TLS at first use, then the site's lock".into(),
                None => "the release's own list of checksums, then the site's lock".into(),
            },
        }
    }

    /// Whether the host has it, by its lock and the file's size.
    pub fn there(&self, lock: &Lock, seen: Option<&Seen>) -> bool {
        let Some(known) = lock.files.get(self.id.name()) else { return false };
        let same_sum = self.entry.sha256.as_ref().is_none_or(|sha| sha.eq_ignore_ascii_case(&known.sha256));
        let same_size = matches!(seen, Some(Seen::File(file)) if file.size == known.bytes);
        known.url == self.entry.url && known.path == self.path && same_sum && same_size
    }
}

/// How long a fetch may go on without ending. Slow links are usual; a fetch that stands still is ended
/// by its own script long before.
const FETCH: WaitSpec = WaitSpec { condition: "the file to be fetched", typical: 60, remark: 600, limit: 6 * 3600 };

/// Fetches a file and gives what is to be recorded. `checksums` is where the release's own list can be
/// had, for files without a known sum.
pub async fn fetch(
    cx: &Cx<'_>,
    host: &dyn Host,
    wanted: &Wanted<'_>,
    checksums: Option<&FileEntry>,
    trusted: &Lock,
) -> Result<Fetched, Failure> {
    let locked = trusted.files.get(wanted.id.name()).filter(|known| known.url == wanted.entry.url);
    let sum = wanted.entry.sha256.clone().or_else(|| locked.map(|known| known.sha256.clone()));
    let proxy = cx.brief.site.supply.proxy.as_ref().map_or("-", |p| p.url.as_str());
    let ca = if cx.brief.site.supply.extra_ca.is_some() { super::config::EXTRA_CA } else { "-" };
    let list = checksums.filter(|_| sum.is_none());
    let spec = UnitSpec {
        name: unit_name(cx.run, cx.id.kind.id(), wanted.id.name(), cx.attempt),
        script: ScriptId::Fetch,
        args: vec![
            wanted.path.clone(),
            sum.clone().unwrap_or_else(|| "-".into()),
            wanted.entry.url.clone(),
            list.map_or_else(|| "-".into(), |list| list.url.clone()),
            proxy.into(),
            ca.into(),
            if proxy == "-" { "-".into() } else { super::config::no_proxy(cx.brief).join(",") },
        ],
    };
    let lines = follow(cx, host, &spec, FETCH).await?;
    let said = lines.iter().rev().find_map(|line| line.strip_prefix("sha256 "));
    let sha256 = said
        .and_then(|rest| rest.split_whitespace().next())
        .map(str::to_owned)
        .ok_or_else(|| Failure::permanent(format!("the fetch of {} did not say its checksum", wanted.id.name())))?;
    if let Some(sum) = sum.filter(|sum| !sum.eq_ignore_ascii_case(&sha256)) {
        return Err(Failure::needs_human(format!("{} is not the file that was expected", wanted.entry.url))
            .because(format!("sha256 {sha256}, expected {sum}"))
            .help("nothing of it was used; ask whoever runs that source, or name another in a components table"));
    }
    match host.look(&[Look::stat(&wanted.path)]).await?.first() {
        Some(Seen::File(file)) => {
            Ok(Fetched { url: wanted.entry.url.clone(), sha256, bytes: file.size, path: wanted.path.clone() })
        }
        _ => Err(Failure::permanent(format!("{} is not there after its fetch", wanted.path))),
    }
}

/// Starts a unit, follows its output until it has ended, and gives its last lines. A unit that was
/// started before (by this attempt, before the link was lost) is taken up where it is.
pub async fn follow(cx: &Cx<'_>, host: &dyn Host, spec: &UnitSpec, wait: WaitSpec) -> Result<Vec<String>, Failure> {
    host.start(spec).await?;
    let waiter = cx.waiter(wait);
    let mut reader = Lines::default();
    loop {
        // The state first: what the log holds after a unit has ended is all of it.
        let state = match host.look(&[Look::Unit { name: spec.name.clone() }]).await?.first() {
            Some(Seen::Unit(state)) => *state,
            _ => UnitState::Absent,
        };
        reader.drain(cx, host, &spec.name).await?;
        let name = spec.script.name();
        match state {
            UnitState::Finished { status: 0 } => return Ok(reader.last),
            UnitState::Finished { status } => {
                let log = format!("the whole log lies under {HOME}/units on {}", cx.brief.site.name);
                return Err(ended(spec, status, &reader.last, log));
            }
            UnitState::Lost => {
                return Err(Failure::transient(format!(
                    "{name} was cut off: the host was restarted or the unit killed"
                )));
            }
            UnitState::Absent => return Err(Failure::transient(format!("{name} is not there after its start"))),
            UnitState::Running => {}
        }
        if cx.cancel.stopping() {
            return Err(stopped());
        }
        let said = reader.last.last().cloned().unwrap_or_else(|| "it runs".into());
        waiter.saw(Observed::of(said), std::future::pending()).await?;
    }
}

/// What the exit status of our scripts means; they say 65 for content that is wrong and 75 for trouble
/// that may pass. `log` says where the whole log lies.
fn ended(spec: &UnitSpec, status: u8, last: &[String], log: String) -> Failure {
    let message = format!("{} ended with status {status}", spec.script.name());
    let failure = match (spec.script, status) {
        (ScriptId::InstallPackages, 75) => Failure::transient(message)
            .help("let the other program end that holds the package manager, then run resume"),
        (ScriptId::InstallPackages, _) => {
            let packages = spec.args.get(2..).unwrap_or_default().join(" ");
            Failure::permanent(message).help(format!(
                "let the host reach its distribution's packages, or install {packages} by hand; then run resume"
            ))
        }
        (_, 65 | 66) => Failure::needs_human(message).help("nothing of it was used; ask whoever runs that source"),
        (_, 69) => {
            Failure::permanent(message).help("the source refuses: name another in a components table, or try later")
        }
        (_, 75) => Failure::transient(message),
        (_, 76) => {
            Failure::permanent(message).help("name the CA that signs for that source as supply.extra_ca in the answers")
        }
        _ => Failure::permanent(message),
    };
    let failure = last.iter().rev().take(3).rev().fold(failure, |f, line| f.because(line.clone()));
    match failure.hint {
        Some(_) => failure,
        None => failure.help(log),
    }
}

/// Reads a unit's log line by line.
#[derive(Default)]
struct Lines {
    offset: u64,
    rest: Vec<u8>,
    /// Whether the line under way was too long and has been shown.
    cut: bool,
    last: Vec<String>,
}

/// Lines kept for messages and for the script's own closing words.
const KEEP: usize = 40;
/// Bytes asked for at once.
const PIECE: u32 = 64 * 1024;

impl Lines {
    async fn drain(&mut self, cx: &Cx<'_>, host: &dyn Host, unit: &str) -> Result<(), Failure> {
        loop {
            let chunk = host.unit_output(unit, self.offset, PIECE).await?;
            self.offset += chunk.bytes.len() as u64;
            let whole = chunk.bytes.is_empty() || self.offset >= chunk.size;
            self.take(cx, &chunk.bytes);
            if whole {
                return Ok(());
            }
        }
    }

    fn take(&mut self, cx: &Cx<'_>, bytes: &[u8]) {
        let mut pieces = bytes.split(|b| *b == b'\n');
        let open = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            self.more(cx, piece);
            if !std::mem::take(&mut self.cut) {
                let line = std::mem::take(&mut self.rest);
                self.one(cx, &line);
            }
        }
        self.more(cx, open);
    }

    /// More of a line. One without end is shown as far as it is kept, and the rest of it is passed over: memory does
    /// not grow with output, and what stands across a cut (half a secret) is not shown as a line of its own.
    fn more(&mut self, cx: &Cx<'_>, bytes: &[u8]) {
        if self.cut {
            return;
        }
        self.rest.extend_from_slice(bytes);
        if self.rest.len() > PIECE as usize {
            let line = std::mem::take(&mut self.rest);
            self.one(cx, &line);
            self.cut = true;
        }
    }

    fn one(&mut self, cx: &Cx<'_>, line: &[u8]) {
        // Taken out before the line is cut, so that no half of a secret is left.
        let whole = cx.redactor.redact_bytes(line);
        let text = cx.redactor.redact(&crate::base::sanitise::line(&whole, 500)).into_owned();
        if let Some((done, all)) = progress(&text) {
            cx.bytes(done, all);
            return;
        }
        cx.output.line(cx.id, line);
        if self.last.len() == KEEP {
            self.last.remove(0);
        }
        self.last.push(text);
    }
}

/// `progress DONE TOTAL`, where the total may be `-`.
fn progress(line: &str) -> Option<(u64, Option<u64>)> {
    let mut parts = line.strip_prefix("progress ")?.split_whitespace();
    let done = parts.next()?.parse().ok()?;
    Some((done, parts.next().and_then(|all| all.parse().ok())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_cannot_be_had_is_named_with_what_to_do() {
        let args = ["900", "-", "apparmor"].map(str::to_owned).to_vec();
        let spec = UnitSpec { name: "u".into(), script: ScriptId::InstallPackages, args };
        let last = ["E: Unable to locate package apparmor".to_owned()];
        let failure = ended(&spec, 100, &last, "the log".into());
        assert_eq!(failure.kind, crate::plan::FailureKind::Permanent);
        assert!(failure.line().contains("Unable to locate"), "{failure:?}");
        assert!(failure.hint.is_some_and(|help| help.contains("install apparmor by hand")));
        let locked = ended(&spec, 75, &last, "the log".into());
        assert_eq!(locked.kind, crate::plan::FailureKind::Transient);
    }

    #[test]
    fn progress_lines_are_read() {
        assert_eq!(progress("progress 10 200"), Some((10, Some(200))));
        assert_eq!(progress("progress 10 -"), Some((10, None)));
        assert_eq!(progress("progress"), None);
        assert_eq!(progress("fetching"), None);
    }
}
