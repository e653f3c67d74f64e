//! A run on its way from this program to its host: copied beside it, left, and followed.

use super::driver::Driver;
use crate::app::attach::Carrier;
use crate::app::session::{Concluded, Session};
use crate::base::Cancel;
use crate::engine::Ending;
use crate::engine::step::Progress;
use crate::plan::Failure;
use crate::ui::Msg;
use crate::ui::msg::Carried;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

impl Driver {
    /// Copies this program to the host beside the run that goes on there.
    pub(super) fn copy_ahead(&self) {
        self.stop_copy();
        let cancel = Cancel::new();
        *self.copy.lock().unwrap_or_else(PoisonError::into_inner) = Some(cancel.clone());
        let driver = self.clone();
        tokio::task::spawn_local(async move {
            let way = driver.way.borrow().clone();
            let shown = driver.live.clone();
            let watched = cancel.clone();
            let told = move |copied| {
                if !watched.stopping() {
                    shown.send_modify(|live| live.copied = Some(copied));
                }
            };
            let copied = match way {
                Some(way) => way.copy(&driver.env, cancel.clone(), &told).await,
                None => Err(Failure::permanent("no run is going on that could be handed over")),
            };
            if cancel.stopping() {
                // Whoever has stopped it knows, and may have begun another one since.
                return;
            }
            driver.live.send_modify(|live| live.copied = None);
            driver.tell(copied.map_or_else(Msg::NotCopied, |()| Msg::CopiedAhead)).await;
        });
    }

    pub(super) fn stop_copy(&self) {
        if let Some(cancel) = self.copy.lock().unwrap_or_else(PoisonError::into_inner).take() {
            cancel.escalate();
            self.live.send_modify(|live| live.copied = None);
        }
    }

    /// Leaves the run, so that the host can go on with it.
    pub(super) fn leave_for_the_host(&self) {
        let cancel = self.cancel.lock().unwrap_or_else(PoisonError::into_inner);
        self.handing.store(true, Ordering::Relaxed);
        cancel.leave_now();
    }

    /// Has the host go on with a run that was left for that. One that has ended otherwise in the meantime has ended.
    pub(super) async fn by_the_host(
        &self,
        session: &mut Session,
        ended: Result<Concluded, Failure>,
    ) -> Result<Concluded, Failure> {
        let left = matches!(&ended, Ok(Concluded { ending: Ending::Aborted { .. }, .. }));
        if !self.handing.load(Ordering::Relaxed) || !left || !self.begins(session) {
            return ended;
        }
        let live = self.live.clone();
        let begun = move || {
            live.send_modify(|live| {
                // Nothing of what was seen of the step under way is measured any more.
                live.progress = Progress::default();
                live.carried = Carried::ByHost;
            });
        };
        let ended = session.hand_to_host(begun).await;
        self.live.send_modify(|live| live.carried = Carried::Here);
        ended
    }

    /// Brings the run here that a host keeps, and follows it until nobody works on it.
    pub(super) async fn attach(&self, session: &mut Session) {
        let Some(order) = &self.attach else { return };
        match session.bring(order).await {
            Ok((run, order, who)) => {
                let carried = match who {
                    Carrier::Nobody => Carried::Here,
                    Carrier::Host => Carried::ByHost,
                    Carrier::Somebody(who) => Carried::By(who),
                };
                self.begun(&order, &run).await;
                self.live.send_modify(|live| live.carried = carried);
                let ended = session.follow().await;
                self.live.send_modify(|live| live.carried = Carried::Here);
                self.ended(session, ended).await;
            }
            Err(failure) => self.tell(Msg::Failed(failure)).await,
        }
    }
}
