//! Carries out what the screens ask for, by calling the use cases, and tells them what came of it.

use super::files;
use super::prompt::ScreenPrompt;
use crate::app::ahead::Way;
use crate::app::ending::failure_of;
use crate::app::order;
use crate::app::session::{Concluded, HandOver, Session};
use crate::app::sites::{RunDir, Sites};
use crate::app::{Env, Exit, Order, ssh_hosts};
use crate::base::{Cancel, Secret};
use crate::engine::Ending;
use crate::plan::{Failure, HostId};
use crate::ui::msg::{Ended, How, KeyPair, KnownSite};
use crate::ui::{Effect, Live, Msg};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// What is said after the screens, and with what the program ends.
pub type LastWords = (Exit, Vec<String>);

/// What the driver has in hand. Cloning it gives another handle on the same session.
#[derive(Clone)]
pub struct Driver {
    /// The use cases. One job holds it at a time; questions, stops and files go beside it.
    pub session: Arc<tokio::sync::Mutex<Session>>,
    /// What is known on this computer.
    pub sites: Sites,
    /// To the screens.
    pub msgs: mpsc::Sender<Msg>,
    /// What moves by itself.
    pub live: watch::Sender<Live>,
    /// Where the run that is shown is kept: its log is read while it is under way.
    pub run: watch::Receiver<Option<RunDir>>,
    /// Answers go here.
    pub prompt: Arc<ScreenPrompt>,
    /// Stops the job that is under way.
    pub cancel: Arc<Mutex<Cancel>>,
    /// Whether the screens were left. It is only looked at and set under the lock of `cancel`.
    pub left: Arc<AtomicBool>,
    /// The run that ended last, for the words after the screens.
    pub last: Arc<Mutex<Option<LastWords>>>,
    /// To what relative paths of the answers belong.
    pub base: PathBuf,
    /// Whether everything is simulated.
    pub rehearsal: bool,
    /// The way to the host while a run goes on there.
    pub way: watch::Receiver<Option<Way>>,
    /// The host whose run is to be brought here.
    pub attach: Option<Order>,
    /// What goes beside the run needs of the environment.
    pub env: Env,
    /// Whether the run is left for the host to go on with it. It is only looked at and set under the lock of `cancel`.
    pub handing: Arc<AtomicBool>,
    /// Ends the copy of the program that is under way.
    pub copy: Arc<Mutex<Option<Cancel>>>,
    /// How fast a rehearsal goes.
    pub speed: crate::transport::simulated::Speed,
}

impl Driver {
    /// Carries out effects until the screens are gone. It wants a `LocalSet` around it.
    pub async fn run(self, mut effects: mpsc::Receiver<Effect>) {
        let mut job: Option<JoinHandle<()>> = None;
        while let Some(effect) = effects.recv().await {
            let Some(effect) = self.beside(effect).await else { continue };
            if let Some(old) = job.take() {
                // A look that was given up, or one that another one replaces. A run is never ended like
                // this: while there is one, the screens ask for nothing that comes here.
                old.abort();
            }
            if effect != Effect::GiveUp {
                job = Some(tokio::task::spawn_local(self.clone().guarded(effect)));
            }
        }
        // A run that is left records that; whoever left it waits for it, but not for ever.
        if let Some(job) = job {
            let _ = job.await;
        }
    }

    /// Lets what is under way come to its last event, and nothing begin any more.
    pub fn leave(&self) {
        let cancel = self.cancel.lock().unwrap_or_else(PoisonError::into_inner);
        self.left.store(true, Ordering::Relaxed);
        cancel.leave_now();
    }

    /// What does not need the session, and is done at once whatever is under way.
    async fn beside(&self, effect: Effect) -> Option<Effect> {
        match effect {
            Effect::Answer { id, answer } => self.prompt.answer(id, answer),
            Effect::Stop => self.cancel.lock().unwrap_or_else(PoisonError::into_inner).escalate(),
            Effect::LookAround => self.tell(self.around()).await,
            Effect::Complete { path } => {
                let (longer, choices) = files::complete(&path);
                self.tell(Msg::Completed { path, longer, choices }).await;
            }
            Effect::WriteAnswers { path, answers } => {
                let result = files::write_new(&path, answers.as_bytes()).map(Msg::Saved);
                self.tell_result(result).await;
            }
            Effect::ReadLog { step } => {
                self.in_background(move |run| files::read_log(run, step).map(|lines| Msg::Log(step, lines)));
            }
            Effect::SaveLog { step, path } => {
                self.in_background(move |run| files::save_log(run, step, &path).map(Msg::Saved));
            }
            Effect::CopyAhead => self.copy_ahead(),
            Effect::StopCopy => self.stop_copy(),
            Effect::HandOver => self.leave_for_the_host(),
            Effect::Speed(factor) => self.speed.set(factor),
            other => return Some(other),
        }
        None
    }

