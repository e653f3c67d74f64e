//! The use cases one after the other, for a face that a person walks through: connect, look, fix, plan,
//! install, resume, the keys. It holds what they have in common, and nothing of how it is shown.

use super::ahead::Way;
use super::attach::{self, Attached, Carrier};
use super::browse::{self, Registry};
use super::exit::Exit;
use super::handed::{self, Followed};
use super::inspect::Inspection;
use super::keys_file;
use super::machine::Machine;
use super::parts::{self, Env, Order, Ready, over_the_link};
use super::sites::RunDir;
use super::words;
use crate::base::Secret;
use crate::engine::preview::{Consent, Preview, ReviewedPlan};
use crate::engine::run::Ending;
use crate::engine::state::RunState;
use crate::plan::graph::{Plan, Planned};
use crate::plan::preflight::Verdict;
use crate::plan::site::Reach;
use crate::plan::{Change, Failure, HostId, NextCommands, StepId, StepKind};
use crate::ports::{Credentials, Endpoint, Route, World};
use crate::steps::{self, KeyName};
use std::sync::Arc;
use tokio::sync::watch;

/// A run that ended, with the words for whoever reads the shell afterwards.
#[derive(Clone, Debug)]
pub struct Concluded {
    /// How.
    pub ending: Ending,
    /// What the program would exit with.
    pub exit: Exit,
    /// What was done, what was not, and how to go on.
    pub words: Vec<String>,
    /// Whether its journal ends without a word, and nobody works on it.
    pub silent: bool,
}

/// Where the registry is, with everything to go on with.
#[derive(Clone, Debug)]
pub struct HandOver {
    /// Its address and CA.
    pub endpoint: Endpoint,
    /// How it was reached.
    pub route: Route,
    /// The keys.
    pub keys: Vec<(KeyName, Credentials)>,
    /// The CA's file.
    pub ca_path: String,
    /// The CA's SHA-256.
    pub ca_fingerprint: String,
    /// The sheet's file.
    pub sheet_path: String,
    /// Where the run itself has written the keys, where it did.
    pub keys_path: Option<String>,
    /// Lines to go on with.
    pub next: NextCommands,
}

/// A plan that waits for its consent, with the order that it is of.
struct Proposed {
    preview: Preview,
    order: Order,
}

/// One person's way through the use cases.
pub struct Session {
    env: Env,
    machine: Machine,
    world: Option<(HostId, Reach, Arc<dyn World>)>,
    ready: Option<(Order, Ready)>,
    proposed: Option<Proposed>,
    fixes: Option<Proposed>,
    run: Option<(RunDir, Order)>,
    /// A run that was brought here to be followed, and the name by which its host was reached.
    brought: Option<(HostId, Attached)>,
    /// The keys as they were read last, until they are forgotten: saving them needs no link.
    handed: Option<HandOver>,
    /// Where they were saved.
    saved: Option<String>,
    /// Whether the registry is there.
    installed: bool,
    /// The way to the host while a run goes on there.
    way: watch::Sender<Option<Way>>,
}

/// A way that is open for as long as a run goes on.
struct Open<'s>(&'s watch::Sender<Option<Way>>);

impl<'s> Open<'s> {
    fn new(way: &'s watch::Sender<Option<Way>>, ready: &Ready) -> Self {
        way.send_replace(Some(Way::of(ready)));
        Self(way)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.send_replace(None);
    }
}

impl Session {
    /// A session that has not connected yet.
    pub fn new(env: Env, machine: Machine) -> Self {
        Self {
            env,
            machine,
            world: None,
            ready: None,
            proposed: None,
            fixes: None,
            run: None,
            brought: None,
            handed: None,
            saved: None,
            installed: false,
            way: watch::Sender::new(None),
        }
    }

    /// The way to the host on which a run is going on, for what goes beside it.
    pub fn way(&self) -> watch::Receiver<Option<Way>> {
        self.way.subscribe()
    }

    /// Everything that the use cases need; its `cancel` is that of the next one.
    pub fn env(&mut self) -> &mut Env {
        &mut self.env
    }

