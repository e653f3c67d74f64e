//! The model view: what Triton would make of the prefix that the browser stands under. The browser stays as it is
//! below, so that whoever comes back finds the cursor where it was.

use super::msg::Effect;
use super::over::Over;
use super::work::Work;
use super::{Browse, Spot};
use crate::base::Secret;
use crate::ports::objects::{At, ObjectError};
use crate::registry::models::{Ask, Progress, View};
use crate::registry::triton::{Finding, Model, Rule};
use crate::ui::keys::Command;
use crate::ui::widgets::list::Cursor;

/// What is seen of a repository.
#[derive(Clone, Debug)]
pub struct Models {
    /// What the answer is called.
    pub id: u64,
    /// What was asked.
    pub ask: Ask,
    /// How far the looking has come.
    pub progress: Option<Progress>,
    /// What was found.
    pub found: Option<Result<Box<View>, ObjectError>>,
    /// The model whose versions and files are shown, in place of all models.
    pub open: Option<String>,
    pub(super) cursor: Cursor,
    /// The cursor in the list of models.
    before: Cursor,
}

/// A line that the cursor can stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A model.
    Model(usize),
    /// A version of the open model.
    Version(usize),
    /// A file of a version of the open model.
    File(usize, usize),
    /// A finding.
    Finding(usize),
}

impl Models {
    /// What was found, where it was.
    pub(super) fn view(&self) -> Option<&View> {
        self.found.as_ref()?.as_ref().ok().map(AsRef::as_ref)
    }

    /// The model that is open.
    pub(super) fn opened(&self) -> Option<&Model> {
        self.view()?.repository.model(self.open.as_deref()?)
    }

    /// All lines: models, or the versions and files of one, then what was found.
    pub(super) fn items(&self) -> Vec<Item> {
        let Some(view) = self.view() else { return Vec::new() };
        let mut items = Vec::new();
        let opened = self.opened();
        match opened {
            None => items.extend((0..view.repository.models.len()).map(Item::Model)),
            Some(model) => {
                for (at, version) in model.versions.iter().enumerate() {
                    items.push(Item::Version(at));
                    items.extend((0..version.files.len()).map(|file| Item::File(at, file)));
                }
            }
        }
        let findings = view.repository.findings.iter().enumerate();
        let own = |finding: &Finding| opened.is_none_or(|model| finding.model.as_ref() == Some(&model.name));
        items.extend(findings.filter(|(_, finding)| own(finding)).map(|(at, _)| Item::Finding(at)));
        items
    }

    /// The name of the model that the cursor is in.
    fn model_here(&self) -> Option<String> {
        match (self.opened(), self.item()?) {
            (Some(model), _) => Some(model.name.clone()),
            (None, Item::Model(at)) => Some(self.view()?.repository.models.get(at)?.name.clone()),
            _ => None,
        }
    }

    /// The version of the open model that the cursor is in, where Triton reads a number in its name.
    fn version_here(&self) -> Option<(String, i64)> {
        let model = self.opened()?;
        let (Item::Version(at) | Item::File(at, _)) = self.item()? else { return None };
        Some((model.name.clone(), model.versions.get(at)?.number?))
    }

    fn item(&self) -> Option<Item> {
        let items = self.items();
        items.get(self.cursor.of(items.len())).copied()
    }

    /// The key that a line stands for; none for what is about no key.
    fn key(&self, item: Item) -> Option<String> {
        let (view, opened) = (self.view()?, self.opened());
        match item {
            Item::Model(at) => view.repository.models.get(at).map(|model| model.key.clone()),
            Item::Version(at) => {
                opened.and_then(|model| Some(format!("{}{}/", model.key, model.versions.get(at)?.dir)))
            }
            Item::File(at, file) => opened.and_then(|model| {
                let version = model.versions.get(at)?;
                Some(format!("{}{}/{}", model.key, version.dir, version.files.get(file)?.path))
            }),
            Item::Finding(at) => {
                view.repository.findings.get(at).filter(|finding| of_a_key(finding.rule)).map(|f| f.key.clone())
            }
        }
    }
}

/// Whether a rule's findings name a key, and not the repository's URL or the bucket.
fn of_a_key(rule: Rule) -> bool {
    !matches!(
        rule,
        Rule::UrlScheme
            | Rule::UrlPort
            | Rule::UrlBucket
            | Rule::UrlPath
            | Rule::UrlHost
            | Rule::UrlPlain
            | Rule::UrlPortNumber
            | Rule::DeniedBucket
            | Rule::DeniedList
            | Rule::DeniedHead
            | Rule::DeniedRead
    )
}

