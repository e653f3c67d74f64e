//! The simulated host's port. Nothing here interprets shell: each script of the closed set is played
//! by what it is known to do.

use super::machine::{Machine, State};
use super::report;
use super::units::make_dirs;
use super::world::Link;
use crate::base::Secret;
use crate::plan::Failure;
use crate::ports::host::Chunk;
use crate::ports::host::ServiceState;
use crate::ports::{FileSpec, Host, Look, Output, ScriptId, Seen, UnitSpec, lease};
use async_trait::async_trait;
use std::sync::Arc;

/// The host as root.
pub struct SimHost {
    /// The site.
    pub machine: Arc<Machine>,
    /// The link, which may be lost.
    pub link: Arc<Link>,
}

fn answer(status: u8, out: String, err: String) -> Output {
    Output { status, out: out.into_bytes(), err: err.into_bytes() }
}

fn see(s: &State, look: &Look, now: u64) -> Seen {
    match look {
        Look::File { path, max } => s.files.seen(path, *max).map_or(Seen::Absent, Seen::File),
        Look::Sha256 { path } => s.files.sha256(path).map_or(Seen::Absent, Seen::Sha256),
        Look::Unit { name } => s.units.get(name).map_or(Seen::Absent, |u| Seen::Unit(u.state(now))),
        Look::Service { name } => match name.as_str() {
            "rke2-server.service" if s.files.has("/usr/local/bin/rke2") => Seen::Service(s.rke2.service(now)),
            "systemd-timesyncd.service" | "ssh.service" => Seen::Service(ServiceState {
                active: "active".into(),
                sub: "running".into(),
                enabled: "enabled".into(),
                ..ServiceState::default()
            }),
            _ => Seen::Absent,
        },
        Look::Kernel { name } => s.kernel.get(name).map_or(Seen::Absent, |v| Seen::Text(v.clone())),
        Look::Program { name } => {
            let known = s.programs.contains(name);
            if known { Seen::Text(format!("/usr/bin/{name}")) } else { Seen::Absent }
        }
    }
}

impl SimHost {
    /// Whether what is to be changed is somebody else's by now.
    fn mine(&self, s: &State) -> Result<(), Failure> {
        let under = self.link.under.get();
        if under == 0 || under == s.lease.generation { Ok(()) } else { Err(lease::taken(None)) }
    }

    fn play(&self, s: &mut State, script: ScriptId, args: &[&str], input: &[u8], now: u64) -> Output {
        match (script, args) {
            (ScriptId::Facts, _) => {
                let data = args.first().copied().unwrap_or("/var/lib/modelquay-data");
                answer(0, self.machine.facts_text(s, data), String::new())
            }
            (ScriptId::AskSources, _) => {
                answer(0, self.machine.sources_text(&String::from_utf8_lossy(input)), String::new())
            }
            (ScriptId::DiskSync, [dir, ..]) => answer(0, Machine::sync_text(dir), String::new()),
            (ScriptId::SetKernel, settings) => {
                for setting in settings {
                    let Some((name, value)) = setting.split_once('=') else {
                        return answer(64, String::new(), format!("{setting} is not NAME=VALUE\n"));
                    };
                    s.kernel.insert(name.to_owned(), value.to_owned());
                }
                Output::default()
            }
            (ScriptId::MakeDirs, _) => {
                let (status, why) = make_dirs(s, args);
                answer(status, String::new(), why)
            }
            (ScriptId::StartCluster, [how @ ("start" | "restart")]) => {
                self.link.rke2_starts(self.machine.time.now());
                match self.machine.start_rke2(s, how, now) {
                    Ok(()) => Output::default(),
                    Err(why) => answer(1, String::new(), why),
                }
            }
            (ScriptId::ClusterProgress, _) => {
                let cursor = args.first().copied().unwrap_or("-");
                answer(0, self.machine.progress_text(s, cursor, now), String::new())
            }
            (ScriptId::ReloadNetworkManager, _) => Output::default(),
            (ScriptId::Report, [bytes, units, _]) => match (bytes.parse(), units.parse()) {
                (Ok(bytes), Ok(units)) => Output { out: report::answer(s, bytes, units, now), ..Output::default() },
                _ => answer(64, String::new(), String::new()),
            },
            _ => answer(64, String::new(), format!("the simulated host cannot run {} so\n", script.name())),
        }
    }
}

