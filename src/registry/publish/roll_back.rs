//! The list of steps of a roll-back.

use super::state::{Present, Target, pinned};
use super::{Condition, ConfigWrite, Note, Place, Plan, Refused, Remark, Step, Unfinished};
use std::collections::BTreeSet;

/// What is to be rolled back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollBack {
    /// The model's name.
    pub model: String,
    /// The version to serve; `None` takes the model out of service.
    pub to: Option<i64>,
    /// The version to delete, once it is not served any more.
    pub remove: Option<i64>,
    /// The text of `config.pbtxt` to go back to; `None` keeps the one that is there.
    pub config: Option<String>,
}

/// The steps that go back to a version, or why there are none. The first write does it; what comes
/// after only clears up.
pub fn roll_back(present: &Present, wish: &RollBack) -> Result<Plan, Refused> {
    let target = Target::new(present, &wish.model)?;
    let before = target.config()?;
    let now = target.now()?;
    let versions: BTreeSet<i64> = wish.to.into_iter().collect();
    if let Some(to) = wish.to
        && !now.as_ref().is_some_and(|model| model.versions.iter().any(|v| v.number == Some(to) && v.complete))
    {
        return Err(Refused::NoSuchVersion(to));
    }
    if wish.remove.is_some() && wish.remove == wish.to {
        return Err(Refused::ToRemoved(wish.remove.unwrap_or_default()));
    }
    let backend = now.as_ref().and_then(|model| model.backend.as_ref());
    let end = wish.config.as_deref().or(before);
    let gone: BTreeSet<String> = wish.remove.iter().flat_map(|v| target.version_keys(*v)).cloned().collect();
    // Without the pin the same version has to come out, or it stays.
    let (after, _) = target.judged(&[], &|key| gone.contains(key), end);
    let served: BTreeSet<i64> = after.as_ref().map(|model| model.served.iter().copied().collect()).unwrap_or_default();
    let picked = after.map(|model| model.selected()).unwrap_or_default();
    let ends_unpinned = served == versions && picked == versions;

    let mut pin = pinned(end, backend, &versions)?;
    if ends_unpinned {
        let what = Unfinished::RollBack { to: wish.to, remove: wish.remove };
        pin = Note { what, before: end.map(ToOwned::to_owned) }.on(pin);
    }
    let why = if versions.is_empty() { ConfigWrite::Close } else { ConfigWrite::Switch };
    let mut steps =
        vec![Step::Config { key: target.config_key.clone(), text: pin, why, condition: target.config_condition() }];
    if !gone.is_empty() {
        steps.push(Step::Settle);
    }
    steps.extend(gone.iter().map(|key| Step::Delete { at: Place { bucket: None, key: key.clone() } }));
    let mut remarks = Vec::new();
    if ends_unpinned {
        steps.push(match end {
            Some(text) => Step::Config {
                key: target.config_key.clone(),
                text: text.to_owned(),
                why: ConfigWrite::Switch,
                condition: Condition::Ours,
            },
            None => Step::Delete { at: Place { bucket: None, key: target.config_key.clone() } },
        });
    } else {
        remarks.push(Remark::StaysPinned);
    }
    Ok(Plan { steps, atomic: true, serves: versions.into_iter().collect(), remarks })
}
