//! One question a field: what it is called, why it matters, and its value in brackets. What is typed is
//! judged by the rules for answers files at once, and asked again where they say no.

use super::{PlainWalk, safe};
use crate::plan::Failure;
use crate::ui::draft::{FieldId, Input, Origin, problem_of};
use crate::ui::walk::forms;

/// Typed in place of a value, it empties the field.
const NOTHING: &str = "-";

impl PlainWalk {
    /// Asks these fields one after the other.
    pub(super) async fn fields(&mut self, title: &str, ids: &[FieldId]) -> Result<(), Failure> {
        self.say("");
        self.say(&self.text.t(title));
        for id in ids {
            if !self.moot(*id) {
                self.field(*id).await?;
            }
        }
        Ok(())
    }

    /// What has no meaning beside another answer.
    fn moot(&self, id: FieldId) -> bool {
        match id {
            FieldId::KeepVersions => self.draft.text(FieldId::Versioning) == "false",
            FieldId::NoProxy => self.draft.text(FieldId::ProxyUrl).trim().is_empty(),
            FieldId::Port => self.draft.text(FieldId::Address) == "local",
            _ => false,
        }
    }

    /// Asks one field until nothing is wrong with it.
    pub(super) async fn field(&mut self, id: FieldId) -> Result<(), Failure> {
        let (label, why) = forms::texts(id);
        self.say(&self.text.t(why));
        loop {
            let question = self.question(&self.text.t(label), id);
            let typed = self.ask(question).await?;
            if !typed.is_empty() && !self.take(id, &typed) {
                continue;
            }
            let problems = self.draft.problems();
            let Some(problem) = problem_of(id, &problems) else { return Ok(()) };
            self.say(&safe(&problem.what));
            if let Some(help) = &problem.help {
                self.say(&safe(help));
            }
        }
    }

    fn question(&self, label: &str, id: FieldId) -> String {
        let (input, origin) = self.draft.get(id);
        let value = match input {
            Input::Flag(on) => self.text.t(if *on { "plain-yes" } else { "plain-no" }),
            input => input.text().lines().map(str::trim).collect::<Vec<_>>().join(", "),
        };
        let options = match input {
            Input::Choice { options, .. } => format!(" ({})", options.join(", ")),
            _ => String::new(),
        };
        let from = forms::origin_text(origin).filter(|_| !value.is_empty());
        let from = from.map_or_else(String::new, |key| format!(" ({})", self.text.t(key)));
        format!("{label}{options} [{}]{from}: ", safe(&value))
    }

    /// Puts what was typed into the field, and says whether it can be put there.
    fn take(&mut self, id: FieldId, typed: &str) -> bool {
        let typed = if typed == NOTHING { "" } else { typed };
        let value = match self.draft.get(id).0 {
            Input::Flag(_) => match self.yes_or_no(typed) {
                Some(on) => on.to_string(),
                None => return false,
            },
            Input::Choice { options, .. } => {
                if !options.contains(&typed) {
                    self.say(&self.text.with("plain-choose", [("options", options.join(", ").into())]));
                    return false;
                }
                typed.to_owned()
            }
            Input::Text(field) if field.several() => {
                typed.split(',').map(str::trim).filter(|row| !row.is_empty()).collect::<Vec<_>>().join("\n")
            }
            Input::Text(_) => typed.to_owned(),
        };
        self.draft.put(id, &value, Origin::Typed);
        true
    }

    /// What a word says; where it says neither, that is said.
    pub(super) fn yes_or_no(&self, typed: &str) -> Option<bool> {
        let typed = typed.to_lowercase();
        if [self.text.t("plain-yes").as_str(), "yes", "y"].contains(&typed.as_str()) {
            return Some(true);
        }
        if [self.text.t("plain-no").as_str(), "no", "n"].contains(&typed.as_str()) {
            return Some(false);
        }
        self.say(&self.text.t("plain-yes-or-no"));
        None
    }
}
