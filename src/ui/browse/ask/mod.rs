//! What lies over the browser and wants an answer: a form, a choice, something that was said, something that takes
//! its time.

mod draw;
mod forms;
mod results;
mod take;

pub(super) use draw::draw;

use super::Browse;
use super::msg::Effect;
use super::work::{Tags, Work};
use crate::base::Secret;
use crate::ports::objects::{At, ObjectInfo, UploadRow};
use crate::registry::change::DeletePlan;
use crate::registry::places::Location;
use crate::ui::keys::{Command, Scope};
use crate::ui::theme::Role;
use crate::ui::widgets::Field;
use crossterm::event::KeyEvent;

/// What lies on top.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Something is typed.
    Form(Box<Form>),
    /// Something is chosen.
    Choose(Box<Choose>),
    /// Something takes its time; leaving it gives it up.
    Busy(Busy),
}

/// Fields to be filled in.
#[derive(Clone, Debug)]
pub struct Form {
    /// What for.
    pub what: What,
    /// The title.
    pub title: String,
    /// What to know before.
    pub why: Vec<(Role, String)>,
    /// The fields.
    pub fields: Vec<Entry>,
    /// The field that is typed in.
    pub at: usize,
    /// What is wrong with what was typed.
    pub wrong: Option<String>,
}

/// A field with its label.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The label's text key.
    pub label: &'static str,
    /// The text.
    pub field: Field,
}

/// What a form is for.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Fetch these into a file or a directory.
    Get(Vec<At>),
    /// Send a file or a directory under a prefix.
    Put(At),
    /// Make a prefix below this one.
    NewPrefix(At),
    /// Make a bucket.
    NewBucket,
    /// Copy these within the registry.
    Copy {
        /// What.
        from: Vec<At>,
        /// Whether the sources go.
        moves: bool,
    },
    /// Delete what was counted, once this word is typed.
    Delete {
        /// What was counted.
        plan: Box<DeletePlan>,
        /// The word.
        word: String,
    },
    /// Throw these uploads away, once this word is typed.
    Abort {
        /// Their bucket.
        bucket: String,
        /// Which.
        uploads: Vec<UploadRow>,
        /// The word.
        word: String,
    },
    /// Change what is noted of an object.
    Note {
        /// Which.
        at: At,
        /// What was noted.
        info: Box<ObjectInfo>,
        /// Its tags, where they are known.
        tags: Option<Tags>,
    },
    /// A URL that opens an object.
    Share(At),
    /// A bookmark of this place.
    Bookmark(Location),
    /// Publish a model into this repository.
    Publish(At),
    /// Carry out the steps that were listed; this word has to be typed, where there is one.
    CarryOut(Option<String>),
}

/// Choices, one of which is taken.
#[derive(Clone, Debug)]
pub struct Choose {
    /// The title.
    pub title: String,
    /// What to know before.
    pub why: Vec<(Role, String)>,
    /// What can be chosen, in words, and what it does.
    pub choices: Vec<(String, Choice)>,
    /// The one that the cursor is on.
    pub at: usize,
    /// What is sent to the clipboard by its key.
    pub copy: Option<Secret<String>>,
}

/// What a choice does.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// Nothing.
    Close,
    /// It leaves the browser.
    Leave,
    /// It sends what is shown to the clipboard.
    Copy,
    /// It does this.
    Work(Box<Work>),
}

/// Something that takes its time.
#[derive(Clone, Debug)]
pub struct Busy {
    /// What its answer is called.
    pub id: u64,
    /// What it is, in words.
    pub title: String,
    /// How many things are done.
    pub done: u64,
    /// Whether giving it up leaves some of it done.
    pub changes: bool,
}

impl Ask {
    /// Where keys are pressed.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Form(_) => Scope::Typing,
            Self::Choose(_) | Self::Busy(_) => Scope::Question,
        }
    }

    /// Whether a command does nothing here.
    pub(super) fn is_idle(&self, command: Command) -> bool {
        match self {
            Self::Form(form) => match command {
                Command::Next => form.fields.len() < 2 && !form.is_path(),
                Command::Take | Command::Back | Command::Help | Command::Forward | Command::Quit => false,
                _ => true,
            },
            Self::Choose(choose) => match command {
                Command::Copy => choose.copy.is_none(),
                Command::Take | Command::Back | Command::Help | Command::Quit => false,
                _ => choose.choices.len() < 2,
            },
            Self::Busy(_) => !matches!(command, Command::Back | Command::Help | Command::Quit),
        }
    }

    /// Something that is only said.
    pub(super) fn said(title: &str, why: Vec<(Role, String)>) -> Self {
        Self::Choose(Box::new(Choose { title: title.to_owned(), why, choices: Vec::new(), at: 0, copy: None }))
    }
}