    async fn world(&mut self, order: &Order) -> Result<Arc<dyn World>, Failure> {
        let site = &order.site;
        if let Some((name, reach, world)) = &self.world
            && (*name, reach) == (site.name, &site.reach)
        {
            return Ok(world.clone());
        }
        // The old connection ends before a new one is asked for.
        (self.world, self.ready) = (None, None);
        let world = parts::connect(&self.env, &self.machine, site).await?;
        self.world = Some((site.name, site.reach.clone(), world.clone()));
        Ok(world)
    }

    /// Looks at the host and judges it.
    pub async fn look(&mut self, order: &Order) -> Result<Inspection, Failure> {
        let world = self.world(order).await?;
        (self.ready, self.proposed, self.fixes) = (None, None, None);
        let looked = parts::look_in(&self.env, world, order).await;
        if looked.is_err() {
            // A connection over which nothing can be done is made anew the next time.
            self.world = None;
        }
        let ready = looked?;
        let inspection = ready.inspection.clone();
        self.ready = Some((order.clone(), ready));
        Ok(inspection)
    }

    /// What was found for this order, looked at anew where it is of another one.
    async fn ready(&mut self, order: &Order) -> Result<&Ready, Failure> {
        let same = self.ready.as_ref().is_some_and(|(of, _)| of.request.answers == order.request.answers);
        if !same {
            self.look(order).await?;
        }
        self.ready.as_ref().map(|(_, ready)| ready).ok_or_else(|| Failure::permanent("the host was not looked at"))
    }

    /// What the host preparation alone would change.
    pub async fn show_fixes(&mut self, order: &Order) -> Result<Vec<Change>, Failure> {
        self.ready(order).await?;
        let Some((_, ready)) = &self.ready else { return Ok(Vec::new()) };
        let step = Planned { id: StepId::of(StepKind::PrepareHost, order.site.name), needs: Vec::new() };
        let plan = Plan::new(vec![step]).map_err(|_| Failure::permanent("put one step in order"))?;
        let preview = parts::preview_of(&self.env, ready, &plan).await?;
        if let Some((_, failure)) = preview.conflicts().first() {
            return Err((*failure).clone());
        }
        let changes = preview.steps().iter().flat_map(|step| step.changes.clone()).collect();
        self.fixes = Some(Proposed { preview, order: order.clone() });
        Ok(changes)
    }

    /// Makes the changes that [`Session::show_fixes`] showed.
    pub async fn fix(&mut self) -> Result<(), Failure> {
        let fixes = self.fixes.take().ok_or_else(|| Failure::permanent("no fixes were shown"))?;
        let now = self.env.clock.now_ms();
        let run_dir = self.env.sites.new_fixes(fixes.order.site.name, now, &fixes.order.request)?;
        let concluded = self.carry_out(fixes.preview, &run_dir).await?;
        match super::ending::failure_of(&concluded.ending) {
            Some(failure) => Err(failure.clone()),
            None => Ok(()),
        }
    }

    /// Makes a plan. Where preflight says no, there is none.
    pub async fn preview(&mut self, order: &Order) -> Result<(Preview, Inspection), Failure> {
        self.ready(order).await?;
        let Some((_, ready)) = &self.ready else { return Err(Failure::permanent("the host was not looked at")) };
        let inspection = ready.inspection.clone();
        if let Some(finding) = inspection.findings.iter().find(|f| f.verdict == Verdict::Fail) {
            let failure = Failure::needs_human(format!("preflight says no: {}", finding.evidence));
            return Err(match &finding.fix {
                Some(fix) => failure.help(fix.text.clone()),
                None => failure,
            });
        }
        let preview = parts::preview(&self.env, ready).await?;
        self.proposed = Some(Proposed { preview: preview.clone(), order: order.clone() });
        Ok((preview, inspection))
    }

    /// Carries out the plan that was shown. Calling this is the consent to it.
    pub async fn install(&mut self) -> Result<Concluded, Failure> {
        let proposed = self.proposed.take().ok_or_else(|| Failure::permanent("no plan was shown"))?;
        let now = self.env.clock.now_ms();
        let run_dir = self.env.sites.new_run(proposed.order.site.name, now, &proposed.order.request)?;
        self.run = Some((run_dir.clone(), proposed.order));
        let concluded = self.carry_out(proposed.preview, &run_dir).await?;
        self.installed = matches!(concluded.ending, Ending::Done { .. });
        Ok(concluded)
    }

