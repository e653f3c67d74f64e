//! The walk without screens: the same questions, plan and install, line by line, for a serial console or
//! a screen reader. No cursor is moved, and nothing depends on how a line looks.

mod face;
mod fields;
mod lines;
mod wiring;

pub use face::WalkFace;
pub use lines::{Lines, TerminalLines};
pub use wiring::{install, possible};

use super::walk::files;
use crate::app::ending::failure_of;
use crate::app::session::{Concluded, Session};
use crate::app::{Exit, Order, order};
use crate::base::sanitise;
use crate::display::{findings, preview};
use crate::engine::Ending;
use crate::plan::Failure;
use crate::plan::preflight::{Finding, Verdict, worst};
use crate::ui::draft::{Draft, FieldId};
use crate::ui::text::Text;
use crate::ui::walk::forms;
use std::path::PathBuf;
use std::sync::Arc;

/// Hosts of the user's ssh configuration that are named; more would be a list to sit through.
const MOST_HOSTS: usize = 20;

/// Somebody's way through the questions.
pub struct PlainWalk {
    /// Where it reads and writes.
    pub lines: Arc<dyn Lines>,
    /// The face that the session has too.
    pub face: Arc<WalkFace>,
    /// The use cases.
    pub session: Session,
    /// The answers in the making.
    pub draft: Draft,
    /// The language.
    pub text: Text,
    /// To what relative paths of the answers belong.
    pub base: PathBuf,
    /// This computer's name.
    pub here: String,
    /// Hosts of the user's ssh configuration.
    pub hosts: Vec<String>,
}

fn safe(text: &str) -> String {
    sanitise::text(text, 2000)
}

impl PlainWalk {
    /// Walks to the end, or to where somebody stops.
    pub async fn walk(mut self) -> Exit {
        match self.places().await {
            Ok(exit) => exit,
            Err(failure) => {
                let stopped = self.session.env().cancel.stopping();
                self.tell(&failure);
                if stopped { Exit::Interrupted } else { Exit::of_failure(&failure) }
            }
        }
    }

    async fn places(&mut self) -> Result<Exit, Failure> {
        self.say(&self.text.t("plain-begin"));
        self.host().await?;
        if !self.facts().await? {
            return Ok(Exit::Preflight);
        }
        self.fields("names-title", forms::NAMES).await?;
        self.fields("compute-title", forms::COMPUTE).await?;
        self.fields("registry-title", forms::REGISTRY).await?;
        if !self.plan().await? {
            return Ok(Exit::Interrupted);
        }
        let concluded = self.install().await?;
        if !matches!(concluded.ending, Ending::Done { .. }) {
            return Ok(concluded.exit);
        }
        self.keys().await?;
        self.hand_over().await?;
        Ok(Exit::Done)
    }

    fn say(&self, line: &str) {
        self.lines.say(line);
    }

    fn say_all(&self, lines: &[String]) {
        for line in lines {
            self.say(line);
        }
    }

    fn tell(&self, failure: &Failure) {
        self.say(&safe(&failure.line()));
        if let Some(hint) = &failure.hint {
            self.say(&safe(hint));
        }
    }

    async fn ask(&self, question: String) -> Result<String, Failure> {
        let lines = self.lines.clone();
        let question = format!("{} ", question.trim_end());
        let asked = tokio::task::spawn_blocking(move || lines.ask(&question)).await;
        asked.unwrap_or_else(|_| Err(Failure::needs_human("the question could not be asked")))
    }

    fn order(&self) -> Result<Order, Failure> {
        order::in_the_making(&self.draft.answers(), &self.base)
    }

    /// Asks for the host until it answers.
    async fn host(&mut self) -> Result<(), Failure> {
        self.say(&self.text.t("host-title"));
        self.say(&self.text.t("host-why"));
        if !self.hosts.is_empty() {
            let named: Vec<String> = self.hosts.iter().take(MOST_HOSTS).map(|host| safe(host)).collect();
            self.say(&format!("{} {}", self.text.t("host-known"), named.join(", ")));
        }
        self.say(&self.text.t("plain-local"));
        self.field(FieldId::Address).await?;
        self.draft.name_after_address(&self.here);
        self.field(FieldId::Site).await
    }

    /// Looks at the host and shows what was found, until nothing stands in the way. `false` where
    /// somebody leaves it at that.
    async fn facts(&mut self) -> Result<bool, Failure> {
        loop {
            let order = self.order()?;
            let found = match self.session.look(&order).await {
                Ok(found) => found,
                Err(failure) if self.session.env().cancel.stopping() => return Err(failure),
                Err(failure) => {
                    self.tell(&failure);
                    self.field(FieldId::Address).await?;
                    continue;
                }
            };
            self.draft.learn(&found.facts);
            self.say_all(&findings::human(order.site.name.as_str(), &found.findings, false));
            let stands_in_the_way = worst(&found.findings) == Verdict::Fail;
            let question = if stands_in_the_way { "plain-mend" } else { "plain-go-on" };
            match self.ask(self.text.t(question)).await?.as_str() {
                "" if !stands_in_the_way => return Ok(true),
                "" => {}
                "fix" => self.fix(&found.findings).await?,
                "mirrors" => self.fields("supply-title", forms::SUPPLY).await?,
                _ => return Ok(false),
            }
        }
    }