impl Form {
    /// Whether a path of this computer is typed.
    fn is_path(&self) -> bool {
        matches!(self.what, What::Get(_) | What::Put(_) | What::Publish(_))
    }

    /// The text of a field.
    fn text(&self, at: usize) -> String {
        self.fields.get(at).map(|entry| entry.field.text()).unwrap_or_default()
    }
}

impl Browse {
    /// Gives a key to the form, and says whether it was taken.
    pub(super) fn asked_key(&mut self, key: &KeyEvent) -> bool {
        let Some(Ask::Form(form)) = &mut self.ask else { return false };
        let at = form.at;
        let Some(entry) = form.fields.get_mut(at) else { return false };
        let taken = entry.field.key(key);
        if taken {
            form.wrong = None;
        }
        taken
    }

    /// Gives a pasted text to the form, and says whether there is one.
    pub(super) fn asked_paste(&mut self, text: &str) -> bool {
        let Some(Ask::Form(form)) = &mut self.ask else { return false };
        let at = form.at;
        if let Some(entry) = form.fields.get_mut(at) {
            entry.field.paste(text);
            form.wrong = None;
        }
        true
    }

    /// A command while something is asked.
    pub(super) fn ask_command(&mut self, command: Command) -> Vec<Effect> {
        match &mut self.ask {
            Some(Ask::Form(_)) => self.form_command(command),
            Some(Ask::Choose(_)) => self.choose_command(command),
            Some(Ask::Busy(busy)) if command == Command::Back => {
                let changes = busy.changes;
                self.ask = None;
                let mut effects = vec![Effect::StopWork];
                if changes {
                    self.shell.notice = Some(self.shell.text.t("work-given-up"));
                    effects.extend(self.all_again());
                }
                effects
            }
            Some(Ask::Busy(_)) | None => Vec::new(),
        }
    }

    fn form_command(&mut self, command: Command) -> Vec<Effect> {
        let Some(Ask::Form(form)) = &mut self.ask else { return Vec::new() };
        let last = form.fields.len().saturating_sub(1);
        let is_path = form.is_path();
        match command {
            Command::Back => {
                self.ask = None;
                Vec::new()
            }
            // A path goes on as far as all names have it in common, as in a shell.
            Command::Next if is_path && form.at == 0 => vec![Effect::Complete { path: form.text(0) }],
            Command::Next | Command::Down => {
                form.at = if form.at < last { form.at + 1 } else { 0 };
                Vec::new()
            }
            Command::Previous | Command::Up => {
                form.at = if form.at > 0 { form.at - 1 } else { last };
                Vec::new()
            }
            Command::Take if form.at < last => {
                form.at += 1;
                Vec::new()
            }
            Command::Take | Command::Forward => self.take_form(),
            _ => Vec::new(),
        }
    }

    fn choose_command(&mut self, command: Command) -> Vec<Effect> {
        let Some(Ask::Choose(choose)) = &mut self.ask else { return Vec::new() };
        let last = choose.choices.len().saturating_sub(1);
        match command {
            Command::Up | Command::Left | Command::Previous => choose.at = choose.at.saturating_sub(1),
            Command::Down | Command::Right | Command::Next => choose.at = (choose.at + 1).min(last),
            Command::Back => self.ask = None,
            Command::Copy => return choose.copy.clone().map(Effect::Copy).into_iter().collect(),
            Command::Take => {
                let choice = choose.choices.get(choose.at).map_or(Choice::Close, |(_, choice)| choice.clone());
                let copy = choose.copy.clone();
                match choice {
                    Choice::Close => self.ask = None,
                    Choice::Copy => return copy.map(Effect::Copy).into_iter().collect(),
                    Choice::Leave => return vec![Effect::Leave(crate::ui::effect::Leaving::Quit)],
                    Choice::Work(work) => {
                        self.ask = None;
                        return self.work(*work);
                    }
                }
            }
            _ => {}
        }
        Vec::new()
    }

    /// A path went on.
    pub(super) fn completed(&mut self, path: &str, longer: &str, found: usize) {
        if let Some(Ask::Form(form)) = &mut self.ask
            && form.text(0) == path
        {
            if let Some(entry) = form.fields.first_mut() {
                entry.field.set(longer);
            }
            let words = self.shell.text.with("path-choices", [("count", found.into())]);
            form.wrong = (found != 1).then_some(words);
        }
    }
}