#[async_trait]
impl Host for SimHost {
    async fn look(&self, at: &[Look]) -> Result<Vec<Seen>, Failure> {
        self.link.pass()?;
        let paths = at.iter().filter_map(|look| match look {
            Look::File { path, .. } | Look::Sha256 { path } => Some(path),
            _ => None,
        });
        if let Some(bad) = paths.into_iter().find(|path| !path.starts_with('/')) {
            return Err(Failure::permanent(format!("{bad:?} is not an absolute path")));
        }
        Ok(self.machine.ask(|s, now| at.iter().map(|look| see(s, look, now)).collect()))
    }

    async fn run(&self, script: ScriptId, args: &[&str], input: Option<&Secret<Vec<u8>>>) -> Result<Output, Failure> {
        self.link.pass()?;
        if let Some(bad) = args.iter().find(|arg| arg.contains('\n')) {
            return Err(Failure::permanent(format!("an argument of {} has a line feed: {bad:?}", script.name())));
        }
        let input = input.map(|i| i.expose().as_slice()).unwrap_or_default();
        // What a program does for itself moves no time on.
        if let Some(kept) = self.machine.look(|s, now| {
            let mine = if script.changes() { self.mine(s) } else { Ok(()) };
            match mine {
                Ok(()) => self.machine.play_kept(s, script, args, input, now).map(Ok),
                Err(taken) => Some(Err(taken)),
            }
        }) {
            return kept;
        }
        Ok(self.machine.ask(|s, now| self.play(s, script, args, input, now)))
    }

    async fn write(&self, file: &FileSpec) -> Result<(), Failure> {
        self.link.pass()?;
        let failed = |why: String| Failure::permanent(format!("cannot write {}", file.path)).because(why);
        let owner = super::files::owner(&file.owner);
        let owner = owner.ok_or_else(|| failed(format!("{:?} is no user and group of this host", file.owner)))?;
        self.machine.ask(|s, _| {
            self.mine(s)?;
            let above = super::files::parent(&file.path);
            if !s.files.get(above).is_some_and(|e| e.dir) {
                return Err(failed(format!("{above} is not there")));
            }
            if s.files.get(&file.path).is_some_and(|e| e.dir) {
                return Err(failed("it is a directory".into()));
            }
            s.files.put(&file.path, file.mode, owner, file.content.expose().clone());
            Ok(())
        })
    }

    async fn remove(&self, path: &str) -> Result<(), Failure> {
        self.link.pass()?;
        self.machine.ask(|s, _| {
            self.mine(s)?;
            s.files.remove(path);
            Ok(())
        })
    }

    async fn start(&self, unit: &UnitSpec) -> Result<(), Failure> {
        self.link.pass()?;
        self.machine.ask(|s, now| {
            self.mine(s)?;
            if !s.units.contains_key(&unit.name) {
                let planned = self.machine.plan_unit(s, unit, now);
                s.units.insert(unit.name.clone(), planned);
            }
            Ok(())
        })
    }

    async fn unit_output(&self, unit: &str, from: u64, max: u32) -> Result<Chunk, Failure> {
        self.link.pass()?;
        // Reading a log moves no time on, so that a log never outruns the state seen before it.
        Ok(self.machine.look(|s, now| {
            let log = s.units.get(unit).map(|u| u.log(now)).unwrap_or_default();
            let from = usize::try_from(from).unwrap_or(usize::MAX).min(log.len());
            let to = from.saturating_add(usize::try_from(max).unwrap_or(usize::MAX)).min(log.len());
            Chunk { bytes: log.get(from..to).unwrap_or_default().to_vec(), size: log.len() as u64 }
        }))
    }

    async fn stop(&self, unit: &str) -> Result<(), Failure> {
        self.link.pass()?;
        self.machine.ask(|s, now| {
            self.mine(s)?;
            if let Some(unit) = s.units.get_mut(unit) {
                unit.kill(now);
            }
            Ok(())
        })
    }
}