    /// Makes the changes that the host preparation makes by itself, after they were shown.
    async fn fix(&mut self, found: &[Finding]) -> Result<(), Failure> {
        let mendable = found.iter().filter_map(|f| f.fix.as_ref()).any(|fix| fix.safe && fix.by_install);
        let order = self.order()?;
        let changes = if mendable { self.session.show_fixes(&order).await? } else { Vec::new() };
        if changes.is_empty() {
            self.say(&self.text.t("fixes-none"));
            return Ok(());
        }
        self.say(&self.text.t("fixes-title"));
        for change in changes {
            self.say(&safe(&change.to_string()));
        }
        self.say(&self.text.t("fixes-why"));
        if self.ask(self.text.t("plain-consent-fixes")).await? == "yes" {
            self.session.fix().await?;
        }
        Ok(())
    }

    /// Makes the plan, shows it, and asks for the consent. `false` where there is none.
    async fn plan(&mut self) -> Result<bool, Failure> {
        let order = self.order()?;
        let (plan, _) = self.session.preview(&order).await?;
        self.say("");
        self.say(&self.text.t("plan-title"));
        self.say_all(&preview::human(order.site.name.as_str(), plan.steps(), false));
        if let Some((_, failure)) = plan.conflicts().first() {
            return Err((*failure).clone());
        }
        loop {
            match self.ask(self.text.t("plain-consent")).await?.as_str() {
                "yes" => return Ok(true),
                "w" => self.write_answers().await?,
                _ => {
                    self.say(&self.text.t("status-nothing-changed"));
                    return Ok(false);
                }
            }
        }
    }

    async fn write_answers(&self) -> Result<(), Failure> {
        let proposed = format!("{}.toml", self.draft.text(FieldId::Site));
        let path = self.path("path-answers", &proposed).await?;
        match files::write_new(&path, self.draft.answers().as_bytes()) {
            Ok(path) => self.say(&self.text.with("notice-saved", [("path", path.into())])),
            Err(failure) => self.tell(&failure),
        }
        Ok(())
    }

    async fn path(&self, what: &str, proposed: &str) -> Result<String, Failure> {
        let typed = self.ask(format!("{} [{proposed}]: ", self.text.t(what))).await?;
        Ok(if typed.is_empty() { proposed.to_owned() } else { typed })
    }

    /// Installs, and goes on for as often as somebody wants it to.
    async fn install(&mut self) -> Result<Concluded, Failure> {
        self.face.begin(false)?;
        let mut ended = self.session.install().await;
        loop {
            self.face.end();
            let concluded = ended?;
            self.say_all(&concluded.words.iter().map(|line| safe(line)).collect::<Vec<_>>());
            if let Some(hint) = failure_of(&concluded.ending).and_then(|failure| failure.hint.as_ref()) {
                self.say(&safe(hint));
            }
            let over = matches!(concluded.ending, Ending::Done { .. } | Ending::Aborted { .. });
            if over || self.ask(self.text.t("plain-retry")).await? != "retry" {
                return Ok(concluded);
            }
            self.face.begin(false)?;
            ended = self.session.retry().await;
        }
    }

    /// Saves the keys; they are never shown here.
    async fn keys(&mut self) -> Result<(), Failure> {
        let proposed = format!("{}.credentials", self.draft.text(FieldId::Site));
        loop {
            let path = self.path("plain-keys", &proposed).await?;
            if path == "-" {
                let site = self.draft.text(FieldId::Site);
                self.say(&self.text.with("leave-unsaved-keys", [("site", site.into())]));
                return Ok(());
            }
            let path = files::absolute(&path);
            match self.session.save_keys(&path, None).await {
                Ok(()) => {
                    self.say(&self.text.with("notice-saved", [("path", path.into())]));
                    return Ok(());
                }
                Err(failure) => self.tell(&failure),
            }
        }
    }

    /// Says where everything is: the sheet that the install wrote.
    async fn hand_over(&mut self) -> Result<(), Failure> {
        let found = self.session.hand_over().await?;
        let sheet = std::fs::read_to_string(&found.sheet_path)
            .map_err(|e| Failure::permanent(format!("read {}", found.sheet_path)).because(e.to_string()))?;
        self.say("");
        for line in sheet.lines() {
            self.say(&safe(line));
        }
        Ok(())
    }
}
