//! Transient units of the simulated host: each is a log whose lines appear over time, an exit status
//! and an effect at its end.

use super::bad_day::BadDay;
use super::depot;
use super::files::owner;
use super::machine::{Machine, State};
use crate::ports::{ScriptId, UnitSpec, UnitState};

/// A unit that was started.
#[derive(Clone, Debug)]
pub struct Unit {
    lines: Vec<(u64, String)>,
    /// When it ends.
    pub ends: u64,
    status: u8,
    effect: Effect,
    /// Whether its end has been played.
    pub settled: bool,
    killed: bool,
}

/// What a unit leaves behind.
#[derive(Clone, Debug)]
enum Effect {
    Nothing,
    File { path: String, bytes: Vec<u8>, size: u64, sha256: String },
    Programs(Vec<String>),
    Rke2 { version: String },
}

/// How many bytes arrive in a second.
const BYTES_A_SECOND: u64 = 28_000_000;

struct Script {
    at: u64,
    lines: Vec<(u64, String)>,
}

impl Script {
    fn say(&mut self, line: impl Into<String>) {
        self.lines.push((self.at, line.into()));
    }

    fn wait(&mut self, ms: u64) {
        self.at = self.at.saturating_add(ms);
    }

    fn end(self, status: u8, effect: Effect) -> Unit {
        Unit { lines: self.lines, ends: self.at, status, effect, settled: false, killed: false }
    }
}

impl Unit {
    /// What it does now.
    pub fn state(&self, now: u64) -> UnitState {
        match (now >= self.ends, self.killed) {
            (false, _) => UnitState::Running,
            (true, false) => UnitState::Finished { status: self.status },
            (true, true) => UnitState::Lost,
        }
    }

    /// Its log as far as it is written.
    pub fn log(&self, now: u64) -> Vec<u8> {
        let written = self.lines.iter().filter(|(at, _)| *at <= now.min(self.ends));
        written.flat_map(|(_, line)| line.bytes().chain([b'\n'])).collect()
    }

    /// Kills it; one that has ended stays as it is.
    pub fn kill(&mut self, now: u64) {
        if now < self.ends {
            self.ends = now;
            self.killed = true;
            self.effect = Effect::Nothing;
        }
    }
}

impl State {
    /// Plays the end of a unit.
    pub fn end_unit(&mut self, name: &str) {
        let Some(unit) = self.units.get_mut(name) else { return };
        unit.settled = true;
        match std::mem::replace(&mut unit.effect, Effect::Nothing) {
            Effect::Nothing => {}
            Effect::File { path, bytes, size, sha256 } => self.files.put_large(&path, bytes, size, &sha256),
            Effect::Programs(names) => self.programs.extend(names),
            Effect::Rke2 { version } => {
                for name in ["rke2", "rke2-killall.sh", "rke2-uninstall.sh"] {
                    self.files.put(&format!("/usr/local/bin/{name}"), 0o755, (0, 0), format!("simulated {name}\n"));
                }
                let units = "/usr/local/lib/systemd/system";
                let text = "[Service]\nType=notify\nTimeoutStartSec=0\nRestart=always\nKillMode=process\n";
                for name in ["rke2-server", "rke2-agent"] {
                    self.files.put(&format!("{units}/{name}.service"), 0o644, (0, 0), text);
                    self.files.put(&format!("{units}/{name}.env"), 0o644, (0, 0), "");
                }
                self.files.put("/usr/local/share/rke2/rke2-cis-sysctl.conf", 0o644, (0, 0), "");
                self.rke2.version = version;
            }
        }
    }
}

impl Machine {
    /// What a unit of this kind will do from now on.
    pub fn plan_unit(&self, s: &State, spec: &UnitSpec, now: u64) -> Unit {
        let args: Vec<&str> = spec.args.iter().map(String::as_str).collect();
        let script = Script { at: now, lines: Vec::new() };
        match (spec.script, args.as_slice()) {
            (ScriptId::Fetch, [target, wanted, url, sums, ..]) => self.fetch(s, script, target, wanted, url, sums),
            (ScriptId::DiskSync, [dir, ..]) => {
                let mut script = script;
                script.wait(100);
                for line in Self::sync_text(dir).lines() {
                    script.say(line);
                }
                script.end(0, Effect::Nothing)
            }
            (ScriptId::InstallPackages, packages) => install_packages(script, packages),
            (ScriptId::RunInstaller, [path, sha256, version, directory]) => {
                run_installer(s, script, path, sha256, version, directory)
            }
            _ => {
                let mut script = script;
                script.say("error: the simulated host does not know this unit");
                script.end(64, Effect::Nothing)
            }
        }
    }

