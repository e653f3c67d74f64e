//! The list of steps of a publication.

use super::state::{Present, Target, errors, pinned};
use super::{Condition, ConfigWrite, NewFile, Note, Place, Plan, Refused, Remark, Request, Staging, Step, Unfinished};
use crate::registry::triton::{Backend, Finding, Model, Parsed, Severity, parse_version};
use std::collections::BTreeSet;

/// How a publication stays unseen until it is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    /// The config names the versions of before until all is there.
    Pin,
    /// Nothing of it is picked, or it appears with a single write.
    NotNeeded,
    /// It would be needed, and was declined.
    Declined,
}

/// The steps that publish a model or a new version of it, or why there are none.
pub fn publish(present: &Present, request: &Request) -> Result<Plan, Refused> {
    let target = Target::new(present, &request.model)?;
    checked(&target, request)?;
    let before = target.config()?;
    let now = target.now()?;
    let end = request.config.as_deref().or(before);
    let version_dir = target.version_dir(request.version);
    let marker = request.files.is_empty();
    let new = arrivals(&target, request);
    let (after, findings) = target.judged(&new, &|_| false, end);
    let (Some(after), against) = (after, errors(&findings)) else { return Err(Refused::NoFiles) };
    if marker && !after.backend.as_ref().is_some_and(Backend::is_ensemble) {
        return Err(Refused::NoFiles);
    }
    if !against.is_empty() {
        return Err(Refused::WouldNotLoad(against));
    }
    let mut remarks: Vec<Remark> = findings
        .into_iter()
        .filter(|f| f.severity == Severity::Warning)
        .map(|f| Remark::Finding(Box::new(f)))
        .collect();
    if !after.served.contains(&request.version) {
        remarks.push(Remark::WouldNotServe);
    }

    let first = now.as_ref().is_none_or(|model| model.versions.iter().all(|version| version.number.is_none()));
    let changes = request.config.is_some() && request.config.as_deref() != before;
    let seen_on_the_way =
        target.judged(&new, &|_| false, before).0.is_some_and(|model| model.selected().contains(&request.version));
    // A config before the only file: until the file comes, there is nothing that it could load.
    let config_first = first && new.len() == 1 && request.staging != Staging::InPlace;
    let one_write = (new.len() == 1 && !changes && request.staging != Staging::InPlace) || config_first;
    let gate = match () {
        () if one_write || !(seen_on_the_way || first) => Gate::NotNeeded,
        () if request.may_pin => Gate::Pin,
        () => Gate::Declined,
    };
    if gate == Gate::Declined {
        remarks.push(Remark::NotAtomic);
    }

    let mut list = List { target: &target, request, steps: Vec::new(), written: false };
    list.stage();
    if gate == Gate::Pin {
        list.pin(before, now.as_ref())?;
    } else if config_first && changes {
        list.switch(end);
    }
    list.put(main_file(&after), gate == Gate::NotNeeded);
    if marker {
        list.steps.push(Step::Marker { key: version_dir, condition: Condition::Absent });
    }
    if !config_first && (list.written || changes) {
        list.switch(end);
    }
    list.clear();
    Ok(Plan { steps: list.steps, atomic: gate != Gate::Declined, serves: after.served, remarks })
}

/// The objects that come.
fn arrivals(target: &Target<'_>, request: &Request) -> Vec<(String, u64)> {
    let version_dir = target.version_dir(request.version);
    let key = |file: &NewFile| format!("{version_dir}{}", file.path);
    let mut new: Vec<(String, u64)> = request.files.iter().map(|file| (key(file), file.size)).collect();
    if request.files.is_empty() {
        new.push((version_dir.clone(), 0));
    }
    new.extend(request.beside.iter().map(|file| (format!("{}{}", target.dir, file.path), file.size)));
    new
}

/// What Triton makes of the model once the request is carried out.
pub(super) fn after(present: &Present, request: &Request) -> Result<(Option<Model>, Vec<Finding>), Refused> {
    let target = Target::new(present, &request.model)?;
    let end = request.config.as_deref().or(target.config()?);
    Ok(target.judged(&arrivals(&target, request), &|_| false, end))
}