    /// Reads a log that may be long, beside everything else: a run goes on meanwhile, and what cannot be
    /// read or written ends nothing.
    fn in_background(&self, read: impl FnOnce(Option<&RunDir>) -> Result<Msg, Failure> + Send + 'static) {
        let run = self.run.borrow().clone();
        let msgs = self.msgs.clone();
        tokio::task::spawn_local(async move {
            if let Ok(read) = tokio::task::spawn_blocking(move || read(run.as_ref())).await {
                // The screens may have been left in the meantime.
                let _ = msgs.send(read.unwrap_or_else(Msg::Refused)).await;
            }
        });
    }

    pub(super) async fn tell(&self, msg: Msg) {
        // The screens may have been left in the meantime.
        let _ = self.msgs.send(msg).await;
    }

    async fn tell_result(&self, result: Result<Msg, Failure>) {
        self.tell(result.unwrap_or_else(Msg::Failed)).await;
    }

    fn around(&self) -> Msg {
        let sites = self.sites.names().into_iter().filter_map(|name| self.known(name)).collect();
        let here = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Msg::Around { sites, hosts: ssh_hosts::names(), here }
    }

    fn known(&self, name: HostId) -> Option<KnownSite> {
        let run_dir = self.sites.last_run(name)?;
        let state = run_dir.read().ok()?.state();
        let order = order::of_run(&run_dir).ok()?;
        let answers = order::from_anywhere(&order.request.answers, &order.request.base);
        let (done, all) = state.progress();
        Some(KnownSite { name, answers, run: Some((done, all)), unfinished: done < all })
    }

    /// A job; a fault of ours in it must not leave the screens waiting.
    async fn guarded(self, effect: Effect) {
        let name = format!("{effect:?}");
        let inner = tokio::task::spawn_local(self.clone().work(effect));
        let _abort = AbortWith(inner.abort_handle());
        if let Err(error) = inner.await
            && error.is_panic()
        {
            tracing::error!(effect = name, "a job of the screens has panicked");
            self.tell(Msg::Failed(Failure::permanent("this is a fault of modelquay; the log has it"))).await;
        }
    }

    async fn work(self, effect: Effect) {
        let mut session = self.session.lock().await;
        if !self.begins(&mut session) {
            return;
        }
        let told = match effect {
            Effect::Look { answers } => self.look(&mut session, &answers).await,
            Effect::ShowFixes { answers } => self.show_fixes(&mut session, &answers).await,
            Effect::Fix => self.fix(&mut session).await,
            Effect::Preview { answers } => self.preview(&mut session, &answers).await,
            Effect::Install => return self.install(&mut session).await,
            Effect::Resume { site } => return self.resume(&mut session, site).await,
            Effect::Attach => return self.attach(&mut session).await,
            Effect::Retry => return self.retry(&mut session).await,
            Effect::Export { path } => files::export(&session, &path).map(Msg::Saved),
            Effect::ReadKeys => session.hand_over().await.map(keys_msg),
            Effect::SaveKeys { path, passphrase } => self.save_keys(&mut session, &path, passphrase).await,
            Effect::ForgetKeys => return session.forget_keys(),
            _ => return,
        };
        self.tell_result(told).await;
    }

    /// What was stopped before must not stop what begins now. `false` where the screens were left before: then nothing
    /// begins any more.
    pub(super) fn begins(&self, session: &mut Session) -> bool {
        let cancel = Cancel::new();
        let mut current = self.cancel.lock().unwrap_or_else(PoisonError::into_inner);
        if self.left.load(Ordering::Relaxed) {
            return false;
        }
        self.handing.store(false, Ordering::Relaxed);
        *current = cancel.clone();
        session.env().cancel = cancel;
        true
    }

    fn order(&self, answers: &str) -> Result<Order, Failure> {
        let mut order = order::in_the_making(answers, &self.base)?;
        if self.rehearsal {
            order.site.supply.components = order::for_rehearsal(&self.sites).site.supply.components;
        }
        Ok(order)
    }

    async fn look(&self, session: &mut Session, answers: &str) -> Result<Msg, Failure> {
        let order = self.order(answers)?;
        let inspection = session.look(&order).await?;
        Ok(Msg::Looked { facts: Box::new(inspection.facts), findings: inspection.findings })
    }