    async fn carry_out(&self, preview: Preview, run_dir: &RunDir) -> Result<Concluded, Failure> {
        let Some((_, ready)) = &self.ready else { return Err(Failure::permanent("the host was not looked at")) };
        let reviewed = preview.accept(&ready.brief, &steps::Registry, Consent::Shown);
        let _open = Open::new(&self.way, ready);
        let ended = parts::carry_out(&self.env, &self.machine, ready, &reviewed, run_dir, false).await?;
        let (exit, words) = parts::conclusion(&ready.brief, run_dir, &ended);
        Ok(Concluded { ending: ended.ending, exit, words, silent: false })
    }

    /// Goes on with the last run of a site.
    pub async fn resume(&mut self, run_dir: RunDir, order: Order) -> Result<Concluded, Failure> {
        let state = run_dir.read()?.state();
        self.run = Some((run_dir.clone(), order.clone()));
        self.look(&order).await?;
        let Some((_, ready)) = &self.ready else { return Err(Failure::permanent("the host was not looked at")) };
        let reviewed = ReviewedPlan::of_run(&state)?.here(&ready.brief, &steps::Registry);
        let open = Open::new(&self.way, ready);
        let ended = parts::carry_out(&self.env, &self.machine, ready, &reviewed, &run_dir, true).await?;
        drop(open);
        let (exit, words) = parts::conclusion(&ready.brief, &run_dir, &ended);
        self.installed = matches!(ended.ending, Ending::Done { .. });
        Ok(Concluded { ending: ended.ending, exit, words, silent: false })
    }

    /// Goes on with the run that has just ended.
    pub async fn retry(&mut self) -> Result<Concluded, Failure> {
        let (run_dir, order) = self.run.clone().ok_or_else(|| Failure::permanent("no run was begun"))?;
        self.resume(run_dir, order).await
    }

    /// Has the host go on with the run that has just been left for that, and follows it to its end; `begun` hears when
    /// the host has it, and nothing of it needs this program any more.
    pub async fn hand_to_host(&mut self, begun: impl FnOnce()) -> Result<Concluded, Failure> {
        let (run_dir, _) = self.run.clone().ok_or_else(|| Failure::permanent("no run was begun"))?;
        let Some((_, ready)) = &self.ready else { return Err(Failure::permanent("the host was not looked at")) };
        match handed::hand_over(&self.env, &self.machine, ready, &run_dir, begun).await? {
            Followed::Done(outcome) => {
                let (exit, words) = parts::conclusion(&ready.brief, &run_dir, &outcome);
                self.installed = matches!(outcome.ending, Ending::Done { .. });
                Ok(Concluded { ending: outcome.ending, exit, words, silent: false })
            }
            Followed::Not(state) => Ok(self.not_done(ready.brief.site.name, &state)),
        }
    }

    /// Brings the newest run of a host here, and says who works on it.
    pub async fn bring(&mut self, order: &Order) -> Result<(RunDir, Order, Carrier), Failure> {
        let world = self.world(order).await?;
        let attached =
            over_the_link(&self.env, &*world, async || attach::bring(&self.env, &world, order).await).await?;
        let (run_dir, carrier) = (attached.run_dir.clone(), attached.carrier());
        let of_run = super::order::of_run(&run_dir)?;
        self.run = Some((run_dir.clone(), of_run.clone()));
        self.brought = Some((order.site.name, attached));
        Ok((run_dir, of_run, carrier))
    }

    /// Follows the run that was brought here until nobody works on it. Changes nothing on the host.
    pub async fn follow(&mut self) -> Result<Concluded, Failure> {
        let nothing = || Failure::permanent("no run was brought here");
        let (host, attached) = self.brought.take().ok_or_else(nothing)?;
        let (_, order) = self.run.clone().ok_or_else(nothing)?;
        let (_, _, world) = self.world.as_ref().ok_or_else(nothing)?;
        let (site, state) = attach::follow(&self.env, world, host, &attached).await?;
        let (done, all) = state.progress();
        if done < all || all == 0 {
            return Ok(self.not_done(site, &state));
        }
        // The keys are read where it was looked at.
        self.look(&order).await?;
        self.installed = true;
        let words = words::attached(site, &state, false);
        Ok(Concluded { ending: Ending::Done { changed: false }, exit: Exit::Done, words, silent: false })
    }