    fn fetch(&self, s: &State, mut script: Script, target: &str, wanted: &str, url: &str, sums: &str) -> Unit {
        let wanted = (wanted != "-").then_some(wanted);
        let served = depot::serve(url, wanted);
        if wanted.is_some() && s.files.sha256(target).as_deref() == wanted {
            script.say("it is there already");
            script.say(format!("sha256 {} {}", served.sha256, served.name));
            return script.end(0, Effect::Nothing);
        }
        if wanted.is_none() && sums != "-" {
            script.say(format!("fetches the list of checksums {sums}"));
            script.wait(400);
            script.say(format!("expects sha256 {}", served.sha256));
        }
        let mut here = 0;
        while here < served.size {
            script.say(format!("progress {here} {}", served.size));
            let left = served.size - here;
            script.wait(3000.min(left.saturating_mul(1000) / BYTES_A_SECOND).max(50));
            here = here.saturating_add(3 * BYTES_A_SECOND);
        }
        script.say(format!("progress {0} {0}", served.size));
        if self.bad(BadDay::WrongChecksum) && sums != "-" || self.bad(BadDay::WrongChecksum) && wanted.is_some() {
            let have = depot::serve(&format!("{url}#tampered"), None).sha256;
            script.say(format!(
                "error: wrong checksum of {}: expected sha256 {}, got {have}",
                served.name, served.sha256
            ));
            return script.end(65, Effect::Nothing);
        }
        script.say(format!("sha256 {} {}", served.sha256, served.name));
        let (path, sha256) = (target.to_owned(), served.sha256);
        script.end(0, Effect::File { path, bytes: served.bytes, size: served.size, sha256 })
    }
}

fn install_packages(mut script: Script, args: &[&str]) -> Unit {
    // Seconds and proxy come first in the script's own order; what is no package name is not one.
    let packages: Vec<&str> =
        args.iter().copied().filter(|a| *a != "-" && a.parse::<u64>().is_err() && !a.contains("://")).collect();
    for package in &packages {
        script.say("Reading package lists...");
        script.wait(1500);
        script.say(format!("Unpacking {package} (simulated) ..."));
        script.wait(2500);
        script.say(format!("Setting up {package} (simulated) ..."));
    }
    let programs = packages.iter().flat_map(|package| match *package {
        "apparmor" => vec!["apparmor_parser".to_owned()],
        other => vec![other.to_owned()],
    });
    let programs = programs.collect();
    script.end(0, Effect::Programs(programs))
}

fn run_installer(s: &State, mut script: Script, path: &str, sha256: &str, version: &str, directory: &str) -> Unit {
    match s.files.sha256(path) {
        None => {
            script.say(format!("error: {path} is not there"));
            return script.end(65, Effect::Nothing);
        }
        Some(have) if have != sha256 => {
            script.say(format!("error: wrong checksum of {path}: expected sha256 {sha256}, got {have}"));
            return script.end(65, Effect::Nothing);
        }
        Some(_) => {}
    }
    for (verb, file) in
        [("staging local checksums from", "sha256sum-amd64.txt"), ("staging tarball from", "rke2.linux-amd64.tar.gz")]
    {
        if !s.files.has(&format!("{directory}/{file}")) {
            script.say(format!("[ERROR]  {file} is not in {directory}"));
            return script.end(1, Effect::Nothing);
        }
        script.say(format!("[INFO]  {verb} {directory}/{file}"));
        script.wait(500);
    }
    script.say("[INFO]  verifying tarball");
    script.wait(1500);
    script.say("[INFO]  unpacking tarball file to /usr/local");
    script.wait(5000);
    script.end(0, Effect::Rke2 { version: version.to_owned() })
}

/// Makes a directory as `make-dirs.sh` does; the status and the reason where it cannot.
pub fn make_dirs(s: &mut State, args: &[&str]) -> (u8, String) {
    if args.is_empty() || !args.len().is_multiple_of(3) {
        return (64, "triples of mode, owner and path are needed\n".into());
    }
    for triple in args.chunks(3) {
        let [mode, who, path] = triple else { continue };
        let (Ok(mode), Some(who)) = (u32::from_str_radix(mode, 8), owner(who)) else {
            return (1, format!("chown: invalid user: '{who}'\n"));
        };
        if !path.starts_with('/') {
            return (64, format!("{path} is not an absolute path\n"));
        }
        if s.files.get(path).is_some_and(|e| !e.dir) {
            return (73, format!("{path} is there and is no directory\n"));
        }
        s.files.make_dirs(path, mode, who);
    }
    (0, String::new())
}