    async fn show_fixes(&self, session: &mut Session, answers: &str) -> Result<Msg, Failure> {
        let order = self.order(answers)?;
        session.show_fixes(&order).await.map(Msg::Fixes)
    }

    async fn fix(&self, session: &mut Session) -> Result<Msg, Failure> {
        let fixed = session.fix().await;
        // These were no install: its clock and steps must not stand on the screens.
        self.live.send_modify(|live| live.run = None);
        fixed.map(|()| Msg::Fixed)
    }

    async fn preview(&self, session: &mut Session, answers: &str) -> Result<Msg, Failure> {
        let order = self.order(answers)?;
        let (preview, inspection) = session.preview(&order).await?;
        self.tell(Msg::Looked { facts: Box::new(inspection.facts), findings: inspection.findings }).await;
        Ok(Msg::Previewed(Box::new(preview)))
    }

    async fn install(&self, session: &mut Session) {
        let ended = session.install().await;
        self.ended(session, ended).await;
    }

    async fn resume(&self, session: &mut Session, site: HostId) {
        let found = self.sites.last_run(site).ok_or_else(|| Failure::permanent(format!("no run of {site} was begun")));
        let found = found.and_then(|run| Ok((order::of_run(&run)?, run)));
        match found {
            Ok((order, run)) => {
                self.begun(&order, &run).await;
                let ended = session.resume(run, order).await;
                self.ended(session, ended).await;
            }
            Err(failure) => self.tell(Msg::Failed(failure)).await,
        }
    }

    async fn retry(&self, session: &mut Session) {
        let ended = session.retry().await;
        self.ended(session, ended).await;
    }

    pub(super) async fn begun(&self, order: &Order, run: &RunDir) {
        let answers = order::from_anywhere(&order.request.answers, &order.request.base);
        self.tell(Msg::RunBegun { site: order.site.name, answers, log: run.log().display().to_string() }).await;
    }

    fn leave_words(&self, exit: Exit, words: Vec<String>) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((exit, words));
    }

    pub(super) async fn ended(&self, session: &mut Session, ended: Result<Concluded, Failure>) {
        let ended = self.by_the_host(session, ended).await;
        let log = session.run_dir().map(|run| run.log().display().to_string()).unwrap_or_default();
        let msg = match ended {
            Ok(concluded) => {
                let msg = ended_msg(&concluded, log);
                self.leave_words(concluded.exit, concluded.words);
                msg
            }
            Err(failure) => {
                // Nothing of it is in the journal, so these words are the only ones after the screens.
                let help = failure.hint.iter().map(|hint| format!("help: {hint}"));
                let words = std::iter::once(failure.line()).chain(help).collect();
                self.leave_words(Exit::of_failure(&failure), words);
                Ended { how: How::Failed, step: None, failure: Some(failure), log }
            }
        };
        self.tell(Msg::RunEnded(msg)).await;
    }

    async fn save_keys(
        &self,
        session: &mut Session,
        path: &str,
        passphrase: Option<Secret<String>>,
    ) -> Result<Msg, Failure> {
        let (path, sealed) = (files::absolute(path), passphrase.is_some());
        session.save_keys(&path, passphrase).await?;
        Ok(Msg::KeysSaved { path, sealed })
    }
}

/// Ends a task together with the one that waits for it.
struct AbortWith(tokio::task::AbortHandle);

impl Drop for AbortWith {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn ended_msg(concluded: &Concluded, log: String) -> Ended {
    let (how, step) = match &concluded.ending {
        Ending::Done { .. } => (How::Done, None),
        Ending::Failed { step, .. } => (How::Failed, Some(*step)),
        Ending::NeedsHuman { step, .. } => (How::NeedsHuman, Some(*step)),
        Ending::LinkLost { step, .. } => (How::LinkLost, Some(*step)),
        Ending::Aborted { under_way, .. } if concluded.silent => (How::Silent, *under_way),
        Ending::Aborted { under_way, .. } => (How::Stopped, *under_way),
    };
    Ended { how, step, failure: failure_of(&concluded.ending).cloned(), log }
}

fn keys_msg(found: HandOver) -> Msg {
    let keys = found.keys.into_iter().map(|(name, pair)| KeyPair {
        name: name.id(),
        access_key: Secret::new(pair.access_key),
        secret_key: pair.secret_key,
    });
    let hand_over = crate::ui::msg::HandOver {
        url: found.endpoint.url(),
        route: found.route,
        ca_path: found.ca_path,
        ca_fingerprint: found.ca_fingerprint,
        sheet_path: found.sheet_path,
        keys_path: found.keys_path,
        next: found.next,
    };
    Msg::Keys(keys.collect(), Box::new(hand_over))
}