fn checked(target: &Target<'_>, request: &Request) -> Result<(), Refused> {
    if request.version < 1 {
        return Err(Refused::VersionNumber(request.version));
    }
    if target.version_keys(request.version).next().is_some() {
        return Err(Refused::VersionExists(request.version));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    for file in request.files.iter().chain(&request.beside) {
        let part = |part: &str| !part.is_empty() && part != "." && part != ".." && part.chars().all(plain);
        if !file.path.split('/').all(part) {
            return Err(Refused::Name(file.path.clone()));
        }
    }
    let mut seen = BTreeSet::new();
    for file in &request.beside {
        let key = format!("{}{}", target.dir, file.path);
        if target.present.objects.contains_key(&key) || key == target.config_key || !seen.insert(&file.path) {
            return Err(Refused::FileExists(key));
        }
        // A directory with a number would be a version, of this file alone.
        let dir = file.path.split_once('/').map(|(dir, _)| parse_version(dir));
        if matches!(dir, Some(Parsed::Version(_) | Parsed::Overflow)) {
            return Err(Refused::Name(file.path.clone()));
        }
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = request.files.iter().find(|file| !seen.insert(&file.path)) {
        return Err(Refused::FileExists(format!("{}{}", target.version_dir(request.version), twice.path)));
    }
    if let Staging::Under { bucket: None, prefix } = &request.staging {
        let (staged, root) = (format!("{}/", prefix.trim_matches('/')), target.present.prefix());
        // Nor around it: a model may have the name that leads from there into the repository.
        if staged.starts_with(&root) || root.starts_with(staged.trim_start_matches('/')) {
            return Err(Refused::StagingInside(prefix.clone()));
        }
    }
    Ok(())
}

/// The file that a backend opens.
fn main_file(model: &Model) -> &str {
    model.backend.as_ref().map(|backend| backend.filename.as_str()).unwrap_or_default()
}

struct List<'a> {
    target: &'a Target<'a>,
    request: &'a Request,
    steps: Vec<Step>,
    /// A config of ours is in place.
    written: bool,
}

impl List<'_> {
    /// All files with the key that each goes to: first those beside the versions, which mean nothing
    /// until a config names them.
    fn files(&self) -> Vec<(&NewFile, String)> {
        let version = self.target.version_dir(self.request.version);
        let beside = self.request.beside.iter().map(|file| (file, format!("{}{}", self.target.dir, file.path)));
        let own = self.request.files.iter().map(|file| (file, format!("{version}{}", file.path)));
        beside.chain(own).collect()
    }

    /// Where a file is before it is in place.
    fn staged(&self, key: &str) -> Option<Place> {
        self.request.staging.place(&self.target.present.prefix(), key)
    }

    fn stage(&mut self) {
        let staged: Vec<(String, Place)> =
            self.files().into_iter().filter_map(|(file, key)| Some((file.path.clone(), self.staged(&key)?))).collect();
        for (path, to) in &staged {
            self.steps.push(Step::Upload { path: path.clone(), to: to.clone(), condition: Condition::Ours });
        }
        self.steps.extend(staged.into_iter().map(|(path, at)| Step::Verify { path, at }));
    }

    fn config(&mut self, text: String, why: ConfigWrite) {
        let condition = if self.written { Condition::Ours } else { self.target.config_condition() };
        self.steps.push(Step::Config { key: self.target.config_key.clone(), text, why, condition });
        self.written = true;
    }

    fn pin(&mut self, before: Option<&str>, now: Option<&Model>) -> Result<(), Refused> {
        let served = now.map(Model::selected).unwrap_or_default();
        // A first config that is closed is the one of the end, so that the switch is only a policy.
        let text = if served.is_empty() { self.request.config.as_deref().or(before) } else { before };
        let why = if served.is_empty() { ConfigWrite::Close } else { ConfigWrite::Pin };
        let backend = now.and_then(|model| model.backend.as_ref()).filter(|_| !served.is_empty());
        let text = pinned(text, backend, &served)?;
        let note = Note { what: Unfinished::Publish(self.request.version), before: before.map(ToOwned::to_owned) };
        self.config(note.on(text), why);
        // A model that was not there was in nobody's look before its config was.
        if !served.is_empty() {
            self.steps.push(Step::Settle);
        }
        Ok(())
    }

    fn switch(&mut self, end: Option<&str>) {
        match end {
            Some(text) => self.config(text.to_owned(), ConfigWrite::Switch),
            // Without a config Triton completes one by itself, as before.
            None => self.steps.push(Step::Delete { at: Place { bucket: None, key: self.target.config_key.clone() } }),
        }
    }

    /// Puts the files into place. Where nobody looks yet, the file by which Triton finds out what the
    /// model is comes first; where somebody does, it comes last, so that loading fails until all is there.
    fn put(&mut self, main: &str, main_first: bool) {
        let mut files: Vec<(String, String)> =
            self.files().into_iter().map(|(file, key)| (file.path.clone(), key)).collect();
        let version = self.target.version_dir(self.request.version);
        files.sort_by_key(|(path, key)| {
            let is_main = key.starts_with(&version) && (path == main || path.starts_with(&format!("{main}/")));
            (key.starts_with(&version), is_main != main_first)
        });
        let in_place: Vec<Step> = files
            .iter()
            .map(|(path, key)| match self.staged(key) {
                Some(from) => Step::Copy { from, to: key.clone(), condition: Condition::Absent },
                None => Step::Upload {
                    path: path.clone(),
                    to: Place { bucket: None, key: key.clone() },
                    condition: Condition::Absent,
                },
            })
            .collect();
        self.steps.extend(in_place);
        self.steps.extend(files.into_iter().map(|(path, key)| Step::Verify { path, at: Place { bucket: None, key } }));
    }

    /// Takes away what was only there to be copied.
    fn clear(&mut self) {
        let staged: Vec<Place> = self.files().iter().filter_map(|(_, key)| self.staged(key)).collect();
        self.steps.extend(staged.into_iter().map(|at| Step::Delete { at }));
    }
}