impl Browse {
    /// Opens the view over the prefix.
    pub(super) fn open_models(&mut self) -> Vec<Effect> {
        let Some(bucket) = self.spot.bucket.clone() else { return Vec::new() };
        let ask = Ask { endpoint: self.who.url.clone(), bucket, root: self.spot.prefix.clone(), contents: true };
        let cursor = Cursor::default();
        self.look_id += 1;
        let (id, sent) = (self.look_id, ask.clone());
        let models = Models { id, ask, progress: None, found: None, open: None, cursor, before: cursor };
        self.over = Some(Over::Models(Box::new(models)));
        vec![Effect::Models { id, ask: sent }]
    }

    /// A command in the view.
    pub(super) fn models_command(&mut self, command: Command) -> Vec<Effect> {
        let page = usize::from(self.list_rows());
        let Some(Over::Models(models)) = &mut self.over else { return Vec::new() };
        let len = models.items().len();
        if models.cursor.moved(command, len, page) {
            return Vec::new();
        }
        match command {
            Command::Take | Command::Right => self.take_item(),
            Command::Back | Command::Left | Command::Parent => {
                if models.open.take().is_some() {
                    models.cursor = models.before;
                    return Vec::new();
                }
                self.leave_over()
            }
            Command::LookAgain => self.models_again(),
            Command::Put => {
                let model = models.model_here().unwrap_or_default();
                let root = At::new(models.ask.bucket.clone(), models.ask.root.clone());
                self.change(|browse| browse.ask_publish(root, &model))
            }
            Command::Restore => match models.version_here() {
                Some((model, to)) => {
                    let root = At::new(models.ask.bucket.clone(), models.ask.root.clone());
                    self.change(|browse| browse.work(Work::PlanRollBack { root, model, to }))
                }
                None => Vec::new(),
            },
            Command::CopyUrl => match models.view().and_then(|view| view.url.as_ref()) {
                Some(url) => vec![Effect::Copy(Secret::new(url.to_string()))],
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Whether a command does nothing in the view now.
    pub(super) fn models_idle(models: &Models, command: Command) -> bool {
        match command {
            Command::Take => models.item().is_none_or(|item| models.key(item).is_none()),
            Command::CopyUrl => models.view().is_none_or(|view| view.url.is_none()),
            Command::Restore => models.version_here().is_none(),
            Command::Put => models.view().is_none(),
            _ => false,
        }
    }

    /// Looks again.
    pub(super) fn models_again(&mut self) -> Vec<Effect> {
        self.look_id += 1;
        let id = self.look_id;
        let Some(Over::Models(models)) = &mut self.over else { return Vec::new() };
        (models.id, models.progress, models.found) = (id, None, None);
        vec![Effect::Models { id, ask: models.ask.clone() }]
    }

    /// Opens a model, or goes to the key of the line in the browser.
    fn take_item(&mut self) -> Vec<Effect> {
        let Some(Over::Models(models)) = &mut self.over else { return Vec::new() };
        let Some(item) = models.item() else { return Vec::new() };
        if let Item::Model(at) = item {
            let name = models.view().and_then(|view| view.repository.models.get(at)).map(|model| model.name.clone());
            (models.open, models.before) = (name, models.cursor);
            models.cursor = Cursor::default();
            return Vec::new();
        }
        let (Some(key), bucket) = (models.key(item), models.ask.bucket.clone()) else { return Vec::new() };
        self.over = None;
        let inner = key.strip_suffix('/').unwrap_or(&key);
        let cut = inner.rfind('/').map_or(0, |at| at + 1);
        let (prefix, name) = key.split_at(cut);
        let spot = Spot { bucket: Some(bucket), prefix: prefix.to_owned() };
        let on = (!name.is_empty()).then(|| name.to_owned());
        self.go(spot, on)
    }

    /// Takes in how far it has come.
    pub(super) fn models_progress(&mut self, id: u64, progress: Progress) {
        if let Some(Over::Models(models)) = self.over.as_mut()
            && models.id == id
        {
            models.progress = Some(progress);
        }
    }

    /// Takes in what was found.
    pub(super) fn models_found(&mut self, id: u64, found: Result<Box<View>, ObjectError>) {
        if let Some(Over::Models(models)) = self.over.as_mut()
            && models.id == id
        {
            models.found = Some(found);
        }
    }
}