    fn not_done(&self, site: HostId, state: &RunState) -> Concluded {
        let left = self.env.cancel.stopping();
        let exit = if left { Exit::Interrupted } else { Exit::NeedsHuman };
        let silent = !left && state.result.is_none();
        Concluded {
            ending: super::ending::of_state(state, left),
            exit,
            words: words::attached(site, state, left),
            silent,
        }
    }

    /// The run that was begun or resumed last.
    pub fn run_dir(&self) -> Option<&RunDir> {
        self.run.as_ref().map(|(run, _)| run)
    }

    /// Reads the keys from the cluster, and where the registry is.
    pub async fn hand_over(&mut self) -> Result<HandOver, Failure> {
        let Some((_, ready)) = &self.ready else { return Err(Failure::permanent("the host was not looked at")) };
        let (endpoint, route, keys) = steps::hand_over_of(&*ready.world, &ready.brief, &self.env.redactor).await?;
        let found = HandOver {
            ca_path: steps::ca_path(&ready.brief),
            ca_fingerprint: steps::fingerprint(&endpoint.ca_pem),
            sheet_path: steps::sheet_path(&ready.brief),
            keys_path: ready.brief.credentials_file.clone(),
            next: steps::next_commands(&ready.brief, &endpoint),
            endpoint,
            route,
            keys,
        };
        self.handed = Some(found.clone());
        self.installed = true;
        Ok(found)
    }

    /// The registry as the browser reaches it, over the connection that there is. The keys are read from the
    /// cluster where they were forgotten.
    pub async fn registry(&mut self) -> Result<Registry, Failure> {
        let handed = match &self.handed {
            Some(handed) if !handed.keys.is_empty() => handed.clone(),
            _ => self.hand_over().await?,
        };
        self.forget_keys();
        let (name, _, world) = self.world.as_ref().ok_or_else(|| Failure::permanent("the host was not looked at"))?;
        let registry = browse::of_world(name.as_str(), world, &handed.endpoint, &handed.keys)
            .ok_or_else(|| Failure::permanent("the cluster holds no reader's key"))?;
        let disk = self.ready.as_ref().map(|(order, _)| browse::disk_of(world, &order.site));
        Ok(Registry { disk, ..registry })
    }

    /// Forgets the keys.
    pub fn forget_keys(&mut self) {
        if let Some(handed) = &mut self.handed {
            handed.keys.clear();
        }
    }

    /// The plan that waits for its consent.
    pub fn proposed(&self) -> Option<(HostId, &Preview)> {
        self.proposed.as_ref().map(|p| (p.order.site.name, &p.preview))
    }

    /// Saves the keys that were read last to a new file that only the user can read, encrypted where there
    /// is a passphrase. Its directory is made where it is missing.
    pub async fn save_keys(&mut self, path: &str, passphrase: Option<Secret<String>>) -> Result<(), Failure> {
        if self.handed.as_ref().is_none_or(|handed| handed.keys.is_empty()) {
            self.hand_over().await?;
        }
        let (Some(handed), Some((_, ready))) = (&self.handed, &self.ready) else {
            return Err(Failure::permanent("the keys were not read"));
        };
        let text = steps::credentials_text(&ready.brief, &handed.endpoint.url(), &handed.keys);
        keys_file::save(&*ready.world.files(), path, text, passphrase).await?;
        self.saved = Some(path.to_owned());
        Ok(())
    }

    /// Where everything to go on with lies, once the registry is there.
    pub fn next(&self) -> Vec<String> {
        match &self.ready {
            Some((_, ready)) if self.installed => {
                let keys = self.saved.as_deref().or(ready.brief.credentials_file.as_deref());
                words::next(&ready.brief, keys)
            }
            _ => Vec::new(),
        }
    }
}
